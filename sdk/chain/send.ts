import { type Account, BaseError, type Hex, keccak256, TransactionNotFoundError } from 'viem'
import {
  getTransaction,
  prepareTransactionRequest,
  sendRawTransaction,
  sendTransaction,
  signTransaction,
} from 'viem/actions'
import type { ContractCall, ScripClient } from './transact.ts'

/** Others with the same key may be faster several times, but not for ever. */
const ATTEMPTS = 16

/**
 * Signs and sends a call, and does so again where another transaction of the account, of another process say, took the
 * nonce meanwhile. What is refused although it arrived, because a transport sent it twice, is not sent once more.
 */
export async function send(
  client: ScripClient,
  account: Account,
  { to, data }: Omit<ContractCall, 'abi'>,
): Promise<Hex> {
  const call = { account, chain: client.chain ?? null, to, data }
  // A wallet signs itself, and knows its nonces.
  if (account.type !== 'local') return sendTransaction(client, call)
  for (let attempt = 1; ; attempt++) {
    const request = await prepareTransactionRequest(client, call)
    const serializedTransaction = await signTransaction(client, request)
    try {
      return await sendRawTransaction(client, { serializedTransaction })
    } catch (error) {
      const hash = keccak256(serializedTransaction)
      if (await isKnown(client, hash)) return hash
      if (!isNonceTaken(error) || attempt === ATTEMPTS) throw error
    }
  }
}

async function isKnown(client: ScripClient, hash: Hex): Promise<boolean> {
  try {
    await getTransaction(client, { hash })
    return true
  } catch (error) {
    if (error instanceof TransactionNotFoundError) return false
    throw error
  }
}

function isNonceTaken(error: unknown): boolean {
  // Nodes have no code of their own for it.
  return error instanceof BaseError && /nonce too low|replacement transaction underpriced/i.test(error.details)
}
