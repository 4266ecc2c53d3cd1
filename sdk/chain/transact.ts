import {
  type Abi,
  type Account,
  type Address,
  BaseError,
  type Chain,
  type Client,
  decodeErrorResult,
  type Hex,
  HttpRequestError,
  InsufficientFundsError,
  type TransactionReceipt,
  type Transport,
} from 'viem'
import { call, getCode, sendTransaction, waitForTransactionReceipt } from 'viem/actions'
import { ScripError } from '../errors/ScripError.ts'

/** Any viem client. Writing needs one with an account. */
export type ScripClient = Client<Transport, Chain | undefined, Account | undefined>

/** What every writing action returns besides its own results. */
export type Transaction = { readonly hash: Hex; readonly receipt: TransactionReceipt }

/** A contract call that was encoded by its action; the ABI names the contract's errors. */
export type ContractCall = { to: Address; abi: Abi; data: Hex }

/**
 * Simulates a call, sends it, and waits until it is in a block. `result` is what the function returned in the simulation.
 * @throws `KEY_MISSING`, `NOT_DEPLOYED`, `TRANSACTION_REVERTED` (`values.error` names the contract's error),
 * `INSUFFICIENT_GAS`, `INSUFFICIENT_BALANCE`, `RPC_UNREACHABLE`
 */
export async function transact(
  client: ScripClient,
  { to, abi, data }: ContractCall,
): Promise<Transaction & { result: Hex }> {
  const account = accountOf(client)
  return guarded(abi, async () => {
    const { data: result = '0x' } = await call(client, { account, to, data })
    if (result === '0x') await requireCode(client, to)
    const hash = await sendTransaction(client, { account, chain: client.chain ?? null, to, data })
    const receipt = await waitForTransactionReceipt(client, { hash })
    if (receipt.status === 'reverted') {
      throw new ScripError('TRANSACTION_REVERTED', {
        detail: `The transaction ${hash} was mined and reverted: the chain moved between simulation and block.`,
        hint: 'Look at the state again and repeat the call.',
        values: { hash },
      })
    }
    return { hash, receipt, result }
  })
}

/** The client's account. @throws `KEY_MISSING` */
export function accountOf(client: ScripClient): Account {
  if (client.account === undefined) throw new ScripError('KEY_MISSING', { hint: 'Give the client an account.' })
  return client.account
}

/** @throws `NOT_DEPLOYED` where there is no contract at the address. */
export async function requireCode(client: ScripClient, address: Address): Promise<void> {
  const code = await getCode(client, { address })
  if (code === undefined) {
    throw new ScripError('NOT_DEPLOYED', { detail: `There is no contract at ${address}.`, values: { address } })
  }
}

/** Runs chain calls and turns what goes wrong into coded errors; `abi` names the contract's own. */
export async function guarded<Result>(abi: Abi, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    throw chainError(error, abi)
  }
}

function chainError(error: unknown, abi: Abi): unknown {
  if (!(error instanceof BaseError)) return error
  if (error.walk((cause) => cause instanceof HttpRequestError)) {
    return new ScripError('RPC_UNREACHABLE', { detail: error.shortMessage, cause: error })
  }
  if (error.walk((cause) => cause instanceof InsufficientFundsError)) {
    return new ScripError('INSUFFICIENT_GAS', { cause: error })
  }
  const data = revertData(error)
  if (data !== undefined) return revertError(abi, data, error)
  // A node words a lack of gas money as it likes; viem knows the wordings of most.
  if (/insufficient funds|doesn't have enough funds/i.test(error.message)) {
    return new ScripError('INSUFFICIENT_GAS', { cause: error })
  }
  return new ScripError('TRANSACTION_REVERTED', { detail: error.shortMessage, cause: error })
}

/** The bytes that a contract reverted with, wherever the node put them. */
function revertData(error: BaseError): Hex | undefined {
  const holder = error.walk((cause) => 'data' in (cause as object)) as { data?: unknown } | null
  const data = holder?.data
  const hex = typeof data === 'object' && data !== null ? (data as { data?: unknown }).data : data
  return typeof hex === 'string' && hex.startsWith('0x') ? (hex as Hex) : undefined
}

function revertError(abi: Abi, data: Hex, cause: BaseError): ScripError {
  const { errorName, args = [] } = decode(abi, data)
  const values = { error: errorName, args: args.map(String) }
  if (errorName === 'ERC20InsufficientBalance') {
    const [account, balance, needed] = values.args
    return new ScripError('INSUFFICIENT_BALANCE', {
      detail: `${account} holds ${balance} base units and needs ${needed}.`,
      values,
      cause,
    })
  }
  return new ScripError('TRANSACTION_REVERTED', {
    detail: `The contract refused: ${errorName}(${values.args.join(', ')}).`,
    values,
    cause,
  })
}

function decode(abi: Abi, data: Hex): { errorName: string; args?: readonly unknown[] | undefined } {
  try {
    return decodeErrorResult({ abi, data })
  } catch {
    // Not an error of this contract: a token's own, or none at all.
    return { errorName: data === '0x' ? 'no reason' : data }
  }
}
