/**
 * Keccak-256 in AssemblyScript, for WebAssembly. `scripts/keccak.ts` compiles it. Whoever calls it puts the input into
 * `scratch` and finds the output there; nothing is ever allocated.
 */

/** Bytes of input that one permutation takes in. */
const RATE: i32 = 136
/** 25 lanes of 64 bits. */
const STATE_SIZE: i32 = 200

/** Where input and output lie: 1,024 bytes. */
export const scratch: usize = memory.data(1_024, 8)
const state: usize = memory.data(STATE_SIZE, 8)
const spare: usize = memory.data(STATE_SIZE, 8)

// biome-ignore format: two in a line, as a double round takes them
const roundConstants: usize = memory.data<u64>([
  0x0000000000000001, 0x0000000000008082,
  0x800000000000808a, 0x8000000080008000,
  0x000000000000808b, 0x0000000080000001,
  0x8000000080008081, 0x8000000000008009,
  0x000000000000008a, 0x0000000000000088,
  0x0000000080008009, 0x000000008000000a,
  0x000000008000808b, 0x800000000000008b,
  0x8000000000008089, 0x8000000000008003,
  0x8000000000008002, 0x8000000000000080,
  0x000000000000800a, 0x800000008000000a,
  0x8000000080008081, 0x8000000000008080,
  0x0000000080000001, 0x8000000080008008,
])
const roundConstantsEnd: usize = roundConstants + 24 * 8

/** Writes the hash of `length` bytes at `input` to the 32 bytes at `output`. */
export function hash(input: usize, length: i32, output: usize): void {
  memory.fill(state, 0, STATE_SIZE)
  let left = length
  for (; left >= RATE; left -= RATE, input += RATE) {
    absorb(input, RATE)
    permute()
  }
  absorb(input, left)
  store<u8>(state + left, load<u8>(state + left) ^ 0x01)
  store<u8>(state + RATE - 1, load<u8>(state + RATE - 1) ^ 0x80)
  permute()
  memory.copy(output, state, 32)
}

/** Hashes the 32 bytes at `at` in place, `count` times. */
export function walk(at: usize, count: i32): void {
  memory.copy(state, at, 32)
  for (let step = 0; step < count; step++) {
    memory.fill(state + 32, 0, STATE_SIZE - 32)
    store<u8>(state + 32, 0x01)
    store<u8>(state + RATE - 1, 0x80)
    permute()
  }
  memory.copy(at, state, 32)
}

@inline function absorb(input: usize, length: i32): void {
  for (let i = 0; i < length; i++) store<u8>(state + i, load<u8>(state + i) ^ load<u8>(input + i))
}

/** Keccak-f[1600] on `state`. */
function permute(): void {
  for (let at = roundConstants; at < roundConstantsEnd; at += 16) {
    round(state, spare, load<u64>(at))
    round(spare, state, load<u64>(at, 8))
  }
}

@inline function round(from: usize, to: usize, constant: u64): void {
  const c0 = column(from)
  const c1 = column(from + 8)
  const c2 = column(from + 16)
  const c3 = column(from + 24)
  const c4 = column(from + 32)
  const d0 = c4 ^ rotl<u64>(c1, 1)
  const d1 = c0 ^ rotl<u64>(c2, 1)
  const d2 = c1 ^ rotl<u64>(c3, 1)
  const d3 = c2 ^ rotl<u64>(c4, 1)
  const d4 = c3 ^ rotl<u64>(c0, 1)
  row(to, moved(from, 0, d0, 0), moved(from, 6, d1, 44), moved(from, 12, d2, 43), moved(from, 18, d3, 21), moved(from, 24, d4, 14), constant)
  row(to + 40, moved(from, 3, d3, 28), moved(from, 9, d4, 20), moved(from, 10, d0, 3), moved(from, 16, d1, 45), moved(from, 22, d2, 61), 0)
  row(to + 80, moved(from, 1, d1, 1), moved(from, 7, d2, 6), moved(from, 13, d3, 25), moved(from, 19, d4, 8), moved(from, 20, d0, 18), 0)
  row(to + 120, moved(from, 4, d4, 27), moved(from, 5, d0, 36), moved(from, 11, d1, 10), moved(from, 17, d2, 15), moved(from, 23, d3, 56), 0)
  row(to + 160, moved(from, 2, d2, 62), moved(from, 8, d3, 55), moved(from, 14, d4, 39), moved(from, 15, d0, 41), moved(from, 21, d1, 2), 0)
}

@inline function column(at: usize): u64 {
  return load<u64>(at) ^ load<u64>(at, 40) ^ load<u64>(at, 80) ^ load<u64>(at, 120) ^ load<u64>(at, 160)
}

@inline function moved(from: usize, lane: i32, mix: u64, bits: u64): u64 {
  return rotl<u64>(load<u64>(from + lane * 8) ^ mix, bits)
}

@inline function row(to: usize, b0: u64, b1: u64, b2: u64, b3: u64, b4: u64, constant: u64): void {
  store<u64>(to, b0 ^ (~b1 & b2) ^ constant)
  store<u64>(to, b1 ^ (~b2 & b3), 8)
  store<u64>(to, b2 ^ (~b3 & b4), 16)
  store<u64>(to, b3 ^ (~b4 & b0), 24)
  store<u64>(to, b4 ^ (~b0 & b1), 32)
}
