import { type Address, type Hex, hexToNumber } from 'viem'
import { getBlockNumber, getContractEvents, readContract } from 'viem/actions'
import { issuerCurrencyAbi as abi } from '../../abi/issuerCurrency.ts'
import { ScripError } from '../../errors/ScripError.ts'
import { requireCurrency } from '../requireCurrency.ts'
import { accountOf, guarded, type ScripClient } from '../transact.ts'

/** A payment that arrived. Amounts in base units. */
export type Deposit = {
  readonly from: Address
  readonly amount: bigint
  /** What the payer paid to the issuer on top. */
  readonly fee: bigint
  readonly transactionId: Hex
  readonly blockNumber: bigint
  /** The transaction that carried it. */
  readonly hash: Hex
}

/** What `getDeposits` takes. */
export type GetDepositsParameters = {
  currency: Address
  /** Whose deposits; the client's account where nothing is said. */
  recipient?: Address
  /** Where the last answer ended; the beginning where nothing is said. */
  cursor?: string
  /** Milliseconds to wait for a deposit where none is there; 0 where nothing is said. */
  wait?: number
}

/** Deposits since a cursor, the balance in base units, and the cursor to ask with next. */
export type GetDepositsReturnType = { deposits: Deposit[]; balance: bigint; cursor: string }

const POLL_MILLISECONDS = 250

/**
 * What arrived through `transferFunds` since the cursor: each deposit comes once per cursor. The getDepositsRequest of the
 * Lightweight Currency Protocol (Turner & Ross 2003), read from the `Deposited` log.
 * @throws `UNKNOWN_CURRENCY`, `INVALID_ARGUMENT` for a cursor that this function did not give, `RPC_UNREACHABLE`
 */
export async function getDeposits(
  client: ScripClient,
  { currency, recipient, cursor, wait = 0 }: GetDepositsParameters,
): Promise<GetDepositsReturnType> {
  const to = recipient ?? accountOf(client).address
  const fromBlock = readCursor(cursor)
  await requireCurrency(client, currency)
  const deadline = Date.now() + wait
  for (;;) {
    const answer = await guarded(abi, () => read(client, currency, to, fromBlock))
    const left = deadline - Date.now()
    if (answer.deposits.length > 0 || left <= 0) return answer
    await new Promise((resolve) => setTimeout(resolve, Math.min(left, POLL_MILLISECONDS)))
  }
}

async function read(client: ScripClient, currency: Address, to: Address, fromBlock: bigint): Promise<GetDepositsReturnType> {
  const toBlock = await getBlockNumber(client, { cacheTime: 0 })
  const [events, balance] = await Promise.all([
    fromBlock > toBlock
      ? []
      : getContractEvents(client, { address: currency, abi, eventName: 'Deposited', args: { to }, fromBlock, toBlock, strict: true }),
    readContract(client, { address: currency, abi, functionName: 'balanceOf', args: [to] }),
  ])
  const deposits = events.map(({ args, blockNumber, transactionHash }) => ({
    from: args.from,
    amount: args.amount,
    fee: args.fee,
    transactionId: args.transactionId,
    blockNumber,
    hash: transactionHash,
  }))
  return { deposits, balance, cursor: `0x${(toBlock + 1n).toString(16)}` }
}

/** A cursor is the next block to read, in hexadecimal. */
function readCursor(cursor: string | undefined): bigint {
  if (cursor === undefined) return 0n
  if (!/^0x[0-9a-f]{1,13}$/.test(cursor)) {
    throw new ScripError('INVALID_ARGUMENT', {
      detail: `${cursor} is no cursor.`,
      hint: 'Pass the cursor of an earlier answer unchanged, or none.',
      values: { cursor },
    })
  }
  return BigInt(hexToNumber(cursor as Hex))
}
