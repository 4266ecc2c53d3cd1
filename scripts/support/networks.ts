import { existsSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { createClient, http, type PrivateKeyAccount } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import type { ErrorCode } from '../../sdk/errors/codes.ts'
import { ScripError } from '../../sdk/errors/ScripError.ts'

/** A chain that the scripts know. */
type Network = {
  chainId: number
  /** The environment variable that holds the RPC's address. */
  rpcVariable: string
  /** The RPC's address where the variable is not set. */
  rpcUrl?: string
  /** The key that is used where `SCRIP_KEY` is not set. */
  key?: string
  /** How often the chain is asked for something new, in milliseconds. */
  pollingInterval: number
  /** Begins anew whenever its process starts, and is nobody else's business: nothing of it is published. */
  local: boolean
}

/** Every network of `npm run deploy` and `npm run verify`. */
export const networks: Readonly<Record<string, Network>> = {
  local: {
    chainId: 31337,
    rpcVariable: 'LOCAL_RPC_URL',
    rpcUrl: 'http://127.0.0.1:8545',
    // The first account of Hardhat's node and of anvil. Everybody knows its key: worth nothing on any other chain.
    key: '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80',
    pollingInterval: 50,
    local: true,
  },
  sepolia: { chainId: 11155111, rpcVariable: 'SEPOLIA_RPC_URL', pollingInterval: 2_000, local: false },
  baseSepolia: { chainId: 84532, rpcVariable: 'BASE_SEPOLIA_RPC_URL', pollingInterval: 1_000, local: false },
}

/** What a script was told on its command line. */
export type Invocation = { name: string; network: Network; out: string | undefined }

/**
 * Reads `--network <name>` and `--out <folder>`.
 *
 * @throws ScripError `INVALID_ARGUMENT`
 */
export function readInvocation(args: readonly string[]): Invocation {
  const { network: name, out } = readOptions(args)
  const network = name !== undefined && Object.hasOwn(networks, name) ? networks[name] : undefined
  if (name === undefined || network === undefined) {
    throw new ScripError('INVALID_ARGUMENT', {
      detail: name === undefined ? 'No network was named.' : `There is no network ${JSON.stringify(name)}.`,
      hint: `Pass --network with one of: ${Object.keys(networks).join(', ')}.`,
      values: { network: name },
    })
  }
  return { name, network, out }
}

function readOptions(args: readonly string[]): { network?: string; out?: string } {
  try {
    const options = { network: { type: 'string' }, out: { type: 'string' } } as const
    return parseArgs({ args: [...args], options }).values
  } catch (error) {
    throw new ScripError('INVALID_ARGUMENT', {
      detail: error instanceof Error ? `${error.message.split('. ', 1)[0]}.` : 'The arguments cannot be read.',
      hint: 'Pass --network <name>, and --out <folder> to write somewhere else.',
    })
  }
}

/** The address of the network's RPC. @throws ScripError `INVALID_ARGUMENT` where none is set, or it is no HTTP address */
export function rpcUrl({ name, network }: Invocation, environment: NodeJS.ProcessEnv): string {
  const { rpcVariable } = network
  const url = environment[rpcVariable] || network.rpcUrl
  if (url === undefined) {
    throw new ScripError('INVALID_ARGUMENT', {
      detail: `${rpcVariable} is not set.`,
      hint: `Set it to the address of an RPC of ${name}, in .env (see .env.example) or in the environment.`,
    })
  }
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? '')) {
    throw new ScripError('INVALID_ARGUMENT', {
      detail: `${rpcVariable} is not an address that starts with http:// or https://.`,
      hint: `Correct ${rpcVariable}.`,
    })
  }
  return url
}

/** A client that reads the network. */
export function openReader(invocation: Invocation, environment: NodeJS.ProcessEnv) {
  const { pollingInterval } = invocation.network
  return createClient({ transport: http(rpcUrl(invocation, environment)), pollingInterval })
}

/** A client that deploys to the network. */
export function openDeployer(invocation: Invocation, environment: NodeJS.ProcessEnv) {
  const { pollingInterval, key } = invocation.network
  const account = readAccount(environment['SCRIP_KEY'] || key)
  return createClient({ account, transport: http(rpcUrl(invocation, environment)), pollingInterval })
}

/** The account of a private key, or of the file that holds it. What was given is never repeated: it may be a key. */
function readAccount(given: string | undefined): PrivateKeyAccount {
  const hint = 'Set SCRIP_KEY in .env (see .env.example) or in the environment.'
  if (given === undefined) throw new ScripError('KEY_MISSING', { hint })
  const key = (existsSync(given) ? readFileSync(given, 'utf8') : given).trim()
  try {
    return privateKeyToAccount(key.startsWith('0x') ? (key as `0x${string}`) : `0x${key}`)
  } catch {
    throw new ScripError('KEY_INVALID', { detail: 'SCRIP_KEY is no private key, nor a file that holds one.' })
  }
}

/** Does `work`, and where the network is at fault names the setting that chooses it as the next step. */
export async function onNetwork<Result>({ name, network }: Invocation, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    const hints: Partial<Record<ErrorCode, string>> = {
      RPC_UNREACHABLE: network.local
        ? `Start a local chain with \`npm run scrip -- dev\`, or set ${network.rpcVariable}.`
        : `Check ${network.rpcVariable}.`,
      WRONG_CHAIN: `Point ${network.rpcVariable} at ${name}, or name the network that it serves.`,
      NOT_DEPLOYED: `Run \`npm run deploy -- --network ${name}\` first.`,
    }
    const hint = error instanceof ScripError ? hints[error.code] : undefined
    if (!(error instanceof ScripError) || hint === undefined) throw error
    throw new ScripError(error.code, { detail: error.message, hint, values: error.values, cause: error })
  }
}
