import type { HardhatEthers } from '@nomicfoundation/hardhat-ethers/types'
import { id, Wallet } from 'ethers'
import { type Channel, type Contracts, createCurrency, EXIT_DELAY, voucher, WEIGHT_ONE } from './contracts.ts'

/** Seconds an epoch of the networks of `settleGraph`. */
export const EPOCH = 86_400

/** What a provider served to a consumer. */
export type SettledEdge = readonly [consumer: string, provider: string, amount: bigint]

/** One key signs every channel's vouchers, so that the peers can be any addresses at all. */
const signer = new Wallet(id('signer'))
const CLAIMS_AT_ONCE = 50

/**
 * Creates a network and lets every edge be paid through a channel of its own, claimed and synced; then an epoch closes.
 * @returns The network's id, and the epoch in which the edges count.
 */
export async function settleGraph(
  ethers: HardhatEthers,
  contracts: Contracts,
  edges: readonly SettledEdge[],
): Promise<{ networkId: bigint; epoch: number }> {
  const { channels, history } = contracts
  const [steward] = await ethers.getSigners()
  if (steward === undefined) throw new Error('There is no account.')
  const networkId = await history.createNetwork.staticCall(steward, EPOCH, '')
  const currency = await createCurrency(ethers, contracts, steward, { name: `Dollar of network ${networkId}` })
  const token = await currency.getAddress()
  await history.createNetwork(steward, EPOCH, '')
  await history.setWeight(networkId, token, WEIGHT_ONE)

  const byConsumer = Map.groupBy(edges, ([consumer]) => consumer)
  const opened: [Channel, bigint][] = []
  for (const [consumer, served] of byConsumer) {
    const payer = await ethers.getImpersonatedSigner(consumer)
    await ethers.provider.send('hardhat_setBalance', [consumer, '0xde0b6b3a7640000'])
    await currency.mint(
      consumer,
      served.reduce((sum, [, , amount]) => sum + amount, 0n),
    )
    const funded = served.map(([, payee, amount]): [Channel, bigint] => [
      { payer: consumer, payee, token, signer: signer.address, exitDelay: EXIT_DELAY, flags: 0, salt: id('edge') },
      amount,
    ])
    await channels.connect(payer).multicall(funded.map((pair) => channels.interface.encodeFunctionData('fund', pair)))
    opened.push(...funded)
  }
  for (let from = 0; from < opened.length; from += CLAIMS_AT_ONCE) {
    const part = opened.slice(from, from + CLAIMS_AT_ONCE)
    await channels.claimBatch(
      await Promise.all(part.map(([channel, amount]) => voucher(channels, signer, channel, amount))),
    )
    await history.sync(
      networkId,
      part.map(([channel]) => channel),
    )
  }
  await ethers.provider.send('evm_increaseTime', [EPOCH])
  await ethers.provider.send('evm_mine', [])
  return { networkId, epoch: Number((await history.network(networkId)).epoch) }
}
