import { type Address, erc20Abi, formatUnits } from 'viem'
import { readContract } from 'viem/actions'
import { guarded, type ScripClient } from '../chain/transact.ts'
import { ScripError } from '../errors/ScripError.ts'

/** How amounts of a currency are written. */
export type Unit = { readonly decimals: number; readonly symbol: string }

/** A token's unit. @throws `UNKNOWN_CURRENCY` where there is no such token, `RPC_UNREACHABLE` */
export async function readUnit(client: ScripClient, token: Address): Promise<Unit> {
  const contract = { address: token, abi: erc20Abi } as const
  try {
    const [decimals, symbol] = await guarded(erc20Abi, () =>
      Promise.all([
        readContract(client, { ...contract, functionName: 'decimals' }),
        readContract(client, { ...contract, functionName: 'symbol' }),
      ]),
    )
    return { decimals, symbol }
  } catch (cause) {
    if (cause instanceof ScripError && cause.code === 'RPC_UNREACHABLE') throw cause
    throw new ScripError('UNKNOWN_CURRENCY', {
      detail: `There is no currency at ${token} on this chain.`,
      values: { token },
      cause,
    })
  }
}

/** Reads every token's unit once. */
export function unitReader(client: ScripClient): (token: Address) => Promise<Unit> {
  const known = new Map<Address, Promise<Unit>>()
  return (token) => {
    const unit = known.get(token) ?? readUnit(client, token)
    known.set(token, unit)
    return unit
  }
}

/** An amount of base units in a currency's own unit. */
export function amountOf(amount: bigint, { decimals, symbol }: Unit): string {
  return `${formatUnits(amount, decimals)} ${symbol}`
}

/** Does `work`; what it throws about base units is said in the currency's own unit. */
export async function inUnit<Result>(unit: Unit, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    const detail = error instanceof ScripError ? detailIn(unit, error) : undefined
    if (!(error instanceof ScripError) || detail === undefined) throw error
    throw new ScripError(error.code, { detail, hint: error.hint, values: error.values, cause: error })
  }
}

function detailIn(unit: Unit, { code, values }: ScripError): string | undefined {
  const amount = (value: unknown) => amountOf(BigInt(String(value)), unit)
  if (code === 'INSUFFICIENT_BALANCE' && Array.isArray(values['args'])) {
    const [account, balance, needed] = values['args']
    return `${account} holds ${amount(balance)} and needs ${amount(needed)}.`
  }
  if (code === 'LIMIT_EXCEEDED' && values['left'] !== undefined) {
    return `The rest costs ${amount(values['cost'])}; the limit leaves ${amount(values['left'])}.`
  }
  if (code === 'LIMIT_EXCEEDED' && values['limit'] !== undefined) {
    return `That would make ${amount(values['wanted'])}; the limit is ${amount(values['limit'])}.`
  }
  return undefined
}
