import { type Address, concatHex, type Hex, keccak256, numberToHex, sliceHex } from 'viem'
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

/** How deep a reorg may be: so many blocks are read again each time, for deposits that moved into them. */
const REORG_DEPTH = 64n

/** Where an answer ended: the last block read, and marks of the deposits given out from the blocks that a reorg may touch. */
type Cursor = { readonly block: bigint; readonly marks: ReadonlySet<Hex> }

/** Bytes of a mark: two deposits of one recipient in 64 blocks share one with a chance of 2^-64. */
const MARK_BYTES = 8

/** Marks kept of deposits that reorgs took away: they may come back, and a cursor must not grow for ever. */
const MOST_GONE = 64

/**
 * What arrived through `transferFunds` since the cursor. Each deposit comes once per cursor, also where a reorg of up to 64
 * blocks moves it to another block, takes it away for a while, or brings one that was not there before. The getDepositsRequest of the Lightweight
 * Currency Protocol (Turner & Ross 2003), read from the `Deposited` log.
 * @throws `UNKNOWN_CURRENCY`, `INVALID_ARGUMENT` for a cursor that this function did not give, `RPC_UNREACHABLE`
 */
export async function getDeposits(
  client: ScripClient,
  { currency, recipient, cursor, wait = 0 }: GetDepositsParameters,
): Promise<GetDepositsReturnType> {
  const to = recipient ?? accountOf(client).address
  const since = readCursor(cursor)
  await requireCurrency(client, currency)
  const deadline = Date.now() + wait
  for (;;) {
    const answer = await guarded(abi, () => read(client, currency, to, since))
    const left = deadline - Date.now()
    if (answer.deposits.length > 0 || left <= 0) return answer
    await new Promise((resolve) => setTimeout(resolve, Math.min(left, POLL_MILLISECONDS)))
  }
}

async function read(
  client: ScripClient,
  currency: Address,
  to: Address,
  since: Cursor | undefined,
): Promise<GetDepositsReturnType> {
  const toBlock = await getBlockNumber(client, { cacheTime: 0 })
  const safeBlock = since === undefined || since.block < REORG_DEPTH ? 0n : since.block - REORG_DEPTH + 1n
  // A node that lags behind, or a shorter fork: the cursor stays where it is, and keeps every mark.
  const behind = since !== undefined && since.block > toBlock
  const block = behind ? since.block : toBlock
  const contract = { address: currency, abi } as const
  const [events, balance] = await Promise.all([
    safeBlock > toBlock
      ? []
      : getContractEvents(client, {
          ...contract,
          eventName: 'Deposited',
          args: { to },
          fromBlock: safeBlock,
          toBlock,
          strict: true,
        }),
    readContract(client, { ...contract, functionName: 'balanceOf', args: [to] }),
  ])
  const counts = new Map<Hex, number>()
  const found = events.map(({ args: { from, amount, fee, transactionId }, blockNumber, transactionHash: hash }) => {
    const count = counts.get(hash) ?? 0
    counts.set(hash, count + 1)
    return { mark: markOf(hash, count), deposit: { from, amount, fee, transactionId, blockNumber, hash } }
  })
  const deposits = found.filter(({ mark }) => !since?.marks.has(mark)).map(({ deposit }) => deposit)
  const marks = found.filter(({ deposit }) => deposit.blockNumber + REORG_DEPTH > block).map(({ mark }) => mark)
  // What was given out and is not there now may come back: a transaction that a reorg took away is mined again.
  const present = new Set(found.map(({ mark }) => mark))
  const gone = [...(since?.marks ?? [])].filter((mark) => !present.has(mark))
  return { deposits, balance, cursor: writeCursor(block, [...(behind ? gone : gone.slice(-MOST_GONE)), ...marks]) }
}

/** A deposit by its transaction and its place among the transaction's deposits: what a reorg leaves as it is. */
function markOf(hash: Hex, count: number): Hex {
  return sliceHex(keccak256(concatHex([hash, numberToHex(count, { size: 4 })])), 0, MARK_BYTES)
}

function writeCursor(block: bigint, marks: readonly Hex[]): string {
  return `${block}-${marks.map((mark) => mark.slice(2)).join('')}`
}

/** @throws `INVALID_ARGUMENT` */
function readCursor(cursor: string | undefined): Cursor | undefined {
  if (cursor === undefined) return undefined
  const [, block, marks] = /^(\d{1,15})-((?:[0-9a-f]{16})*)$/.exec(cursor) ?? []
  if (block === undefined || marks === undefined) {
    throw new ScripError('INVALID_ARGUMENT', {
      detail: `${cursor.slice(0, 80)} is no cursor.`,
      hint: 'Pass the cursor of an earlier answer unchanged, or none.',
      values: { cursor: cursor.slice(0, 80) },
    })
  }
  const list = marks.match(/.{16}/g) ?? []
  return { block: BigInt(block), marks: new Set(list.map((mark): Hex => `0x${mark}`)) }
}
