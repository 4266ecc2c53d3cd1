import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { type Chain, createWalletClient, type Hex, http, type PrivateKeyAccount, type Transport, type WalletClient } from 'viem'
import { getChainId } from 'viem/actions'
import { privateKeyToAccount } from 'viem/accounts'
import { guarded } from '../chain/transact.ts'
import { ScripError } from '../errors/ScripError.ts'
import { sqliteStore, type SqliteStoreOptions } from '../store/sqliteStore.ts'
import type { Store } from '../store/Store.ts'

/** The options that every command takes. */
export type CommonOptions = { rpc: string; key?: string; chainId?: string; json?: boolean; store?: string }

/** A client with the account of the key. */
export type AccountClient = WalletClient<Transport, Chain | undefined, PrivateKeyAccount>

const POLL_MILLISECONDS = 200

/**
 * The account and chain that a command acts with.
 * @throws `KEY_MISSING`, `KEY_INVALID`, `RPC_UNREACHABLE`, `WRONG_CHAIN`
 */
export async function connect(options: CommonOptions): Promise<AccountClient> {
  const account = privateKeyToAccount(readKey(options.key))
  const transport = http(options.rpc, { retryCount: 1 })
  const client = createWalletClient({ account, transport, pollingInterval: POLL_MILLISECONDS })
  const chainId = await guarded([], () => getChainId(client))
  if (options.chainId !== undefined && Number(options.chainId) !== chainId) {
    throw new ScripError('WRONG_CHAIN', {
      detail: `The RPC at ${options.rpc} serves chain ${chainId}, not ${options.chainId}.`,
      values: { chainId, expected: Number(options.chainId) },
    })
  }
  return client
}

/** The key itself, or the key in a file. */
function readKey(key: string | undefined): Hex {
  if (key === undefined) throw new ScripError('KEY_MISSING')
  const text = key.startsWith('0x') ? key : readKeyFile(key)
  if (!/^0x[0-9a-fA-F]{64}$/.test(text)) throw new ScripError('KEY_INVALID')
  return text as Hex
}

function readKeyFile(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (cause) {
    throw new ScripError('FILE_NOT_FOUND', {
      detail: `The key file ${path} cannot be read.`,
      hint: 'Pass --key 0x… or the path of a file that holds the key.',
      values: { path },
      cause,
    })
  }
}

/** The account's store: `--store`, or a file a chain and account below `~/.scrip`. */
export async function openStore(options: CommonOptions, client: AccountClient, settings?: SqliteStoreOptions): Promise<Store> {
  return sqliteStore(options.store ?? (await defaultStore(client)), settings)
}

async function defaultStore(client: AccountClient): Promise<string> {
  const home = process.env['SCRIP_HOME'] ?? join(homedir(), '.scrip')
  return join(home, `${await getChainId(client)}-${client.account.address.toLowerCase()}.db`)
}
