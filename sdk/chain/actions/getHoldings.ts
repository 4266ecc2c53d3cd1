import { type Address, erc20Abi } from 'viem'
import { readContract } from 'viem/actions'
import { paymentChannelsAbi } from '../../abi/paymentChannels.ts'
import { addresses } from '../addresses.ts'
import { accountOf, guarded, requireCode, type ScripClient } from '../transact.ts'

/**
 * What an account has of a token, in base units: in its wallet, and in the channels contract, ready to withdraw.
 * `ERC20.balanceOf` and `PaymentChannels.balanceOf`.
 * @throws `NOT_DEPLOYED`, `RPC_UNREACHABLE`
 */
export async function getHoldings(
  client: ScripClient,
  { currency, owner = accountOf(client).address }: { currency: Address; owner?: Address },
): Promise<{ wallet: bigint; withdrawable: bigint }> {
  return guarded(paymentChannelsAbi, async () => {
    await requireCode(client, currency)
    const [wallet, withdrawable] = await Promise.all([
      readContract(client, { address: currency, abi: erc20Abi, functionName: 'balanceOf', args: [owner] }),
      readContract(client, {
        address: addresses.paymentChannels,
        abi: paymentChannelsAbi,
        functionName: 'balanceOf',
        args: [owner, currency],
      }),
    ])
    return { wallet, withdrawable }
  })
}
