import { type Channel, createPayee, decodePayment, encodePayment, MAX_TOTAL, paidTotal } from '@scrip/sdk/channels'
import { memoryStore } from '@scrip/sdk/store'
import { expect } from 'chai'
import fc from 'fast-check'
import { type Hex, hexToBytes, keccak256 } from 'viem'
import { allPayeeRecords as records } from '../../../sdk/channels/payeeRecords.ts'
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
import { bare, channel, funded, id, observing } from './support/observing.ts'

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
