import {
  type Acceptance,
  type Channel,
  type ChannelState,
  createPayee,
  decodePayment,
  encodePayment,
  MAX_TOTAL,
  type Payee,
  paidTotal,
} from '@scrip/sdk/channels'
import { memoryStore, type Store } from '@scrip/sdk/store'
import { expect } from 'chai'
import fc from 'fast-check'
import { type Hex, hexToBytes, keccak256 } from 'viem'
import { allPayeeRecords } from '../../../sdk/channels/payeeRecords.ts'
import { codeOf, refusal } from '../errors/support/refusal.ts'
import {
  account,
  address,
  bytes32,
  type Chain,
  channelTo,
  home,
  lower,
  payeeAccount,
  payeeOn,
  signChain,
} from './support/channels.ts'
import { heldStore, isPending, settled } from './support/heldStore.ts'

const channel = channelTo()
const id = channel.id
const funded = (deposit = 1_000_000n): ChannelState => ({ claimed: 0n, deposit, exitAt: 0 })

/** A payee that saw the channel's deposit. */
async function observing(store: Store = memoryStore(), deposit = 1_000_000n, maxExposure = 0n): Promise<Payee> {
  const payee = payeeOn(store, maxExposure)
  await payee.observe(channel, funded(deposit))
  return payee
}

/** A voucher alone, by the channel's id. */
const bare = ({ voucher }: Chain) => encodePayment({ channelId: id, voucher })

const records = allPayeeRecords

describe('a payee', () => {
  it('takes a voucher, its ticks, and the next voucher, and counts what each added', async () => {
    const payee = await observing()
    const [one, two] = [
      await signChain(channel, { total: 10n, tickAmount: 3n }),
      await signChain(channel, { total: 20n }),
    ]
    expect(await payee.accept(one.payment())).to.include({ added: 10n, accepted: 10n, charged: 0n, credit: 10n })
    expect(await payee.accept(one.tick(1))).to.include({ added: 3n, accepted: 13n })
    expect(await payee.accept(one.tick(3))).to.include({ added: 6n, accepted: 19n })
    expect(await payee.accept(bare(two))).to.include({ added: 1n, accepted: 20n, unclaimed: 20n })
    expect(await payee.accept(two.tick(16))).to.include({ added: 16n, accepted: 36n })
    expect(await payee.standing(id)).to.include({ accepted: 36n, credit: 36n })
  })

  it('ends where the best payment ends, in any order, subset and repetition, and says of each what it is', async () => {
    const chains = await Promise.all([
      signChain(channel, { total: 0n, tickAmount: 1n }),
      signChain(channel, { total: 10n, tickAmount: 3n }),
      signChain(channel, { total: 25n, tickAmount: 7n }),
      signChain(channel, { total: 25n, tickAmount: 1n }),
      signChain(channel, { total: 100n, tickAmount: 1n }),
    ])
    const somePayment = fc.record({
      chain: fc.nat({ max: chains.length - 1 }),
      ticks: fc.option(fc.integer({ min: 1, max: 16 }), { nil: undefined }),
      alone: fc.boolean(),
    })
    const seen = new Set<string>()
    await fc.assert(
      fc.asyncProperty(fc.array(somePayment, { minLength: 1, maxLength: 12 }), async (payments) => {
        const store = memoryStore()
        const payee = await observing(store)
        let best: { chain: number; ticks: number } | undefined
        const worth = (chain: number, ticks: number) => paidTotal((chains[chain] as Chain).voucher, ticks)
        for (const { chain, ticks = 0, alone } of payments) {
          const present = best === undefined ? 0n : worth(best.chain, best.ticks)
          const total = worth(chain, ticks)
          const isTickAlone = alone && ticks > 0
          const { payment, tick } = chains[chain] as Chain
          const bytes = isTickAlone ? tick(ticks) : payment(ticks === 0 ? undefined : ticks)
          let expected: string
          if (isTickAlone && best === undefined) expected = 'UNKNOWN_CHANNEL'
          else if (total === 0n) expected = 'PAYMENT_MALFORMED'
          else if (isTickAlone && best?.chain !== chain) expected = 'INVALID_TICK'
          else if (!isTickAlone && total < present) expected = 'STALE_PAYMENT'
          else expected = `${total > present ? total - present : 0n} added`
          if (expected.endsWith('added') && total >= present) best = { chain, ticks }
          seen.add(expected.replace(/\d+/, 'some'))
          const outcome = await payee.accept(bytes).then(
            ({ added }) => `${added} added`,
            ({ code }) => code,
          )
          expect(outcome).to.equal(expected)
        }
        const accepted = best === undefined ? 0n : worth(best.chain, best.ticks)
        expect(await payee.standing(id)).to.include({ accepted, credit: accepted })
        const [claim] = await payee.claimable()
        expect(claim && paidTotal(claim, claim.ticks)).to.equal(accepted === 0n ? undefined : accepted)
      }),
      { numRuns: 60 },
    )
    expect([...seen]).to.have.members([
      'UNKNOWN_CHANNEL',
      'PAYMENT_MALFORMED',
      'INVALID_TICK',
      'STALE_PAYMENT',
      'some added',
    ])
  })

  it('takes late ticks as no mistake, and for nothing', async () => {
    const payee = await observing()
    const chain = await signChain(channel, { total: 10n })
    await payee.accept(chain.payment(9))
    for (const ticks of [1, 8, 9])
      expect(await payee.accept(chain.tick(ticks))).to.include({ added: 0n, accepted: 19n })
    expect(await payee.accept(chain.tick(10))).to.include({ added: 1n, accepted: 20n })
  })

  it('takes no tick of an older chain, and no tick that it cannot check', async () => {
    const payee = await observing()
    const [one, two] = [await signChain(channel, { total: 10n }), await signChain(channel, { total: 20n })]
    expect(await codeOf(() => payee.accept(one.tick(1)))).to.equal('UNKNOWN_CHANNEL')
    await payee.accept(one.payment(5))
    await payee.accept(bare(two))
    expect(await codeOf(() => payee.accept(one.tick(16)))).to.equal('INVALID_TICK')
    expect(await payee.standing(id)).to.include({ accepted: 20n })
  })

  it('takes no tick that is made up, beyond the limit, or of another count', async () => {
    const payee = await observing()
    // The payer knows a preimage of its own seed, too: one tick more than the voucher allows.
    const beyond = bytes32('beyond')
    const chain = await signChain(channel, { total: 10n, maxTicks: 16, seed: keccak256(beyond) })
    await payee.accept(chain.payment(4))
    const preimage = (ticks: number) => decodePayment(chain.tick(ticks)).tick?.preimage as Hex
    const wrong: Uint8Array[] = [
      encodePayment({ channelId: id, tick: { count: 5, preimage: bytes32('made up') } }),
      encodePayment({ channelId: id, tick: { count: 3, preimage: bytes32('made up') } }),
      encodePayment({ channelId: id, tick: { count: 4, preimage: preimage(5) } }),
      encodePayment({ channelId: id, tick: { count: 6, preimage: preimage(5) } }),
      encodePayment({ channelId: id, tick: { count: 17, preimage: preimage(16) } }),
      encodePayment({ channelId: id, tick: { count: 65_535, preimage: preimage(16) } }),
      encodePayment({ channelId: id, voucher: chain.voucher, tick: { count: 6, preimage: preimage(5) } }),
      encodePayment({ channelId: id, tick: { count: 17, preimage: beyond } }),
      encodePayment({ channelId: id, voucher: chain.voucher, tick: { count: 17, preimage: beyond } }),
    ]
    for (const payment of wrong) {
      expect(await codeOf(() => payee.accept(payment))).to.equal('INVALID_TICK')
      expect(await payee.standing(id)).to.include({ accepted: 14n })
    }
  })

  it('looks at the signature before anything else: a forgery gets no answer that a true voucher would get', async () => {
    const payee = await observing()
    await payee.accept((await signChain(channel, { total: 100n })).payment(5))
    const forged = (total: bigint) => signChain(channel, { total, signer: account('forger') })
    for (const total of [0n, 1n, 100n, 105n, 106n, MAX_TOTAL]) {
      const { code, values } = await refusal(async () => payee.accept((await forged(total)).payment(3)))
      expect(code).to.equal('INVALID_VOUCHER')
      expect(values).to.not.have.property('state')
    }
    const unknown = channelTo({ salt: bytes32('nobody knows it') })
    const other = await signChain(unknown, { total: 0n, signer: account('forger') })
    expect(await codeOf(() => payee.accept(other.payment()))).to.equal('INVALID_VOUCHER')
    expect(await payee.standing(id)).to.include({ accepted: 105n })
  })

  it('takes no voucher of which one bit was changed, but for the parity, which follows from the rest', async () => {
    const parity = 8 * 90 + 7
    const payee = await observing()
    const bytes = (await signChain(channel, { total: 100n })).payment()
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: 8 * 122 - 1 }).filter((bit) => bit !== parity),
        async (bit) => {
          const bent = bytes.slice()
          const index = bytes.length - 122 + (bit >> 3)
          bent[index] = (bent[index] ?? 0) ^ (1 << (bit & 7))
          expect(await codeOf(() => payee.accept(bent))).to.be.oneOf(['INVALID_VOUCHER', 'PAYMENT_MALFORMED'])
        },
      ),
      { numRuns: 60 },
    )
    expect(await payee.standing(id)).to.include({ accepted: 0n })
  })

  it('takes no voucher of another chain, contract or channel under this channel’s name', async () => {
    const payee = await observing()
    const others: Partial<Channel>[] = [
      { chainId: 1 },
      { contract: address('another contract') },
      { salt: bytes32('another salt') },
      { payee: address('another payee') },
    ]
    for (const fields of others) {
      const foreign = await signChain(channelTo(fields), { total: 100n })
      expect(await codeOf(() => payee.accept(bare(foreign)))).to.equal('INVALID_VOUCHER')
    }
  })

  it('returns the payer’s own newest payment with STALE_PAYMENT, byte for byte what recovers it', async () => {
    const payee = await observing()
    const newest = await signChain(channel, { total: 100n })
    await payee.accept(newest.payment(5))
    const { code, values } = await refusal(async () =>
      payee.accept((await signChain(channel, { total: 7n })).payment()),
    )
    expect(code).to.equal('STALE_PAYMENT')
    expect(values).to.include({ accepted: 105n, channelId: id })
    const { tick } = decodePayment(newest.tick(5))
    expect(decodePayment(hexToBytes(values['state'] as Hex))).to.deep.equal({
      channelId: id,
      voucher: newest.voucher,
      tick,
    })
  })

  it('takes a voucher that states the same as the old one and its ticks, and its chain from then on', async () => {
    const payee = await observing()
    const [one, two] = [await signChain(channel, { total: 10n }), await signChain(channel, { total: 15n })]
    await payee.accept(one.payment(5))
    expect(await payee.accept(bare(two))).to.include({ added: 0n, accepted: 15n })
    expect(await codeOf(() => payee.accept(one.tick(6)))).to.equal('INVALID_TICK')
    expect(await payee.accept(two.tick(1))).to.include({ added: 1n, accepted: 16n })
  })
})

describe('a payee and other people’s channels', () => {
  const wrong: Partial<Channel>[] = [
    { payee: address('another payee') },
    { chainId: 1 },
    { contract: address('another contract') },
    { token: address('another currency') },
  ]

  for (const fields of wrong) {
    const name = Object.keys(fields)[0]
    it(`takes no channel with another ${name}, however it comes`, async () => {
      const other = channelTo(fields)
      const chain = await signChain(other, { total: 5n })
      const payee = payeeOn(memoryStore(), 1_000n)
      expect(await codeOf(() => payee.accept(chain.payment()))).to.equal('WRONG_CHANNEL')
      expect(await codeOf(() => payee.check(other))).to.equal('WRONG_CHANNEL')
      expect(await codeOf(() => payee.observe(other, funded()))).to.equal('WRONG_CHANNEL')
      expect(await codeOf(() => payee.accept(chain.tick(1)))).to.equal('UNKNOWN_CHANNEL')

      // A store that an earlier deployment, setting or account left behind.
      const store = memoryStore()
      const earlier = createPayee({
        account: { address: other.payee },
        store,
        accept: { chainId: other.chainId, contract: other.contract, currencies: [other.token], maxExposure: 1_000n },
      })
      await earlier.observe(other, funded())
      await earlier.accept(chain.payment())
      const later = payeeOn(store, 1_000n)
      for (const bytes of [chain.tick(1), encodePayment({ channelId: other.id, voucher: chain.voucher })])
        expect(await codeOf(() => later.accept(bytes))).to.equal('WRONG_CHANNEL')
      const accepted = 5n
      expect(await later.standing(other.id)).to.include({ accepted })
    })
  }

  it('takes channels in any spelling of its own settings', async () => {
    const shout = (hex: Hex): Hex => `0x${hex.slice(2).toUpperCase()}`
    const payee = createPayee({
      account: { address: shout(lower(payeeAccount.address)) },
      store: memoryStore(),
      accept: {
        chainId: home.chainId,
        contract: shout(home.contract),
        currencies: [shout(home.token)],
        maxExposure: 0n,
      },
    })
    await payee.observe(channel, funded())
    expect(await payee.accept((await signChain(channel, { total: 5n })).payment())).to.include({ added: 5n })
  })

  it('knows nothing of a channel that nobody introduced', async () => {
    const payee = payeeOn()
    const chain = await signChain(channel, { total: 5n })
    const calls = [
      () => payee.accept(chain.tick(1)),
      () => payee.accept(bare(chain)),
      () => payee.standing(id),
      () => payee.charge(id, 1n, 1),
      () => payee.credited(id, 1n, new AbortController().signal),
    ]
    for (const call of calls) expect(await codeOf(call)).to.equal('UNKNOWN_CHANNEL')
  })

  it('keeps nothing of strangers that make up channels', async () => {
    const store = memoryStore()
    let reads = 0
    const payee = payeeOn({
      ...store,
      get: (table, key) => {
        reads++
        return store.get(table, key)
      },
    })
    const tick = { count: 1, preimage: bytes32('preimage') }
    const { voucher } = await signChain(channel, { total: 0n })
    const made: Hex[] = []
    for (let number = 0; number < 10_000; number++) {
      const stranger = channelTo({ salt: bytes32(`made up ${number}`) })
      // Nearly all come unsigned; a signature costs the stranger something, and must not buy it anything here either.
      const signed = number % 50 === 0
      const total = number % 100 === 0 ? 0n : 1n
      const payment = signed
        ? (await signChain(stranger, { total })).payment()
        : encodePayment({ channelId: stranger.id, channel: stranger, ...(number % 2 ? { tick } : { voucher }) })
      const expected = signed
        ? total === 0n
          ? 'PAYMENT_MALFORMED'
          : 'DEPOSIT_EXCEEDED'
        : number % 2
          ? 'UNKNOWN_CHANNEL'
          : 'INVALID_VOUCHER'
      if (number % 10 === 0 || number % 2 === 1) {
        expect(await codeOf(() => payee.accept(payment))).to.equal(expected)
        made.push(stranger.id)
      } else
        expect(await codeOf(() => payee.accept(encodePayment({ channelId: stranger.id, tick })))).to.equal(
          'UNKNOWN_CHANNEL',
        )
    }
    expect(await records(store)).to.deep.equal([])
    reads = 0
    for (const stranger of made) expect(await codeOf(() => payee.standing(stranger))).to.equal('UNKNOWN_CHANNEL')
    expect(reads, 'asked of the store, so not in memory').to.equal(made.length)
  }).timeout(60_000)
})

describe('a payee and the deposit', () => {
  it('takes what the deposit carries and maxExposure on top, to the unit', async () => {
    for (const maxExposure of [0n, 7n]) {
      const payee = await observing(memoryStore(), 100n, maxExposure)
      const covered = 100n + maxExposure
      const { code, values } = await refusal(async () =>
        payee.accept((await signChain(channel, { total: covered + 1n })).payment()),
      )
      expect(code).to.equal('DEPOSIT_EXCEEDED')
      expect(values).to.include({ total: covered + 1n, covered })
      const chain = await signChain(channel, { total: covered - 2n })
      await payee.accept(chain.payment(2))
      expect(await codeOf(() => payee.accept(chain.tick(3)))).to.equal('DEPOSIT_EXCEEDED')
      expect(await payee.standing(id)).to.include({ accepted: covered })
    }
  })

  it('takes nothing on a channel that it never saw on chain: a stranger could make up thousands', async () => {
    const store = memoryStore()
    const payee = payeeOn(store, 1_000n)
    expect(await codeOf(async () => payee.accept((await signChain(channel, { total: 1n })).payment()))).to.equal(
      'DEPOSIT_EXCEEDED',
    )
    expect(await records(store)).to.deep.equal([])
    await payee.observe(channel, funded(0n))
    expect(await payee.accept((await signChain(channel, { total: 1n })).payment())).to.include({ added: 1n })
  })

  it('risks maxExposure once, over all channels of a currency, their claims, top-ups and its own restarts', async () => {
    const store = memoryStore()
    const salted = (name: string) => channelTo({ salt: bytes32(name) })
    const pay = async (payee: Payee, name: string, total: bigint) =>
      payee.accept((await signChain(salted(name), { total })).payment())
    const codeOfPaying = (payee: Payee, name: string, total: bigint) => codeOf(() => pay(payee, name, total))
    let payee = payeeOn(store, 10n)
    for (const name of ['one', 'two', 'three']) await payee.observe(salted(name), funded(100n))
    await pay(payee, 'one', 106n)
    expect(await codeOfPaying(payee, 'two', 105n)).to.equal('DEPOSIT_EXCEEDED')
    await pay(payee, 'two', 104n)
    expect(await codeOfPaying(payee, 'three', 101n)).to.equal('DEPOSIT_EXCEEDED')
    await pay(payee, 'three', 100n)
    payee = payeeOn(store, 10n)
    expect(await codeOfPaying(payee, 'one', 107n)).to.equal('DEPOSIT_EXCEEDED')
    // A claim that takes the whole deposit secures nothing more than the deposit did; a top-up does.
    await payee.observe(salted('one'), { claimed: 100n, deposit: 0n, exitAt: 0 })
    expect(await codeOfPaying(payee, 'three', 101n)).to.equal('DEPOSIT_EXCEEDED')
    await payee.observe(salted('one'), { claimed: 100n, deposit: 3n, exitAt: 0 })
    await pay(payee, 'three', 103n)
    expect(await codeOfPaying(payee, 'two', 105n)).to.equal('DEPOSIT_EXCEEDED')
  })

  it('frees what a failed write did not take', async () => {
    const store = heldStore()
    const payee = payeeOn(store, 10n)
    const other = channelTo({ salt: bytes32('other') })
    for (const each of [channel, other]) await payee.observe(each, funded(0n))
    store.hold()
    const failing = codeOf(async () => payee.accept((await signChain(channel, { total: 10n })).payment()))
    while (store.waiting() === 0) await settled()
    await store.breakOne()
    expect(await failing).to.equal('STORE_FAILED')
    await store.release()
    expect(await payee.accept((await signChain(other, { total: 10n })).payment())).to.include({ added: 10n })
  })

  it('counts what a purse channel pays as exposure: a purse secures nothing', async () => {
    const purse = channelTo({ flags: 1 })
    const payee = payeeOn(memoryStore(), 5n)
    await payee.observe(purse, funded(0n))
    expect(await payee.accept((await signChain(purse, { total: 5n })).payment())).to.include({ added: 5n })
    expect(await codeOf(async () => payee.accept((await signChain(purse, { total: 6n })).payment()))).to.equal(
      'DEPOSIT_EXCEEDED',
    )
    expect(await codeOf(() => payee.check(channelTo({ flags: 2 })))).to.equal('WRONG_CHANNEL')
  })

  it('leaves its margin of every deposit untouched', async () => {
    const { chainId, contract, token } = home
    const accept = { chainId, contract, currencies: [token], maxExposure: 0n, depositMargin: 10n }
    const payee = createPayee({ account: payeeAccount, store: memoryStore(), accept })
    await payee.observe(channel, funded(100n))
    const chain = await signChain(channel, { total: 80n })
    expect(await payee.accept(chain.payment(10))).to.include({ accepted: 90n })
    const { values } = await refusal(() => payee.accept(chain.tick(11)))
    expect(values).to.include({ total: 91n, covered: 90n })
  })

  it('counts what was claimed with what is left: a claim moves no limit', async () => {
    const payee = await observing(memoryStore(), 100n)
    const chain = await signChain(channel, { total: 90n })
    await payee.accept(chain.payment())
    await payee.observe(channel, { claimed: 90n, deposit: 10n, exitAt: 0 })
    expect(await payee.accept(chain.tick(10))).to.include({ accepted: 100n, unclaimed: 10n })
    expect(await codeOf(() => payee.accept(chain.tick(11)))).to.equal('DEPOSIT_EXCEEDED')
    await payee.observe(channel, { claimed: 90n, deposit: 11n, exitAt: 0 })
    expect(await payee.accept(chain.tick(11))).to.include({ accepted: 101n })
  })

  it('takes no more than a contract could ever pay out, whatever it is ready to risk', async () => {
    const payee = await observing(memoryStore(), MAX_TOTAL, 2n ** 200n)
    const chain = await signChain(channel, { total: MAX_TOTAL - 2n, tickAmount: MAX_TOTAL })
    await payee.accept(chain.payment())
    expect(await codeOf(() => payee.accept(chain.tick(1)))).to.equal('DEPOSIT_EXCEEDED')
    const last = await signChain(channel, { total: MAX_TOTAL - 1n })
    expect(await payee.accept(last.payment(1))).to.include({ accepted: MAX_TOTAL })
    expect(await codeOf(() => payee.accept(last.tick(2)))).to.equal('DEPOSIT_EXCEEDED')
  })

  it('takes nothing new on a channel that is being left, and still knows what it has', async () => {
    const payee = await observing()
    const chain = await signChain(channel, { total: 10n })
    await payee.accept(chain.payment(1))
    await payee.observe(channel, { claimed: 0n, deposit: 1_000_000n, exitAt: 1_800_000_000 })
    const { code, values } = await refusal(() => payee.accept(chain.tick(2)))
    expect(code).to.equal('CHANNEL_EXITING')
    expect(values).to.include({ exitAt: 1_800_000_000 })
    expect(await codeOf(async () => payee.accept((await signChain(channel, { total: 100n })).payment()))).to.equal(
      'CHANNEL_EXITING',
    )
    expect(await payee.accept(chain.tick(1))).to.include({ added: 0n, accepted: 11n })
    expect(await payee.accept(chain.payment(1))).to.include({ added: 0n, accepted: 11n })
    expect(await payee.charge(id, 1n, 100)).to.equal(11)
    expect((await payee.claimable()).length).to.equal(1)
  })

  it('answers a repetition with what it holds, also after the deposit is gone', async () => {
    const payee = await observing()
    const chain = await signChain(channel, { total: 10n })
    await payee.accept(chain.payment(1))
    await payee.observe(channel, { claimed: 0n, deposit: 0n, exitAt: 0 })
    expect(await payee.accept(chain.tick(1))).to.include({ added: 0n, accepted: 11n })
    expect(await payee.accept(chain.payment(1))).to.include({ added: 0n, accepted: 11n })
    expect(await codeOf(() => payee.accept(chain.tick(2)))).to.equal('DEPOSIT_EXCEEDED')
  })
})

describe('a payee and its store', () => {
  /** A payee with a voucher of 10 safely stored, whose store waits from now on. */
  const holding = async () => {
    const store = heldStore()
    const payee = await observing(store)
    const chain = await signChain(channel, { total: 10n })
    await payee.accept(chain.payment())
    store.hold()
    return { store, payee, chain }
  }

  it('gives credit only for what the store has', async () => {
    const { store, payee, chain } = await holding()
    const acceptance = payee.accept(chain.tick(5))
    expect(await isPending(acceptance)).to.equal(true)
    expect(await payee.standing(id)).to.include({ accepted: 10n, credit: 10n })
    const charge = payee.charge(id, 1n, 100)
    await store.release()
    expect(await charge).to.equal(10)
    expect(await acceptance).to.include({ added: 5n, accepted: 15n })
    expect(await payee.charge(id, 1n, 100)).to.equal(5)
  })

  it('gives none for a repetition either, which waits for the first', async () => {
    const { store, payee, chain } = await holding()
    const [first, again, late] = [payee.accept(chain.tick(5)), payee.accept(chain.tick(5)), payee.accept(chain.tick(3))]
    for (const acceptance of [first, again, late]) expect(await isPending(acceptance)).to.equal(true)
    const charge = payee.charge(id, 1n, 100)
    await store.release()
    expect(await charge).to.equal(10)
    expect(await first).to.include({ added: 5n, accepted: 15n })
    expect(await again).to.include({ added: 0n, accepted: 15n })
    expect(await late).to.include({ added: 0n, accepted: 15n })
  })

  it('has accepted nothing where the write fails, also for repetitions, and counts the payment when it comes again', async () => {
    const { store, payee, chain } = await holding()
    const calls = [codeOf(() => payee.accept(chain.tick(5))), codeOf(() => payee.accept(chain.tick(5)))]
    await settled()
    expect(store.waiting()).to.equal(1)
    await store.breakOne()
    expect(await Promise.all(calls)).to.deep.equal(['STORE_FAILED', 'STORE_FAILED'])
    expect(await payee.standing(id)).to.include({ accepted: 10n, credit: 10n })
    await store.release()
    expect(await payee.charge(id, 1n, 100)).to.equal(10)
    expect(await payee.accept(chain.tick(5))).to.include({ added: 5n, accepted: 15n, credit: 5n })
  })

  it('has accepted no voucher where the write fails: the old chain goes on', async () => {
    const { store, payee, chain } = await holding()
    const next = await signChain(channel, { total: 100n })
    const failing = codeOf(() => payee.accept(next.payment(3)))
    await settled()
    await store.breakOne()
    expect(await failing).to.equal('STORE_FAILED')
    await store.release()
    expect(await payee.accept(chain.tick(5))).to.include({ added: 5n, accepted: 15n })
    expect(await payee.accept(next.payment(3))).to.include({ added: 88n, accepted: 103n })
  })

  it('has accepted what a later write carried, though its own failed', async () => {
    const { store, payee, chain } = await holding()
    const [one, two] = [payee.accept(chain.tick(2)), payee.accept(chain.tick(5))]
    await settled()
    expect(store.waiting()).to.equal(2)
    await store.breakOne()
    expect(await isPending(one)).to.equal(true)
    await store.letOne()
    expect(await one).to.include({ added: 2n, accepted: 15n })
    expect(await two).to.include({ added: 3n, accepted: 15n })
    await store.release()
  })

  it('has accepted nothing where all writes fail, whatever was built on the first', async () => {
    const { store, payee, chain } = await holding()
    const calls = [2, 5, 5, 7].map((ticks) => codeOf(() => payee.accept(chain.tick(ticks))))
    await settled()
    while (store.waiting() > 0) await store.breakOne()
    expect(await Promise.all(calls)).to.deep.equal(new Array(4).fill('STORE_FAILED'))
    expect(await payee.standing(id)).to.include({ accepted: 10n })
    await store.release()
    expect(await payee.accept(chain.tick(7))).to.include({ added: 7n, accepted: 17n })
  })

  it('does not forget what it served or saw where a write fails', async () => {
    const { store, payee, chain } = await holding()
    const charge = payee.charge(id, 1n, 4)
    await settled()
    await store.letOne()
    expect(await charge).to.equal(4)
    const failing = codeOf(() => payee.accept(chain.tick(5)))
    const seeing = codeOf(() => payee.observe(channel, { claimed: 0n, deposit: 12n, exitAt: 0 }))
    await settled()
    while (store.waiting() > 0) await store.breakOne()
    expect([await failing, await seeing]).to.deep.equal(['STORE_FAILED', 'STORE_FAILED'])
    expect(await payee.standing(id)).to.include({ accepted: 10n, charged: 4n, credit: 6n })
    await store.release()
    expect(await codeOf(() => payee.accept(chain.tick(3)))).to.equal('DEPOSIT_EXCEEDED')
    expect(await payee.accept(chain.tick(2))).to.include({ added: 2n, credit: 8n })
  })

  it('counts each unit exactly once, however many payments, repetitions and failures come at once', async () => {
    const chains = await Promise.all([0n, 12n, 40n].map((total) => signChain(channel, { total })))
    const someRun = fc.record({
      payments: fc.array(fc.record({ chain: fc.nat({ max: 2 }), ticks: fc.integer({ min: 1, max: 16 }) }), {
        minLength: 1,
        maxLength: 15,
      }),
      writes: fc.infiniteStream(fc.boolean()),
    })
    await fc.assert(
      fc.asyncProperty(someRun, async ({ payments, writes }) => {
        const store = heldStore()
        const payee = await observing(store)
        store.hold()
        const calls = payments.map(({ chain, ticks }) => payee.accept((chains[chain] as Chain).payment(ticks)))
        const outcomes = Promise.allSettled(calls)
        await settled()
        for (const works of writes) {
          if (store.waiting() === 0) break
          await (works ? store.letOne() : store.breakOne())
          const { accepted, credit } = await payee.standing(id)
          const [record] = await records(store)
          const { voucher, tick } = record ?? {}
          expect(accepted).to.equal(voucher ? paidTotal(voucher, tick?.count ?? 0) : 0n)
          expect(credit).to.equal(accepted)
        }
        const added = (await outcomes).reduce(
          (sum, outcome) => sum + (outcome.status === 'fulfilled' ? outcome.value.added : 0n),
          0n,
        )
        const { accepted } = await payee.standing(id)
        expect(added).to.equal(accepted)
        await store.release()
        const best = payments.reduce((most, { chain, ticks }) => {
          const total = paidTotal((chains[chain] as Chain).voucher, ticks)
          return total > most ? total : most
        }, 0n)
        const again: Acceptance[] = []
        for (const { chain, ticks } of payments) {
          const outcome = await payee.accept((chains[chain] as Chain).payment(ticks)).catch((error) => error.code)
          if (outcome !== 'STALE_PAYMENT') again.push(outcome)
        }
        expect(added + again.reduce((sum, acceptance) => sum + acceptance.added, 0n)).to.equal(best)
        expect(await payee.standing(id)).to.include({ accepted: best })
      }),
      { numRuns: 40 },
    )
  })

  it('goes on after a restart with all that it ever acknowledged', async () => {
    const store = memoryStore()
    const chain = await signChain(channel, { total: 10n })
    const before = await observing(store)
    await before.accept(chain.payment(5))
    expect(await before.charge(id, 2n, 3)).to.equal(3)
    await settled()
    const after = payeeOn(store)
    expect(await after.standing(id)).to.include({ accepted: 15n, charged: 6n, credit: 9n })
    expect(await after.accept(chain.tick(5))).to.include({ added: 0n })
    expect(await after.accept(chain.tick(7))).to.include({ added: 2n, accepted: 17n, credit: 11n })
    expect(await codeOf(async () => after.accept((await signChain(channel, { total: 1n })).payment()))).to.equal(
      'STALE_PAYMENT',
    )
    expect(await after.claimable()).to.deep.equal(await payeeOn(store).claimable())
  })

  it('has charged when the disk knows it, and until then gives the credit to nobody else', async () => {
    const { store, payee } = await holding()
    const charge = payee.charge(id, 3n, 2)
    expect(await isPending(charge)).to.equal(true)
    expect(await payee.charge(id, 5n, 1)).to.equal(0)
    expect(await payeeOn(store).standing(id)).to.include({ charged: 0n })
    await store.letOne()
    expect(await charge).to.equal(2)
    expect(await payeeOn(store).standing(id)).to.include({ charged: 6n })
    await store.release()
  })

  it('has charged nothing where the write fails, in whatever order writes succeed and fail', async () => {
    const { store, payee, chain } = await holding()
    const failing = [
      codeOf(() => payee.charge(id, 1n, 4)),
      codeOf(() => payee.accept(chain.tick(3), { hold: 'added' })),
    ]
    await settled()
    while (store.waiting() > 0) await store.breakOne()
    expect(await Promise.all(failing)).to.deep.equal(['STORE_FAILED', 'STORE_FAILED'])
    expect(await payee.standing(id)).to.include({ accepted: 10n, charged: 0n, credit: 10n })
    const [charge, acceptance] = [payee.charge(id, 1n, 4), payee.accept(chain.tick(3), { hold: 'added' })]
    await settled()
    await store.breakOne()
    await store.release()
    // The second write held the first charge, too.
    expect(await charge).to.equal(4)
    expect(await acceptance).to.include({ added: 3n, held: 3n })
    expect(await payeeOn(store).standing(id)).to.include({ accepted: 13n, charged: 7n, credit: 6n })
  })

  it('reads a record once for all calls that come before it is loaded, and shares it among them', async () => {
    const store = memoryStore()
    const chain = await signChain(channel, { total: 10n })
    await (await observing(store)).accept(chain.payment())
    let reads = 0
    const payee = payeeOn({
      ...store,
      get: async (table, key) => {
        const record = await store.get<object>(table, key)
        reads++
        await settled()
        return record as never
      },
    })
    const acceptances = await Promise.all([1, 2, 2, 3].map((ticks) => payee.accept(chain.tick(ticks))))
    expect(reads, 'one for each part').to.equal(3)
    expect(acceptances.map(({ added }) => added)).to.deep.equal([1n, 1n, 0n, 1n])
    expect(await Promise.all([payee.charge(id, 1n, 8), payee.charge(id, 1n, 8)])).to.deep.equal([8, 5])
  })
})

describe('charging', () => {
  it('takes whole pieces, as many as wanted and paid for', async () => {
    const payee = await observing()
    await payee.accept((await signChain(channel, { total: 10n })).payment())
    expect(await payee.charge(id, 3n, 2)).to.equal(2)
    expect(await payee.charge(id, 3n, 2)).to.equal(1)
    expect(await payee.charge(id, 3n, 2)).to.equal(0)
    expect(await payee.charge(id, 2n, 0)).to.equal(0)
    expect(await payee.standing(id)).to.include({ charged: 9n, credit: 1n })
  })

  it('never takes more than the credit, however many ask at once while payments come in', async () => {
    const payee = await observing()
    const chain = await signChain(channel, { total: 5n })
    await payee.accept(chain.payment())
    const charges: Promise<number>[] = []
    const acceptances: Promise<Acceptance>[] = []
    for (let ticks = 1; ticks <= 16; ticks++) {
      acceptances.push(payee.accept(chain.tick(ticks)))
      for (let call = 0; call < 5; call++) charges.push(payee.charge(id, 1n, 2))
      if (ticks % 4 === 0) await settled()
      const { accepted, charged } = await payee.standing(id)
      expect(charged <= accepted).to.equal(true)
    }
    await Promise.all(acceptances)
    const charged = (await Promise.all(charges)).reduce((sum, count) => sum + count, 0)
    const standing = await payee.standing(id)
    expect(standing).to.include({ accepted: 21n, charged: BigInt(charged) })
    expect(standing.charged <= standing.accepted).to.equal(true)
    expect(BigInt(charged + (await payee.charge(id, 1n, 100)))).to.equal(21n)
  })

  it('comes with the payment in one write, and what was not served is given back', async () => {
    const store = heldStore()
    const payee = await observing(store)
    const chain = await signChain(channel, { total: 10n })
    store.hold()
    const acceptance = payee.accept(chain.payment(), { hold: 'rest' })
    await settled()
    expect(store.waiting()).to.equal(1)
    await store.release()
    expect(await acceptance).to.include({ added: 10n, held: 10n, charged: 10n, credit: 0n })
    await payee.giveBack(id, 7n)
    expect(await payeeOn(store).standing(id)).to.include({ charged: 3n, credit: 7n })
    expect(await payee.accept(chain.tick(1), { amount: 1n, hold: 'added' })).to.include({ held: 1n, credit: 7n })
    // All that is left is for the newest payment, where nothing else is on its way.
    expect(await payee.accept(chain.tick(3), { amount: 1n, arrived: 11n, hold: 'rest' })).to.include({ held: 1n })
    expect(await payee.accept(chain.tick(4), { amount: 1n, arrived: 13n, hold: 'rest' })).to.include({ held: 9n })
    expect(await payee.accept(chain.tick(4), { amount: 1n, arrived: 13n, hold: 'rest' })).to.include({ held: 0n })
    expect(await payee.standing(id)).to.include({ accepted: 14n, charged: 14n, credit: 0n })
    for (const amount of [0n, -1n, 15n])
      expect(await codeOf(() => payee.giveBack(id, amount))).to.equal('INVALID_ARGUMENT')
  })

  it('refuses prices that would give credit instead of taking it', async () => {
    const payee = await observing()
    await payee.accept((await signChain(channel, { total: 5n })).payment())
    for (const [price, most] of [
      [0n, 1],
      [-1n, 1],
      [1n, -1],
      [1n, 0.5],
      [1n, Number.NaN],
    ] as const)
      expect(await codeOf(() => payee.charge(id, price, most)), `${price} ${most}`).to.equal('INVALID_ARGUMENT')
    expect(await payee.standing(id)).to.include({ charged: 0n, credit: 5n })
  })
})

describe('claimable', () => {
  it('lists the best claim of every channel that has something new, the largest first', async () => {
    const store = memoryStore()
    const payee = payeeOn(store)
    const salted = (name: string) => channelTo({ salt: bytes32(name) })
    for (const [name, total, claimed] of [
      ['small', 5n, 0n],
      ['settled', 50n, 50n],
      ['large', 70n, 0n],
      ['partly settled', 80n, 60n],
      ['never paid', 0n, 0n],
    ] as const) {
      await payee.observe(salted(name), { claimed, deposit: 1_000n, exitAt: 0 })
      if (total > 0n) await payee.accept((await signChain(salted(name), { total })).payment())
    }
    const claims = await payee.claimable()
    expect(claims.map(({ channel, total }) => [channel.id, total])).to.deep.equal([
      [salted('large').id, 70n],
      [salted('partly settled').id, 80n],
      [salted('small').id, 5n],
    ])
  })

  it('lists nothing of other payees, chains and contracts in the same store', async () => {
    const store = memoryStore()
    for (const fields of [{ payee: address('another payee') }, { chainId: 1 }, { contract: address('another') }]) {
      const other = channelTo(fields)
      const owner = createPayee({
        account: { address: other.payee },
        store,
        accept: { chainId: other.chainId, contract: other.contract, currencies: [other.token], maxExposure: 9n },
      })
      await owner.observe(other, funded())
      await owner.accept((await signChain(other, { total: 5n })).payment())
      expect((await owner.claimable()).length).to.equal(1)
    }
    expect(await payeeOn(store).claimable()).to.deep.equal([])
  })

  it('lists nothing that the store does not have', async () => {
    const store = heldStore()
    const payee = await observing(store)
    store.hold()
    const acceptance = payee.accept(await signChain(channel, { total: 5n }).then((chain) => chain.payment()))
    await settled()
    expect(await payee.claimable()).to.deep.equal([])
    await store.release()
    await acceptance
    expect((await payee.claimable()).length).to.equal(1)
  })
})

describe('credited', () => {
  /** A signal that counts who listens to it. */
  const countedSignal = () => {
    const controller = new AbortController()
    const { signal } = controller
    let listeners = 0
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    signal.addEventListener = ((...parameters: Parameters<typeof add>) => {
      listeners++
      add(...parameters)
    }) as typeof signal.addEventListener
    signal.removeEventListener = ((...parameters: Parameters<typeof remove>) => {
      listeners--
      remove(...parameters)
    }) as typeof signal.removeEventListener
    return { controller, signal, listeners: () => listeners }
  }

  it('resolves at once where the credit is there, and listens to nothing', async () => {
    const payee = await observing()
    await payee.accept((await signChain(channel, { total: 5n })).payment())
    const { signal, listeners } = countedSignal()
    await payee.credited(id, 5n, signal)
    expect(listeners()).to.equal(0)
  })

  it('wakes when enough came, not before, and only when the store has it', async () => {
    const store = heldStore()
    const payee = await observing(store)
    const chain = await signChain(channel, { total: 5n })
    await payee.accept(chain.payment())
    const { signal, listeners } = countedSignal()
    const waiting = payee.credited(id, 8n, signal)
    await payee.accept(chain.tick(1))
    await payee.accept(chain.tick(2))
    expect(await isPending(waiting)).to.equal(true)
    expect(listeners()).to.equal(1)
    store.hold()
    const last = payee.accept(chain.tick(3))
    expect(await isPending(waiting)).to.equal(true)
    await store.release()
    await Promise.all([waiting, last])
    expect(listeners()).to.equal(0)
  })

  it('wakes everybody who waits for what came', async () => {
    const payee = await observing()
    const chain = await signChain(channel, { total: 1n })
    const { signal, listeners } = countedSignal()
    const waiting = Array.from({ length: 50 }, (_, index) => payee.credited(id, BigInt(1 + (index % 3)), signal))
    await payee.accept(chain.payment())
    const pending = await Promise.all(waiting.map(isPending))
    expect(pending.filter((isWaiting) => isWaiting).length).to.equal(33)
    await payee.accept(chain.tick(2))
    await Promise.all(waiting)
    expect(listeners()).to.equal(0)
  })

  it('goes on waiting where somebody else took the credit first', async () => {
    const payee = await observing()
    const chain = await signChain(channel, { total: 1n })
    const { controller, signal } = countedSignal()
    const taken = payee.credited(id, 1n, signal).then(() => payee.charge(id, 1n, 1))
    const waiting = payee.credited(id, 2n, signal)
    await payee.accept(chain.payment())
    expect(await taken).to.equal(1)
    await payee.accept(chain.tick(1))
    expect(await isPending(waiting)).to.equal(true)
    await payee.accept(chain.tick(2))
    await waiting
    controller.abort()
  })

  it('rejects with the reason when it is aborted, before or while it waits, and leaves no listener', async () => {
    const payee = await observing()
    const { controller, signal, listeners } = countedSignal()
    const waiting = Array.from({ length: 20 }, () => payee.credited(id, 1n, signal).catch((reason: unknown) => reason))
    await settled()
    expect(listeners()).to.equal(20)
    const reason = new Error('The client hung up.')
    controller.abort(reason)
    for (const outcome of await Promise.all(waiting)) expect(outcome).to.equal(reason)
    expect(await payee.credited(id, 1n, signal).catch((late: unknown) => late)).to.equal(reason)
    expect(listeners()).to.equal(0)
    await payee.accept((await signChain(channel, { total: 5n })).payment())
    expect(await payee.standing(id)).to.include({ credit: 5n })
  })
})
