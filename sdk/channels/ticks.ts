import { keccak_256 } from '@noble/hashes/sha3'
import { fromHex, toHex } from './bytes.ts'
import type { Tick, Voucher } from './Channel.ts'

/** Hashes a preimage `count` times. `Ticks.root` in the contracts. */
export function walkTicks(preimage: Uint8Array, count: number): Uint8Array {
  let value = preimage
  for (let step = 0; step < count; step++) value = keccak_256(value)
  return value
}

/**
 * A whole hash chain from its seed: entry `i` is the preimage that pays for `i` ticks, entry 0 the root. The seed must be
 * 32 fresh random bytes, never derived and never used again: a preimage revealed under one voucher must be worthless
 * under every other.
 */
export function tickChain(seed: Uint8Array, maxTicks: number): Uint8Array[] {
  const chain: Uint8Array[] = new Array(maxTicks + 1)
  let value = seed
  for (let ticks = maxTicks; ticks > 0; ticks--) {
    chain[ticks] = value
    value = keccak_256(value)
  }
  chain[0] = value
  return chain
}

/**
 * Whether a tick belongs to a voucher's hash chain. With another tick of the chain known, only the hashes between the two
 * are needed.
 */
export function isTickOf(
  voucher: Voucher,
  tick: Tick,
  known: Tick = { count: 0, preimage: voucher.tickRoot },
): boolean {
  if (tick.count > voucher.maxTicks) return false
  const [deep, shallow] = tick.count > known.count ? [tick, known] : [known, tick]
  return toHex(walkTicks(fromHex(deep.preimage), deep.count - shallow.count)) === shallow.preimage
}
