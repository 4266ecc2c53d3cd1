import type { Client, Hex } from 'viem'
import { getChainId, getCode } from 'viem/actions'
import { bytecode } from '../../abi/bytecode.ts'
import { ScripError } from '../../errors/ScripError.ts'
import { chainError } from '../chainError.ts'
import { expectedCode } from './expectedCode.ts'
import { addressBook, type DeploymentAddresses, type PlannedContract, planDeployment } from './plan.ts'

export declare namespace checkDeployment {
  type Parameters = {
    /** The chain id that the client must serve. The client's own chain where it has one. */
    chainId?: number
  }
  type ReturnType = {
    chainId: number
    /** The contracts, by their names in `deployments/<chainId>.json`. */
    addresses: DeploymentAddresses
  }
}

/**
 * Checks that the client's chain has every contract of this version, with exactly the code that its bytecode gives. Only
 * reads.
 *
 * @throws ScripError `NOT_DEPLOYED`, `DEPLOYMENT_MISMATCH`, `WRONG_CHAIN`, `RPC_UNREACHABLE`
 */
export async function checkDeployment(
  client: Client,
  parameters: checkDeployment.Parameters = {},
): Promise<checkDeployment.ReturnType> {
  try {
    const chainId = await checkChain(client, parameters.chainId)
    const planned = planDeployment(bytecode)
    const missing = await findMissing(client, planned)
    if (missing.length > 0) {
      const names = missing.map(({ contract }) => contract)
      throw new ScripError('NOT_DEPLOYED', {
        detail: `Chain ${chainId} lacks ${names.join(', ')} of this version.`,
        values: { chainId, missing: names },
      })
    }
    return { chainId, addresses: addressBook(planned) }
  } catch (error) {
    throw chainError(error)
  }
}

/** The client's chain id, which must be `expected` or its own chain's. */
export async function checkChain(client: Client, expected = client.chain?.id): Promise<number> {
  const chainId = await getChainId(client)
  if (expected !== undefined && chainId !== expected) {
    throw new ScripError('WRONG_CHAIN', {
      detail: `The RPC serves chain ${chainId}, not ${expected}.`,
      values: { expected, chainId },
    })
  }
  return chainId
}

/** Those of `planned` that the chain lacks. What it has must be exactly what is planned. */
export async function findMissing(client: Client, planned: readonly PlannedContract[]): Promise<PlannedContract[]> {
  const found = await Promise.all(planned.map((item) => hasPlannedCode(client, item)))
  return planned.filter((_, index) => !found[index])
}

async function hasPlannedCode(client: Client, planned: PlannedContract): Promise<boolean> {
  const code = await getCode(client, { address: planned.address })
  if (code === undefined) return false
  checkCode(planned, code, await expectedCode(client, planned))
  return true
}

/** Throws `DEPLOYMENT_MISMATCH` where `code` is not `expected`. */
export function checkCode({ contract, address }: { contract: string; address: Hex }, code: Hex, expected: Hex): void {
  if (code === expected) return
  throw new ScripError('DEPLOYMENT_MISMATCH', {
    detail: `The code at ${address} is not ${contract}'s.`,
    values: { contract, address },
  })
}
