import { realpathSync, statSync } from 'node:fs'
import { BlockList, isIP } from 'node:net'
import { relative, sep } from 'node:path'
import { type Address, getAddress } from 'viem'
import { mnemonicToAccount } from 'viem/accounts'
import { ScripError } from '../../errors/ScripError.ts'
import { DEV_MNEMONIC } from '../localChain.ts'

/** What is looked at before a peer starts to sell. */
export type Configuration = {
  chainId: number
  account: Address
  rpc: URL
  /** Where it listens. */
  host: string
  behindProxy: boolean
  /** The folder that is for sale, if one is. */
  folder: string | undefined
  /** Files that nobody else may see. */
  secrets: readonly string[]
  upstream: URL | undefined
}

/** Chains on which the well-known keys are what everybody uses. */
const LOCAL_CHAINS = new Set([31_337, 1_337])

const WELL_KNOWN = 20

const privateRanges = new BlockList()
privateRanges.addSubnet('127.0.0.0', 8)
privateRanges.addSubnet('10.0.0.0', 8)
privateRanges.addSubnet('172.16.0.0', 12)
privateRanges.addSubnet('192.168.0.0', 16)
privateRanges.addSubnet('169.254.0.0', 16)
privateRanges.addAddress('::1', 'ipv6')
privateRanges.addSubnet('fc00::', 7, 'ipv6')
privateRanges.addSubnet('fe80::', 10, 'ipv6')

/**
 * Refuses to start where money or secrets would be lost to whoever looks for them.
 * @throws `UNSAFE_CONFIGURATION`
 */
export function requireSafe(configuration: Configuration): void {
  const { chainId, account, rpc, host, behindProxy, folder, secrets, upstream } = configuration
  if (!behindProxy && !isLoopback(host)) {
    throw unsafe(
      `It would listen for everybody at ${host} without encryption, and whoever listens on the way could take payments.`,
      'Put a proxy with TLS before it and pass --behind-proxy, or listen at 127.0.0.1.',
    )
  }
  if (rpc.protocol === 'http:' && !isNear(rpc.hostname)) {
    throw unsafe(
      `It would believe what anybody on the way to ${rpc.origin} says about deposits.`,
      'Give the RPC as https://…, or one in your own network.',
    )
  }
  if (!LOCAL_CHAINS.has(chainId) && isWellKnown(account)) {
    throw unsafe(
      `Everybody knows the key of ${getAddress(account)}, and could take what it earns on chain ${chainId}.`,
      'Make a key of your own.',
    )
  }
  for (const secret of folder === undefined ? [] : secrets) {
    if (!isBelow(secret, folder as string)) continue
    throw unsafe(`${secret} is below ${folder}, and would be for sale.`, 'Keep keys and stores somewhere else.')
  }
  if (upstream?.protocol === 'http:' && !isNear(upstream.hostname)) {
    throw unsafe(
      `Anybody on the way to ${upstream.origin} could change what is sold.`,
      'Give the upstream as https://…, or one in your own network.',
    )
  }
}

function unsafe(detail: string, hint: string): ScripError {
  return new ScripError('UNSAFE_CONFIGURATION', { detail, hint })
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

/** Whether a host is this machine or in a network of one's own: by a private address, or by a name that no domain has. */
function isNear(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '')
  const family = isIP(host)
  if (family !== 0) return privateRanges.check(host, family === 4 ? 'ipv4' : 'ipv6')
  return !host.includes('.') || /\.(localhost|local|internal|lan|home\.arpa)$/.test(host)
}

function isWellKnown(account: Address): boolean {
  const address = account.toLowerCase()
  const known = (addressIndex: number) => mnemonicToAccount(DEV_MNEMONIC, { addressIndex }).address.toLowerCase()
  return Array.from({ length: WELL_KNOWN }, (_, index) => index).some((index) => known(index) === address)
}

/** Whether a file that exists is below a folder, wherever links lead, and under no name that starts with a dot. */
function isBelow(file: string, folder: string): boolean {
  if (statSync(file, { throwIfNoEntry: false }) === undefined) return false
  const path = relative(realpathSync(folder), realpathSync(file))
  return !path.startsWith('..') && !path.split(sep).some((part) => part.startsWith('.'))
}
