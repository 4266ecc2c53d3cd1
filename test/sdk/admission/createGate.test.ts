import { createGate, type Gate } from '@scrip/sdk/admission'
import {
  admit,
  claim,
  createCurrency,
  createNetwork,
  getAdmission,
  getTotals,
  mint,
  openChannel,
  RATIO_UNIT,
  setPolicy,
  setRatioTerms,
  setWeight,
  sync,
  WEIGHT_UNIT,
} from '@scrip/sdk/chain'
import { type Claim, createPayee, createPayer } from '@scrip/sdk/channels'
import { ScripError } from '@scrip/sdk/errors'
import { memoryStore } from '@scrip/sdk/store'
import { expect } from 'chai'
import fc from 'fast-check'
import { network } from 'hardhat'
import type { Address } from 'viem'
import { type Market, openMarket, type Person } from '../../support/market.ts'

const DAY = 86_400

describe('createGate', () => {
  let connection: Awaited<ReturnType<typeof network.create>>
  let market: Market
  let networkId: bigint
  let peer: Person
  let other: Person

  before(async () => {
    connection = await network.create()
    market = await openMarket(connection)
    peer = await market.person()
    other = await market.person()
  })

  /** A network of its own, whose steward is the issuer. */
  const found = async (terms: { admitRatio?: bigint; allowance?: bigint; weight?: bigint } = {}): Promise<Gate> => {
    const steward = market.issuer.client
    const { admitRatio = RATIO_UNIT / 2n, allowance = 100n, weight = WEIGHT_UNIT } = terms
    networkId = (await createNetwork(steward)).networkId
    if (weight > 0n) await setWeight(steward, { networkId, currency: market.currency, weight })
    await setRatioTerms(steward, { networkId, admitRatio, keepRatio: admitRatio, allowance, admissionPeriod: DAY })
    await setPolicy(steward, { networkId })
    return createGate({ client: market.issuer.client, networkId })
  }
  const question = (unsettled = 0n, wanted = 1n) => ({
    peer: peer.account.address,
    currency: market.currency,
    unsettled,
    wanted,
  })
  const join = () => admit(peer.client, { networkId })

  /** Has `provider` serve `consumer` for so much, settled and in the network's books. */
  const serve = async (provider: Person, consumer: Person, amount: bigint, currency = market.currency) => {
    const settled = await settle(provider, consumer, amount, currency)
    await sync(market.issuer.client, { networkId, channels: [settled.channel] })
  }

  it('tells who is admitted what it may consume, and counts what is not settled yet', async () => {
    const gate = await found()
    await join()
    expect(await gate.check(question())).to.equal(100n)
    expect(await gate.check(question(40n))).to.equal(60n)
    expect(await gate.check(question(99n))).to.equal(1n)
    await refused(gate.check(question(100n)))
    await refused(gate.check(question(91n, 10n)))
    expect(await gate.check(question(90n, 10n))).to.equal(10n)
  })

  it('counts what was settled', async () => {
    const gate = await found()
    await join()
    await serve(other, peer, 30n)
    expect(await gate.check(question())).to.equal(70n)
    // What was settled before it was served is not counted twice.
    expect(await gate.check(question(-30n))).to.equal(100n)
  })

  it('asks who is eligible and not admitted to join', async () => {
    const gate = await found()
    const refusal = await refused(gate.check(question()))
    expect(refusal.values).to.include({ networkId, eligible: true, provide: 0n })
    expect(refusal.hint).to.equal(
      `It is eligible: have it admitted with \`scrip admission join --network ${networkId}\`.`,
    )
    await join()
    expect(await gate.check(question())).to.equal(100n)
  })

  it('lets an admission end', async () => {
    const gate = await found()
    await join()
    const { networkHelpers } = connection
    const snapshot = await networkHelpers.takeSnapshot()
    await networkHelpers.time.increase(DAY)
    await refused(gate.check(question()))
    await snapshot.restore()
    expect(await gate.check(question())).to.equal(100n)
  })

  for (const weight of [WEIGHT_UNIT, 3n * WEIGHT_UNIT, WEIGHT_UNIT / 7n, 2_500_000_000_000_000_001n]) {
    it(`bounds by value, not by units, at a weight of ${weight}`, async () => {
      const gate = await found({ weight, allowance: 1_000n })
      await join()
      const bound = (await gate.check(question())) ?? 0n
      expect((bound * weight) / WEIGHT_UNIT <= 1_000n).to.equal(true)
      expect(((bound + 1n) * weight) / WEIGHT_UNIT >= 1_000n).to.equal(true)
      expect(await gate.check(question(bound - 1n))).to.equal(1n)
      await refused(gate.check(question(bound)))
      expect(await gate.check(question(bound - 5n, 5n))).to.equal(5n)
      await refused(gate.check(question(bound - 4n, 5n)))
    })
  }

  it('bounds nothing in a currency that the network does not value, and refuses who is not admitted all the same', async () => {
    const gate = await found({ weight: 0n })
    await refused(gate.check(question()))
    await join()
    expect(await gate.check(question(10n ** 12n))).to.equal(undefined)
  })

  describe('the refusal', () => {
    it('names exactly what opens the gate: that much provided is enough, one unit less is not', async function () {
      this.timeout(60_000)
      const cases = fc.record({
        ratio: fc.bigInt(1n, 2n * RATIO_UNIT),
        allowance: fc.bigInt(0n, 100n),
        settled: fc.bigInt(0n, 300n),
        provided: fc.bigInt(0n, 50n),
        unsettled: fc.bigInt(-20n, 300n),
        wanted: fc.bigInt(1n, 20n),
        weight: fc.constantFrom(WEIGHT_UNIT, WEIGHT_UNIT / 3n, (7n * WEIGHT_UNIT) / 2n),
      })
      let refusals = 0
      await fc.assert(
        fc.asyncProperty(cases, async ({ ratio, allowance, settled, provided, unsettled, wanted, weight }) => {
          // The peer pays in a currency of any weight, and provides in one that counts unit for unit.
          const gate = await found({ admitRatio: ratio, allowance, weight })
          const plain = await plainCurrency(market, networkId)
          ;[peer, other] = [await market.person(), await market.person()]
          for (const { account } of [peer, other]) {
            await mint(market.issuer.client, { currency: plain, to: account.address, amount: 10_000n })
          }
          const outcome = () => gate.check(question(unsettled, wanted)).catch((error: unknown) => error)
          await join().catch(() => {})
          if (settled > 0n) await serve(other, peer, settled)
          if (provided > 0n) await serve(peer, other, provided, plain)
          const refusal = await outcome()
          if (!(refusal instanceof ScripError)) return
          refusals++
          const provide = refusal.values['provide'] as bigint
          if (provide > 1n) await serve(peer, other, provide - 1n, plain)
          await join().catch(() => {})
          if (provide > 0n) {
            expect(await outcome()).to.be.instanceOf(ScripError)
            await serve(peer, other, 1n, plain)
            await join().catch(() => {})
          }
          expect(await outcome()).to.be.a('bigint')
        }),
        { numRuns: 25, seed: 7 },
      )
      expect(refusals).to.be.greaterThan(10)
    })

    it('says so in its hint', async () => {
      const gate = await found()
      await join()
      const refusal = await refused(gate.check(question(150n)))
      // 51 units beyond the allowance, at a ratio of one half.
      expect(refusal.values).to.include({ provide: 26n })
      expect(refusal.hint).to.include('Serve other peers of the network for at least 26 more units of value')
    })
  })

  describe('a network without the ratio policy', () => {
    it('of no policy admits nobody, and names who could change that', async () => {
      const { networkId: without } = await createNetwork(market.issuer.client)
      networkId = without
      const refusal = await refused(createGate({ client: peer.client, networkId }).check(question()))
      expect(refusal.values).to.not.have.property('policy')
      expect(refusal.hint).to.equal('The network admits nobody yet: ask its steward for a policy.')
    })

    it('that set no terms yet admits nobody either', async () => {
      const steward = market.issuer.client
      networkId = (await createNetwork(steward)).networkId
      await setPolicy(steward, { networkId })
      const refusal = await refused(createGate({ client: peer.client, networkId }).check(question()))
      expect(refusal.hint).to.equal('The network admits nobody yet: ask its steward for a policy.')
    })

    it('of another policy serves without bound whom that admits, and asks others for its proof', async () => {
      const policy = await connection.ethers.deployContract('StatedPolicy')
      const steward = market.issuer.client
      networkId = (await createNetwork(steward)).networkId
      await setPolicy(steward, { networkId, policy: policy.target as Address })
      const gate = createGate({ client: peer.client, networkId })
      const refusal = await refused(gate.check(question()))
      expect(refusal.values).to.include({ policy: policy.target, eligible: false, provide: 0n })
      expect(refusal.hint).to.match(/^Bring the proof that the network's policy 0x\w{40} asks for, and join with /)

      await policy.getFunction('state')(peer.account.address, 2n ** 40n - 1n, '0x')
      expect((await refused(gate.check(question()))).hint).to.include('It is eligible')
      await join()
      expect(await gate.check(question(10n ** 12n))).to.equal(undefined)
    })

    it('of a policy that is no contract refuses instead of failing', async () => {
      const steward = market.issuer.client
      networkId = (await createNetwork(steward)).networkId
      await setPolicy(steward, { networkId, policy: other.account.address })
      await refused(createGate({ client: peer.client, networkId }).check(question()))
      expect(await getAdmission(peer.client, { networkId })).to.include({ eligible: false })
    })
  })

  it('agrees with the policy on what is left', async () => {
    await found({ admitRatio: RATIO_UNIT / 3n })
    await serve(other, peer, 37n)
    await serve(peer, other, 11n)
    const { ratio } = await getAdmission(peer.client, { networkId })
    const { provided, consumed } = await getTotals(peer.client, { networkId })
    expect(ratio).to.deep.equal({
      headroom: 100n + 33n - 37n,
      shortfall: 0n,
      provided,
      consumed,
      allowance: 100n,
      admitRatio: RATIO_UNIT / 3n,
    })
    expect([provided, consumed]).to.deep.equal([11n, 37n])
  })
})

async function refused(check: Promise<unknown>): Promise<ScripError> {
  const error = await check.catch((reason: unknown) => reason)
  expect(error).to.be.instanceOf(ScripError).with.property('code', 'ADMISSION_REFUSED')
  return error as ScripError
}

/** A currency that counts unit for unit in a network, and that its issuer steers. */
async function plainCurrency({ issuer }: Market, networkId: bigint): Promise<Address> {
  const salt = `0x${networkId.toString(16).padStart(64, '0')}` as const
  const { currency } = await createCurrency(issuer.client, { name: 'Plain', symbol: 'P', decimals: 0, salt })
  await setWeight(issuer.client, { networkId, currency })
  return currency
}

/** Pays and claims through a fresh channel. */
async function settle(payee: Person, payer: Person, amount: bigint, currency: Address): Promise<Claim> {
  const { transaction: _, ...channel } = await openChannel(payer.client, {
    payee: payee.account.address,
    currency,
    deposit: amount,
  })
  const sender = createPayer({ channel, signer: payer.account, store: memoryStore() })
  const receiver = createPayee({
    account: payee.account,
    store: memoryStore(),
    accept: { ...channel, currencies: [currency], maxExposure: 0n },
  })
  await receiver.observe(channel, { claimed: 0n, deposit: amount, exitAt: 0 })
  await receiver.accept(await sender.pay(amount))
  const [best] = await receiver.claimable()
  if (best === undefined) throw new Error('Nothing to claim.')
  await claim(payee.client, { claim: best })
  return best
}
