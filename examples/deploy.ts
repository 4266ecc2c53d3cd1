// Deploys Scrip to a chain from a program. Start one first: `npx scrip dev`.
import { checkDeployment, deployContracts } from '@scrip/sdk/chain'
import { createWalletClient, http } from 'viem'
import { mnemonicToAccount } from 'viem/accounts'

const account = mnemonicToAccount('test test test test test test test test test test test junk')
const client = createWalletClient({ account, transport: http('http://127.0.0.1:8545') })

// #region deploy
const { chainId, addresses, transactions } = await deployContracts(client, {
  onStep: ({ step, contract, address }) => console.log(`${step} ${contract} at ${address}`),
})
// #endregion
console.log(`${transactions.length} transactions`)

// #region check
const deployment = await checkDeployment(client, { chainId })
console.log(deployment.addresses.paymentChannels === addresses.paymentChannels)
// #endregion
