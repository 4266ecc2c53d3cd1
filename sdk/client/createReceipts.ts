import type { Address, Hex } from 'viem'
import { compactSignature, recoverSigner } from '../channels/signatures.ts'
import { ANSWER_HEADER, RECEIPT_PATH } from '../http/headers.ts'
import { readText } from '../http/readText.ts'
import { type Receipt, readReceipt, receiptDigest } from '../http/receipt.ts'
import { put, type Store, type Table } from '../store/Store.ts'
import { reach } from './reach.ts'

/** A payee's receipt, beside what this payer saw itself. */
export type KeptReceipt = Receipt & {
  readonly url: string
  readonly payee: Address
  /** Bytes of the body that arrived. */
  readonly received: number
}

type ReceiptRecord = { readonly number: number; readonly receipt: KeptReceipt }

const receipts: Table<ReceiptRecord> = 'receipts'

/** Bytes of a receipt that are read at most: addresses can be long, but not that long. */
const LONGEST_RECEIPT = 65_536

/** What is asked for. */
type Asked = {
  url: string
  /** How the peer named the answer. */
  answer: string
  channelId: Hex
  payee: Address
  received: number
}

/** Asks for receipts, and keeps them. */
export type Receipts = {
  /** Asks for the receipt of an answer that is over. What is no receipt of it is not kept. */
  ask(asked: Asked): Promise<KeptReceipt | undefined>
}

/** The receipts of a store, the oldest first. @throws `STORE_FAILED` */
export async function readReceipts(store: Store): Promise<KeptReceipt[]> {
  const records = await store.all(receipts)
  return records.sort((one, other) => one.number - other.number).map(({ receipt }) => receipt)
}

/** Keeps the newest `most` receipts in a store. */
export function createReceipts(store: Store, most: number): Receipts {
  let counted: Promise<void> | undefined
  let next = 0

  const count = async () => {
    for (const { number } of await store.all(receipts)) next = Math.max(next, number + 1)
  }

  return {
    ask: async ({ url, answer, channelId, payee, received }) => {
      const request = new Request(new URL(RECEIPT_PATH, url), {
        headers: { [ANSWER_HEADER]: answer },
        redirect: 'error',
      })
      const text = await textOf(await reach(request))
      const receipt = text === undefined ? undefined : readReceipt(text)
      if (receipt === undefined || receipt.answer !== answer || receipt.channelId !== channelId) return undefined
      if (receipt.signature !== undefined && !isSignedBy(payee, receipt, receipt.signature)) return undefined
      const kept = { ...receipt, url, payee, received }
      counted ??= count()
      await counted
      const number = next++
      await store.write([put(receipts, String(number % most), { number, receipt: kept })])
      return kept
    },
  }
}

/** Whether a receipt is signed by that payee: what convinces others, who were not there. */
export function isSignedBy(payee: Address, receipt: Receipt, signature: Hex): boolean {
  try {
    return recoverSigner(receiptDigest(receipt), compactSignature(signature)) === payee.toLowerCase()
  } catch {
    return false
  }
}

async function textOf(answer: Response): Promise<string | undefined> {
  if (answer.ok) return readText(answer, LONGEST_RECEIPT)
  await answer.body?.cancel()
  return undefined
}
