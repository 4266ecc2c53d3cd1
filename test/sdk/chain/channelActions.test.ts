import {
  type ExitRequest,
  getChannelState,
  type ScripActions,
  type ScripClient,
  scripActions,
  type Transaction,
  type Withdrawal,
} from '@scrip/sdk/chain'
import { type Channel, type Claim, createPayer, decodePayment } from '@scrip/sdk/channels'
import { ScripError } from '@scrip/sdk/errors'
import { memoryStore } from '@scrip/sdk/store'
import { expect } from 'chai'
import { network } from 'hardhat'
import { type Address, createWalletClient, custom, parseEventLogs, toHex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { paymentChannelsAbi } from '../../../sdk/abi/paymentChannels.ts'
import { type Market, openMarket, type Person } from '../../support/market.ts'

const DAY = 86_400
const NO_PREIMAGE = toHex(0n, { size: 32 })

describe('the actions on channels', () => {
  let connection: Awaited<ReturnType<typeof network.create>>
  let market: Market
  let currency: Address
  let payer: Person
  let payee: Person
  let pays: ScripActions
  let earns: ScripActions
  /** Somebody who has gas and nothing to do with it all. */
  let relays: ScripActions

  before(async () => {
    connection = await network.create()
    market = await openMarket(connection)
    currency = market.currency
    relays = scripActions()((await market.person(0n)).client)
  })
  beforeEach(async () => {
    payer = await market.person(1_000n)
    payee = await market.person(0n)
    pays = scripActions()(payer.client)
    earns = scripActions()(payee.client)
  })

  const now = async () => BigInt(await connection.networkHelpers.time.latest())
  const stateOf = ({ id }: Channel) => getChannelState(payer.client, { channelId: id })
  const withdrawable = async (who: ScripActions) => (await who.getHoldings({ currency })).withdrawable
  const opened = async (deposit: bigint, options = {}): Promise<Channel> => {
    const terms = { payee: payee.account.address, currency, deposit, ...options }
    const { transaction: _, funded: __, ...channel } = await pays.openChannel(terms)
    return channel
  }
  /** The claim after a payment, whatever the deposit. */
  const paid = async (channel: Channel, amount: bigint): Promise<Claim> => {
    const sender = createPayer({ channel: { ...channel, funded: amount }, signer: payer.account, store: memoryStore() })
    const { voucher } = decodePayment(await sender.pay(amount))
    if (voucher === undefined) throw new Error('The first payment is a voucher.')
    return { channel, ...voucher, ticks: 0, preimage: NO_PREIMAGE }
  }

  it('open and fill channels from the balance in the contract', async () => {
    const first = await opened(100n)
    await earns.release({ channel: first })
    expect(await withdrawable(pays)).to.equal(100n)
    const second = await opened(60n, { fromBalance: true })
    const { funded } = await pays.topUp({ channel: second, amount: 30n, fromBalance: true })
    expect(funded).to.equal(90n)
    expect(await withdrawable(pays)).to.equal(10n)
    expect(await pays.getHoldings({ currency })).to.deep.equal({ wallet: 900n, withdrawable: 10n })
    await reverts(pays.topUp({ channel: second, amount: 11n, fromBalance: true }), 'InsufficientBalance')
    await reverts(earns.topUp({ channel: second, amount: 1n, fromBalance: true }), 'OnlyPayer')
  })

  it('let a payer without gas open, leave and withdraw by signatures that anyone brings', async () => {
    const gasless = await market.person(500n)
    await market.provider.request({ method: 'hardhat_setBalance', params: [gasless.account.address, '0x0'] })
    const signs = scripActions()(gasless.client)
    const channel = await signs.describeChannel({ payee: payee.account.address, currency, exitDelay: 900 })
    const funding = await signs.signFunding({ channel, amount: 200n, validBefore: (await now()) + 3_600n })
    // What is signed travels as JSON.
    const { funded } = await relays.relayFunding({ funding })
    expect(funded).to.equal(200n)
    expect(await stateOf(channel)).to.include({ deposit: 200n, opened: true })
    await reverts(relays.relayFunding({ funding }), 'AuthorizationAlreadyUsed')
    const elsewhere = { ...funding, channel: { ...channel, payee: gasless.account.address } }
    await reverts(relays.relayFunding({ funding: elsewhere }), 'InvalidSignature')

    const request: ExitRequest = await signs.signExitRequest({ channel, deadline: (await now()) + 3_600n })
    const { exitAt } = await relays.relayExitRequest({ request })
    expect((await stateOf(channel)).exitAt).to.equal(exitAt)
    await connection.networkHelpers.time.increaseTo(exitAt)
    await relays.exit({ channel })
    await reverts(relays.relayExitRequest({ request }), 'MessageUsed')

    const withdrawal: Withdrawal = await signs.signWithdrawal({ currency, amount: 200n, deadline: (await now()) + 60n })
    await reverts(relays.relayWithdrawal({ withdrawal: { ...withdrawal, amount: 199n } }), 'InvalidSignature')
    await relays.relayWithdrawal({ withdrawal })
    await reverts(relays.relayWithdrawal({ withdrawal }), 'MessageUsed')
    expect(await signs.getHoldings({ currency })).to.deep.equal({ wallet: 500n, withdrawable: 0n })
    const late = await signs.signWithdrawal({ currency, amount: 1n, deadline: (await now()) - 1n })
    await reverts(relays.relayWithdrawal({ withdrawal: late }), 'SignatureExpired')
  })

  it('claim straight to a wallet', async () => {
    const channel = await opened(100n)
    const claim = await paid(channel, 40n)
    await reverts(pays.claimTo({ claim }), 'OnlyPayee')
    expect((await earns.claimTo({ claim })).paid).to.equal(40n)
    expect(await earns.getHoldings({ currency })).to.deep.equal({ wallet: 40n, withdrawable: 0n })
    const more = await paid(channel, 70n)
    expect((await earns.claimTo({ claim: more, to: payer.account.address })).paid).to.equal(30n)
    expect((await pays.getHoldings({ currency })).wallet).to.equal(930n)
  })

  it('claim on many channels at once, and say what was skipped and why', async () => {
    const [one, other, third] = [await opened(100n), await opened(100n), await opened(10n)]
    await pays.fundPurse({ currency, amount: 5n })
    const bouncing = await pays.describeChannel({ payee: payee.account.address, currency, drawsOnPurse: true })
    const good = await paid(one, 40n)
    const claims = [
      good,
      { ...(await paid(other, 50n)), total: 51n },
      { ...good },
      await paid(bouncing, 8n),
      await paid(bouncing, 9n),
      await paid(third, 12n),
      await paid({ ...third, id: other.id, salt: other.salt }, 20n),
    ]
    const { paid: moved, skipped } = await relays.claimBatch({ claims })
    expect(moved).to.deep.equal([40n, 0n, 0n, 5n, 0n, 10n, 20n])
    expect(skipped.map(({ claim, reason }) => [claims.indexOf(claim), reason])).to.deep.equal([
      [1, 'InvalidVoucher'],
      [2, 'NothingToClaim'],
    ])
    expect(await withdrawable(earns)).to.equal(75n)
    expect(await relays.claimBatch({ claims: [] })).to.deep.include({ paid: [], skipped: [] })
  })

  it('close with the last claim, and give all of it back without one', async () => {
    const channel = await opened(100n)
    const claim = await paid(channel, 40n)
    await reverts(pays.close({ claim }), 'OnlyPayee')
    expect(await earns.close({ claim })).to.include({ paid: 40n, released: 60n })
    expect(await stateOf(channel)).to.deep.equal({ claimed: 40n, deposit: 0n, exitAt: 0, opened: true })
    await pays.topUp({ channel, amount: 10n })
    expect(await earns.close({ claim })).to.include({ paid: 0n, released: 10n })
    await reverts(earns.release({ channel }), 'ZeroAmount')
    await pays.topUp({ channel, amount: 7n })
    await reverts(pays.release({ channel }), 'OnlyPayee')
    expect(await earns.release({ channel })).to.include({ paid: 0n, released: 7n })
    expect(await withdrawable(pays)).to.equal(77n)
  })

  it('take an exit back', async () => {
    const channel = await opened(100n, { exitDelay: 900 })
    await reverts(pays.cancelExit({ channel }), 'ExitNotRequested')
    await pays.requestExit({ channel })
    await reverts(earns.cancelExit({ channel }), 'OnlyPayer')
    await pays.cancelExit({ channel })
    expect((await stateOf(channel)).exitAt).to.equal(0)
    expect((await pays.topUp({ channel, amount: 1n })).funded).to.equal(101n)
  })

  it('pay from a purse, let what it lacks bounce, and pay that later', async () => {
    const channel = await pays.describeChannel({ payee: payee.account.address, currency, drawsOnPurse: true })
    const claim = await paid(channel, 80n)
    await reverts(earns.claim({ claim }), 'UnknownPurse')
    expect((await pays.fundPurse({ currency, amount: 50n })).balance).to.equal(50n)
    const purse = { payer: payer.account.address, currency, signer: payer.account.address }
    expect(await relays.getPurse(purse)).to.deep.equal({ balance: 50n, opened: true })

    const first = await earns.claim({ claim })
    expect(first.paid).to.equal(50n)
    expect(bounces(first)).to.deep.equal([{ paid: 50n, owed: 30n }])
    const second = await earns.claim({ claim })
    expect(second.paid).to.equal(0n)
    expect(bounces(second)).to.deep.equal([{ paid: 0n, owed: 30n }])
    await pays.fundPurse({ currency, amount: 100n })
    const third = await earns.claim({ claim })
    expect(third.paid).to.equal(30n)
    expect(bounces(third)).to.deep.equal([])

    expect((await pays.withdrawPurse({ currency, amount: 70n })).balance).to.equal(0n)
    expect(await withdrawable(pays)).to.equal(70n)
    await reverts(pays.withdrawPurse({ currency, amount: 1n }), 'InsufficientPurse')
    expect(await relays.getPurse({ ...purse, payer: payee.account.address })).to.deep.equal({
      balance: 0n,
      opened: false,
    })
  })

  it('take the signature of an account that has code under EIP-7702', async () => {
    const signs: ScripClient = createWalletClient({
      account: privateKeyToAccount(toHex(77n, { size: 32 })),
      transport: custom(connection.provider),
    })
    const { address } = privateKeyToAccount(toHex(77n, { size: 32 }))
    await scripActions()(market.issuer.client).mint({ currency, to: address, amount: 10n })
    // A delegation, to code that knows nothing of ERC-1271.
    const code = `0xef0100${currency.slice(2)}`
    await market.provider.request({ method: 'hardhat_setCode', params: [address, code] })
    const channel = await scripActions()(signs).describeChannel({ payee: payee.account.address, currency })
    const deadline = (await now()) + 3_600n
    const funding = await scripActions()(signs).signFunding({ channel, amount: 10n, validBefore: deadline })
    expect((await relays.relayFunding({ funding })).funded).to.equal(10n)
    const request = await scripActions()(signs).signExitRequest({ channel, deadline })
    expect((await relays.relayExitRequest({ request })).exitAt).to.be.greaterThan(Number(await now()) + DAY - 60)
  })
})

function bounces({ receipt }: Transaction) {
  const events = parseEventLogs({ abi: paymentChannelsAbi, eventName: 'Bounced', logs: receipt.logs })
  return events.map(({ args: { paid, owed } }) => ({ paid, owed }))
}

async function reverts(work: Promise<unknown>, name: string): Promise<void> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).to.be.instanceOf(ScripError).with.property('code', 'TRANSACTION_REVERTED')
  expect((error as ScripError).values['error']).to.equal(name)
}
