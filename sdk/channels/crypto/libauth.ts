import { instantiateSecp256k1 } from '@bitauth/libauth/build/lib/crypto/secp256k1.js'
import { concatBytes } from '@noble/hashes/utils'
import type { Signatures } from './Signatures.ts'

/** libsecp256k1 in WebAssembly. Rejects where WebAssembly is not allowed. */
export async function libauthSignatures(): Promise<Signatures> {
  const secp256k1 = await instantiateSecp256k1()
  return {
    name: '@bitauth/libauth',
    sign(digest, privateKey) {
      const signed = secp256k1.signMessageHashRecoverableCompact(privateKey, digest)
      if (typeof signed === 'string') throw new Error(signed)
      return concatBytes(signed.signature, Uint8Array.of(signed.recoveryId))
    },
    recover(digest, signature) {
      const parity = signature[64] as 0 | 1
      const publicKey = secp256k1.recoverPublicKeyUncompressed(signature.subarray(0, 64), parity, digest)
      // What it returns as text is why the signature is nobody's.
      return typeof publicKey === 'string' ? undefined : publicKey
    },
    verify(digest, signature, publicKey) {
      return secp256k1.verifySignatureCompactLowS(signature.subarray(0, 64), publicKey, digest)
    },
  }
}
