import { libauthSignatures } from './libauth.ts'
import { nativeSignatures } from './native.ts'
import { nobleSignatures, type Signatures } from './Signatures.ts'

/** The fastest signatures that this machine has: an add-on, WebAssembly, or else JavaScript. `#crypto` in Node. */
export async function findSignatures(): Promise<Signatures> {
  return nativeSignatures()
    .catch(libauthSignatures)
    .catch(() => nobleSignatures)
}
