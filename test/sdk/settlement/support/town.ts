import {
  createCurrency,
  deployContracts,
  mint,
  type ScripActions,
  type ScripClient,
  scripActions,
} from '@scrip/sdk/chain'
import { type Channel, type Claim, createPayer, decodePayment } from '@scrip/sdk/channels'
import { memoryStore } from '@scrip/sdk/store'
import { type Address, createWalletClient, type Hex, http, parseEther, toHex } from 'viem'
import { generatePrivateKey, mnemonicToAccount, privateKeyToAccount } from 'viem/accounts'
import { getBalance } from 'viem/actions'
import { DEV_MNEMONIC } from '../../../../sdk/cli/localChain.ts'
import { type LocalChain, startAnvil } from '../../../support/chain.ts'

/** Somebody with a key and coins for gas. */
export type Person = {
  readonly key: Hex
  readonly address: Address
  readonly client: ScripClient
  readonly actions: ScripActions
}

/** A real chain with everything deployed and one currency, and the means to live in it. */
export type Town = Awaited<ReturnType<typeof openTown>>

export async function openTown() {
  const chain: LocalChain = await startAnvil()
  const richAccount = mnemonicToAccount(DEV_MNEMONIC)
  const rich = createWalletClient({ account: richAccount, transport: http(chain.url), pollingInterval: 20 })
  await deployContracts(rich)
  const { currency } = await createCurrency(rich, { name: 'Town dollar', symbol: 'TWN', decimals: 0 })
  const rpc = (method: string, ...params: unknown[]) => rich.request({ method, params } as never)

  const person = async (): Promise<Person> => {
    const key = generatePrivateKey()
    const account = privateKeyToAccount(key)
    await rpc('anvil_setBalance', account.address, toHex(parseEther('10')))
    const client = createWalletClient({ account, transport: http(chain.url), pollingInterval: 20 })
    return { key, address: account.address, client, actions: scripActions()(client) }
  }

  return {
    url: chain.url,
    currency,
    rpc,
    person,
    /** A channel of somebody new, with 100 units in it. */
    channelTo: async (payee: Address, options: { exitDelay?: number; drawsOnPurse?: boolean } = {}) => {
      const payer = await person()
      await mint(rich, { currency, to: payer.address, amount: 200n })
      const terms = { payee, currency, deposit: 100n, ...options }
      const { transaction: _, funded: __, ...channel } = await payer.actions.openChannel(terms)
      return { payer, channel: channel as Channel }
    },
    transactions: async (of: Address) => Number(await rpc('eth_getTransactionCount', of, 'latest')),
    coins: (of: Address) => getBalance(rich, { address: of }),
    earned: async (payee: Person) => (await payee.actions.getHoldings({ currency })).withdrawable,
    pass: async (seconds: number) => {
      await rpc('evm_increaseTime', seconds)
      await rpc('evm_mine')
    },
    stop: () => chain.stop(),
  }
}

/** The claim that a payee holds after its payer paid so much in all. */
export async function claimOf({ key }: Person, channel: Channel, total: bigint): Promise<Claim> {
  const sender = createPayer({
    channel: { ...channel, funded: total },
    signer: privateKeyToAccount(key),
    store: memoryStore(),
  })
  const { voucher } = decodePayment(await sender.pay(total))
  if (voucher === undefined) throw new Error('The first payment is a voucher.')
  return { channel, ...voucher, ticks: 0, preimage: toHex(0n, { size: 32 }) }
}
