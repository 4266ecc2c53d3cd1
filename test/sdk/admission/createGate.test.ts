import { createGate, type Gate } from '@scrip/sdk/admission'
import {
  addresses,
  admit,
  claimAllowance,
  createCurrency,
  createNetwork,
  expel,
  fundBond,
  getAdmission,
  getTotals,
  mint,
  RATIO_UNIT,
  type ScripClient,
  setAllOf,
  setAnyOf,
  setBondTerms,
  setPolicy,
  setRatioTerms,
  setWeight,
  sync,
  WEIGHT_UNIT,
} from '@scrip/sdk/chain'
import { ScripError } from '@scrip/sdk/errors'
import { expect } from 'chai'
import fc from 'fast-check'
import { network } from 'hardhat'
import { type Address, createPublicClient, custom, type EIP1193RequestFn, HttpRequestError } from 'viem'
import { type Market, openMarket, type Person } from '../../support/market.ts'
import { settle } from '../../support/settle.ts'

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
    const budget = 1_000n * allowance
    const period = { admissionPeriod: DAY }
    await setRatioTerms(steward, { networkId, admitRatio, keepRatio: admitRatio, allowance, budget, ...period })
    await setPolicy(steward, { networkId })
    return createGate({ client: market.issuer.client, networkId, lag: 0 })
  }
  const question = (unsettled = 0n, wanted = 1n, settled: bigint[] = []) => ({
    peer: peer.account.address,
    provider: other.account.address,
    currency: market.currency,
    unsettled,
    settled,
    wanted,
  })
  const claimOnce = () => claimAllowance(peer.client, { networkId }).catch(() => {})
  const join = async () => {
    await claimOnce()
    return admit(peer.client, { networkId })
  }

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

  it('asks a newcomer to claim its allowance', async () => {
    const gate = await found()
    const refusal = await refused(gate.check(question()))
    expect(refusal.values).to.include({ networkId, eligible: false, provide: 0n })
    expect(refusal.values['way']).to.deep.equal({ kind: 'claim', value: 100n })
    expect(refusal.hint).to.equal(
      `Claim a newcomer's allowance of 100 units of value, and join with \`scrip admission join --network ${networkId}\`.`,
    )
    await join()
    expect(await gate.check(question())).to.equal(100n)
  })

  it('asks who is eligible and not admitted to join', async () => {
    const gate = await found()
    await claimOnce()
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
      const refusal = await refused(createGate({ client: peer.client, networkId, lag: 0 }).check(question()))
      expect(refusal.values).to.not.have.property('policy')
      expect(refusal.hint).to.equal('The network admits nobody yet: ask its steward for a policy.')
    })

    it('that set no terms yet admits nobody either', async () => {
      const steward = market.issuer.client
      networkId = (await createNetwork(steward)).networkId
      await setPolicy(steward, { networkId })
      const refusal = await refused(createGate({ client: peer.client, networkId, lag: 0 }).check(question()))
      expect(refusal.hint).to.equal('The network admits nobody yet: ask its steward for a policy.')
    })

    it('of another policy serves without bound whom that admits, and asks others for its proof', async () => {
      const policy = await connection.ethers.deployContract('StatedPolicy')
      const steward = market.issuer.client
      networkId = (await createNetwork(steward)).networkId
      await setPolicy(steward, { networkId, policy: policy.target as Address })
      const gate = createGate({ client: peer.client, networkId, lag: 0 })
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
      await refused(createGate({ client: peer.client, networkId, lag: 0 }).check(question()))
      expect(await getAdmission(peer.client, { networkId })).to.include({ eligible: false })
    })
  })

  it('agrees with the policy on what is left', async () => {
    await found({ admitRatio: RATIO_UNIT / 3n })
    await serve(other, peer, 37n)
    await serve(peer, other, 11n)
    await claimOnce()
    const { standing } = await getAdmission(peer.client, { networkId })
    const { provided, consumed } = await getTotals(peer.client, { networkId })
    expect(standing).to.deep.equal({
      kind: 'ratio',
      policy: addresses.ratioPolicy,
      eligible: true,
      claimable: 0n,
      headroom: 100n + 33n - 37n,
      shortfall: 0n,
      provided,
      consumed,
      allowance: 100n,
      admitRatio: RATIO_UNIT / 3n,
    })
    expect([provided, consumed]).to.deep.equal([11n, 37n])
  })

  describe('what was settled and is not in the history', () => {
    it('counts as consumed: who settles its own debts gets no more for it', async () => {
      const gate = await found()
      await join()
      await settle(other, peer, 100n, market.currency)
      // The provider saw the claim; nobody told the history.
      await refused(gate.check(question(0n, 1n, [100n])))
      expect(await gate.check(question(0n, 1n, [60n, 30n]))).to.equal(10n)
      // What the history holds counts once, also where the provider knows of less, as after a loss of its books.
      await serve(other, peer, 40n)
      expect(await gate.check(question(0n, 1n, [40n]))).to.equal(60n)
      expect(await gate.check(question(0n, 1n, []))).to.equal(60n)
      expect(await gate.check(question(10n, 1n, [40n, 20n]))).to.equal(30n)
    })

    it('counts once where the history knows of it first: the provider is asked to look, once', async () => {
      const gate = await found()
      await join()
      await serve(other, peer, 40n)
      let looks = 0
      const asked = (unsettled: bigint, settled: bigint[], books: { unsettled: bigint; settled: bigint[] }) => ({
        ...question(unsettled, 1n, settled),
        look: async () => {
          looks++
          return books
        },
      })
      // Forty were served; the provider did not see yet that they are settled.
      expect(await gate.check(asked(40n, [0n], { unsettled: 0n, settled: [40n] }))).to.equal(60n)
      expect(looks).to.equal(1)
      expect(await gate.check(asked(0n, [40n], { unsettled: 0n, settled: [40n] }))).to.equal(60n)
      expect(looks).to.equal(1)
      // Where looking explains nothing, as after a loss of its books, nothing is given away, and it is not asked again.
      const cached = createGate({ client: market.issuer.client, networkId })
      for (let count = 0; count < 3; count++) {
        expect(await cached.check(asked(10n, [], { unsettled: 10n, settled: [] }))).to.equal(50n)
      }
      expect(looks).to.equal(2)
    })

    it('is rounded as the history rounds it, channel by channel', async () => {
      const weight = WEIGHT_UNIT / 3n
      const gate = await found({ weight, allowance: 10n })
      await join()
      await serve(other, peer, 5n)
      await serve(other, peer, 5n)
      expect(await gate.check(question(0n, 1n, [5n, 5n]))).to.equal(24n)
      expect(await gate.check(question())).to.equal(24n)
    })
  })

  describe('several policies', () => {
    const STAKE = 500n
    const bondTerms = async () => {
      const terms = { token: market.currency, amount: STAKE, admissionPeriod: DAY }
      await setBondTerms(market.issuer.client, { networkId, ...terms })
    }
    const policies = [addresses.ratioPolicy, addresses.bondPolicy]
    const lock = async (amount: bigint) => {
      const lockedUntil = (await connection.networkHelpers.time.latest()) + 2 * DAY
      await fundBond(peer.client, { networkId, token: market.currency, amount, lockedUntil })
    }

    it('all asked for: says all that is missing, and is bounded by the ratio', async () => {
      const gate = await found()
      await bondTerms()
      await setAllOf(market.issuer.client, { networkId, policies })
      await setPolicy(market.issuer.client, { networkId, policy: addresses.allOfPolicy })
      const refusal = await refused(gate.check(question()))
      expect(refusal.values['way']).to.deep.equal({
        kind: 'all',
        ways: [
          { kind: 'claim', value: 100n },
          { kind: 'lock', token: market.currency, amount: STAKE, seconds: DAY },
        ],
      })
      expect(refusal.hint).to.match(
        /^Do all of this: Claim .*; Lock 500 more base units of 0x\w{40} with `.*`, and join /,
      )
      await lock(200n)
      await claimOnce()
      expect((await refused(gate.check(question()))).values['way']).to.deep.include({ kind: 'lock', amount: 300n })
      await lock(300n)
      expect((await refused(gate.check(question()))).hint).to.include('It is eligible')
      await join()
      expect(await gate.check(question(30n))).to.equal(70n)
      expect((await refused(gate.check(question(130n)))).values).to.include({ provide: 16n })
    })

    it('one asked for: says what would do, and is bounded only while the ratio alone admits', async () => {
      const gate = await found()
      await bondTerms()
      await setAnyOf(market.issuer.client, { networkId, policies })
      await setPolicy(market.issuer.client, { networkId, policy: addresses.anyOfPolicy })
      expect((await refused(gate.check(question()))).hint).to.match(/^Do one of this: Claim .*; or Lock 500 /)
      await join()
      expect(await gate.check(question(30n))).to.equal(70n)
      expect((await refused(gate.check(question(100n)))).values['way']).to.deep.include({ kind: 'one' })
      await lock(STAKE)
      expect(await gate.check(question(10n ** 12n))).to.equal(undefined)
    })

    it('one of which is not set up: says whom to ask', async () => {
      const gate = await found()
      await setAllOf(market.issuer.client, { networkId, policies })
      await setPolicy(market.issuer.client, { networkId, policy: addresses.allOfPolicy })
      await claimOnce()
      expect((await refused(gate.check(question()))).values['way']).to.deep.equal({ kind: 'ask-steward' })
    })

    it('one of which asks for a proof: names it', async () => {
      const gate = await found()
      const stated = await connection.ethers.deployContract('StatedPolicy')
      const policy = stated.target as Address
      await setAllOf(market.issuer.client, { networkId, policies: [addresses.ratioPolicy, policy] })
      await setPolicy(market.issuer.client, { networkId, policy: addresses.allOfPolicy })
      await claimOnce()
      expect((await refused(gate.check(question()))).values['way']).to.deep.equal({ kind: 'prove', policy })
      await stated.getFunction('state')(peer.account.address, 2n ** 40n - 1n, '0x')
      await join()
      // The admission stands, whatever the policy says without a proof.
      await stated.getFunction('state')(peer.account.address, 0n, '0x')
      expect(await gate.check(question())).to.equal(100n)
    })
  })

  describe('between two looks at the chain', () => {
    const LAG = 10_000
    const realNow = Date.now
    let skew: number
    let calls: string[]
    let broken: boolean
    let gate: Gate
    beforeEach(() => {
      skew = 0
      calls = []
      broken = false
      const start = realNow()
      Date.now = () => start + skew
    })
    afterEach(() => {
      Date.now = realNow
    })

    /** A network, and a gate that counts what it asks the chain. */
    const foundCounting = async (): Promise<void> => {
      await found()
      await join()
      const request: EIP1193RequestFn = (call) => {
        calls.push(call.method)
        if (broken) throw new HttpRequestError({ url: 'http://127.0.0.1:1' })
        return market.provider.request(call as never) as never
      }
      const client = createPublicClient({ transport: custom({ request }, { retryCount: 0 }) })
      gate = createGate({ client: client as ScripClient, networkId })
    }
    /** What was asked since the last time. */
    const asked = () => calls.splice(0)
    /** Lets the answer before this one be as old as an answer may be. */
    const later = (milliseconds = LAG) => {
      skew += milliseconds
    }
    const overdraw = async () => {
      await serve(other, peer, 201n)
      await expel(other.client, { networkId, peer: peer.account.address })
    }

    it('asks nothing, and counts what is consumed all the same', async () => {
      await foundCounting()
      expect(await gate.check(question())).to.equal(100n)
      expect(asked()).to.include('eth_call').and.to.include('eth_getBlockByNumber')
      for (let consumed = 0n; consumed < 100n; consumed++) {
        expect(await gate.check(question(consumed))).to.equal(100n - consumed)
      }
      expect(asked()).to.deep.equal([])
      await refused(gate.check(question(100n)))
    })

    it('asks one thing in a while where nothing happens', async () => {
      await foundCounting()
      await gate.check(question())
      asked()
      for (let count = 0; count < 5; count++) {
        later()
        expect(await gate.check(question())).to.equal(100n)
      }
      expect(asked()).to.deep.equal(Array(5).fill('eth_getBlockByNumber'))
    })

    it('looks ahead: who comes in time waits for nothing', async () => {
      await foundCounting()
      await gate.check(question())
      asked()
      await overdraw()
      later(LAG / 2 + 1)
      expect(await gate.check(question())).to.equal(100n)
      await until(async () => (await gate.check(question()).catch(() => undefined)) === undefined)
      expect(asked()).to.include('eth_getLogs')
    })

    it('refuses who was expelled after the stated time, says how to come back, and serves it at once when it did', async () => {
      await foundCounting()
      await gate.check(question())
      await overdraw()
      expect(await gate.check(question())).to.equal(100n)
      later()
      const refusal = await refused(gate.check(question()))
      expect(refusal.values).to.include({ provide: 51n, eligible: false })
      expect(refusal.hint).to.match(
        /^Serve other peers of the network for at least 51 more units of value, .* join again/,
      )
      await serve(peer, other, 51n)
      await join()
      expect(await gate.check(question(0n, 1n))).to.equal(1n)
    })

    it('reads again only whom something happened to', async () => {
      await foundCounting()
      const bystander = await market.person()
      await claimAllowance(bystander.client, { networkId })
      await admit(bystander.client, { networkId })
      const asBystander = { ...question(), peer: bystander.account.address }
      await gate.check(question())
      await gate.check(asBystander)
      await overdraw()
      later()
      asked()
      expect(await gate.check(asBystander)).to.equal(100n)
      expect(asked()).to.have.members(['eth_getBlockByNumber', 'eth_getBlockByNumber', 'eth_getLogs'])
      await refused(gate.check(question()))
    })

    const steward = () => market.issuer.client
    const plain = { admitRatio: RATIO_UNIT, keepRatio: RATIO_UNIT, admissionPeriod: DAY }
    for (const [what, change, expected] of [
      ['what was served', () => serve(other, peer, 30n), 70n],
      ['what it provided', () => serve(peer, other, 30n), 160n],
      ['the terms', () => setRatioTerms(steward(), { networkId, ...plain, allowance: 40n, budget: 40n }), 40n],
      ['a policy without terms', () => setPolicy(steward(), { networkId, policy: addresses.bondPolicy }), undefined],
    ] as const) {
      it(`learns of ${what}`, async () => {
        await foundCounting()
        expect(await gate.check(question())).to.equal(100n)
        await change()
        later()
        expect(await gate.check(question())).to.equal(expected)
      })
    }

    it('follows a chain that changes its mind', async () => {
      await foundCounting()
      const { networkHelpers } = connection
      const admittedBefore = await networkHelpers.takeSnapshot()
      await gate.check(question())
      // Blocks of the same numbers, with other things in them.
      await networkHelpers.mine(3)
      later()
      await gate.check(question())
      await admittedBefore.restore()
      await overdraw()
      await networkHelpers.mine(1)
      later()
      await refused(gate.check(question()))
      // And back: the chain is shorter than what was seen of it.
      await admittedBefore.restore()
      later()
      expect(await gate.check(question())).to.equal(100n)
    })

    it('forgets everything where too much happened to look through', async () => {
      await foundCounting()
      await gate.check(question())
      await overdraw()
      await connection.networkHelpers.mine(600)
      later()
      asked()
      await refused(gate.check(question()))
      expect(asked()).to.not.include('eth_getLogs')
    })

    it('asks no more than so often for those whom it refuses', async () => {
      await foundCounting()
      const stranger = { ...question(), peer: market.issuer.account.address }
      for (let count = 0; count < 100; count++) await refused(gate.check(stranger))
      expect(asked().filter((method) => method === 'eth_getBlockByNumber')).to.have.lengthOf(1 + 10)
    })

    describe('of which the second fails', () => {
      const unreachable = async (check: Promise<unknown>) => {
        const error = await check.catch((reason: unknown) => reason)
        expect(error).to.be.instanceOf(ScripError).with.property('code', 'RPC_UNREACHABLE')
      }

      it('goes on serving whom it knows to be admitted, as far as it may, until the admission ends', async () => {
        await foundCounting()
        await gate.check(question())
        broken = true
        later()
        expect(await gate.check(question(70n))).to.equal(30n)
        // What it would refuse the chain may allow by now: it says that it cannot know.
        await unreachable(gate.check(question(100n)))
        later((DAY - 60) * 1_000)
        expect(await gate.check(question(70n))).to.equal(30n)
        later(120_000)
        await unreachable(gate.check(question(70n)))
      })

      it('serves nobody whom it does not know', async () => {
        await foundCounting()
        await gate.check(question())
        broken = true
        later()
        await unreachable(gate.check({ ...question(), peer: market.issuer.account.address }))
        await unreachable(gate.check({ ...question(), currency: addresses.bondPolicy }))
        // Known and refused is not admitted.
        broken = false
        later()
        const stranger = { ...question(), peer: market.issuer.account.address }
        await refused(gate.check(stranger))
        broken = true
        later()
        await unreachable(gate.check(stranger))
      })

      it('learns what it missed when the chain is back', async () => {
        await foundCounting()
        await gate.check(question())
        broken = true
        later()
        expect(await gate.check(question())).to.equal(100n)
        await overdraw()
        expect(await gate.check(question())).to.equal(100n)
        broken = false
        later()
        await refused(gate.check(question()))
      })

      it('does not make everybody wait for a node that is away', async () => {
        await foundCounting()
        await gate.check(question())
        broken = true
        later()
        asked()
        for (let count = 0; count < 50; count++) await gate.check(question())
        expect(asked()).to.have.lengthOf(1)
      })
    })
  })
})

/** Waits until it holds. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setImmediate(resolve))
}

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
