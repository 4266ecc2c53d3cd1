import { nobleSignatures, type Signatures } from './Signatures.ts'

/** A page signs now and then: 400 kB of WebAssembly would cost it more than they save. `#crypto` outside of Node. */
export async function findSignatures(): Promise<Signatures> {
  return nobleSignatures
}
