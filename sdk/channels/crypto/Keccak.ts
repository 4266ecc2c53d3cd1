import { keccak_256 } from '@noble/hashes/sha3'
import { keccakWasm } from './keccakWasm.ts'

/** Keccak-256 without allocations: input and output lie in one piece of memory, in which all that follows are offsets. */
export type Keccak = {
  /** Room for `SCRATCH_SIZE` bytes. */
  readonly scratch: Uint8Array
  /** Hashes `length` bytes at `input` and writes the 32 bytes of the hash to `output`. */
  hash(input: number, length: number, output: number): void
  /** Hashes the 32 bytes at `at` in place, `count` times. */
  walk(at: number, count: number): void
}

/** As `keccak/keccak.ts` says. */
const SCRATCH_SIZE = 1_024

/** Who writes where in the scratch memory: each has a part of its own, so that what is preset there stays. */
export const INPUT = 0
export const INPUT_SIZE = 512
export const VOUCHER = INPUT + INPUT_SIZE
export const DIGEST = VOUCHER + 192
export const TICK = DIGEST + 66

/** What `keccak/keccak.ts` exports. */
type Exports = {
  memory: WebAssembly.Memory
  scratch: WebAssembly.Global<'i32'>
  hash: Keccak['hash']
  walk: Keccak['walk']
}

/** The one in WebAssembly. It is small enough to be compiled on a browser's main thread, and at once. */
export function wasmKeccak(): Keccak {
  const bytes = Uint8Array.from(atob(keccakWasm), (character) => character.charCodeAt(0))
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes))
  const { memory, scratch, hash, walk } = instance.exports as Exports
  const start = scratch.value
  return {
    scratch: new Uint8Array(memory.buffer, start, SCRATCH_SIZE),
    hash: (input, length, output) => hash(start + input, length, start + output),
    walk: (at, count) => walk(start + at, count),
  }
}

/** The one in JavaScript, fifteen times slower. */
export function nobleKeccak(): Keccak {
  const scratch = new Uint8Array(SCRATCH_SIZE)
  const hash: Keccak['hash'] = (input, length, output) =>
    scratch.set(keccak_256(scratch.subarray(input, input + length)), output)
  return {
    scratch,
    hash,
    walk: (at, count) => {
      for (let step = 0; step < count; step++) hash(at, 32, at)
    },
  }
}

/** The faster one that works here: a page's Content-Security-Policy can forbid WebAssembly, and so can Node's --jitless. */
function fasterKeccak(): Keccak {
  try {
    return wasmKeccak()
  } catch {
    return nobleKeccak()
  }
}

export const keccak: Keccak = /* @__PURE__ */ fasterKeccak()

/** The hash of at most 512 bytes. */
export function keccak256(bytes: Uint8Array): Uint8Array {
  keccak.scratch.set(bytes, INPUT)
  keccak.hash(INPUT, bytes.length, INPUT)
  return keccak.scratch.slice(INPUT, INPUT + 32)
}
