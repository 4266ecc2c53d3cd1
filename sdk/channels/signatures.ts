import { secp256k1 } from '@noble/curves/secp256k1'
import type { Address, Hex } from 'viem'
import { ScripError } from '../errors/ScripError.ts'
import { fromHex, fromNumber, toHex, writeHex } from './bytes.ts'
import { fastestSignatures, presentSignatures } from './crypto/fastest.ts'
import { keccak256 } from './crypto/Keccak.ts'
import type { Signatures } from './crypto/Signatures.ts'

/** Whoever can sign a 32-byte hash with a secp256k1 key: viem's local accounts do, `privateKeySigner` does it faster. */
export type VoucherSigner = {
  readonly address: Address
  /** Returns 65 bytes: r, s, v. */
  sign(parameters: { hash: Hex }): Promise<Hex>
}

/** A signature in the 64 bytes of ERC-2098. */
export type CompactSignature = { readonly r: Hex; readonly vs: Hex }

/**
 * A signer from its 32-byte private key. It signs with the fastest means of the machine, 5 to 10 times faster in Node
 * than an account of viem with the same key, and gives the same signatures.
 * @throws `INVALID_ARGUMENT` where the key is none
 */
export function privateKeySigner(privateKey: Hex): VoucherSigner {
  const key = new Uint8Array(32)
  if (!writeHex(privateKey, key, 0, 32) || !secp256k1.utils.isValidPrivateKey(key)) {
    // What was given is not repeated: it may be most of a key.
    throw new ScripError('INVALID_ARGUMENT', {
      detail: 'A private key is 32 bytes, not zero, below the curve’s order.',
    })
  }
  return {
    address: addressOf(secp256k1.getPublicKey(key, false)),
    async sign({ hash }) {
      const digest = fromHex(hash)
      if (digest.length !== 32) throw new ScripError('INVALID_ARGUMENT', { detail: 'What is signed has 32 bytes.' })
      const signature = (await fastestSignatures()).sign(digest, key)
      signature[64] = 27 + (signature[64] as number)
      return toHex(signature)
    },
  }
}

/** The package that makes and checks signatures on this machine, once it is loaded: what a server's log should name. */
export async function signatureProvider(): Promise<Signatures['name']> {
  return (await fastestSignatures()).name
}

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
export function recoverSigner(digest: Uint8Array, signature: CompactSignature): Address | undefined {
  return recoverSignerWith(presentSignatures(), digest, signature)
}

/** `recoverSigner` by certain means. */
export function recoverSignerWith(
  signatures: Signatures,
  digest: Uint8Array,
  signature: CompactSignature,
): Address | undefined {
  const bytes = unpack(digest, signature)
  const publicKey = bytes && signatures.recover(digest, bytes)
  return publicKey && addressOf(publicKey)
}

/** The public keys of signers seen before, by address. An address is the hash of its key, so none is ever the wrong one. */
const publicKeys = new Map<Address, Uint8Array>()

/** Strangers sign, too: the keys take at most some 300 kB. */
const MOST_PUBLIC_KEYS = 1_024

/**
 * Whether the signer, given in lower case, made the r and s of a signature. Much faster than `recoverSigner` once its public
 * key was seen, and as strict but for the parity, which follows from the rest: `withParity` corrects it for the chain.
 */
export function isSignedBy(signer: Address, digest: Uint8Array, signature: CompactSignature): boolean {
  return isSignedByWith(presentSignatures(), signer, digest, signature)
}

/** `isSignedBy` by certain means. */
export function isSignedByWith(
  signatures: Signatures,
  signer: Address,
  digest: Uint8Array,
  signature: CompactSignature,
): boolean {
  const bytes = unpack(digest, signature)
  if (bytes === undefined) return false
  const known = publicKeys.get(signer)
  if (known !== undefined) return signatures.verify(digest, bytes, known)
  for (const parity of [0, 1]) {
    bytes[64] = parity
    const publicKey = signatures.recover(digest, bytes)
    if (publicKey === undefined || addressOf(publicKey) !== signer) continue
    if (publicKeys.size === MOST_PUBLIC_KEYS) publicKeys.clear()
    publicKeys.set(signer, publicKey)
    return true
  }
  return false
}

/** A signature by which `isSignedBy` knows the signer, with the one parity by which the contract knows it, too. */
export function withParity(signer: Address, digest: Uint8Array, { r, vs }: CompactSignature): CompactSignature {
  if (recoverSigner(digest, { r, vs }) === signer) return { r, vs }
  const bytes = fromHex(vs)
  bytes[0] = (bytes[0] as number) ^ 0x80
  return { r, vs: toHex(bytes) }
}

/** r, s and parity in 65 bytes; nothing where the form is wrong or s is high. */
function unpack(digest: Uint8Array, { r, vs }: CompactSignature): Uint8Array | undefined {
  const bytes = new Uint8Array(65)
  if (digest.length !== 32 || !writeHex(r, bytes, 0, 32) || !writeHex(vs, bytes, 32, 32)) return undefined
  const first = bytes[32] as number
  bytes[32] = first & 0x7f
  bytes[64] = first >> 7
  return isHigh(bytes) ? undefined : bytes
}

/** Half of the curve's order, rounded down: the highest s that is low. */
const HALF = fromNumber(secp256k1.CURVE.n >> 1n, 32)

function isHigh(signature: Uint8Array): boolean {
  for (let at = 0; at < 32; at++) {
    const byte = signature[32 + at] as number
    if (byte !== HALF[at]) return byte > (HALF[at] as number)
  }
  return false
}

/** The address of a public key of 65 bytes. */
function addressOf(publicKey: Uint8Array): Address {
  return toHex(keccak256(publicKey.subarray(1)).subarray(12))
}
