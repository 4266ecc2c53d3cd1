import { createClient, custom } from 'viem'
import { getAddresses } from 'viem/actions'
import { deployContracts } from '../chain/deploy/deployContracts.ts'
import type { DeploymentAddresses } from '../chain/deploy/plan.ts'
import { ScripError } from '../errors/ScripError.ts'

/** A network connection of Hardhat 3, or anything else with an EIP-1193 provider whose node signs for its accounts. */
export type NetworkConnection = {
  readonly provider: {
    request(request: { method: string; params?: unknown[] | object }): Promise<unknown>
  }
}

export declare namespace deployScrip {
  type ReturnType = {
    chainId: number
    /** The contracts, by their names in `deployments/<chainId>.json`. */
    addresses: DeploymentAddresses
  }
}

/** A node of one's own needs no pause between two looks at it, in milliseconds. */
const pollingInterval = 20

/**
 * Deploys all of Scrip into a network connection, from its first account, for the tests of a project that builds on it.
 * Works where nothing is mined by itself, too. A second call finds everything and sends nothing.
 *
 * ```ts
 * const connection = await network.create()
 * const { addresses } = await deployScrip(connection)
 * ```
 *
 * @throws ScripError `KEY_MISSING` where the connection has no account, and what `deployContracts` throws
 */
export async function deployScrip({ provider }: NetworkConnection): Promise<deployScrip.ReturnType> {
  const reader = createClient({ transport: custom(provider), pollingInterval })
  const [account] = await getAddresses(reader)
  if (account === undefined) {
    throw new ScripError('KEY_MISSING', {
      detail: 'The connection has no accounts.',
      hint: 'Give the network at least one account in Hardhat’s config.',
    })
  }
  const client = createClient({ account, transport: custom(provider), pollingInterval })
  const deploy = async () => {
    const { chainId, addresses } = await deployContracts(client)
    return { chainId, addresses }
  }
  return (await minesAtOnce(provider)) ? deploy() : whileMiningAtOnce(provider, deploy)
}

/** Whether the node mines every transaction at once. One that does not know the question is taken to mine as it likes. */
async function minesAtOnce(provider: NetworkConnection['provider']): Promise<boolean> {
  try {
    return (await provider.request({ method: 'hardhat_getAutomine' })) === true
  } catch {
    return true
  }
}

async function whileMiningAtOnce<Result>(
  provider: NetworkConnection['provider'],
  work: () => Promise<Result>,
): Promise<Result> {
  const setAutomine = (on: boolean) => provider.request({ method: 'evm_setAutomine', params: [on] })
  await setAutomine(true)
  try {
    return await work()
  } finally {
    await setAutomine(false)
  }
}
