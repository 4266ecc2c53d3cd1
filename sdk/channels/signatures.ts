import { secp256k1 } from '@noble/curves/secp256k1'
import { keccak_256 } from '@noble/hashes/sha3'
import { concatBytes } from '@noble/hashes/utils'
import type { Address, Hex } from 'viem'
import { fromHex, toHex } from './bytes.ts'

/** Whoever can sign a 32-byte hash with a secp256k1 key: viem's local accounts do. */
export type VoucherSigner = {
  readonly address: Address
  /** Returns 65 bytes: r, s, v. */
  sign(parameters: { hash: Hex }): Promise<Hex>
}

/** A signature in the 64 bytes of ERC-2098. */
export type CompactSignature = { readonly r: Hex; readonly vs: Hex }

/** Folds the parity of a 65-byte signature into the top bit of s (ERC-2098). */
export function compactSignature(signature: Hex): CompactSignature {
  const bytes = fromHex(signature)
  const vs = bytes.slice(32, 64)
  const v = bytes[64] ?? 0
  const parity = v >= 27 ? v - 27 : v
  vs[0] = (vs[0] ?? 0) | (parity << 7)
  return { r: toHex(bytes.slice(0, 32)), vs: toHex(vs) }
}

/** Whose signature of the digest this is, in lower case; nothing where it is invalid or its s is high, as the contract does. */
export function recoverSigner(digest: Uint8Array, { r, vs }: CompactSignature): Address | undefined {
  const s = fromHex(vs)
  const parity = (s[0] ?? 0) >> 7
  s[0] = (s[0] ?? 0) & 0x7f
  try {
    const signature = secp256k1.Signature.fromCompact(concatBytes(fromHex(r), s))
    if (signature.hasHighS()) return undefined
    const publicKey = signature.addRecoveryBit(parity).recoverPublicKey(digest).toRawBytes(false)
    return toHex(keccak_256(publicKey.slice(1)).slice(12))
  } catch {
    // noble throws where r or s is out of range or no point has this r: no signer.
    return undefined
  }
}
