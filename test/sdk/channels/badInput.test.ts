import { secp256k1 } from '@noble/curves/secp256k1'
import { type Channel, decodePayment, encodePayment, MAX_TOTAL, type Payment, type Voucher } from '@scrip/sdk/channels'
import { memoryStore } from '@scrip/sdk/store'
import { expect } from 'chai'
import { concatBytes, type Hex, keccak256, numberToHex } from 'viem'
import { codeOf } from '../errors/support/refusal.ts'
import { account, address, bytes32, channelTo, payeeOn, signChain } from './support/channels.ts'

const owner = account('owner')
const channel = channelTo({ payer: owner.address.toLowerCase() as Hex })
const DEPOSIT = 1_000n
const id = channel.id

const bare = (voucher: Voucher, tick?: Payment['tick']) =>
  encodePayment({ channelId: id, voucher, ...(tick && { tick }) })
const tickOf = (payment: Uint8Array) => {
  const { tick } = decodePayment(payment)
  if (tick === undefined) throw new Error('The payment has a tick.')
  return tick
}

/** The voucher with the other s of the same signature, which is high. */
function withHighS({ r, vs, ...terms }: Voucher): Voucher {
  const s = BigInt(vs) & (2n ** 255n - 1n)
  return { ...terms, r, vs: numberToHex(secp256k1.CURVE.n - s, { size: 32 }) }
}

/** The channel's voucher as signed for a channel that differs. */
async function signedFor(fields: Partial<Omit<Channel, 'id'>>): Promise<Uint8Array> {
  const other = channelTo({ payer: channel.payer, ...fields })
  return bare((await signChain(other, { total: 500n })).voucher)
}

describe('bad input', () => {
  const beyond = bytes32('beyond the chain')

  /** A payee that holds 100 by a voucher and 5 ticks, after a voucher of 50 whose chain is superseded. */
  const holding = async () => {
    const store = memoryStore()
    const payee = payeeOn(store)
    await payee.observe(channel, { claimed: 0n, deposit: DEPOSIT, exitAt: 0 })
    const older = await signChain(channel, { total: 50n })
    const chain = await signChain(channel, { total: 95n, seed: keccak256(beyond) })
    await payee.accept(older.payment(2))
    await payee.accept(chain.payment(5))
    return { store, payee, older, chain }
  }
  type Holding = Awaited<ReturnType<typeof holding>>

  const rows: Record<string, [code: string, make: (held: Holding) => Promise<Uint8Array> | Uint8Array]> = {
    'a voucher with a lower total': [
      'STALE_PAYMENT',
      async () => bare((await signChain(channel, { total: 99n })).voucher),
    ],
    'the voucher before': ['STALE_PAYMENT', ({ older }) => bare(older.voucher)],
    'a voucher of nothing': ['PAYMENT_MALFORMED', async () => bare((await signChain(channel, { total: 0n })).voucher)],
    'a voucher above the deposit': [
      'DEPOSIT_EXCEEDED',
      async () => bare((await signChain(channel, { total: DEPOSIT + 1n })).voucher),
    ],
    'a voucher of all that there is': [
      'DEPOSIT_EXCEEDED',
      async () => bare((await signChain(channel, { total: MAX_TOTAL, tickAmount: MAX_TOTAL })).voucher),
    ],
    'a voucher whose ticks lead above the deposit': [
      'DEPOSIT_EXCEEDED',
      async () => (await signChain(channel, { total: DEPOSIT - 2n })).payment(3),
    ],
    'a voucher of another chain': ['INVALID_VOUCHER', () => signedFor({ chainId: 1 })],
    'a voucher of another hub': ['INVALID_VOUCHER', () => signedFor({ contract: address('another hub') })],
    'a voucher of another channel': ['INVALID_VOUCHER', () => signedFor({ salt: bytes32('another channel') })],
    'a channel of another chain': [
      'WRONG_CHANNEL',
      async () => (await signChain(channelTo({ chainId: 1 }), { total: 500n })).payment(),
    ],
    'a channel of another hub': [
      'WRONG_CHANNEL',
      async () => (await signChain(channelTo({ contract: address('another hub') }), { total: 500n })).payment(),
    ],
    'a channel with unknown flags': [
      'WRONG_CHANNEL',
      async () => (await signChain(channelTo({ flags: 2 }), { total: 500n })).payment(),
    ],
    'a channel that nobody opened': [
      'DEPOSIT_EXCEEDED',
      async () => (await signChain(channelTo({ salt: bytes32('nobody opened it') }), { total: 500n })).payment(),
    ],
    'a truncated voucher': [
      'PAYMENT_MALFORMED',
      async () => bare((await signChain(channel, { total: 500n })).voucher).slice(0, -1),
    ],
    'a padded voucher': [
      'PAYMENT_MALFORMED',
      async () => concatBytes([bare((await signChain(channel, { total: 500n })).voucher), new Uint8Array(1)]),
    ],
    'a voucher with a high s': [
      'INVALID_VOUCHER',
      async () => bare(withHighS((await signChain(channel, { total: 500n })).voucher)),
    ],
    'a voucher from the owner in place of the signer': [
      'INVALID_VOUCHER',
      async () => bare((await signChain(channel, { total: 500n, signer: owner })).voucher),
    ],
    'a voucher from nobody': [
      'INVALID_VOUCHER',
      ({ chain }) => bare({ ...chain.voucher, total: 500n, r: `0x${'00'.repeat(32)}`, vs: `0x${'00'.repeat(32)}` }),
    ],
    'a tick beyond the limit': [
      'INVALID_TICK',
      () => encodePayment({ channelId: id, tick: { count: 17, preimage: beyond } }),
    ],
    'a tick beyond the limit, with its voucher': [
      'INVALID_TICK',
      ({ chain }) => bare(chain.voucher, { count: 17, preimage: beyond }),
    ],
    'a tick of the superseded voucher': ['INVALID_TICK', ({ older }) => older.tick(16)],
    'a tick of another hash chain': ['INVALID_TICK', async () => (await signChain(channel, { total: 95n })).tick(6)],
    'a tick of another hash chain, with the voucher': [
      'INVALID_TICK',
      ({ chain, older }) => bare(chain.voucher, tickOf(older.tick(6))),
    ],
    'a tick that says one more than it is': [
      'INVALID_TICK',
      ({ chain }) => encodePayment({ channelId: id, tick: { ...tickOf(chain.tick(6)), count: 7 } }),
    ],
    'a tick of a channel that nobody introduced': [
      'UNKNOWN_CHANNEL',
      ({ chain }) => encodePayment({ channelId: bytes32('who knows'), tick: tickOf(chain.tick(6)) }),
    ],
  }

  for (const [what, [code, make]] of Object.entries(rows)) {
    it(`${what} is ${code}, whatever is stated with it, and leaves no trace`, async () => {
      const held = await holding()
      const { store, payee, chain } = held
      const before = await store.all('payees')
      const standing = await payee.standing(id)
      const payment = await make(held)
      for (const statement of [{}, { amount: 1n }, { amount: 1_000_000n, arrived: 0n }, { amount: 1n, arrived: 99n }])
        expect(await codeOf(() => payee.accept(payment, { ...statement, hold: 'rest' }))).to.equal(code)
      expect(await store.all('payees')).to.deep.equal(before)
      expect(await payee.standing(id)).to.deep.equal(standing)
      expect(await payee.accept(chain.tick(6))).to.include({ added: 1n, accepted: 101n })
    })
  }

  it('of a channel that is being left is CHANNEL_EXITING where it pays more, and leaves no trace', async () => {
    const { store, payee, chain } = await holding()
    await payee.observe(channel, { claimed: 0n, deposit: DEPOSIT, exitAt: 1_900_000_000 })
    const before = await store.all('payees')
    const voucher = bare((await signChain(channel, { total: 500n })).voucher)
    for (const payment of [chain.tick(6), voucher])
      expect(await codeOf(() => payee.accept(payment, { amount: 1n, hold: 'rest' }))).to.equal('CHANNEL_EXITING')
    expect(await store.all('payees')).to.deep.equal(before)
  })
})
