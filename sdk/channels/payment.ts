import { concatBytes } from '@noble/hashes/utils'
import type { Hex } from 'viem'
import { ScripError } from '../errors/ScripError.ts'
import { fromHex, fromNumber, toHex, toNumber } from './bytes.ts'
import { type Channel, MAX_TICKS, type Tick, type Voucher } from './Channel.ts'
import { channelId } from './hashes.ts'

/**
 * What travels from payer to payee. The first payment on a channel introduces it by its descriptor, later ones name its
 * id; a voucher, a tick of the newest voucher, or both follow.
 */
export type Payment = {
  readonly channelId: Hex
  readonly channel?: Channel
  readonly voucher?: Voucher
  readonly tick?: Tick
}

const HAS_CHANNEL = 1
const HAS_VOUCHER = 2
const HAS_TICK = 4
const KNOWN_BITS = HAS_CHANNEL | HAS_VOUCHER | HAS_TICK

/**
 * The bytes of a payment: one byte that says which parts follow, then the parts, numbers big-endian.
 *
 * | part    | fields (bytes) |
 * | ------- | -------------- |
 * | id      | channel id (32); where no descriptor follows |
 * | channel | chain id (8), contract, payer, payee, token, signer (20 each), exit delay (5), flags (1), salt (32) |
 * | voucher | total (12), tick root (32), tick amount (12), most ticks (2), r (32), vs (32) |
 * | tick    | count (2), preimage (32) |
 *
 * A tick alone takes 67 bytes, 90 characters in base64url.
 */
export function encodePayment({ channelId: id, channel, voucher, tick }: Payment): Uint8Array {
  const bits = (channel ? HAS_CHANNEL : 0) | (voucher ? HAS_VOUCHER : 0) | (tick ? HAS_TICK : 0)
  const parts: Uint8Array[] = [new Uint8Array([bits])]
  if (channel === undefined) parts.push(fromHex(id))
  else {
    parts.push(fromNumber(channel.chainId, 8), fromHex(channel.contract), fromHex(channel.payer))
    parts.push(fromHex(channel.payee), fromHex(channel.token), fromHex(channel.signer))
    parts.push(fromNumber(channel.exitDelay, 5), fromNumber(channel.flags, 1), fromHex(channel.salt))
  }
  if (voucher !== undefined) {
    parts.push(fromNumber(voucher.total, 12), fromHex(voucher.tickRoot), fromNumber(voucher.tickAmount, 12))
    parts.push(fromNumber(voucher.maxTicks, 2), fromHex(voucher.r), fromHex(voucher.vs))
  }
  if (tick !== undefined) parts.push(fromNumber(tick.count, 2), fromHex(tick.preimage))
  return concatBytes(...parts)
}

/**
 * Reads a payment.
 * @throws `PAYMENT_MALFORMED` where the bytes are not exactly one payment.
 */
export function decodePayment(bytes: Uint8Array): Payment {
  let offset = 0
  const take = (size: number): Uint8Array => {
    if (offset + size > bytes.length) throw malformed(`The payment ends after ${bytes.length} bytes, in the middle.`)
    offset += size
    return bytes.slice(offset - size, offset)
  }
  const hex = (size: number) => toHex(take(size))
  const number = (size: number) => toNumber(take(size))

  const bits = take(1)[0] ?? 0
  if ((bits & ~KNOWN_BITS) !== 0) throw malformed(`The payment starts with an unknown kind, ${bits}.`)
  if ((bits & (HAS_VOUCHER | HAS_TICK)) === 0) throw malformed('The payment has neither a voucher nor a tick.')

  let channel: Channel | undefined
  let id: Hex
  if (bits & HAS_CHANNEL) {
    const descriptor = {
      chainId: safeChainId(number(8)),
      contract: hex(20),
      payer: hex(20),
      payee: hex(20),
      token: hex(20),
      signer: hex(20),
      exitDelay: Number(number(5)),
      flags: Number(number(1)),
      salt: hex(32),
    }
    id = channelId(descriptor)
    channel = { id, ...descriptor }
  } else id = hex(32)

  const voucher =
    bits & HAS_VOUCHER
      ? {
          total: number(12),
          tickRoot: hex(32),
          tickAmount: number(12),
          maxTicks: Number(number(2)),
          r: hex(32),
          vs: hex(32),
        }
      : undefined
  const tick = bits & HAS_TICK ? { count: Number(number(2)), preimage: hex(32) } : undefined

  if (offset !== bytes.length) throw malformed(`${bytes.length - offset} bytes follow the payment.`)
  if (voucher && voucher.maxTicks > MAX_TICKS) throw malformed(`The voucher allows ${voucher.maxTicks} ticks.`)
  if (tick && tick.count === 0) throw malformed('The tick pays for nothing.')
  return { channelId: id, ...(channel && { channel }), ...(voucher && { voucher }), ...(tick && { tick }) }
}

function safeChainId(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed(`The chain id ${value} is too large.`)
  return Number(value)
}

function malformed(detail: string): ScripError {
  return new ScripError('PAYMENT_MALFORMED', { detail })
}
