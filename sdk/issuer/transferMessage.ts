import { type Hex, hashTypedData, hexToBigInt, size, sliceHex } from 'viem'
import { currencyMessages } from '../chain/currencyMessages.ts'
import { fromHex } from '../channels/bytes.ts'
import { recoverSigner } from '../channels/signatures.ts'
import type { CurrencyTerms, SignedTransfer } from '../http/gatewayMessages.ts'

/** A transferFundsRequest with what it is told apart by. */
export type TransferMessage = {
  readonly request: SignedTransfer
  /** The payer in its currency. */
  readonly holder: string
  /** The payer's counter: one message has it. */
  readonly key: string
  /** The EIP-712 digest: what the message says. */
  readonly digest: Hex
}

/** What a request says, under the domain of its currency. */
export function transferMessage(request: SignedTransfer, { chainId, name }: CurrencyTerms): TransferMessage {
  const { currency, signature: _, ...message } = request
  const holder = `${currency}/${request.from}`.toLowerCase()
  return {
    request,
    holder,
    key: `${holder}/${request.messageCounter}`,
    digest: hashTypedData({
      domain: { name, version: '1', chainId, verifyingContract: currency },
      types: currencyMessages,
      primaryType: 'TransferFunds',
      message,
    }),
  }
}

/** Whether the payer's own key signed, in just the form that the contract takes: 65 bytes, v of 27 or 28, a low s. */
export function isSignedByKey({ request: { from, signature }, digest }: TransferMessage): boolean {
  if (size(signature) !== 65) return false
  const v = hexToBigInt(sliceHex(signature, 64))
  const s = hexToBigInt(sliceHex(signature, 32, 64))
  if ((v !== 27n && v !== 28n) || s >> 255n === 1n) return false
  const vs: Hex = `0x${(s | ((v - 27n) << 255n)).toString(16).padStart(64, '0')}`
  return recoverSigner(fromHex(digest), { r: sliceHex(signature, 0, 32), vs }) === from.toLowerCase()
}
