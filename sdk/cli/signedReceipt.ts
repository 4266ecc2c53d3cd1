import type { Hex } from 'viem'
import type { Receipt } from '../chain/Receipt.ts'
import { readSignedFields } from './signedFields.ts'

/** A receipt as the peers hand it to each other: signed by one of them, or by both. */
export type ReceiptFile = { readonly kind: 'receipt'; readonly chainId: number } & Receipt & {
    readonly consumerSig?: Hex
    readonly providerSig?: Hex
  }

const HINT = 'Pass what `scrip history sign-receipt` or `co-sign` printed, unchanged.'

/**
 * A receipt, from a file, `-` for what is piped in, or as the JSON itself.
 * @throws `FILE_NOT_FOUND`, `INVALID_ARGUMENT` that names the field
 */
export async function readReceipt(source: string): Promise<ReceiptFile> {
  const { get, address, bytes, number, unreadable } = await readSignedFields(source, HINT)
  if (get('kind') !== 'receipt') throw unreadable('kind is not receipt')
  return {
    kind: 'receipt',
    chainId: Number(number('chainId')),
    networkId: number('networkId'),
    consumer: address('consumer'),
    provider: address('provider'),
    served: number('served'),
    count: Number(number('count')),
    ...(get('consumerSig') !== undefined && { consumerSig: bytes('consumerSig') }),
    ...(get('providerSig') !== undefined && { providerSig: bytes('providerSig') }),
  }
}
