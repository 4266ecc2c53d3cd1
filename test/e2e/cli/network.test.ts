import { expect } from 'chai'
import { addresses } from '../../../sdk/chain/addresses.ts'
import { atTerminal, COST, type Dev } from '../../support/atTerminal.ts'
import { newTypist, type Typist } from '../../support/scrip.ts'

/** What the steward of a network does at a terminal: from nothing to a network that admits. */
describe('a network at the terminal', function () {
  this.timeout(60_000)
  let typist: Typist
  let dev: Dev
  let at: ReturnType<typeof atTerminal>
  let admission: ReturnType<typeof atTerminal>
  let first: string[]
  const network = ['--network', '2']

  before(async () => {
    typist = newTypist()
    dev = await typist.start(['dev', '--port', '0', '--chain', 'anvil', '--json']).ready()
    at = atTerminal(typist, dev, 'network')
    admission = atTerminal(typist, dev, 'admission')
    first = ['--network', dev.networkId]
  })
  after(() => typist.leave())

  it('create, weigh, show: what counts', async () => {
    await at.refused(['create', '--epoch', '30m'], 'seller', /InvalidEpochLength\(1800\).* at least an hour: 1h\./)
    await at.refused(['create', '--epoch', 'soon'], 'seller', /^INVALID_ARGUMENT: epoch is no time: soon\./)
    await at.refused(['show', ...network], 'buyer', /UnknownNetwork/)
    await at.printed(['create', '--epoch', '2h', '--about', 'https://network.example'], 'seller', [
      'Network 2 is there, and you are its steward; an epoch lasts 2 hours\\.',
      'Say next what counts in it: `scrip network weigh <currency> --network 2`\\.',
      COST,
    ])
    const steward = `Network 2 of the steward ${at.who('seller').address}`
    await at.printed(['show', ...network], 'buyer', [
      steward,
      '  is in epoch 1; one lasts 2 hours',
      '  admits nobody: it has no policy',
      '  counts no currency yet',
    ])

    await at.refused(['weigh', dev.currency, ...network], 'buyer', /OnlySteward\(.* Only the network's steward /)
    await at.refused(['weigh', dev.currency, '--weight', '0', ...network], 'seller', /InvalidWeight\(.* above 0\./)
    await at.refused(
      ['weigh', dev.currency, '--weight', '1e3', ...network],
      'seller',
      /^INVALID_ARGUMENT: weight is no /,
    )
    await at.refused(['weigh', at.who('other').address, ...network], 'seller', /^UNKNOWN_CURRENCY: /)
    await at.printed(['weigh', dev.currency, ...network], 'seller', [
      'A base unit of CLD counts 1 in network 2\\.',
      COST,
    ])
    await at.refused(['weigh', dev.currency, ...network], 'seller', /WeightAlreadySet\(.* once and for all/)
    const terms = ['Other dollar', 'OTH', '--decimals', '18', '--json']
    const { stdout } = await atTerminal(typist, dev, 'currency').typed(['create', ...terms], 'issuer')
    const other = JSON.parse(stdout).currency
    await at.printed(['weigh', other, '--weight', '0.0000000000015', ...network], 'seller', [
      'A base unit of OTH counts 0\\.0000000000015 in network 2\\.',
      COST,
    ])
    await at.printed(['show', ...network], 'buyer', [
      steward,
      '  is in epoch 1; one lasts 2 hours',
      '  admits nobody: it has no policy',
      `  counts 1 for a base unit of CLD ${dev.currency}`,
      `  counts 0\\.0000000000015 for a base unit of OTH ${other}`,
    ])
    const shown = JSON.parse((await at.typed(['show', ...network, '--json'], 'buyer')).stdout)
    expect(shown.weights).to.deep.equal([
      { currency: dev.currency, weight: `${10n ** 18n}`, isRetired: false },
      { currency: other, weight: '1500000', isRetired: false },
    ])
  })

  it('ratio-terms, flow-terms, policy: whom it admits', async () => {
    const ratio = (...words: string[]) => ['ratio-terms', '10', '--budget', '40', ...words, ...network]
    await admission.refused(ratio('--admit', '0.5'), 'buyer', /OnlySteward\(.* Only the network's steward /)
    await admission.refused(ratio('--admit', '0.5', '--keep', '0.6'), 'seller', /InvalidRatios\(.* at most as much\./)
    await admission.refused(ratio('--admit', 'half'), 'seller', /^INVALID_ARGUMENT: admit is no number .* 0\.5\.$/m)
    await admission.refused(
      ['ratio-terms', '10', '--budget', '9', '--admit', '1', ...network],
      'seller',
      /InvalidBudget\(.* one allowance fits into\./,
    )
    await admission.refused(
      ratio('--admit', '1', '--claims', at.who('other').address),
      'seller',
      /InvalidClaimPolicy\(.* address of a policy contract\./,
    )
    await admission.printed(ratio('--admit', '0.5', '--keep', '0.4', '--claims', 'bond', '--days', '7'), 'seller', [
      'Network 2 asks for 0\\.5 provided for each unit consumed; newcomers may consume 10 CLD before, 40 CLD an epoch together\\.',
      COST,
    ])
    const seeds = [at.who('issuer').address, at.who('seller').address]
    const flow = (...words: string[]) => ['flow-terms', ...seeds, ...words, ...network]
    await admission.refused(flow('--admit', '5', '--keep', '6'), 'seller', /InvalidTerms\(.* at most as much/)
    await admission.printed(flow('--admit', '5', '--keep', '4'), 'seller', [
      'Network 2 asks for a flow of 5 CLD from 2 seeds\\.',
      COST,
    ])
    await admission.printed(['policy', 'ratio', 'flow', ...network], 'seller', [
      'Network 2 admits by ratio and flow; standing admissions keep their end\\.',
      COST,
      COST,
    ])
    const { stdout } = await at.typed(['show', ...network], 'buyer')
    expect(stdout).to.contain('\n  admits by ratio and flow\n')
    const shown = JSON.parse((await at.typed(['show', ...network, '--json'], 'buyer')).stdout)
    expect(shown.policy).to.equal(addresses.allOfPolicy)

    // What the steward said is what peers are told.
    const standing = (await admission.typed(['show', ...network], 'buyer')).stdout
    expect(standing).to.contain('has to provide 0.5 for each unit beyond that')
    expect(standing).to.contain('a flow of 5 CLD from 2 seeds')
  })

  it('transfer-steward, accept-steward, retire: the steward’s part', async () => {
    const [seller, other] = [at.who('seller').address, at.who('other').address]
    const retire = ['retire', dev.currency, ...first]
    await at.refused(retire, 'seller', /^TRANSACTION_REVERTED: .*OnlySteward\(.*the key of the second address/)
    await at.printed(['transfer-steward', seller, ...first], 'issuer', [
      `The steward's place is offered to ${seller}, who takes it with \`scrip network accept-steward --network 1\`\\.`,
      COST,
    ])
    const take = ['accept-steward', ...first]
    await at.refused(
      take,
      'other',
      new RegExp(`^TRANSACTION_REVERTED: .*OnlyStewardCandidate\\(${other}, ${seller}\\)`),
    )
    await at.printed(take, 'seller', [`${seller} is the steward of network 1 from now on\\.`, COST])
    await at.printed(retire, 'seller', [`${dev.currency} counts nothing more in network 1\\.`, COST])
    await at.refused(retire, 'seller', /^TRANSACTION_REVERTED: .*AlreadyRetired\(.* stays so/)
    const nobody = `0x${'0'.repeat(40)}`
    await at.printed(['transfer-steward', nobody, ...first], 'seller', [
      "The steward's place is offered to nobody any more\\.",
      COST,
    ])
  })
})
