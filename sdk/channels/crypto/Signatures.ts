import { secp256k1 } from '@noble/curves/secp256k1'
import { concatBytes } from '@noble/hashes/utils'

/**
 * ECDSA on secp256k1, over digests of 32 bytes. A signature is 65 bytes: r, s, and 0 or 1 for the parity of the point. A
 * public key is 65 bytes, uncompressed. Whoever asks has refused a high s before.
 */
export type Signatures = {
  /** The package that does it. */
  readonly name: 'secp256k1' | '@bitauth/libauth' | '@noble/curves'
  /** Signs with a low s and a nonce by RFC 6979. The key is valid. */
  sign(digest: Uint8Array, privateKey: Uint8Array): Uint8Array
  /** The signer's public key; nothing where the signature is nobody's. */
  recover(digest: Uint8Array, signature: Uint8Array): Uint8Array | undefined
  /** Whether r and s are by that key: a quarter faster than `recover`, and blind to the parity. */
  verify(digest: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean
}

/** Plain JavaScript, which works everywhere. */
export const nobleSignatures: Signatures = {
  name: '@noble/curves',
  sign(digest, privateKey) {
    const signature = secp256k1.sign(digest, privateKey)
    return concatBytes(signature.toCompactRawBytes(), Uint8Array.of(signature.recovery))
  },
  recover(digest, signature) {
    try {
      return secp256k1.Signature.fromCompact(signature.subarray(0, 64))
        .addRecoveryBit(signature[64] as number)
        .recoverPublicKey(digest)
        .toRawBytes(false)
    } catch {
      // r or s is out of range, or no point has this r.
      return undefined
    }
  },
  verify(digest, signature, publicKey) {
    return secp256k1.verify(signature.subarray(0, 64), digest, publicKey)
  },
}
