import { type Address, type Hex, isAddress, isAddressEqual, keccak256, stringToBytes } from 'viem'
import { addresses } from './addresses.ts'

/** What a client settled with an agent, as it states it in its feedback; anybody can look it up in the history. */
export type SettledStatement = {
  readonly networkId: bigint
  /** Who paid: the client itself. */
  readonly consumer: Address
  /** Who was paid: the agent's wallet or owner. */
  readonly provider: Address
  /** What was settled in all, in the network's unit of value. */
  readonly served: bigint
  /** As of this block. */
  readonly block: bigint
}

/** What else a file of feedback says (ERC-8004, off-chain feedback file). */
export type FeedbackDetails = {
  readonly chainId: number
  readonly identity: Address
  readonly agentId: bigint
  readonly createdAt: Date
  readonly value: bigint
  readonly valueDecimals: number
  readonly tag1: string
  readonly tag2: string
  readonly endpoint: string
}

const PREFIX = 'data:application/json;base64,'

/** Longer ones are nothing that this package wrote. */
const LONGEST = 16_384

/** The file that backs feedback, within its own address, and its hash. */
export function writeFeedbackFile(details: FeedbackDetails, settled: SettledStatement): { uri: string; hash: Hex } {
  const { chainId, identity, agentId, createdAt, value, valueDecimals, tag1, tag2, endpoint } = details
  const text = JSON.stringify({
    agentRegistry: `eip155:${chainId}:${identity}`,
    agentId: plain(agentId),
    clientAddress: `eip155:${chainId}:${settled.consumer}`,
    createdAt: createdAt.toISOString(),
    value: plain(value),
    valueDecimals,
    ...(tag1 && { tag1 }),
    ...(tag2 && { tag2 }),
    ...(endpoint && { endpoint }),
    scrip: {
      history: `eip155:${chainId}:${addresses.interactionHistory}`,
      networkId: `${settled.networkId}`,
      consumer: settled.consumer,
      provider: settled.provider,
      served: `${settled.served}`,
      block: `${settled.block}`,
    },
  })
  const bytes = stringToBytes(text)
  return { uri: PREFIX + btoa(String.fromCharCode(...bytes)), hash: keccak256(bytes) }
}

/**
 * What feedback says was settled; nothing where it says nothing that can be read, for another chain or history, or with
 * another hash. It is what the client says: the history knows whether it is so.
 */
export function readFeedbackFile(uri: string, hash: Hex, chainId: number): SettledStatement | undefined {
  if (!uri.startsWith(PREFIX) || uri.length > LONGEST) return undefined
  try {
    const bytes = Uint8Array.from(atob(uri.slice(PREFIX.length)), (character) => character.charCodeAt(0))
    if (keccak256(bytes) !== hash) return undefined
    const { scrip } = JSON.parse(new TextDecoder().decode(bytes)) as { scrip?: { [member: string]: unknown } }
    const [space, chain, history = ''] = String(scrip?.['history']).split(':')
    if (space !== 'eip155' || chain !== `${chainId}` || !isAddress(history, { strict: false })) return undefined
    if (!isAddressEqual(history, addresses.interactionHistory)) return undefined
    return {
      networkId: integer(scrip?.['networkId']),
      consumer: address(scrip?.['consumer']),
      provider: address(scrip?.['provider']),
      served: integer(scrip?.['served']),
      block: integer(scrip?.['block']),
    }
  } catch {
    // Whatever somebody wrote there, it is no statement.
    return undefined
  }
}

function plain(value: bigint): number | string {
  return Number.isSafeInteger(Number(value)) ? Number(value) : `${value}`
}

function integer(value: unknown): bigint {
  if (typeof value === 'string' && /^\d{1,78}$/.test(value)) return BigInt(value)
  throw new TypeError('not an integer')
}

function address(value: unknown): Address {
  if (typeof value === 'string' && isAddress(value, { strict: false })) return value.toLowerCase() as Address
  throw new TypeError('not an address')
}
