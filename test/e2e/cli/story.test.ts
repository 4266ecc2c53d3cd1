import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { Wallet } from 'ethers'
import { newTypist, type Running, type Typist } from '../../support/scrip.ts'

const SIZE = 300_000
const KILOBYTES = Math.ceil(SIZE / 1_024)
/** Base units of a kilobyte. */
const PRICE = 1_000

type Account = { role: string; address: string; key: string }
type Dev = { url: string; chainId: number; currency: string; networkId: string; accounts: Account[] }
type Transaction = { hash: string; gas: string; fee: string }

describe('the story typed by hand', function () {
  this.timeout(60_000)
  let typist: Typist
  let dev: Dev
  let chain: Running
  let shop: Running
  let shopUrl: string
  let currency: string
  const content = randomBytes(SIZE)
  const who = (role: string): Account => {
    const account = dev.accounts.find((one) => one.role === role)
    if (account === undefined) throw new Error(`Nobody is the ${role}.`)
    return account
  }
  const as = (role: string) => ({ SCRIP_RPC_URL: dev.url, SCRIP_KEY: who(role).key })
  const anybody = () => ({ SCRIP_RPC_URL: dev.url })

  before(async () => {
    typist = newTypist()
    mkdirSync(join(typist.folder, 'shelf'))
    writeFileSync(join(typist.folder, 'shelf', 'goods.bin'), content)
    chain = typist.start(['dev', '--port', '0', '--json', '--chain', 'anvil'])
    dev = await chain.ready()
  })
  after(() => typist.leave())

  it('dev: a chain, everything deployed, a currency, a network, and accounts that hold some', async () => {
    expect(dev.chainId).to.equal(31_337)
    expect(dev.accounts.map(({ role }) => role)).to.deep.equal(['issuer', 'buyer', 'seller', 'other'])
    for (const { address } of dev.accounts) {
      const { wallet } = await typist.quickData<{ wallet: string }>(
        ['balance', dev.currency, '--account', address],
        anybody(),
      )
      expect(wallet).to.equal('1000000000')
    }
  })

  it('currency create, mint, show', async () => {
    const created = await typist.quickData<{ currency: string; issuer: string; transaction: Transaction }>(
      ['currency', 'create', 'Eve dollar', 'EVE'],
      as('issuer'),
    )
    currency = created.currency
    expect(created.issuer).to.equal(who('issuer').address)
    expect(Number(created.transaction.gas)).to.be.within(50_000, 150_000)
    expect(BigInt(created.transaction.fee) > 0n).to.equal(true)
    const minted = await typist.quick(['currency', 'mint', currency, who('buyer').address, '50'], as('issuer'))
    expect(minted).to.include({ status: 0, stderr: '' })
    expect(minted.stdout).to.match(
      new RegExp(
        `^Minted 50 EVE for ${who('buyer').address}\n  transaction 0x[0-9a-f]{64}, [\\d,]+ gas, 0\\.\\d+ of the chain's coin\n$`,
      ),
    )
    const shown = await typist.quick(['currency', 'show', currency], anybody())
    expect(shown.stdout).to.match(/^Eve dollar \(EVE\), 6 decimals, issued by 0x.*\n {2}50 EVE in the world/)
  })

  it('send, deposits, balance', async () => {
    const { address } = who('seller')
    const sent = await typist.quick(['send', currency, address, '2.5', '--id', 'order 7'], as('buyer'))
    expect(sent).to.include({ status: 0, stderr: '' })
    expect(sent.stdout).to.contain(`Sent 2.5 EVE to ${address}; the issuer's fee was 0 EVE.`)
    const arrived = await typist.quick(['deposits', currency], as('seller'))
    expect(arrived.stdout).to.contain(
      `2.5 EVE from ${who('buyer').address}, reference “order 7”\n1 deposit; 2.5 EVE in the wallet`,
    )
    const { cursor } = await typist.quickData<{ cursor: string }>(
      ['deposits', currency, '--account', address],
      anybody(),
    )
    const later = await typist.quickData<{ deposits: object[]; balance: string }>(
      ['deposits', currency, '--account', address, '--cursor', cursor],
      anybody(),
    )
    expect(later).to.deep.include({ deposits: [], balance: '2500000' })
    const { stdout } = await typist.quick(['balance', currency], as('buyer'))
    expect(stdout).to.match(
      new RegExp(
        `^${who('buyer').address} has 9999\\.\\d+ of the chain's coin\n  47.5 EVE in the wallet\n  0 EVE claimed`,
      ),
    )
  })

  it('serve and fetch, with an encrypted key: a kilobyte for a payment', async () => {
    writeFileSync(join(typist.folder, 'seller.json'), await new Wallet(who('seller').key).encrypt('sesame'))
    shop = typist.start(['serve', 'shelf', '--currency', currency, '--price', '0.001', '--port', '0'], {
      SCRIP_RPC_URL: dev.url,
      SCRIP_KEY: 'seller.json',
      SCRIP_PASSWORD: 'sesame',
    })
    shopUrl = await shop.saying(/at (http:\S+)/)
    const bought = await typist.quick(['fetch', `${shopUrl}/goods.bin`], as('buyer'))
    expect(bought).to.include({ status: 0 })
    expect(bought.stdout).to.match(
      new RegExp(
        '^Put 47.5 EVE on deposit in a channel\n  transaction 0x[0-9a-f]{64}, [\\d,]+ gas, .*\n' +
          'Bought goods.bin, 300,000 bytes, for 0.293 EVE in 293 payments\n$',
      ),
    )
    expect(readFileSync(join(typist.folder, 'goods.bin')).equals(content)).to.equal(true)
    await shop.saying(
      / {2}200 {2}(\/goods.bin) {2}to 0x70997970C51812dc3A010C7d01b50e0d17dc79C8, who has paid 0.293 EVE in all\n/,
    )
  })

  it('channels: both ends of it', async () => {
    type Channels = Record<'paying' | 'earning', { peer: string; paid: string; claimed: string; deposit: string }[]>
    const state = { paid: `${KILOBYTES * PRICE}`, claimed: '0', deposit: '47500000' }
    const buyer = await typist.quickData<Channels>(['channels'], as('buyer'))
    const seller = await typist.quickData<Channels>(['channels'], as('seller'))
    expect([buyer.paying.length, buyer.earning.length, seller.paying.length, seller.earning.length]).to.deep.equal([
      1, 0, 0, 1,
    ])
    expect(buyer.paying[0]).to.include({ ...state, peer: who('seller').address })
    expect(seller.earning[0]).to.include({ ...state, peer: who('buyer').address })
    const { stdout } = await typist.quick(['channels'], as('buyer'))
    expect(stdout).to.contain(`To ${who('seller').address}: 0.293 EVE paid, 0 EVE of it claimed; 47.5 EVE on deposit`)
  })

  it('claim --withdraw: what was paid, to the wallet, while the peer goes on', async () => {
    const claimed = await typist.quick(['claim', '--withdraw'], as('seller'))
    expect(claimed).to.include({ status: 0, stderr: '' })
    expect(claimed.stdout).to.contain(`Claimed 0.293 EVE from ${who('buyer').address}.`)
    expect(claimed.stdout).to.contain(`Sent 0.293 EVE to your wallet ${who('seller').address}.`)
    expect((await typist.quick(['claim', '--withdraw'], as('seller'))).stdout).to.equal('Nothing to claim.\n')
    const { wallet, withdrawable } = await typist.quickData<{ wallet: string; withdrawable: string }>(
      ['balance', currency],
      as('seller'),
    )
    expect({ wallet, withdrawable }).to.deep.equal({ wallet: '2793000', withdrawable: '0' })
    shop.child.kill('SIGINT')
    expect(await shop.ended).to.include({ status: 0, stderr: '' })
  })

  it('admission, history and reputation of a network', async () => {
    const network = ['--network', dev.networkId]
    shop = typist.start(
      ['serve', 'shelf', '--currency', dev.currency, '--price', '0.001', '--port', '0', ...network],
      as('seller'),
    )
    const url = `${await shop.saying(/at (http:\S+)/)}/goods.bin`
    const buy = () => typist.quick(['fetch', url, '-o', 'again.bin'], as('buyer'))
    const refused = await buy()
    expect(refused.status).to.equal(1)
    expect(refused.stderr).to.match(
      /^ADMISSION_REFUSED: .* Claim a newcomer's allowance of 2000000 units of value, and join with `scrip admission join --network 1`\.\n$/,
    )
    const joined = await typist.quick(['admission', 'join', ...network], as('buyer'))
    expect(joined.stdout).to.match(
      new RegExp(
        `^You may consume 2 CLD before you provide\\.\\n  transaction .*\\n${who('buyer').address} is admitted to network 1 until \\d{4}-`,
      ),
    )
    expect(await buy()).to.include({ status: 0 })

    expect((await typist.quick(['history', ...network], anybody())).stdout).to.equal(
      'Nothing was settled in network 1 yet.\n',
    )
    const claimed = await typist.quick(['claim', ...network], as('seller'))
    expect(claimed.stdout).to.contain('Claimed 0.293 CLD from').and.to.contain('Counted in the history of network 1.')
    const history = await typist.quick(['history', who('seller').address, ...network], anybody())
    expect(history.stdout).to.equal(
      `${who('seller').address} served 0.293 CLD to ${who('buyer').address}\n` +
        `${who('seller').address} provided 0.293 CLD and consumed 0 CLD in all\n`,
    )
    const reputation = await typist.quick(['reputation', ...network], as('buyer'))
    expect(reputation.stdout).to.match(new RegExp(`\n  ${who('seller').address}  0\\.\\d{4}  0.293 CLD\n`))
    const standing = await typist.quick(['admission', 'show', who('buyer').address, ...network], anybody())
    expect(standing.stdout).to.contain('is admitted until').and.to.contain('may consume 1.707 CLD more')
  })

  it('claim: of several payers in one transaction; --network: counts that later, and nothing twice', async () => {
    const network = ['--network', dev.networkId]
    const url = `${await shop.saying(/at (http:\S+)/)}/goods.bin`
    expect(await typist.quick(['fetch', url, '-o', 'third.bin'], as('buyer'))).to.include({ status: 0 })
    await typist.quickData(['admission', 'join', ...network], as('other'))
    expect(await typist.quick(['fetch', url, '-o', 'other.bin'], as('other'))).to.include({ status: 0 })
    const { claimed } = await typist.quickData<{ claimed: { paid: string; transaction: { hash: string } }[] }>(
      ['claim'],
      as('seller'),
    )
    expect(claimed.map(({ paid }) => paid)).to.deep.equal([`${KILOBYTES * PRICE}`, `${KILOBYTES * PRICE}`])
    expect(new Set(claimed.map(({ transaction }) => transaction.hash)).size).to.equal(1)
    const counted = await typist.quickData<Record<string, object[]>>(['claim', ...network], as('seller'))
    expect([counted['claimed']?.length, counted['synced']?.length]).to.deep.equal([0, 1])
    const { edges } = await typist.quickData<{ edges: { served: string }[] }>(['history', ...network], anybody())
    expect(edges.map(({ served }) => served)).to.have.members([`${2 * KILOBYTES * PRICE}`, `${KILOBYTES * PRICE}`])
    expect((await typist.quick(['claim', ...network], as('seller'))).stdout).to.equal('Nothing to claim.\n')
  })

  it('admission by several policies: a bond beside the ratio, and what ends it', async () => {
    const admission = (role: string, ...words: string[]) =>
      typist.quick(['admission', ...words, '--network', dev.networkId], as(role))
    const says = async (running: ReturnType<typeof admission>, words: RegExp) => {
      const { status, stdout, stderr } = await running
      expect(stdout + stderr).to.match(words)
      return status
    }
    const terms = (amount: string) => admission('issuer', 'bond-terms', amount, '--currency', dev.currency)
    await says(admission('buyer', 'bond', '50', '--days', '2'), /^INVALID_ARGUMENT: Network 1 asks for no bond\./)
    await says(
      admission('buyer', 'bond-terms', '50', '--currency', dev.currency),
      /OnlySteward\(.* Only the network's steward /,
    )
    await says(terms('50'), /^Network 1 asks for a bond of 50 CLD\.\n {2}transaction /)
    await says(admission('issuer', 'policy', 'ratio', 'ratio'), /DuplicateChild\(.* Name each policy once\./)
    await says(admission('issuer', 'policy', 'ratio', 'bond'), /^Network 1 admits by ratio and bond; standing /)

    await says(admission('buyer', 'show'), /\n {2}all of\n {4}may consume .*\n {4}.*\n {4}has 0 CLD of 50 CLD locked\n/)
    await says(admission('buyer', 'join'), /NotEligible\(.* `scrip admission show`/)
    await says(admission('buyer', 'bond', '20', '--days', '2'), /^20 CLD of yours are locked for network 1 until \d/)
    await says(admission('buyer', 'bond', '30', '--days', '1'), /InvalidLock\(.* Give --days from 1 to 366/)
    await says(admission('buyer', 'bond', '30', '--days', '3'), /^50 CLD of yours are locked for network 1 until \d/)
    await says(admission('buyer', 'join'), /is admitted to network 1 until/)
    await says(admission('buyer', 'unbond', '50'), /BondLocked\(.* Run it again when the lock is over/)

    const expel = () => admission('seller', 'expel', who('buyer').address)
    await says(expel(), /StillEligible\(/)
    await says(terms('60'), /60 CLD/)
    expect(await says(expel(), /is no longer admitted to network 1\./)).to.equal(0)
    await says(admission('issuer', 'policy', 'ratio', 'bond', '--any'), /^Network 1 admits by ratio or bond; standing /)
    await says(admission('buyer', 'show'), /\n {2}one of\n/)
    await says(admission('issuer', 'policy', 'ratio'), /^Network 1 admits by ratio; standing /)
    await pass(dev.url, 3 * 86_400)
    await says(admission('buyer', 'unbond', '60'), /InsufficientBond\(.* Take back at most what is locked/)
    await says(admission('buyer', 'unbond', '50'), /^50 CLD are in your wallet again; 0 CLD stay\.\n/)
    await says(admission('buyer', 'join'), /is admitted to network 1 until/)
  })

  it('channels close: the payee takes what is owed and gives the rest back at once', async () => {
    type Earning = { channelId: string; peer: string; currency: string; deposit: string }
    const { earning } = await typist.quickData<{ earning: Earning[] }>(['channels'], as('seller'))
    const isBuyers = ({ currency, peer }: Earning) => currency === dev.currency && peer === who('buyer').address
    const { channelId = '', deposit = '' } = earning.find(isBuyers) ?? {}
    const url = `${await shop.saying(/at (http:\S+)/)}/goods.bin`
    expect(await typist.quick(['fetch', url, '-o', 'fourth.bin'], as('buyer'))).to.include({ status: 0 })
    const closed = await typist.quickData<{ paid: string; released: string }>(
      ['channels', 'close', channelId],
      as('seller'),
    )
    const paid = KILOBYTES * PRICE
    expect(closed).to.deep.include({ paid: `${paid}`, released: `${Number(deposit) - paid}` })
    const again = await typist.quick(['channels', 'close', channelId], as('seller'))
    expect(again).to.include({ status: 0 })
    expect(again.stdout).to.match(/^Claimed 0 CLD, and gave 0 CLD back to 0x/)
    const other = await typist.quick(['channels', 'close', '0x12'], as('seller'))
    expect(other.stderr).to.match(/^UNKNOWN_CHANNEL: Nobody pays you through a channel 0x12\. /)
  })

  it('channels exit: asks, waits, and takes the rest back to the wallet', async () => {
    const { paying } = await typist.quickData<{ paying: { channelId: string; currency: string }[] }>(
      ['channels'],
      as('buyer'),
    )
    const channel = paying.find((one) => one.currency === currency)?.channelId ?? ''
    const asked = await typist.quick(['channels', 'exit', channel], as('buyer'))
    expect(asked.stdout).to.match(
      /^The exit is requested\. Run the same again from \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC on/,
    )
    const stays = await typist.quick(['channels', 'exit', channel, '--cancel'], as('buyer'))
    expect(stays.stdout).to.match(/^The channel goes on\.\n {2}transaction 0x/)
    await typist.quickData(['channels', 'exit', channel], as('buyer'))
    const early = await typist.quick(['channels', 'exit', channel], as('buyer'))
    expect(early.stderr).to.match(/^TRANSACTION_REVERTED: The contract refused: ExitNotDue\(.*\n$/)
    await pass(dev.url, 25 * 3_600)
    const left = await typist.quick(['channels', 'exit', channel], as('buyer'))
    expect(left.stdout).to.contain(`Sent 47.207 EVE to your wallet ${who('buyer').address}.`)
    const { wallet } = await typist.quickData<{ wallet: string }>(['balance', currency], as('buyer'))
    expect(wallet).to.equal(`${50_000_000 - 2_500_000 - KILOBYTES * PRICE}`)
  })

  it('ends the chain with the command that started it', async () => {
    chain.child.kill('SIGINT')
    expect(await chain.ended).to.include({ status: 0, stderr: '' })
    const { status, stderr } = await typist.quick(['balance'], as('buyer'))
    expect(status).to.equal(1)
    expect(stderr).to.match(/^RPC_UNREACHABLE: No chain answers at http:\/\/127\.0\.0\.1:\d+\. .*\n$/)
  })
})

/** Lets time pass on a local chain. */
async function pass(url: string, seconds: number): Promise<void> {
  for (const [method, params] of [
    ['evm_increaseTime', [seconds]],
    ['evm_mine', []],
  ]) {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
    await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  }
}
