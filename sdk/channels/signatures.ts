import { secp256k1 } from '@noble/curves/secp256k1'
import { keccak_256 } from '@noble/hashes/sha3'
import { concatBytes } from '@noble/hashes/utils'
import type { Address, Hex } from 'viem'
import { ScripError } from '../errors/ScripError.ts'
import { fromHex, fromNumber, toHex } from './bytes.ts'

/** Whoever can sign a 32-byte hash with a secp256k1 key: viem's local accounts do. */
export type VoucherSigner = {
  readonly address: Address
  /** Returns 65 bytes: r, s, v. */
  sign(parameters: { hash: Hex }): Promise<Hex>
}

/** A signature in the 64 bytes of ERC-2098. */
export type CompactSignature = { readonly r: Hex; readonly vs: Hex }

/**
 * Folds a 65-byte signature into the form of ERC-2098. Of the two values that s can have it gets the low one, which is all
 * that the contract takes: hardware often signs with the high one.
 * @throws `INVALID_ARGUMENT` where it is no signature
 */
export function compactSignature(signature: Hex): CompactSignature {
  const [, halves, v] = /^0x([0-9a-f]{128})(00|01|1b|1c)$/i.exec(signature) ?? []
  if (halves === undefined || v === undefined) throw unusable()
  const parsed = parse(halves)
  const { r, s } = parsed.normalizeS()
  const isOdd = v === '01' || v.toLowerCase() === '1c'
  const parity = isOdd !== parsed.hasHighS() ? 1n : 0n
  return { r: toHex(fromNumber(r, 32)), vs: toHex(fromNumber(s | (parity << 255n), 32)) }
}

function parse(halves: string) {
  try {
    return secp256k1.Signature.fromCompact(halves)
  } catch (cause) {
    throw unusable(cause)
  }
}

function unusable(cause?: unknown): ScripError {
  return new ScripError('INVALID_ARGUMENT', {
    detail: 'The signer returned something other than 65 bytes of r, s and v.',
    cause,
  })
}

/** Whose signature of the digest this is, in lower case; nothing where it is invalid or its s is high, as the contract does. */
export function recoverSigner(digest: Uint8Array, { r, vs }: CompactSignature): Address | undefined {
  try {
    const s = fromHex(vs)
    if (s.length !== 32) return undefined
    const parity = (s[0] ?? 0) >> 7
    s[0] = (s[0] ?? 0) & 0x7f
    const signature = secp256k1.Signature.fromCompact(concatBytes(fromHex(r), s))
    if (signature.hasHighS()) return undefined
    const publicKey = signature.addRecoveryBit(parity).recoverPublicKey(digest).toRawBytes(false)
    return toHex(keccak_256(publicKey.slice(1)).slice(12))
  } catch {
    // noble throws where r or s is out of range or no hexadecimal, or where no point has this r: no signer.
    return undefined
  }
}
