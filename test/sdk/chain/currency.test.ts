import {
  acceptIssuer,
  acceptRedemption,
  cancelAuthorization,
  confirmRedemption,
  createCurrency,
  disputeRedemption,
  fulfillRedemption,
  getCurrency,
  getDeposits,
  getHoldings,
  getRecord,
  getRedemption,
  listCurrencies,
  mint,
  mintMany,
  permit,
  redeem,
  relayTransferFunds,
  settleRedemption,
  signPermit,
  signTransferAuthorization,
  signTransferFunds,
  transferIssuer,
  useTransferAuthorization,
} from '@scrip/sdk/chain'
import { expect } from 'chai'
import { network } from 'hardhat'
import { type Address, erc20Abi, toHex } from 'viem'
import { getBlock, readContract } from 'viem/actions'
import { type Market, openMarket, type Person } from '../../support/market.ts'

const HASH = `0x${'5c'.repeat(32)}` as const
const FAR = 2n ** 40n

describe('the actions of a currency', function () {
  this.timeout(60_000)
  let market: Market
  let alice: Person
  let bob: Person
  let currency: Address
  const walletOf = async ({ account }: Person) =>
    (await getHoldings(market.issuer.client, { currency, owner: account.address })).wallet

  before(async () => {
    market = await openMarket(await network.create())
    alice = await market.person()
    bob = await market.person(0n)
    const created = await createCurrency(market.issuer.client, {
      name: 'Dear dollar',
      symbol: 'DEAR',
      decimals: 6,
      feeFlat: 200_000n,
      feeBps: 100,
      redemptionWindow: 3_600,
    })
    currency = created.currency
    await mint(market.issuer.client, { currency, to: alice.account.address, amount: 500_000_000n })
  })

  it('mints for many in one transaction', async () => {
    const [carol, dave] = [await market.person(0n), await market.person(0n)]
    const grants = [carol, dave].map(({ account }, index) => ({ to: account.address, amount: BigInt(index + 1) }))
    await mintMany(market.issuer.client, { currency, grants })
    expect([await walletOf(carol), await walletOf(dave)]).to.deep.equal([1n, 2n])
  })

  it('permits by signature, once', async () => {
    const spender = bob.account.address
    const signed = await signPermit(alice.client, { currency, spender, value: 7n, deadline: FAR })
    await permit(bob.client, { currency, permit: signed })
    const args = [alice.account.address, spender] as const
    expect(
      await readContract(bob.client, { address: currency, abi: erc20Abi, functionName: 'allowance', args }),
    ).to.equal(7n)
    await refused(() => permit(bob.client, { currency, permit: signed }), 'InvalidSignature')
  })

  it('transfers by signature without a fee, and not twice', async () => {
    const before = await walletOf(bob)
    const terms = { currency, to: bob.account.address, value: 1_000n, validBefore: FAR }
    const authorization = await signTransferAuthorization(alice.client, terms)
    await useTransferAuthorization(market.issuer.client, { currency, authorization })
    expect(await walletOf(bob)).to.equal(before + 1_000n)
    await refused(() => useTransferAuthorization(bob.client, { currency, authorization }), 'AuthorizationAlreadyUsed')

    const receiveOnly = await signTransferAuthorization(alice.client, { ...terms, receiveOnly: true })
    await refused(
      () => useTransferAuthorization(alice.client, { currency, authorization: receiveOnly }),
      'OnlyRecipient',
    )
    await useTransferAuthorization(bob.client, { currency, authorization: receiveOnly })
    expect(await walletOf(bob)).to.equal(before + 2_000n)
  })

  it('cancels an authorization', async () => {
    const terms = { currency, to: bob.account.address, value: 1_000n, validBefore: FAR }
    const authorization = await signTransferAuthorization(alice.client, terms)
    await cancelAuthorization(alice.client, { currency, nonce: authorization.nonce })
    await refused(() => useTransferAuthorization(bob.client, { currency, authorization }), 'AuthorizationAlreadyUsed')
  })

  it('relays a payment for a holder without gas: 100 at fee 1.2, once however often it comes', async () => {
    const carol = await market.person(0n)
    const before = await walletOf(alice)
    const terms = {
      currency,
      recipient: carol.account.address,
      amount: 100_000_000n,
      messageCounter: 1n,
      validBefore: FAR,
    }
    const request = await signTransferFunds(alice.client, terms)
    expect((await relayTransferFunds(market.issuer.client, { request })).fee).to.equal(1_200_000n)
    expect((await relayTransferFunds(bob.client, { request })).fee).to.equal(1_200_000n)
    expect(await walletOf(alice)).to.equal(before - 101_200_000n)
    expect(await walletOf(carol)).to.equal(100_000_000n)
    const { deposits } = await getDeposits(carol.client, { currency })
    expect(deposits).to.have.length(1)
    expect(deposits[0]).to.include({
      transactionId: request.transactionId,
      fee: 1_200_000n,
      from: alice.account.address,
    })

    const other = await signTransferFunds(alice.client, { ...terms, amount: 1n })
    await refused(() => relayTransferFunds(bob.client, { request: other }), 'MessageCounterConflict')
  })

  it('redeems with a record: confirmed, disputed, defaulted, lapsed', async () => {
    const issuer = market.issuer.client
    const open = async () => (await redeem(alice.client, { currency, amount: 1_000n, termsHash: HASH })).id
    const ids = [await open(), await open(), await open(), await open()] as const
    expect(await getRedemption(bob.client, { currency, id: ids[0] })).to.include({
      amount: 1_000n,
      status: 'requested',
    })
    for (const id of ids.slice(0, 3)) await acceptRedemption(issuer, { currency, id })
    for (const id of ids.slice(0, 2)) await fulfillRedemption(issuer, { currency, id, proofHash: HASH })
    await confirmRedemption(alice.client, { currency, id: ids[0] })
    await disputeRedemption(alice.client, { currency, id: ids[1] })
    await refused(() => settleRedemption(bob.client, { currency, id: ids[2] }), 'RedemptionOpen')
    const { timestamp } = await getBlock(issuer)
    await market.provider.request({ method: 'evm_setNextBlockTimestamp', params: [toHex(timestamp + 7_200n)] })
    await market.provider.request({ method: 'evm_mine' })
    for (const id of ids.slice(2)) await settleRedemption(bob.client, { currency, id })
    const statuses = await Promise.all(
      ids.map(async (id) => (await getRedemption(bob.client, { currency, id })).status),
    )
    expect(statuses).to.deep.equal(['redeemed', 'disputed', 'defaulted', 'lapsed'])
    const record = await getRecord(bob.client, { currency })
    expect(record).to.include({ redeemed: 1_000n, disputed: 1_000n, defaulted: 1_000n, lapsed: 1_000n })
    const { totalSupply } = await getCurrency(bob.client, { currency })
    expect(totalSupply).to.equal(record.minted - 2_000n)
    await getRedemption(bob.client, { currency, id: 99n }).then(
      () => expect.fail('nobody requested it'),
      (error) => expect(error).to.include({ code: 'NOT_FOUND' }),
    )
  })

  it('hands the issuer’s place over in two steps, and lists currencies by who created them', async () => {
    const next = bob.account.address
    await transferIssuer(market.issuer.client, { currency, next })
    await refused(() => acceptIssuer(alice.client, { currency }), 'OnlyIssuerCandidate')
    await acceptIssuer(bob.client, { currency })
    expect((await getCurrency(alice.client, { currency })).issuer).to.equal(next)
    await mint(bob.client, { currency, to: next, amount: 1n })

    const listed = await listCurrencies(alice.client, { issuer: market.issuer.account.address })
    expect(listed.map(({ symbol }) => symbol)).to.deep.equal(['TST', 'DEAR'])
    expect(await listCurrencies(alice.client, { issuer: next })).to.deep.equal([])
    expect(await listCurrencies(alice.client)).to.have.length(2)
  })
})

/** Expects the contract to refuse with its own error. */
async function refused(work: () => Promise<unknown>, error: string): Promise<void> {
  await work().then(
    () => expect.fail(`${error} was expected`),
    (reason) => expect(reason?.values?.error, String(reason)).to.equal(error),
  )
}
