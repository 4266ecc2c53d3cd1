import { concatBytes } from '@noble/hashes/utils'
import type { Signatures } from './Signatures.ts'

/** What is used of the package. */
type Addon = {
  ecdsaSign(digest: Uint8Array, privateKey: Uint8Array): { signature: Uint8Array; recid: number }
  ecdsaRecover(signature: Uint8Array, recid: number, digest: Uint8Array, compressed: boolean): Uint8Array
  ecdsaVerify(signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array): boolean
}

/**
 * The part of the package that needs the add-on. Its main module is no use: where no add-on fits the machine, that takes
 * `elliptic` without a word, which is slower than everything else here. A name in a variable, so that no bundler looks
 * for a package that few install.
 */
const bindings: string = 'secp256k1/bindings.js'

/** libsecp256k1 as an add-on of Node. Rejects where the package is not installed, or has no add-on for this machine. */
export async function nativeSignatures(): Promise<Signatures> {
  const { default: addon } = (await import(bindings)) as { default: Addon }
  return {
    name: 'secp256k1',
    sign(digest, privateKey) {
      const { signature, recid } = addon.ecdsaSign(digest, privateKey)
      return concatBytes(signature, Uint8Array.of(recid))
    },
    recover(digest, signature) {
      try {
        return addon.ecdsaRecover(signature.subarray(0, 64), signature[64] as number, digest, false)
      } catch {
        // r or s is out of range, or no point has this r.
        return undefined
      }
    },
    verify(digest, signature, publicKey) {
      try {
        return addon.ecdsaVerify(signature.subarray(0, 64), digest, publicKey)
      } catch {
        // r or s is out of range.
        return false
      }
    },
  }
}
