import { type Address, encodeFunctionData, type Hex, hashTypedData, isAddressEqual, parseAbi } from 'viem'
import { call, getBlock, getChainId, getCode, readContract } from 'viem/actions'
import { interactionHistoryAbi as abi } from '../../abi/interactionHistory.ts'
import { ScripError } from '../../errors/ScripError.ts'
import { addresses } from '../addresses.ts'
import { type Receipt, receiptTypedData, recoverReceiptSigner } from '../Receipt.ts'
import { guarded, type ScripClient } from '../transact.ts'

const erc1271 = parseAbi(['function isValidSignature(bytes32 hash, bytes signature) view returns (bytes4)'])

/** `isValidSignature` of ERC-1271, which a wallet that accepts returns, as a word. */
const ACCEPTED = `0x1626ba7e${'0'.repeat(56)}`

/**
 * Whether a peer's signature of a receipt would count if it were recorded now: by the peer's key, by a receipt signer whose time
 * is not over, or by the code of a contract wallet. What one looks at before one signs, too.
 * @param parameters `by`: whose signature it is, the consumer's or the provider's.
 * @throws `INVALID_ARGUMENT` where the receipt does not fit into its types, `RPC_UNREACHABLE`
 */
export async function verifyReceipt(
  client: ScripClient,
  { receipt, by, signature }: { receipt: Receipt; by: 'consumer' | 'provider'; signature: Hex },
): Promise<boolean> {
  return guarded(abi, async () => {
    const account = receipt[by]
    const chainId = await getChainId(client)
    const key = await recoverReceiptSigner({ chainId, receipt, signature })
    if (key !== undefined) {
      if (isAddressEqual(key, account) || (await isReceiptSigner(client, account, key))) return true
    }
    return acceptsByCode(client, account, hashTypedData(receiptTypedData({ chainId, receipt })), signature)
  })
}

async function isReceiptSigner(client: ScripClient, account: Address, signer: Address): Promise<boolean> {
  const address = addresses.interactionHistory
  const [validUntil, { timestamp }] = await Promise.all([
    readContract(client, { address, abi, functionName: 'receiptSignerUntil', args: [account, signer] }),
    getBlock(client),
  ])
  return timestamp <= BigInt(validUntil)
}

async function acceptsByCode(client: ScripClient, account: Address, digest: Hex, signature: Hex): Promise<boolean> {
  if ((await getCode(client, { address: account })) === undefined) return false
  const data = encodeFunctionData({ abi: erc1271, functionName: 'isValidSignature', args: [digest, signature] })
  try {
    const answer = await guarded(erc1271, () => call(client, { to: account, data }))
    return answer.data?.slice(0, 66) === ACCEPTED
  } catch (error) {
    if (error instanceof ScripError && error.code === 'TRANSACTION_REVERTED') return false
    throw error
  }
}
