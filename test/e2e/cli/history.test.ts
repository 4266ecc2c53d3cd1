import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Hex } from 'viem'
import { newTypist, type Typist } from '../../support/scrip.ts'

type Role = { role: string; address: Hex; key: Hex }
type Dev = { url: string; currency: Hex; networkId: string; accounts: Role[] }

const COST = "  transaction 0x[0-9a-f]{64}, [\\d,]+ gas, 0\\.\\d+ of the chain's coin"

/** What peers and the steward do with a network's history at a terminal. */
describe('a history at the terminal', function () {
  this.timeout(60_000)
  let typist: Typist
  let dev: Dev
  let network: string[]
  const who = (role: string) => dev.accounts.find((one) => one.role === role) as Role
  const as = (role: string) => ({ SCRIP_RPC_URL: dev.url, SCRIP_KEY: who(role).key })
  const typed = (words: string[], role: string) => typist.quick(['history', ...words], as(role))
  const printed = async (words: string[], role: string, lines: string[]) => {
    const { status, stdout, stderr } = await typed(words, role)
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' })
    expect(stdout).to.match(new RegExp(`^${lines.join('\n')}\n$`))
  }
  const refused = async (words: string[], role: string, error: RegExp) => {
    const { status, stdout, stderr } = await typed(words, role)
    expect({ status, stdout }, words.join(' ')).to.deep.equal({ status: 1, stdout: '' })
    expect(stderr).to.match(error)
    expect(stderr.indexOf('\n'), stderr).to.equal(stderr.length - 1)
  }
  /** What a command printed for another one, in a file. */
  const handed = async (file: string, words: string[], role: string) => {
    const { status, stdout, stderr } = await typed(words, role)
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' })
    writeFileSync(join(typist.folder, file), stdout)
    return file
  }

  before(async () => {
    typist = newTypist()
    dev = await typist.start(['dev', '--port', '0', '--chain', 'anvil', '--json']).ready()
    network = ['--network', dev.networkId]
  })
  after(() => typist.leave())

  it('sign-receipt, co-sign, record: two peers state what one served, and anybody brings it', async () => {
    const [buyer, seller] = [who('buyer').address, who('seller').address]
    const half = await handed('half.json', ['sign-receipt', buyer, seller, '2.5', '3', ...network], 'seller')
    await refused(['record', half], 'other', /^INVALID_ARGUMENT: The consumer 0x\w{40} did not sign\. .*co-sign/)
    await refused(['co-sign', half], 'other', /^INVALID_ARGUMENT: 0x\w{40} is neither the consumer nor the provider/)
    // An agent signs for the buyer once the buyer lets it.
    const agent = ['co-sign', half, '--as', 'consumer']
    await refused(agent, 'other', /^INVALID_ARGUMENT: The signature for the consumer .*receipt-signer/)
    await printed(['receipt-signer', who('other').address], 'buyer', [
      `${who('other').address} signs your receipts until \\d{4}-\\d\\d-\\d\\d .* UTC; record them by then\\.`,
      COST,
    ])
    const full = await handed('full.json', agent, 'other')
    await printed(['record', full], 'other', [`Recorded what ${seller} and ${buyer} state\\.`, COST])
    await printed(['edge', buyer, seller, ...network], 'other', [
      `${seller} served 0 CLD to ${buyer}, as settled on chain`,
      '  0 CLD of it when the last epoch closed',
      '  0 CLD of it taken back by the consumer',
      '  besides, both state 2\\.5 CLD, served 3 times',
    ])
    await refused(['record', full], 'other', /^TRANSACTION_REVERTED: .*StaleReceipt\(.* neither below the last two/)
    await printed(['receipt-signer', who('other').address, '--valid-for', '0'], 'buyer', [
      `${who('other').address} signs your receipts no more\\.`,
      COST,
    ])
    await refused(agent, 'other', /^INVALID_ARGUMENT: The signature for the consumer /)

    // Of several, those that cannot be recorded are skipped.
    const next = await handed('next.json', ['sign-receipt', buyer, seller, '4', '4', ...network], 'buyer')
    const signed = await handed('signed.json', ['co-sign', next], 'seller')
    await printed(['record', full, signed], 'other', [
      `Skipped what ${seller} and ${buyer} state: StaleReceipt\\.`,
      `Recorded what ${seller} and ${buyer} state\\.`,
      COST,
    ])
  })

  it('refuses a receipt that was changed on the way', async () => {
    const [buyer, seller] = [who('buyer').address, who('seller').address]
    const { stdout } = await typed(['sign-receipt', buyer, seller, '5', '5', ...network], 'seller')
    const changed = JSON.stringify({ ...JSON.parse(stdout), served: '6000000' })
    await refused(['co-sign', changed], 'buyer', /^INVALID_ARGUMENT: The signature for the provider /)
    await refused(['co-sign', '{"kind":"receipt"}'], 'buyer', /^INVALID_ARGUMENT: .*chainId is no whole number\. /)
    const elsewhere = JSON.stringify({ ...JSON.parse(stdout), chainId: 1 })
    await refused(['co-sign', elsewhere], 'buyer', /^WRONG_CHAIN: /)
  })

  it('fault: a consumer takes back, in totals', async () => {
    const seller = who('seller').address
    const fault = (total: string) => ['fault', seller, total, ...network]
    await printed(fault('1.5'), 'buyer', [
      `You take back 1\\.5 CLD in all from what ${seller} served to you, as far as it did\\.`,
      COST,
    ])
    await refused(fault('1'), 'buyer', /^TRANSACTION_REVERTED: .*StaleFaults\(.* more than the last number/)
    await refused(fault('much'), 'buyer', /^INVALID_ARGUMENT: total is no amount/)
  })

  it('transfer-steward, accept-steward, retire: the steward’s part', async () => {
    const [seller, other] = [who('seller').address, who('other').address]
    const retire = ['retire', dev.currency, ...network]
    await refused(retire, 'seller', /^TRANSACTION_REVERTED: .*OnlySteward\(.*the key of the second address/)
    await printed(['transfer-steward', seller, ...network], 'issuer', [
      `The steward's place is offered to ${seller}, who takes it with \`scrip history accept-steward --network 1\`\\.`,
      COST,
    ])
    const take = ['accept-steward', ...network]
    await refused(take, 'other', new RegExp(`^TRANSACTION_REVERTED: .*OnlyStewardCandidate\\(${other}, ${seller}\\)`))
    await printed(take, 'seller', [`${seller} is the steward of network 1 from now on\\.`, COST])
    await printed(retire, 'seller', [`${dev.currency} counts nothing more in network 1\\.`, COST])
    await refused(retire, 'seller', /^TRANSACTION_REVERTED: .*AlreadyRetired\(.* stays so/)
    const nobody = `0x${'0'.repeat(40)}`
    await printed(['transfer-steward', nobody, ...network], 'seller', [
      "The steward's place is offered to nobody any more\\.",
      COST,
    ])
  })
})
