import type { Abi, Account, Address, Chain, Client, Hex, TransactionReceipt, Transport } from 'viem'
import { call, getCode, waitForTransactionReceipt } from 'viem/actions'
import { ScripError } from '../errors/ScripError.ts'
import { chainError } from './chainError.ts'
import { send } from './send.ts'

/** Any viem client. Writing needs one with an account. */
export type ScripClient = Client<Transport, Chain | undefined, Account | undefined>

/** What every writing action returns besides its own results. */
export type Transaction = { readonly hash: Hex; readonly receipt: TransactionReceipt }

/** A contract call that was encoded by its action; the ABI names the contract's errors. */
export type ContractCall = { to: Address; abi: Abi; data: Hex }

/**
 * Simulates a call, sends it, and waits until it is in a block. `result` is what the function returned in the simulation.
 * @throws `KEY_MISSING`, `NOT_DEPLOYED`, `TRANSACTION_REVERTED` (`values.error` names the contract's error),
 * `TRANSACTION_PENDING`, `TRANSACTION_REPLACED`, `INSUFFICIENT_GAS`, `INSUFFICIENT_BALANCE`, `RPC_UNREACHABLE`
 */
export async function transact(
  client: ScripClient,
  { to, abi, data }: ContractCall,
): Promise<Transaction & { result: Hex }> {
  const account = accountOf(client)
  return guarded(abi, async () => {
    const { data: result = '0x' } = await call(client, { account, to, data })
    if (result === '0x') await requireCode(client, to)
    let replacement: Hex | undefined
    const hash = await inTurn(account, () => send(client, account, { to, data }))
    const receipt = await waitForTransactionReceipt(client, {
      hash,
      onReplaced: ({ reason, transaction }) => {
        // Somebody who only raised the fee wanted the same.
        if (reason !== 'repriced') replacement = transaction.hash
      },
    })
    if (replacement !== undefined) {
      throw new ScripError('TRANSACTION_REPLACED', {
        detail: `The transaction ${replacement} took the place of ${hash}.`,
        values: { hash, replacement },
      })
    }
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

const turns = new Map<Address, Promise<unknown>>()

/** Sends an account's transactions one after another: two at once would take the same nonce. */
async function inTurn<Result>({ address }: Account, send: () => Promise<Result>): Promise<Result> {
  const before = turns.get(address)
  const turn = (before ?? Promise.resolve()).then(send, send)
  turns.set(address, turn)
  try {
    return await turn
  } finally {
    if (turns.get(address) === turn) turns.delete(address)
  }
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
