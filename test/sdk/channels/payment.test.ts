import { type Channel, decodePayment, encodePayment, type Payment } from '@scrip/sdk/channels'
import { expect } from 'chai'
import fc from 'fast-check'
import { bytesToHex, concatBytes, hexToBytes, numberToBytes } from 'viem'
import { codeOf, refusal } from '../errors/support/refusal.ts'
import { someChannel, someHex, someTick, someVoucher } from './support/arbitraries.ts'
import { bytes32, channelTo } from './support/channels.ts'

const [HAS_CHANNEL, HAS_VOUCHER, HAS_TICK] = [1, 2, 4]

/** Any payment that can be written down. */
const somePayment: fc.Arbitrary<Payment> = fc
  .record({
    channel: fc.option(someChannel, { nil: undefined }),
    id: someHex(32),
    parts: fc.oneof(
      someVoucher.map((voucher) => ({ voucher })),
      someTick.map((tick) => ({ tick })),
      fc.record({ voucher: someVoucher, tick: someTick }),
    ),
  })
  .map(({ channel, id, parts }) => ({ channelId: channel?.id ?? id, ...(channel && { channel }), ...parts }))

const malformed = async (bytes: Uint8Array) =>
  expect(await codeOf(() => decodePayment(bytes)), bytesToHex(bytes)).to.equal('PAYMENT_MALFORMED')

const tick = { count: 3, preimage: bytes32('preimage') }
const voucher = {
  total: 7n,
  tickRoot: bytes32('root'),
  tickAmount: 2n,
  maxTicks: 256,
  r: bytes32('r'),
  vs: bytes32('vs'),
}

describe('the bytes of a payment', () => {
  it('come back as the payment that they were made from', () => {
    fc.assert(
      fc.property(somePayment, (payment) => {
        expect(decodePayment(encodePayment(payment))).to.deep.equal(payment)
      }),
      { numRuns: 500 },
    )
  })

  it('are the only ones of their payment: what can be read is written back byte for byte', () => {
    let read = 0
    const someBytes = fc
      .tuple(fc.integer({ min: 2, max: 7 }), fc.uint8Array({ minLength: 303, maxLength: 303 }))
      .map(([kind, noise]) => {
        const head = kind & HAS_CHANNEL ? 147 : 33
        const bytes = noise.slice(0, head + (kind & HAS_VOUCHER ? 122 : 0) + (kind & HAS_TICK ? 34 : 0))
        bytes[0] = kind
        // Chain ids and tick limits are small, or nearly nothing could be read.
        if (kind & HAS_CHANNEL) bytes.fill(0, 1, 5)
        if (kind & HAS_VOUCHER) bytes.fill(0, head + 56, head + 57)
        return bytes
      })
    fc.assert(
      fc.property(someBytes, (bytes) => {
        let payment: Payment
        try {
          payment = decodePayment(bytes)
        } catch {
          return
        }
        read++
        expect(bytesToHex(encodePayment(payment))).to.equal(bytesToHex(bytes))
      }),
      { numRuns: 2_000 },
    )
    expect(read).to.be.greaterThan(1_500)
  })

  it('are as long as documented', () => {
    const channel = channelTo()
    const length = (parts: Partial<Payment>) => encodePayment({ channelId: channel.id, ...parts }).length
    expect(length({ tick })).to.equal(67)
    expect(length({ voucher })).to.equal(155)
    expect(length({ voucher, tick })).to.equal(189)
    expect(length({ channel, tick })).to.equal(1 + 146 + 34)
    expect(length({ channel, voucher, tick })).to.equal(1 + 146 + 122 + 34)
  })

  it('are refused when cut anywhere or followed by anything', async () => {
    await fc.assert(
      fc.asyncProperty(somePayment, fc.uint8Array({ minLength: 1, maxLength: 200 }), async (payment, more) => {
        const bytes = encodePayment(payment)
        for (let size = 0; size < bytes.length; size++) await malformed(bytes.slice(0, size))
        await malformed(concatBytes([bytes, more]))
      }),
      { numRuns: 20 },
    )
  })

  it('are refused where the first byte has an unknown bit or announces nothing to take', async () => {
    const channel = channelTo()
    const bytes = encodePayment({ channelId: channel.id, channel, voucher, tick })
    for (let kind = 0; kind < 256; kind++) {
      const bent = bytes.slice()
      bent[0] = kind
      if (kind === 7) expect(decodePayment(bent)).to.have.property('channelId', channel.id)
      else await malformed(bent)
    }
    await malformed(encodePayment({ channelId: channel.id, channel }))
    await malformed(encodePayment({ channelId: channel.id }))
  })

  it('are refused where a voucher allows more ticks than the contract takes', async () => {
    for (const maxTicks of [1_025, 65_535]) {
      await malformed(encodePayment({ channelId: channelTo().id, voucher: { ...voucher, maxTicks } }))
    }
  })

  it('are refused where a tick pays for nothing: without it they would say the same', async () => {
    await malformed(encodePayment({ channelId: channelTo().id, voucher, tick: { ...tick, count: 0 } }))
    await malformed(encodePayment({ channelId: channelTo().id, tick: { count: 0, preimage: voucher.tickRoot } }))
  })

  it('are refused where the chain id is beyond a safe integer', async () => {
    const channel = channelTo()
    const bytes = encodePayment({ channelId: channel.id, channel, tick })
    const at = (chainId: bigint) =>
      concatBytes([bytes.slice(0, 1), numberToBytes(chainId, { size: 8 }), bytes.slice(9)])
    expect(decodePayment(at(2n ** 53n - 1n)).channel?.chainId).to.equal(Number.MAX_SAFE_INTEGER)
    for (const chainId of [2n ** 53n, 2n ** 64n - 1n]) await malformed(at(chainId))
  })

  it('end in no other error than PAYMENT_MALFORMED, whatever they are', async () => {
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc
        .tuple(fc.nat({ max: 7 }), fc.uint8Array({ maxLength: 400 }))
        .map(([kind, rest]) => new Uint8Array([kind, ...rest])),
      somePayment.chain((payment) => {
        const bytes = encodePayment(payment)
        return fc.tuple(fc.nat({ max: bytes.length - 1 }), fc.nat({ max: 255 })).map(([index, value]) => {
          const bent = bytes.slice()
          bent[index] = value
          return bent
        })
      }),
    )
    await fc.assert(
      fc.asyncProperty(anything, async (bytes) => {
        expect(await codeOf(() => decodePayment(bytes))).to.be.oneOf([undefined, 'PAYMENT_MALFORMED'])
        expect(await codeOf(() => decodePayment(Buffer.from(bytes)))).to.be.oneOf([undefined, 'PAYMENT_MALFORMED'])
      }),
      { numRuns: 2_000 },
    )
  })

  it('name the channel by the hash of its descriptor, not by what somebody says', () => {
    const channel = channelTo()
    const lie: Channel = { ...channel, id: bytes32('another channel') }
    const payment = decodePayment(encodePayment({ channelId: lie.id, channel: lie, voucher }))
    expect(payment.channelId).to.equal(channel.id)
    expect(payment.channel?.id).to.equal(channel.id)
  })

  it('share no memory with what was read from them', () => {
    const bytes = Buffer.from(encodePayment({ channelId: bytes32('id'), tick }))
    const payment = decodePayment(bytes)
    bytes.fill(0)
    expect(payment).to.deep.equal({ channelId: bytes32('id'), tick })
  })

  it('are not written where a number does not fit', async () => {
    const channel = channelTo()
    const id = channel.id
    const wrong: Payment[] = [
      { channelId: id, voucher: { ...voucher, total: 2n ** 96n } },
      { channelId: id, voucher: { ...voucher, total: -1n } },
      { channelId: id, voucher: { ...voucher, tickAmount: 2n ** 100n } },
      { channelId: id, voucher: { ...voucher, maxTicks: 65_536 } },
      { channelId: id, tick: { ...tick, count: 65_536 } },
      { channelId: id, tick: { ...tick, count: -1 } },
      { channelId: id, tick: { ...tick, count: 1.5 } },
      { channelId: id, channel: { ...channel, flags: 256 }, tick },
      { channelId: id, channel: { ...channel, exitDelay: 2 ** 40 }, tick },
    ]
    for (const payment of wrong) {
      const { code } = await refusal(() => encodePayment(payment))
      expect(code).to.equal('INVALID_ARGUMENT')
    }
    expect(hexToBytes(id).length).to.equal(32)
  })
})
