import {
  type Account,
  type Address,
  type Chain,
  type Client,
  concatHex,
  formatEther,
  type Hash,
  type Hex,
  type TransactionReceipt,
  type Transport,
} from 'viem'
import {
  estimateFeesPerGas,
  estimateGas,
  estimateMaxPriorityFeePerGas,
  getBalance,
  getCode,
  getTransactionCount,
  sendRawTransaction,
  sendTransaction,
  waitForTransactionReceipt,
} from 'viem/actions'
import { bytecode } from '../../abi/bytecode.ts'
import { ScripError } from '../../errors/ScripError.ts'
import { chainError } from '../chainError.ts'
import { checkChain, checkCode, findMissing } from './checkDeployment.ts'
import { deploymentBlock } from './deploymentBlock.ts'
import { expectedCode } from './expectedCode.ts'
import { addressBook, type DeploymentAddresses, deploymentSalt, type PlannedContract, planDeployment } from './plan.ts'
import { proxyAddress, proxyCode, proxyDeployer, proxyDeployerFunds, proxyTransaction } from './proxy.ts'

/** A client that can deploy: it has a transport and an account that signs, or that its node signs for. */
export type DeployingClient = Client<Transport, Chain | undefined, Account>

/** What a deployment does, told as it does it. */
export type DeploymentStep =
  | { step: 'found'; contract: string; address: Address }
  | { step: 'sent'; contract: string; address: Address; hash: Hash }
  | { step: 'deployed'; contract: string; address: Address; hash: Hash; gasUsed: bigint; block: bigint }

export declare namespace deployContracts {
  type Parameters = {
    /** The chain id that the client must serve. The client's own chain where it has one. */
    chainId?: number
    /** How long to wait for one transaction, in milliseconds. Three minutes where it is left out. */
    timeout?: number
    /** Is told every step. */
    onStep?: (step: DeploymentStep) => void
  }
  type ReturnType = {
    chainId: number
    /** The contracts, by their names in `deployments/<chainId>.json`. */
    addresses: DeploymentAddresses
    /** The block of the first contract: where an indexer starts. 0 where the node no longer knows. */
    block: bigint
    /** The transactions of this run, in their order; none where everything was there. */
    transactions: Hash[]
    /** The gas of these transactions. */
    gasUsed: bigint
    /** What the account paid in this run, in wei: all fees, and the fee that it gave to the proxy's own deployer. */
    cost: bigint
  }
}

/** A run: who deploys, how long it waits, and what it has done. */
type Run = {
  client: DeployingClient
  timeout: number
  onStep: (step: DeploymentStep) => void
  receipts: TransactionReceipt[]
}

/** A transaction of the account, and what gets its code or ether by it. */
type Order = { contract: string; address: Address; to: Address; value?: bigint; data?: Hex }

/**
 * Deploys every contract of this version that the client's chain lacks, at addresses that are the same on every chain,
 * and checks that each has exactly the code that its bytecode gives. Nothing is sent before what the chain already has
 * is checked, and no contract before the account is known to afford all of them. A second run sends nothing.
 *
 * @throws ScripError `WRONG_CHAIN`, `INSUFFICIENT_GAS`, `RPC_UNREACHABLE`, `DEPLOYMENT_MISMATCH`,
 * `TRANSACTION_PENDING`, `TRANSACTION_REVERTED`
 */
export async function deployContracts(
  client: DeployingClient,
  { chainId, timeout = 180_000, onStep = () => {} }: deployContracts.Parameters = {},
): Promise<deployContracts.ReturnType> {
  try {
    return await deploy({ client, timeout, onStep, receipts: [] }, chainId)
  } catch (error) {
    throw chainError(error)
  }
}

async function deploy(run: Run, expectedChain: number | undefined): Promise<deployContracts.ReturnType> {
  const { client, receipts } = run
  const chainId = await checkChain(client, expectedChain)
  const planned = planDeployment(bytecode)
  const missing = await findMissing(client, planned)
  for (const { contract, address } of planned) {
    if (!missing.some((item) => item.address === address)) run.onStep({ step: 'found', contract, address })
  }
  const balance = await getBalance(client, { address: client.account.address })
  // Asked once, before the proxy's transaction: nodes take the tip that they propose from the last blocks, and this one pays
  // a hundred times what others do.
  const tip = await estimateMaxPriorityFeePerGas(client)
  if (missing.length > 0) await bringProxy(run, tip)
  const created = await create(run, missing, tip)
  const addresses = addressBook(planned)
  // Where this run made everything, the first block is known without asking for old states.
  const madeAll = created.length === planned.length && created.every(({ status }) => status === 'success')
  return {
    chainId,
    addresses,
    block: madeAll ? firstBlock(created) : await deploymentBlock(client, Object.values(addresses)),
    transactions: receipts.map(({ transactionHash }) => transactionHash),
    gasUsed: receipts.reduce((sum, { gasUsed }) => sum + gasUsed, 0n),
    cost: balance - (await getBalance(client, { address: client.account.address })),
  }
}

/** Brings the deterministic deployment proxy to a chain that lacks it. */
async function bringProxy(run: Run, tip: bigint): Promise<void> {
  const { client } = run
  const proxy = { contract: 'DeploymentProxy', address: proxyAddress }
  const found = await getCode(client, { address: proxyAddress })
  if (found !== undefined) return checkCode(proxy, found, proxyCode)

  const lacking = proxyDeployerFunds - (await getBalance(client, { address: proxyDeployer }))
  if (lacking > 0n) {
    const order = { contract: 'fee of the DeploymentProxy’s deployer', address: proxyDeployer, to: proxyDeployer }
    await sendAll(run, [{ ...order, value: lacking }], tip)
  }
  const hash = await sendRawTransaction(client, { serializedTransaction: proxyTransaction })
  run.onStep({ step: 'sent', ...proxy, hash })
  const receipt = await confirm(run, hash)
  checkCode(proxy, await codeOf(run, proxy, receipt), proxyCode)
}

/** Has the proxy create all of `missing`, and checks what came of it. */
async function create(run: Run, missing: readonly PlannedContract[], tip: bigint): Promise<TransactionReceipt[]> {
  if (missing.length === 0) return []
  const receipts = await sendAll(
    run,
    missing.map(({ contract, address, initCode }) => ({
      contract,
      address,
      to: proxyAddress,
      data: concatHex([deploymentSalt, initCode]),
    })),
    tip,
  )
  for (const [index, receipt] of receipts.entries()) {
    const item = missing[index] as PlannedContract
    checkCode(item, await codeOf(run, item, receipt), await expectedCode(run.client, item))
  }
  return receipts
}

function firstBlock(receipts: readonly TransactionReceipt[]): bigint {
  const [first = 0n] = receipts.map(({ blockNumber }) => blockNumber).sort((a, b) => (a < b ? -1 : 1))
  return first
}

/** Sends all of `orders` at once if the account affords them all, and waits until they are mined. `tip` is in wei a gas. */
async function sendAll(run: Run, orders: readonly Order[], tip: bigint): Promise<TransactionReceipt[]> {
  const { client } = run
  const { address } = client.account
  const [proposed, gas, balance, nonce] = await Promise.all([
    estimateFeesPerGas(client),
    // Asked for by address: for a signing account viem names the fee too, and a node then refuses a poor one in its own words.
    Promise.all(orders.map(({ to, value, data }) => estimateGas(client, { account: address, to, value, data }))),
    getBalance(client, { address }),
    getTransactionCount(client, { address, blockTag: 'pending' }),
  ])
  const maxFeePerGas = proposed.maxFeePerGas - proposed.maxPriorityFeePerGas + tip
  const needed = orders.reduce((sum, { value = 0n }, index) => sum + value + (gas[index] ?? 0n) * maxFeePerGas, 0n)
  if (balance < needed) {
    throw new ScripError('INSUFFICIENT_GAS', {
      detail: `${address} has ${formatEther(balance)} ether and needs up to ${formatEther(needed)} ether.`,
      values: { address, balance, needed },
    })
  }

  const hashes: Hash[] = []
  for (const [index, order] of orders.entries()) {
    const hash = await sendTransaction(client, {
      account: client.account,
      chain: client.chain ?? null,
      to: order.to,
      value: order.value,
      data: order.data,
      gas: gas[index],
      nonce: nonce + index,
      maxFeePerGas,
      maxPriorityFeePerGas: tip,
    })
    run.onStep({ step: 'sent', contract: order.contract, address: order.address, hash })
    hashes.push(hash)
  }
  const receipts: TransactionReceipt[] = []
  for (const hash of hashes) receipts.push(await confirm(run, hash))
  return receipts
}

async function confirm({ client, timeout, receipts }: Run, hash: Hash): Promise<TransactionReceipt> {
  const receipt = await waitForTransactionReceipt(client, { hash, timeout })
  receipts.push(receipt)
  return receipt
}

/**
 * The code that a mined transaction left. Waits for it, since the nodes behind one RPC address do not learn of a block
 * at the same time.
 */
async function codeOf(
  { client, timeout, onStep }: Run,
  { contract, address }: { contract: string; address: Address },
  receipt: TransactionReceipt,
): Promise<Hex> {
  const { transactionHash: hash, gasUsed, blockNumber: block } = receipt
  const deadline = Date.now() + timeout
  for (;;) {
    const code = await getCode(client, { address })
    if (code !== undefined) {
      onStep({ step: 'deployed', contract, address, hash, gasUsed, block })
      return code
    }
    // A transaction that reverted because somebody else was faster leaves the code all the same.
    if (receipt.status === 'reverted' || Date.now() >= deadline) {
      throw new ScripError('TRANSACTION_REVERTED', {
        detail: `Transaction ${hash} did not create ${contract} at ${address}.`,
        hint: 'Look the transaction up in an explorer, then run the deployment again.',
        values: { hash, contract, address },
      })
    }
    await new Promise((resolve) => setTimeout(resolve, client.pollingInterval))
  }
}
