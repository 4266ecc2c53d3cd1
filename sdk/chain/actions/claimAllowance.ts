import { type Hex, parseEventLogs } from 'viem'
import { ratioPolicyAbi as abi } from '../../abi/ratioPolicy.ts'
import { addresses } from '../addresses.ts'
import { encodeCall } from '../encodeCall.ts'
import { type ScripClient, type Transaction, transact } from '../transact.ts'

/**
 * Takes the client's allowance out of the budget that a network's newcomers share in an epoch. Once for each account.
 * `RatioPolicy.claimAllowance`.
 * @param proof What the network's policy for claims asks for; nothing where it has none, or that one needs no proof.
 * @returns `allowance`: what the account may consume before it has to provide, in the network's unit of value.
 * @throws `TRANSACTION_REVERTED` with `NoAllowance`, `AlreadyClaimed`, `BudgetSpent` or `ClaimRefused`, and what `transact`
 * throws
 */
export async function claimAllowance(
  client: ScripClient,
  { networkId, proof = '0x' }: { networkId: bigint; proof?: Hex },
): Promise<Transaction & { allowance: bigint }> {
  const data = encodeCall({ abi, functionName: 'claimAllowance', args: [networkId, proof] })
  const { hash, receipt } = await transact(client, { to: addresses.ratioPolicy, abi, data })
  const [event] = parseEventLogs({ abi, eventName: 'AllowanceClaimed', logs: receipt.logs })
  return { allowance: event?.args.allowance ?? 0n, hash, receipt }
}
