import { type Address, parseEventLogs } from 'viem'
import { readContract } from 'viem/actions'
import { bondPolicyAbi as abi } from '../../abi/bondPolicy.ts'
import { addresses } from '../addresses.ts'
import { encodeCall } from '../encodeCall.ts'
import { accountOf, guarded, type ScripClient, type Transaction, transact } from '../transact.ts'
import { approve } from './approve.ts'

/** The bond policy's terms in a network. */
export type BondTerms = {
  /** What to lock. */
  token: Address
  /** How much of it, in base units. */
  amount: bigint
  /** Seconds that an admission lasts at most. */
  admissionPeriod: number
}

/** What a peer locked in a network. */
export type Bond = {
  /** Base units. */
  readonly amount: bigint
  /** Unix seconds; 0 where nothing was ever locked. */
  readonly lockedUntil: number
}

const contract = { address: addresses.bondPolicy, abi } as const

/**
 * Sets the bond policy's terms in a network. Steward only. `BondPolicy.setTerms`.
 * @throws `TRANSACTION_REVERTED` with `OnlySteward`, `InvalidToken`, `ZeroAmount` or `InvalidAdmissionPeriod`, and what
 * `transact` throws
 */
export async function setBondTerms(
  client: ScripClient,
  { networkId, ...terms }: BondTerms & { networkId: bigint },
): Promise<Transaction> {
  const data = encodeCall({ abi, functionName: 'setTerms', args: [networkId, terms] })
  const { hash, receipt } = await transact(client, { to: contract.address, abi, data })
  return { hash, receipt }
}

/**
 * Locks base units of the client's account for a network; all that is locked there in that token stays so until
 * `lockedUntil` (Unix seconds). An amount of 0 prolongs the lock. Nobody can take a bond, and nobody can have it earlier.
 * `BondPolicy.fundBond`; the bond policy is approved for the amount first, where it may not pull it yet.
 * @throws `NOT_DEPLOYED`, `INSUFFICIENT_BALANCE`, `TRANSACTION_REVERTED` with `InvalidLock`, `ZeroAmount`, `BondFull`,
 * `InexactTransfer` or `UnknownNetwork`, and what `transact` throws
 */
export async function fundBond(
  client: ScripClient,
  parameters: { networkId: bigint; token: Address; amount: bigint; lockedUntil: number },
): Promise<Transaction & { bond: Bond }> {
  const { networkId, token, amount, lockedUntil } = parameters
  const data = encodeCall({ abi, functionName: 'fundBond', args: [networkId, token, amount, lockedUntil] })
  await approve(client, { token, spender: contract.address, amount })
  const { hash, receipt } = await transact(client, { to: contract.address, abi, data })
  const [event] = parseEventLogs({ abi, eventName: 'BondFunded', logs: receipt.logs })
  return { bond: { amount: event?.args.bond ?? 0n, lockedUntil }, hash, receipt }
}

/**
 * Takes base units back that are no longer locked, to the client's account where nothing is said.
 * `BondPolicy.withdrawBond`.
 * @returns `left`: what stays in the bond.
 * @throws `TRANSACTION_REVERTED` with `BondLocked`, `InsufficientBond`, `ZeroAmount` or `InvalidRecipient`, and what
 * `transact` throws
 */
export async function withdrawBond(
  client: ScripClient,
  parameters: { networkId: bigint; token: Address; amount: bigint; to?: Address },
): Promise<Transaction & { left: bigint }> {
  const { networkId, token, amount, to = accountOf(client).address } = parameters
  const data = encodeCall({ abi, functionName: 'withdrawBond', args: [networkId, token, amount, to] })
  const { hash, receipt } = await transact(client, { to: contract.address, abi, data })
  const [event] = parseEventLogs({ abi, eventName: 'BondWithdrawn', logs: receipt.logs })
  return { left: event?.args.bond ?? 0n, hash, receipt }
}

/**
 * What a peer locked in a network, the client's account where nothing is said. `BondPolicy.bondOf`.
 * @throws `NOT_DEPLOYED`, `RPC_UNREACHABLE`
 */
export async function getBond(
  client: ScripClient,
  { networkId, token, peer = accountOf(client).address }: { networkId: bigint; token: Address; peer?: Address },
): Promise<Bond> {
  const [amount, lockedUntil] = await guarded(abi, () =>
    readContract(client, { ...contract, functionName: 'bondOf', args: [networkId, peer, token] }),
  )
  return { amount, lockedUntil }
}

/**
 * What a network asks to lock; nothing where its steward set no terms. `BondPolicy.termsOf`.
 * @throws `NOT_DEPLOYED`, `RPC_UNREACHABLE`
 */
export async function getBondTerms(
  client: ScripClient,
  { networkId }: { networkId: bigint },
): Promise<BondTerms | undefined> {
  const { token, amount, admissionPeriod } = await guarded(abi, () =>
    readContract(client, { ...contract, functionName: 'termsOf', args: [networkId] }),
  )
  return amount === 0n ? undefined : { token, amount, admissionPeriod }
}
