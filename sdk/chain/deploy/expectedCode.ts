import { type Client, getContractAddress, type Hex } from 'viem'
import { call } from 'viem/actions'
import type { PlannedContract } from './plan.ts'
import { proxyAddress } from './proxy.ts'

/**
 * The runtime code that `planned` must have on the client's chain, immutables included: its init code, run by `eth_call`
 * at its own address. The account and the first contract that it makes are put back to what they were at creation, so
 * the answer is the same before and after the deployment.
 */
export async function expectedCode(client: Client, planned: PlannedContract): Promise<Hex> {
  const { data = '0x' } = await call(client, {
    account: proxyAddress,
    to: planned.address,
    stateOverride: [
      { address: planned.address, code: planned.initCode, nonce: 1 },
      { address: getContractAddress({ from: planned.address, nonce: 1n }), code: '0x', nonce: 0 },
    ],
  })
  return data
}
