import { type Address, erc20Abi } from 'viem'
import { readContract } from 'viem/actions'
import { encodeCall } from '../encodeCall.ts'
import { accountOf, guarded, requireCode, type ScripClient, transact } from '../transact.ts'

/** Lets a contract pull the amount from the client's account, where it may not yet. */
export async function approve(
  client: ScripClient,
  { token, spender, amount }: { token: Address; spender: Address; amount: bigint },
): Promise<void> {
  const owner = accountOf(client).address
  const allowed = await guarded(erc20Abi, async () => {
    await requireCode(client, token)
    return readContract(client, { address: token, abi: erc20Abi, functionName: 'allowance', args: [owner, spender] })
  })
  if (allowed >= amount) return
  const data = encodeCall({ abi: erc20Abi, functionName: 'approve', args: [spender, amount] })
  await transact(client, { to: token, abi: erc20Abi, data })
}
