import { type CreateCurrencyParameters, deployContracts, scripActions } from '@scrip/sdk/chain'
import {
  type Account,
  type Address,
  createTestClient,
  createWalletClient,
  type Hex,
  http,
  parseEther,
  publicActions,
} from 'viem'
import { mnemonicToAccount } from 'viem/accounts'
import { foundry } from 'viem/chains'
import { DEV_MNEMONIC } from '../../../../sdk/cli/localChain.ts'
import { startAnvil } from '../../../support/chain.ts'

/** Somebody's viem client with all actions of this package. */
export type Person = ReturnType<typeof clientOf>

/** A chain with what public chains have, and Scrip on it. */
export type World = {
  readonly url: string
  readonly chainId: number
  /** The person with the first account, who issues the currencies. */
  readonly issuer: Person
  /** Somebody with coins for gas, one for each number from 1. */
  person(number: number): Person
  /** Somebody with any account, and with no coins where nobody gave it any. */
  as(account: Account): Person
  /** Gives somebody coins for gas. */
  give(address: Address): Promise<void>
  /** A currency of the issuer's, with a name of its own where none is given. */
  createCurrency(terms?: Partial<CreateCurrencyParameters>): Promise<Address>
  /** Lets time pass, in seconds. */
  wait(seconds: number): Promise<void>
  stop(): Promise<void>
}

const MULTICALL3 = '0xcA11bde05977b3631167028862bE2a173976CA11'

/** Starts a chain of anvil's and brings Multicall3, which x402's facilitator asks, and Scrip onto it. */
export async function startWorld(): Promise<World> {
  const { url, stop } = await startAnvil()
  const as = (account: Account) => clientOf(url, account)
  const person = (addressIndex: number) => as(mnemonicToAccount(DEV_MNEMONIC, { addressIndex }))
  const issuer = person(0)
  const machine = createTestClient({ chain: foundry, mode: 'anvil', transport: http(url) })

  // viem has the code of Multicall3, and exports no name for it.
  const contracts = new URL('constants/contracts.js', import.meta.resolve('viem'))
  const { multicall3Bytecode } = (await import(contracts.href)) as { multicall3Bytecode: Hex }
  const hash = await issuer.sendTransaction({ data: multicall3Bytecode })
  const { contractAddress } = await issuer.waitForTransactionReceipt({ hash })
  if (!contractAddress) throw new Error('Multicall3 has no address')
  await machine.setCode({ address: MULTICALL3, bytecode: (await issuer.getCode({ address: contractAddress })) ?? '0x' })
  await deployContracts(issuer)

  let currencies = 0
  return {
    url,
    chainId: foundry.id,
    issuer,
    person,
    as,
    give: (address) => machine.setBalance({ address, value: parseEther('10') }),
    createCurrency: async (terms = {}) => {
      currencies += 1
      const fixed = { name: `Currency ${currencies}`, symbol: `C${currencies}`, decimals: 6 }
      return (await issuer.createCurrency({ ...fixed, ...terms })).currency
    },
    wait: async (seconds) => {
      await machine.increaseTime({ seconds })
      await machine.mine({ blocks: 1 })
    },
    stop,
  }
}

function clientOf(url: string, account: Account) {
  return createWalletClient({ account, chain: foundry, transport: http(url), pollingInterval: 10 })
    .extend(publicActions)
    .extend(scripActions())
}
