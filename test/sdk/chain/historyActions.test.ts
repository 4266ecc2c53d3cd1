import {
  addresses,
  historyDomain,
  type Receipt,
  receiptTypedData,
  recoverReceiptSigner,
  type ScripActions,
  type SignedReceipt,
  scripActions,
  type Transaction,
} from '@scrip/sdk/chain'
import { createPayer, decodePayment } from '@scrip/sdk/channels'
import { ScripError } from '@scrip/sdk/errors'
import { memoryStore } from '@scrip/sdk/store'
import { expect } from 'chai'
import { network } from 'hardhat'
import { type Address, type Hex, parseEventLogs, parseSignature, serializeSignature, toHex, zeroAddress } from 'viem'
import { readContract } from 'viem/actions'
import { interactionHistoryAbi as abi } from '../../../sdk/abi/interactionHistory.ts'
import { type Market, openMarket, type Person } from '../../support/market.ts'

const HOUR = 3_600
const CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
/** The code of a wallet that accepts every signature, of one that answers with something else, and of one that reverts. */
const ACCEPTS: Hex = `0x7f1626ba7e${'0'.repeat(56)}5f5260205ff3`
const MUMBLES: Hex = `0x7f1626ba7e${'0'.repeat(55)}15f5260205ff3`
const REVERTS: Hex = '0x5f5ffd'

describe('the actions on the history', () => {
  let connection: Awaited<ReturnType<typeof network.create>>
  let market: Market
  let currency: Address
  let networkId: bigint
  let steward: ScripActions
  let consumer: Person
  let provider: Person
  let consumes: ScripActions
  let provides: ScripActions
  /** Somebody who has gas and nothing to do with it all. */
  let relays: ScripActions

  before(async () => {
    connection = await network.create()
    market = await openMarket(connection)
    currency = market.currency
    steward = scripActions()(market.issuer.client)
    relays = scripActions()((await market.person(0n)).client)
  })
  beforeEach(async () => {
    networkId = (await steward.createNetwork({ epochLength: HOUR })).networkId
    consumer = await market.person()
    provider = await market.person(0n)
    consumes = scripActions()(consumer.client)
    provides = scripActions()(provider.client)
  })

  const pair = () => ({ networkId, consumer: consumer.account.address, provider: provider.account.address })
  const stated = (served: bigint, count = 1): Receipt => ({ ...pair(), served, count })
  const signedByBoth = async (receipt: Receipt): Promise<SignedReceipt> => ({
    receipt,
    consumerSig: await consumes.signReceipt({ receipt }),
    providerSig: await provides.signReceipt({ receipt }),
  })
  const setCode = (address: Address, code: Hex) =>
    market.provider.request({ method: 'hardhat_setCode', params: [address, code] })
  const now = () => connection.networkHelpers.time.latest()
  /** The consumer pays the provider through a channel, and the network counts it. */
  const served = async (amount: bigint) => {
    await steward.setWeight({ networkId, currency })
    const {
      id,
      transaction: _,
      funded: __,
      ...descriptor
    } = await consumes.openChannel({
      payee: provider.account.address,
      currency,
      deposit: amount,
    })
    const channel = { id, ...descriptor }
    const sender = createPayer({
      channel: { ...channel, funded: amount },
      signer: consumer.account,
      store: memoryStore(),
    })
    const { voucher } = decodePayment(await sender.pay(amount))
    if (voucher === undefined) throw new Error('The first payment is a voucher.')
    await provides.claim({ claim: { channel, ...voucher, ticks: 0, preimage: toHex(0n, { size: 32 }) } })
    await relays.sync({ networkId, channels: [channel] })
    return channel
  }

  it('let two peers exchange a receipt, check each other, and anybody record it', async () => {
    const receipt = stated(500n, 3)
    const providerSig = await provides.signReceipt({ receipt })
    expect(await consumes.verifyReceipt({ receipt, by: 'provider', signature: providerSig })).to.equal(true)
    expect(await consumes.verifyReceipt({ receipt, by: 'consumer', signature: providerSig })).to.equal(false)
    const consumerSig = await consumes.signReceipt({ receipt })
    const recorded = await relays.recordReceipt({ signed: { receipt, consumerSig, providerSig } })
    expectEvent(recorded, 'ReceiptRecorded', { ...receipt })
    expect(await relays.getReceipt(pair())).to.deep.equal(receipt)
    expect(await relays.getEdge(pair())).to.deep.equal({ served: 0n, servedLastEpoch: 0n, faulted: 0n })
  })

  it('sign and hash as the contract does', async () => {
    const receipt = stated(2n ** 96n - 1n, 2 ** 32 - 1)
    const { chainId } = market
    const { types, ...data } = receiptTypedData({ chainId, receipt })
    const wallet = await consumer.account.signTypedData({ types, ...data })
    expect(await consumes.signReceipt({ receipt })).to.equal(wallet)
    const [, name, version, chain, verifyingContract] = await readContract(consumer.client, {
      address: addresses.interactionHistory,
      abi,
      functionName: 'eip712Domain',
    })
    expect(historyDomain(chainId)).to.deep.equal({ name, version, chainId: Number(chain), verifyingContract })
    expect(await recoverReceiptSigner({ chainId, receipt, signature: wallet })).to.equal(consumer.account.address)
  })

  it('know as the contract does what is no signature of a receipt', async () => {
    const receipt = stated(500n)
    const { consumerSig, providerSig } = await signedByBoth(receipt)
    const { r, s, yParity } = parseSignature(consumerSig)
    const twin = serializeSignature({ r, s: toHex(CURVE_ORDER - BigInt(s), { size: 32 }), yParity: 1 - yParity })
    const other = await consumes.signReceipt({ receipt: stated(501n) })
    const elsewhere = await consumer.account.signTypedData(receiptTypedData({ chainId: 1, receipt }))
    const compact: Hex = `0x${consumerSig.slice(2, 130)}0${yParity}`
    const nobodys: Hex = `0x${'f'.repeat(64)}${'1'.repeat(64)}1b`
    for (const signature of [
      twin,
      providerSig,
      other,
      elsewhere,
      compact,
      nobodys,
      `${consumerSig}00`,
      '0x',
    ] as const) {
      expect(await relays.verifyReceipt({ receipt, by: 'consumer', signature }), signature).to.equal(false)
      const signed = { receipt, consumerSig: signature, providerSig }
      await reverts(relays.recordReceipt({ signed }), 'InvalidSignature', consumer.account.address)
    }
    const { chainId } = market
    for (const signature of [twin, compact, nobodys, '0x'] as const) {
      expect(await recoverReceiptSigner({ chainId, receipt, signature }), signature).to.equal(undefined)
    }
  })

  it('take an agent’s key for a time, and contract wallets', async () => {
    const agent = await market.person(0n)
    const receipt = stated(500n)
    const signature = await scripActions()(agent.client).signReceipt({ receipt })
    const counts = () => relays.verifyReceipt({ receipt, by: 'consumer', signature })
    expect(await counts()).to.equal(false)
    const set = await consumes.setReceiptSigner({ signer: agent.account.address, validUntil: (await now()) + HOUR })
    expectEvent(set, 'ReceiptSignerSet', { account: consumer.account.address, signer: agent.account.address })
    expect(await counts()).to.equal(true)
    expect(await relays.verifyReceipt({ receipt, by: 'provider', signature })).to.equal(false)
    await connection.networkHelpers.time.increase(2 * HOUR)
    expect(await counts()).to.equal(false)
    await consumes.setReceiptSigner({ signer: agent.account.address, validUntil: (await now()) + HOUR })
    await relays.recordReceipt({
      signed: { receipt, consumerSig: signature, providerSig: await provides.signReceipt({ receipt }) },
    })
    await consumes.setReceiptSigner({ signer: agent.account.address, validUntil: 0 })
    expect(await counts()).to.equal(false)
    await reverts(consumes.setReceiptSigner({ signer: zeroAddress, validUntil: 1 }), 'InvalidReceiptSigner')

    for (const [code, expected] of [
      [ACCEPTS, true],
      [MUMBLES, false],
      [REVERTS, false],
    ] as const) {
      await setCode(consumer.account.address, code)
      expect(await counts(), code).to.equal(expected)
    }
    // Its own key counts whatever the code says.
    expect(
      await relays.verifyReceipt({
        receipt,
        by: 'consumer',
        signature: await consumer.account.signTypedData(receiptTypedData({ chainId: market.chainId, receipt })),
      }),
    ).to.equal(true)
  })

  it('record many at once, and name each that was skipped', async () => {
    const good = await signedByBoth(stated(10n, 1))
    const newer = await signedByBoth(stated(20n, 2))
    const forged = { ...(await signedByBoth(stated(30n, 3))), providerSig: newer.providerSig }
    const { skipped, ...recorded } = await relays.recordReceipts({ signed: [good, forged, good, newer] })
    expect(skipped).to.deep.equal([
      { signed: forged, reason: 'InvalidSignature' },
      { signed: good, reason: 'StaleReceipt' },
    ])
    expect(parseEventLogs({ abi, eventName: 'ReceiptRecorded', logs: recorded.receipt.logs })).to.have.length(2)
    expect(await relays.getReceipt(pair())).to.deep.equal(newer.receipt)
    expect((await relays.recordReceipts({ signed: [] })).skipped).to.deep.equal([])
  })

  it('refuse receipts that say nothing new, of oneself, of no network, or that do not fit', async () => {
    const { consumer: from, provider: to } = pair()
    const signed = await signedByBoth(stated(10n, 4))
    await relays.recordReceipt({ signed })
    await reverts(relays.recordReceipt({ signed }), 'StaleReceipt', `${networkId}`, from, to, '10', '4')
    const own = await signedByBoth({ ...stated(1n), provider: from })
    await reverts(relays.recordReceipt({ signed: own }), 'SelfDealing', from)
    const nowhere = await signedByBoth({ ...stated(1n), networkId: 999n })
    await reverts(relays.recordReceipt({ signed: nowhere }), 'UnknownNetwork', '999')
    await reverts(relays.getReceipt({ ...pair(), networkId: 999n }), 'UnknownNetwork', '999')
    for (const receipt of [stated(-1n), stated(2n ** 96n), stated(1n, 2 ** 32), stated(1n, -1)]) {
      await rejects(relays.recordReceipt({ signed: { ...signed, receipt } }), 'INVALID_ARGUMENT')
      await rejects(consumes.signReceipt({ receipt }), 'INVALID_ARGUMENT')
    }
  })

  it('let a consumer take back, itself or by a signature', async () => {
    await served(100n)
    const { consumer: from, provider: to } = pair()
    const faults = { networkId, provider: to, faulted: 30n }
    expectEvent(await consumes.stateFaults(faults), 'FaultsStated', { consumer: from, ...faults })
    expect(await relays.getEdge(pair())).to.include({ served: 100n, faulted: 30n })
    await reverts(consumes.stateFaults(faults), 'StaleFaults', `${networkId}`, from, to, '30')
    const signed = await consumes.signFaults({ ...faults, faulted: 1_000n })
    await relays.stateFaults(signed)
    expect(await relays.getEdge(pair())).to.include({ served: 100n, faulted: 100n })
    expect(await relays.getTotals({ networkId, peer: to })).to.include({ provided: 100n })

    await reverts(relays.stateFaults({ ...signed, faulted: 1_001n }), 'InvalidSignature', from)
    await reverts(provides.stateFaults({ ...pair(), faulted: 1_001n }), 'InvalidSignature', from)
    await reverts(consumes.stateFaults({ ...faults, provider: from }), 'SelfDealing', from)
    await reverts(consumes.stateFaults({ ...faults, networkId: 999n }), 'UnknownNetwork', '999')
    await rejects(consumes.signFaults({ ...faults, faulted: 2n ** 96n }), 'INVALID_ARGUMENT')
  })

  it('read what many edges had served when the last epoch closed', async () => {
    await served(100n)
    const { consumer: from, provider: to } = pair()
    const edges = [
      { consumer: from, provider: to },
      { consumer: to, provider: from },
    ]
    expect(await relays.getCapacities({ networkId, edges })).to.deep.equal([0n, 0n])
    await connection.networkHelpers.time.increase(HOUR)
    expect(await relays.getCapacities({ networkId, edges })).to.deep.equal([100n, 0n])
    expect(await relays.getCapacities({ networkId, edges: [] })).to.deep.equal([])
    await reverts(relays.getCapacities({ networkId: 999n, edges }), 'UnknownNetwork', '999')
  })

  it('hand a network over in two steps', async () => {
    const old = market.issuer.account.address
    const next = provider.account.address
    expect(await relays.getNetwork({ networkId })).to.deep.equal({
      networkId,
      steward: old,
      epochLength: HOUR,
      epoch: 1,
    })
    expectEvent(await steward.transferSteward({ networkId, next }), 'StewardTransferStarted', { steward: old, next })
    const from = consumer.account.address
    await reverts(consumes.acceptSteward({ networkId }), 'OnlyStewardCandidate', from, next)
    expectEvent(await provides.acceptSteward({ networkId }), 'StewardChanged', { networkId, steward: next })
    expect(await relays.getNetwork({ networkId })).to.include({ steward: next })
    await reverts(steward.transferSteward({ networkId, next: old }), 'OnlySteward', old, next)
    await reverts(relays.getNetwork({ networkId: 999n }), 'UnknownNetwork', '999')
  })

  it('retire a currency, which counts nothing more', async () => {
    await reverts(steward.retireToken({ networkId, currency }), 'NoWeight', `${networkId}`, currency)
    const channel = await served(100n)
    await reverts(
      consumes.retireToken({ networkId, currency }),
      'OnlySteward',
      consumer.account.address,
      market.issuer.account.address,
    )
    expectEvent(await steward.retireToken({ networkId, currency }), 'TokenRetired', { networkId, token: currency })
    expect((await relays.sync({ networkId, channels: [channel] })).receipt.logs).to.deep.equal([])
    expect(await relays.getEdge(pair())).to.include({ served: 100n })
    await reverts(steward.retireToken({ networkId, currency }), 'AlreadyRetired', `${networkId}`, currency)
    await reverts(steward.setWeight({ networkId, currency }), 'AlreadyRetired', `${networkId}`, currency)
  })
})

function expectEvent({ receipt }: Transaction, eventName: string, fields: { readonly [name: string]: unknown }): void {
  const [event] = parseEventLogs({ abi, logs: receipt.logs }).filter((one) => one.eventName === eventName)
  expect(event?.args, eventName).to.include(fields)
}

async function rejects(work: Promise<unknown>, code: string): Promise<ScripError> {
  try {
    await work
  } catch (error) {
    if (!(error instanceof ScripError)) throw error
    expect(error.code, error.message).to.equal(code)
    return error
  }
  throw new Error(`It was not refused with ${code}.`)
}

async function reverts(work: Promise<unknown>, error: string, ...args: string[]): Promise<void> {
  const { values } = await rejects(work, 'TRANSACTION_REVERTED')
  expect(values).to.deep.equal({ error, args })
}
