import type { Hex } from 'viem'
import { ScripError } from '../errors/ScripError.ts'
import { equalsHex, writeHex } from './bytes.ts'
import type { Tick, Voucher } from './Channel.ts'
import { keccak, TICK } from './crypto/Keccak.ts'

const { scratch } = keccak

/**
 * Hashes a preimage of 32 bytes `count` times. `Ticks.root` in the contracts.
 * @throws `INVALID_ARGUMENT` where the preimage has another length
 */
export function walkTicks(preimage: Uint8Array, count: number): Uint8Array {
  place(preimage)
  return walk(count)
}

/**
 * Whether a preimage of 32 bytes, hashed `count` times, gives the other 32 bytes. As fast as a tick can be checked: nothing
 * is allocated, and nothing spelled in hexadecimal.
 * @throws `INVALID_ARGUMENT` where the preimage has another length
 */
export function isPreimage(preimage: Uint8Array, count: number, root: Uint8Array): boolean {
  place(preimage)
  keccak.walk(TICK, count)
  let difference = root.length ^ 32
  for (let at = 0; at < 32; at++) difference |= (scratch[TICK + at] as number) ^ (root[at] as number)
  return difference === 0
}

/**
 * A whole hash chain from its seed: entry `i` is the preimage that pays for `i` ticks, entry 0 the root. The seed must be
 * 32 fresh random bytes, never derived and never used again: a preimage revealed under one voucher must be worthless
 * under every other.
 * @throws `INVALID_ARGUMENT` where the seed has another length
 */
export function tickChain(seed: Uint8Array, maxTicks: number): Uint8Array[] {
  const chain: Uint8Array[] = new Array(maxTicks + 1)
  chain[maxTicks] = seed
  place(seed)
  for (let ticks = maxTicks - 1; ticks >= 0; ticks--) chain[ticks] = walk(1)
  return chain
}

/**
 * Whether a tick belongs to a voucher's hash chain. With another tick of the chain known, only the hashes between the two
 * are needed.
 */
export function isTickOf(
  voucher: Pick<Voucher, 'tickRoot' | 'maxTicks'>,
  tick: Tick,
  known: Tick = { count: 0, preimage: voucher.tickRoot },
): boolean {
  if (tick.count > voucher.maxTicks) return false
  return tick.count > known.count
    ? leadsTo(tick.preimage, tick.count - known.count, known.preimage)
    : leadsTo(known.preimage, known.count - tick.count, tick.preimage)
}

/** Whether a preimage, hashed `count` times, gives the other. */
function leadsTo(deep: Hex, count: number, shallow: Hex): boolean {
  if (!writeHex(deep, scratch, TICK, 32)) return false
  keccak.walk(TICK, count)
  return equalsHex(shallow, scratch, TICK, 32)
}

function place(value: Uint8Array): void {
  if (value.length !== 32) {
    throw new ScripError('INVALID_ARGUMENT', {
      detail: `A tick has 32 bytes, not ${value.length}.`,
      values: { length: value.length },
    })
  }
  scratch.set(value, TICK)
}

function walk(count: number): Uint8Array {
  keccak.walk(TICK, count)
  return scratch.slice(TICK, TICK + 32)
}
