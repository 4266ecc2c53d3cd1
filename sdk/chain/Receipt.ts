import { type Address, type Hex, hashTypedData, recoverAddress } from 'viem'
import { historyDomain, historyMessages } from './historyMessages.ts'

/**
 * What two peers state together that one served to the other without being paid through a channel. Cumulative: a newer one,
 * in which neither `served` nor `count` is lower, replaces an older one. `IInteractionHistory.Receipt`.
 */
export type Receipt = {
  readonly networkId: bigint
  readonly consumer: Address
  readonly provider: Address
  /** The total ever served so, in the network's unit of value; below 2^96. */
  readonly served: bigint
  /** How often; below 2^32. */
  readonly count: number
}

/** A receipt with both peers' signatures, each of 65 bytes or what a contract wallet takes. Anyone may record it. */
export type SignedReceipt = {
  readonly receipt: Receipt
  readonly consumerSig: Hex
  readonly providerSig: Hex
}

/**
 * A receipt as EIP-712 typed data on a chain: what viem's `signTypedData`, `verifyTypedData` and `hashTypedData` take, and what
 * a wallet shows.
 */
export function receiptTypedData({ chainId, receipt }: { chainId: number; receipt: Receipt }) {
  const { Receipt } = historyMessages
  return { domain: historyDomain(chainId), types: { Receipt }, primaryType: 'Receipt', message: receipt } as const
}

/** Half of the order of secp256k1: above it s is high, and the contract refuses the signature. */
const HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n

/**
 * Whose key made a plain signature of a receipt, without asking a chain; nothing where it is none that the contract takes:
 * another length, a high s. It is the peer itself, or a receipt signer of its own.
 */
export async function recoverReceiptSigner(parameters: {
  chainId: number
  receipt: Receipt
  signature: Hex
}): Promise<Address | undefined> {
  const { signature } = parameters
  const [, s] = /^0x[0-9a-f]{64}([0-9a-f]{64})1[bc]$/i.exec(signature) ?? []
  if (s === undefined || BigInt(`0x${s}`) > HALF_ORDER) return undefined
  const hash = hashTypedData(receiptTypedData(parameters))
  // A point that is not on the curve is nobody's.
  return recoverAddress({ hash, signature }).catch(() => undefined)
}
