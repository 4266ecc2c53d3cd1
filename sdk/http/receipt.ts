import { keccak_256 } from '@noble/hashes/sha3'
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils'
import type { Address, Hex } from 'viem'
import { fromHex, fromNumber } from '../channels/bytes.ts'

/** What a payee says that it served and charged for one request. */
export type Receipt = {
  readonly chainId: number
  /** The `PaymentChannels` contract. */
  readonly contract: Address
  readonly channelId: Hex
  /** How the payee named the answer. */
  readonly answer: string
  /** The request: `GET /some/path?query`. */
  readonly resource: string
  /** The status of the answer; 0 before it has one. */
  readonly status: number
  /** Bytes of its body that went out. */
  readonly bytes: number
  /** Base units that were charged for it. */
  readonly charged: bigint
  /** Unix seconds: when it was over, or now where it is not. */
  readonly at: number
  /** Whether it is over: what was charged for it does not change any more. */
  readonly isFinal: boolean
  /** The payee's signature of `receiptDigest`, 65 bytes; absent where the payee signs none. */
  readonly signature?: Hex
}

const hashText = (text: string) => keccak_256(utf8ToBytes(text))
const word = (value: bigint | number) => fromNumber(value, 32)

/**
 * What a payee signs, by EIP-712: `ServiceReceipt(bytes32 channelId,string answer,string resource,uint16 status,uint64
 * bytes,uint96 charged,uint40 at,bool isFinal)` under the domain `Scrip Service Receipt`, version 1, with the chain and the
 * `PaymentChannels` contract.
 * @throws `INVALID_ARGUMENT` where a field does not fit its type
 */
export function receiptDigest(receipt: Receipt): Uint8Array {
  const domain = keccak_256(
    concatBytes(
      hashText('EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)'),
      hashText('Scrip Service Receipt'),
      hashText('1'),
      word(receipt.chainId),
      new Uint8Array(12),
      fromHex(receipt.contract),
    ),
  )
  const statement = keccak_256(
    concatBytes(
      hashText(
        'ServiceReceipt(bytes32 channelId,string answer,string resource,uint16 status,uint64 bytes,uint96 charged,uint40 at,bool isFinal)',
      ),
      fromHex(receipt.channelId),
      hashText(receipt.answer),
      hashText(receipt.resource),
      word(receipt.status),
      word(receipt.bytes),
      word(receipt.charged),
      word(receipt.at),
      word(receipt.isFinal ? 1 : 0),
    ),
  )
  return keccak_256(concatBytes(new Uint8Array([0x19, 0x01]), domain, statement))
}

/** A receipt as JSON. */
export function writeReceipt(receipt: Receipt): string {
  return JSON.stringify({ ...receipt, charged: receipt.charged.toString() })
}

/** The receipt in a JSON text; nothing where it is none. */
export function readReceipt(text: string): Receipt | undefined {
  let fields: { [name: string]: unknown }
  try {
    fields = JSON.parse(text) ?? {}
  } catch {
    return undefined
  }
  const { chainId, contract, channelId, answer, resource, status, bytes, charged, at, isFinal, signature } = fields
  const numbers = [chainId, status, bytes, at]
  const texts = [answer, resource]
  const fits =
    numbers.every((number) => Number.isSafeInteger(number) && Number(number) >= 0) &&
    texts.every((part) => typeof part === 'string') &&
    typeof isFinal === 'boolean' &&
    isHex(contract, 20) &&
    isHex(channelId, 32) &&
    /^\d{1,29}$/.test(String(charged)) &&
    (signature === undefined || isHex(signature, 65))
  if (!fits) return undefined
  return {
    chainId: Number(chainId),
    contract: String(contract) as Address,
    channelId: String(channelId) as Hex,
    answer: String(answer),
    resource: String(resource),
    status: Number(status),
    bytes: Number(bytes),
    charged: BigInt(String(charged)),
    at: Number(at),
    isFinal,
    ...(signature !== undefined && { signature: String(signature) as Hex }),
  }
}

function isHex(value: unknown, size: number): boolean {
  return typeof value === 'string' && value.length === 2 + 2 * size && /^0x[0-9a-f]+$/.test(value)
}
