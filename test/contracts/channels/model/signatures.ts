import { type Address, bytesToHex, type Hex, hexToBytes, keccak256, numberToHex, size, stringToHex } from 'viem'
import { privateKeyToAddress } from 'viem/accounts'
import { fastestSignatures } from '../../../../sdk/channels/crypto/fastest.ts'

const CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

/** Who may sign: by a key, or a wallet contract by its owner's key and one byte more. */
export type Signer = {
  readonly name: string
  readonly address: Address
  readonly key: Hex
  readonly isWallet?: boolean
}

export function signerOf(name: string): Signer {
  const key = keccak256(stringToHex(name))
  return { name, address: privateKeyToAddress(key).toLowerCase() as Address, key }
}

/** Signs, and remembers who signed what: the model takes a signature for good that was made here for just that. */
export async function createSignatures() {
  const { sign } = await fastestSignatures()
  const made = new Set<string>()
  const remember = (signer: Address, digest: Hex, signature: Hex) => made.add(`${signer} ${digest} ${signature}`)

  /** Its r, its s, and the parity. */
  function signed(digest: Hex, key: Hex) {
    const bytes = sign(hexToBytes(digest), hexToBytes(key))
    const [r, s] = [bytesToHex(bytes.subarray(0, 32)), BigInt(bytesToHex(bytes.subarray(32, 64)))]
    return { r, s, parity: bytes[64] as number }
  }

  const compact = (s: bigint, parity: number) => numberToHex(s | (BigInt(parity) << 255n), { size: 32 })

  return {
    isSigned: (signer: Address, digest: Hex, signature: Hex) => made.has(`${signer} ${digest} ${signature}`),
    /** A voucher's signature, in the form of ERC-2098. */
    signVoucher(signer: Signer, digest: Hex): { r: Hex; vs: Hex } {
      const { r, s, parity } = signed(digest, signer.key)
      const vs = compact(s, parity)
      remember(signer.address, digest, `${r}${vs.slice(2)}`)
      return { r, vs }
    },
    /** A message's signature: r, s, v, and a byte more from a wallet. */
    signMessage(signer: Signer, digest: Hex): Hex {
      const { r, s, parity } = signed(digest, signer.key)
      const plain = `${r}${numberToHex(s, { size: 32 }).slice(2)}${parity === 0 ? '1b' : '1c'}` as const
      const signature = signer.isWallet === true ? (`${plain}00` as const) : plain
      remember(signer.address, digest, signature)
      return signature
    },
    /** The other signature of the same key for the same digest, which has a high s. */
    malleable(signature: Hex): Hex {
      if (size(signature) === 64) {
        const vs = BigInt(`0x${signature.slice(66)}`)
        const s = CURVE_ORDER - (vs & ((1n << 255n) - 1n))
        return `${signature.slice(0, 66)}${compact(s, Number(vs >> 255n) ^ 1).slice(2)}` as Hex
      }
      const s = CURVE_ORDER - BigInt(`0x${signature.slice(66, 130)}`)
      const v = signature.slice(130) === '1b' ? '1c' : '1b'
      return `${signature.slice(0, 66)}${numberToHex(s, { size: 32 }).slice(2)}${v}` as Hex
    },
  }
}

export type SignatureBook = Awaited<ReturnType<typeof createSignatures>>
