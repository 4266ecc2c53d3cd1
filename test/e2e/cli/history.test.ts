import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { atTerminal, COST, type Dev } from '../../support/atTerminal.ts'
import { newTypist, type Typist } from '../../support/scrip.ts'

/** What peers do with a network's history at a terminal. */
describe('a history at the terminal', function () {
  this.timeout(60_000)
  let typist: Typist
  let dev: Dev
  let network: string[]
  let at: ReturnType<typeof atTerminal>
  /** What a command printed for another one, in a file. */
  const handed = async (file: string, words: string[], role: string) => {
    const { status, stdout, stderr } = await at.typed(words, role)
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' })
    writeFileSync(join(typist.folder, file), stdout)
    return file
  }

  before(async () => {
    typist = newTypist()
    dev = await typist.start(['dev', '--port', '0', '--chain', 'anvil', '--json']).ready()
    network = ['--network', dev.networkId]
    at = atTerminal(typist, dev, 'history')
  })
  after(() => typist.leave())

  it('sign-receipt, co-sign, record: two peers state what one served, and anybody brings it', async () => {
    const [buyer, seller] = [at.who('buyer').address, at.who('seller').address]
    const half = await handed('half.json', ['sign-receipt', buyer, seller, '2.5', '3', ...network], 'seller')
    await at.refused(['record', half], 'other', /^INVALID_ARGUMENT: The consumer 0x\w{40} did not sign\. .*co-sign/)
    await at.refused(['co-sign', half], 'other', /^INVALID_ARGUMENT: 0x\w{40} is neither the consumer nor the provider/)
    // An agent signs for the buyer once the buyer lets it.
    const agent = ['co-sign', half, '--as', 'consumer']
    await at.refused(agent, 'other', /^INVALID_ARGUMENT: The signature for the consumer .*receipt-signer/)
    await at.printed(['receipt-signer', at.who('other').address], 'buyer', [
      `${at.who('other').address} signs your receipts until \\d{4}-\\d\\d-\\d\\d .* UTC; record them by then\\.`,
      COST,
    ])
    const full = await handed('full.json', agent, 'other')
    await at.printed(['record', full], 'other', [`Recorded what ${seller} and ${buyer} state\\.`, COST])
    await at.printed(['edge', buyer, seller, ...network], 'other', [
      `${seller} served 0 CLD to ${buyer}, as settled on chain`,
      '  0 CLD of it when the last epoch closed',
      '  0 CLD of it taken back by the consumer',
      '  besides, both state 2\\.5 CLD, served 3 times',
    ])
    await at.refused(['record', full], 'other', /^TRANSACTION_REVERTED: .*StaleReceipt\(.* neither below the last two/)
    await at.printed(['receipt-signer', at.who('other').address, '--valid-for', '0'], 'buyer', [
      `${at.who('other').address} signs your receipts no more\\.`,
      COST,
    ])
    await at.refused(agent, 'other', /^INVALID_ARGUMENT: The signature for the consumer /)

    // Of several, those that cannot be recorded are skipped.
    const next = await handed('next.json', ['sign-receipt', buyer, seller, '4', '4', ...network], 'buyer')
    const signed = await handed('signed.json', ['co-sign', next], 'seller')
    await at.printed(['record', full, signed], 'other', [
      `Skipped what ${seller} and ${buyer} state: StaleReceipt\\.`,
      `Recorded what ${seller} and ${buyer} state\\.`,
      COST,
    ])
  })

  it('refuses a receipt that was changed on the way', async () => {
    const [buyer, seller] = [at.who('buyer').address, at.who('seller').address]
    const { stdout } = await at.typed(['sign-receipt', buyer, seller, '5', '5', ...network], 'seller')
    const changed = JSON.stringify({ ...JSON.parse(stdout), served: '6000000' })
    await at.refused(['co-sign', changed], 'buyer', /^INVALID_ARGUMENT: The signature for the provider /)
    await at.refused(['co-sign', '{"kind":"receipt"}'], 'buyer', /^INVALID_ARGUMENT: .*chainId is no whole number\. /)
    const elsewhere = JSON.stringify({ ...JSON.parse(stdout), chainId: 1 })
    await at.refused(['co-sign', elsewhere], 'buyer', /^WRONG_CHAIN: /)
  })

  it('fault: a consumer takes back, in totals', async () => {
    const seller = at.who('seller').address
    const fault = (total: string) => ['fault', seller, total, ...network]
    await at.printed(fault('1.5'), 'buyer', [
      `You take back 1\\.5 CLD in all from what ${seller} served to you, as far as it did\\.`,
      COST,
    ])
    await at.refused(fault('1'), 'buyer', /^TRANSACTION_REVERTED: .*StaleFaults\(.* more than the last number/)
    await at.refused(fault('much'), 'buyer', /^INVALID_ARGUMENT: total is no amount/)
  })
})
