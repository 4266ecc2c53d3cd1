import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import {
  type Address,
  type Chain,
  type Client,
  createClient,
  createWalletClient,
  type Hex,
  type PrivateKeyAccount,
  type Transport,
  type WalletClient,
} from 'viem'
import { getChainId } from 'viem/actions'
import { guarded, type ScripClient } from '../chain/transact.ts'
import { ScripError } from '../errors/ScripError.ts'
import { memoryStore } from '../store/memoryStore.ts'
import type { Store } from '../store/Store.ts'
import { sqliteStore } from '../store/sqliteStore.ts'
import { type KeyOptions, readAccount } from './key.ts'
import { parseUrl, parseWhole } from './parse.ts'
import { createPatience, type Patience } from './patience.ts'
import { patientHttp } from './transport.ts'

/** The options that every command takes. */
export type CommonOptions = KeyOptions & { rpc: string; chainId?: string; json?: boolean }

/** The option of commands that have a store. */
export type StoreOptions = { store?: string }

/** A client that only reads. */
export type ReadingClient = Client<Transport, Chain | undefined, undefined>

/** A client with the account of the key. */
export type AccountClient = WalletClient<Transport, Chain | undefined, PrivateKeyAccount>

/** The sides of an account: each has a store of its own, so that it can buy while it sells. */
export type Side = 'paying' | 'earning' | 'claiming' | 'issuing' | 'watching'

const LOCAL_POLL_MILLISECONDS = 100
const POLL_MILLISECONDS = 1_000

const impatient: Patience = { begin: () => {}, end: () => {} }

/**
 * The chain that a command acts on, with the account of the key.
 * @throws `KEY_MISSING`, `KEY_INVALID`, `PASSWORD_MISSING`, `PASSWORD_WRONG`, `FILE_NOT_FOUND`, `INVALID_ARGUMENT`,
 * `RPC_UNREACHABLE`, `WRONG_CHAIN`
 */
export async function connect(options: CommonOptions, onSent?: (hash: Hex) => void): Promise<AccountClient> {
  const account = readAccount(options)
  const client = createWalletClient({ account, ...connection(options, onSent) })
  await checkChain(client, options)
  return client
}

/** The chain that a command reads. No key is needed. @throws `INVALID_ARGUMENT`, `RPC_UNREACHABLE`, `WRONG_CHAIN` */
export async function connectReader(options: CommonOptions): Promise<ReadingClient> {
  const client = createClient(connection(options))
  await checkChain(client, options)
  return client
}

function connection(options: CommonOptions, onSent?: (hash: Hex) => void) {
  const url = parseUrl(options.rpc, 'rpc')
  const patience = options.json ? impatient : createPatience()
  return {
    transport: patientHttp(url.href, { patience, ...(onSent && { onSent }) }),
    pollingInterval: /^(127\.|localhost$|\[::1\])/.test(url.hostname) ? LOCAL_POLL_MILLISECONDS : POLL_MILLISECONDS,
  }
}

async function checkChain(client: ScripClient, { rpc, chainId }: CommonOptions): Promise<void> {
  const expected = chainId === undefined ? undefined : parseWhole(chainId, 'chain-id')
  const found = await guarded([], () => getChainId(client))
  if (expected === undefined || expected === found) return
  throw new ScripError('WRONG_CHAIN', {
    detail: `The RPC at ${new URL(rpc).origin} serves chain ${found}, not ${expected}.`,
    values: { chainId: found, expected },
  })
}

/**
 * The account that a reading command is about: the one that was named, or that of the key.
 * @throws `KEY_MISSING` where there is neither
 */
export function accountFor(options: CommonOptions, named: Address | undefined, how: string): Address {
  if (named !== undefined) return named
  if (options.key) return readAccount(options).address
  throw new ScripError('KEY_MISSING', {
    detail: 'Nobody was named and no key was given.',
    hint: `Name an address${how}, or pass --key.`,
  })
}

/**
 * The account's store of one side: `--store`, or a file of the chain, account and side below `~/.scrip`. In a database any
 * number of processes earn together; whoever pays or issues is alone there as in a file.
 * @throws `STORE_FAILED`
 */
export async function openStore(options: StoreOptions, client: AccountClient, side: Side): Promise<Store> {
  if (!isDatabase(options.store)) return sqliteStore(options.store ?? (await defaultStore(client, side)))
  const { postgresStore } = await import('../store/postgresStore.ts')
  return postgresStore(options.store, side === 'earning' ? {} : { owner: await nameOf(client, side) })
}

/**
 * Where a peer keeps the transactions that claim for it: in its store, or, where several processes share that, in a part that
 * belongs to one of them. Nothing where that is another one.
 * @throws `STORE_FAILED`
 */
export async function openClaims(
  options: StoreOptions,
  client: AccountClient,
  store: Store,
): Promise<Store | undefined> {
  if (!isDatabase(options.store)) return { ...store, close: async () => {} }
  const { postgresStore } = await import('../store/postgresStore.ts')
  try {
    return await postgresStore(options.store, { owner: await nameOf(client, 'claiming') })
  } catch (error) {
    if (error instanceof ScripError && error.values['owner'] !== undefined) return undefined
    throw error
  }
}

/**
 * Reads the account's store of one side, also while another process owns it; an empty one where there is none yet.
 * @throws `STORE_FAILED`
 */
export async function withStore<Result>(
  options: StoreOptions,
  client: AccountClient,
  side: Side,
  read: (store: Store) => Promise<Result>,
): Promise<Result> {
  const store = await openToRead(options, client, side)
  try {
    return await read(store)
  } finally {
    await store.close()
  }
}

async function openToRead(options: StoreOptions, client: AccountClient, side: Side): Promise<Store> {
  if (isDatabase(options.store)) {
    const { postgresStore } = await import('../store/postgresStore.ts')
    return postgresStore(options.store, { readOnly: true })
  }
  const path = options.store ?? (await defaultStore(client, side))
  return options.store === undefined && !existsSync(path) ? memoryStore() : sqliteStore(path, { readOnly: true })
}

function isDatabase(store: string | undefined): store is string {
  return store !== undefined && /^postgres(ql)?:/.test(store)
}

/** Where everything lies that a command keeps and nobody named a place for. */
export function scripHome(): string {
  return process.env['SCRIP_HOME'] ?? join(homedir(), '.scrip')
}

async function defaultStore(client: AccountClient, side: Side): Promise<string> {
  return join(scripHome(), `${await nameOf(client, side)}.db`)
}

async function nameOf(client: AccountClient, side: Side): Promise<string> {
  return `${await getChainId(client)}-${client.account.address.toLowerCase()}-${side}`
}
