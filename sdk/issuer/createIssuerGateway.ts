import { type Address, type Hex, isAddress } from 'viem'
import { getBlock, getBlockNumber, getChainId } from 'viem/actions'
import { accountOf, guarded, type ScripClient } from '../chain/transact.ts'
import type { ErrorCode } from '../errors/codes.ts'
import { ScripError } from '../errors/ScripError.ts'
import {
  CURRENCIES_PATH,
  GET_DEPOSITS_PATH,
  readGetDeposits,
  readTransferFunds,
  TRANSFER_FUNDS_PATH,
  writeMessage,
} from '../http/gatewayMessages.ts'
import { PROBLEM_TYPE } from '../http/problem.ts'
import { put, type Store, type Table } from '../store/Store.ts'
import { failureAnswer } from './answers.ts'
import { createCurrencyBook } from './createCurrencyBook.ts'
import { createDepositDesk } from './createDepositDesk.ts'
import { createJudge, unavailable } from './createJudge.ts'
import { createLimiter, type Rate } from './createLimiter.ts'
import { createRelay } from './createRelay.ts'
import { createTransferDesk } from './createTransferDesk.ts'
import { openApi } from './openApi.ts'

/** What `createIssuerGateway` takes. */
export type IssuerGatewayParameters = {
  /** Reads the chain and pays for the gas from its account, whose key it must have. */
  client: ScripClient
  /** Remembers every message and transaction; this gateway's alone. */
  store: Store
  /** Whose currencies; the client's account where nothing is said. An issuer that is a contract names itself. */
  issuer?: Address
  /** Blocks that carry a payment before it is answered, its own included; 1 where nothing is said. */
  confirmations?: number
  /** How many new messages each holder may send; 20 at once, then one a second, where nothing is said. */
  perHolder?: Rate
  /** How many requests may come from each address; 100 at once, then 20 a second, where nothing is said. */
  perAddress?: Rate
  /** What a unit of gas may cost at most, in wei; without limit where nothing is said. */
  maxFeePerGas?: bigint
  /** Milliseconds until a transaction that is not mined is sent again at a higher price; 30 seconds where nothing is said. */
  bumpAfter?: number
  /** Milliseconds that a payment waits for its block before the holder is asked to come again; 30 seconds where nothing is said. */
  patience?: number
  /** Told of what an operator should know, the same at most once a minute. */
  onTrouble?: (error: ScripError) => void
}

/** A request, as any server hands it over. */
export type GatewayRequest = {
  readonly method: string
  /** The path without a query. */
  readonly path: string
  /** The body as text. @throws `BODY_TOO_LARGE` where it is longer than that many bytes */
  readonly body: (most: number) => Promise<string>
  /** Where it comes from. */
  readonly address: string
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal
}

/** What to answer. */
export type GatewayAnswer = {
  readonly status: number
  readonly headers: { readonly [name: string]: string }
  readonly body: string
}

/** The gateway of an issuer. */
export type IssuerGateway = {
  /** Answers a request, whatever it is. */
  handle(request: GatewayRequest): Promise<GatewayAnswer>
  /** Ends what it does, and answers who waits. The store stays open. */
  close(): Promise<void>
}

/** Bytes of a transferFundsRequest: room for the signature of any wallet. */
const LONGEST_TRANSFER = 16_384

/** Bytes of a getDepositsRequest: a cursor has 16 for each deposit of the newest 64 blocks. */
const LONGEST_QUERY = 65_536

/** Requests at once, and from one address. */
const MOST_AT_ONCE = 2_048
const MOST_OF_ADDRESS = 128

const PATIENCE = 30_000
const BUMP_AFTER = 30_000
const TROUBLE_INTERVAL = 60_000

/** What a holder can do something about. The rest is the issuer's affair. */
const holdersCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'BODY_TOO_LARGE',
  'INVALID_ARGUMENT',
  'INVALID_SIGNATURE',
  'ISSUER_UNAVAILABLE',
  'MESSAGE_CONFLICT',
  'MESSAGE_EXPIRED',
  'METHOD_NOT_ALLOWED',
  'NOT_FOUND',
  'TOO_MANY_REQUESTS',
  'TRANSACTION_PENDING',
  'UNKNOWN_CURRENCY',
])

type Operation = {
  readonly path: string
  readonly method: 'GET' | 'POST'
  readonly answer: (request: GatewayRequest, rest: string) => Promise<GatewayAnswer>
  readonly fail: (error: ScripError) => GatewayAnswer
}

/**
 * The gateway of an issuer: the four messages of the Lightweight Currency Protocol (Turner & Ross 2003) for holders that
 * have no gas and no node. It knows nothing of servers: `gatewayListener` puts it behind one.
 * @throws `KEY_MISSING`, `STORE_FAILED` where the store is another gateway's, `RPC_UNREACHABLE`
 */
export async function createIssuerGateway(parameters: IssuerGatewayParameters): Promise<IssuerGateway> {
  const { client, store, patience = PATIENCE } = parameters
  const account = accountOf(client)
  if (account.type !== 'local') {
    throw new ScripError('KEY_MISSING', {
      detail: 'The gateway signs its transactions itself: what the store keeps must be what is sent.',
      hint: 'Give the client an account with a private key.',
    })
  }
  const issuer = parameters.issuer ?? account.address
  const chainId = await guarded([], () => getChainId(client))
  await takeStore(client, store, account.address, chainId)
  const report = calm(parameters.onTrouble)
  const closing = new AbortController()

  const book = createCurrencyBook(client, chainId, issuer)
  const judge = createJudge(client, account.address)
  const relay = createRelay({
    client,
    account,
    chainId,
    store,
    judge,
    confirmations: parameters.confirmations ?? 1,
    bumpAfter: parameters.bumpAfter ?? BUMP_AFTER,
    maxFeePerGas: parameters.maxFeePerGas,
    onTrouble: report,
  })
  const holders = createLimiter(parameters.perHolder ?? { burst: 20, perSecond: 1 })
  const addresses = createLimiter(parameters.perAddress ?? { burst: 100, perSecond: 20 })
  const transfers = createTransferDesk({ client, store, book, judge, relay, holders, patience })
  const deposits = createDepositDesk(client, book)
  await relay.start()

  const operations: readonly Operation[] = [
    {
      path: TRANSFER_FUNDS_PATH,
      method: 'POST',
      fail: (error) => problem(error, failureAnswer(error).body),
      answer: async ({ body, signal }) => {
        const request = readTransferFunds(await body(LONGEST_TRANSFER))
        const { status, body: answer } = await transfers.transfer(request, AbortSignal.any([signal, closing.signal]))
        return json(answer, status)
      },
    },
    {
      path: GET_DEPOSITS_PATH,
      method: 'POST',
      fail: problem,
      answer: async ({ body, signal }) => {
        const query = readGetDeposits(await body(LONGEST_QUERY))
        const answer = await deposits.deposits(query, AbortSignal.any([signal, closing.signal]))
        return json({ ...answer, fee: '0' })
      },
    },
    {
      path: `${CURRENCIES_PATH}/`,
      method: 'GET',
      fail: problem,
      answer: async (_, currency) => {
        if (isAddress(currency)) return json(await book.terms(currency))
        throw new ScripError('INVALID_ARGUMENT', {
          detail: 'The path does not end in an address.',
          hint: 'Give 0x and 40 hexadecimal digits, in lower case or with the right checksum.',
        })
      },
    },
    {
      path: '/health',
      method: 'GET',
      fail: problem,
      answer: async () =>
        json({
          chainId,
          issuer,
          relayer: account.address,
          block: await guarded([], () => getBlockNumber(client, { cacheTime: 0 })),
          unsettled: relay.open(),
          waiting: deposits.waiting(),
        }),
    },
    { path: '/openapi.json', method: 'GET', fail: problem, answer: async () => json(openApi) },
  ]

  const operate = async (operation: Operation, request: GatewayRequest): Promise<GatewayAnswer> => {
    if (request.method === operation.method) return operation.answer(request, request.path.slice(operation.path.length))
    throw new ScripError('METHOD_NOT_ALLOWED', { values: { allow: operation.method } })
  }

  /** The error as the holder should see it. */
  const outward = (error: unknown): ScripError => {
    if (closing.signal.aborted) return unavailable(error)
    if (error instanceof ScripError && holdersCodes.has(error.code)) {
      if (error.code === 'ISSUER_UNAVAILABLE' && error.cause instanceof ScripError) report(error.cause)
      return error
    }
    const known =
      error instanceof ScripError ? error : new ScripError('INTERNAL', { detail: String(error), cause: error })
    report(known)
    return error instanceof ScripError ? unavailable(error) : new ScripError('INTERNAL')
  }

  const turnstile = createTurnstile()
  const answering = new Set<Promise<GatewayAnswer>>()

  const answer = async (request: GatewayRequest): Promise<GatewayAnswer> => {
    const operation = operations.find(({ path }) =>
      path.endsWith('/') ? request.path.startsWith(path) : request.path === path,
    )
    const fail = operation?.fail ?? problem
    let leave: (() => void) | undefined
    try {
      leave = turnstile.enter(request.address)
      addresses.take(request.address)
      if (operation !== undefined) return await operate(operation, request)
      throw new ScripError('NOT_FOUND', { hint: 'GET /openapi.json says what there is.' })
    } catch (error) {
      return fail(outward(error))
    } finally {
      leave?.()
    }
  }

  return {
    handle: async (request) => {
      const answered = answer(request)
      answering.add(answered)
      try {
        return await answered
      } finally {
        answering.delete(answered)
      }
    },
    close: async () => {
      closing.abort(unavailable(new Error('The gateway stops.')))
      await relay.close()
      await Promise.all(answering)
      // The server behind has its turn, and writes what it was given.
      await new Promise(setImmediate)
    },
  }
}

function json(body: object, status = 200): GatewayAnswer {
  const isProblem = status >= 400
  return {
    status,
    headers: { 'content-type': isProblem ? PROBLEM_TYPE : 'application/json' },
    body: writeMessage(body),
  }
}

function problem(error: ScripError, body: object = error.toProblem()): GatewayAnswer {
  const { status, headers, body: text } = json(body, error.status)
  const { retryAfter = 1, allow } = error.values as { retryAfter?: number; allow?: string }
  const isPassing = status === 429 || status >= 503
  return {
    status,
    headers: {
      ...headers,
      ...(isPassing && { 'retry-after': `${retryAfter}` }),
      ...(allow !== undefined && { allow }),
    },
    body: text,
  }
}

/** Counts who is being answered. */
function createTurnstile(): { enter(address: string): () => void } {
  const present = new Map<string, number>()
  let all = 0
  return {
    enter: (address) => {
      const count = present.get(address) ?? 0
      if (count >= MOST_OF_ADDRESS) {
        throw new ScripError('TOO_MANY_REQUESTS', {
          detail: `${count} requests from this address are being answered.`,
          values: { retryAfter: 1 },
        })
      }
      if (all >= MOST_AT_ONCE) throw new ScripError('ISSUER_UNAVAILABLE', { detail: 'Too many ask at once.' })
      present.set(address, count + 1)
      all++
      return () => {
        all--
        const left = (present.get(address) ?? 1) - 1
        if (left === 0) present.delete(address)
        else present.set(address, left)
      }
    },
  }
}

/** Whose store it is. */
type Owner = { readonly chainId: number; readonly genesis: Hex; readonly account: Address }

/** Takes a new store, and one that was this account's on this very chain. Nonces and answers mean nothing elsewhere. */
async function takeStore(client: ScripClient, store: Store, account: Address, chainId: number): Promise<void> {
  const owners: Table<Owner> = 'gateway-owner'
  const { hash: genesis } = await guarded([], () => getBlock(client, { blockNumber: 0n }))
  const owner = await store.get(owners, 'owner')
  if (owner === undefined) return store.write([put(owners, 'owner', { chainId, genesis, account })])
  if (owner.genesis === genesis && owner.account === account) return
  throw new ScripError('STORE_FAILED', {
    detail:
      owner.genesis === genesis
        ? `The store belongs to the gateway of ${owner.account}.`
        : `The store belongs to another chain, of id ${owner.chainId}.`,
    hint: 'Give this gateway a store of its own.',
    values: { ...owner },
  })
}

/** Tells the same at most once a minute: what is wrong with a chain is wrong with every look at it. */
function calm(onTrouble: ((error: ScripError) => void) | undefined): (error: ScripError) => void {
  const told = new Map<string, number>()
  return (error) => {
    const last = told.get(error.code)
    if (last !== undefined && performance.now() - last < TROUBLE_INTERVAL) return
    told.set(error.code, performance.now())
    onTrouble?.(error)
  }
}
