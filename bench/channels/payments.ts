import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Channel,
  channelId,
  compactSignature,
  createPayee,
  createPayer,
  privateKeySigner,
  tickChain,
  voucherDigest,
} from '@scrip/sdk/channels'
import { memoryStore, type Store, sqliteStore } from '@scrip/sdk/store'
import { type Hex, keccak256, toBytes, toHex } from 'viem'
import { type Contestant, concurrentCalls } from './contest.ts'

const bytes32 = (name: string): Hex => keccak256(toBytes(name))
const address = (name: string): Hex => bytes32(name).slice(0, 42) as Hex

/** The key that signs all vouchers here. */
export const key = bytes32('signer')
const signer = privateKeySigner(key)
const home = { chainId: 31_337, contract: address('contract'), token: address('currency') }

/** What fits into no benchmark. */
const FUNDED = 2n ** 90n
/** Requests at once on one channel, as the SDK's own server and client have. */
const IN_FLIGHT = 32

function channelNamed(name: string): Channel & { funded: bigint } {
  const descriptor = {
    ...home,
    payer: address('payer'),
    payee: address('payee'),
    signer: signer.address,
    exitDelay: 86_400,
    flags: 0,
    salt: bytes32(name),
  }
  return { id: channelId(descriptor), ...descriptor, funded: FUNDED }
}

/** A channel with signed vouchers on it. */
export async function signedVouchers(count: number) {
  const channel = channelNamed('signed')
  const vouchers = await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const terms = {
        total: BigInt(i + 1) * 10n ** 15n,
        tickRoot: bytes32(`${i}`),
        tickAmount: 10n ** 12n,
        maxTicks: 256,
      }
      const signature = await signer.sign({ hash: toHex(voucherDigest(channel, terms)) })
      return { voucher: { ...terms, ...compactSignature(signature) }, signature }
    }),
  )
  return { channel, vouchers }
}

/** The ticks of a hash chain, in bytes and as a record keeps them. */
export function ticks(count: number) {
  return tickChain(toBytes(bytes32('seed')), count).map((bytes, i) => ({ bytes, count: i, preimage: toHex(bytes) }))
}

/**
 * Contestants that pay, and that take what was paid: by ticks of 1 or by vouchers alone, with a store in memory and with
 * one on the disk, many at once on one channel.
 */
export async function payments(kind: 'tick' | 'voucher', count: number): Promise<Record<string, Contestant>> {
  const folder = mkdtempSync(join(tmpdir(), 'scrip-bench-'))
  process.on('exit', () => rmSync(folder, { recursive: true }))
  const stores: Record<string, (file: string) => Store> = {
    memory: memoryStore,
    SQLite: (file) => sqliteStore(join(folder, file)),
  }
  // No tick of 2 pays an amount of 1.
  const tickAmount = kind === 'tick' ? 1n : 2n
  const contestants: Record<string, Contestant> = {}
  for (const [name, open] of Object.entries(stores)) {
    const channel = channelNamed(`${kind} ${name}`)
    const { payee: address, chainId, contract, token, funded: deposit } = channel
    const payer = createPayer({ channel, signer, store: open('payer'), tickAmount })
    const accept = { chainId, contract, currencies: [token], maxExposure: 0n }
    const payee = createPayee({ account: { address }, store: open('payee'), accept })
    await payee.observe(channel, { claimed: 0n, deposit, exitAt: 0 })
    const paid: Uint8Array[] = []
    contestants[`pay by ${kind}, ${name}`] = concurrentCalls(count, IN_FLIGHT, async (call) => {
      paid[call] = await payer.pay(1n)
    })
    contestants[`accept a ${kind}, ${name}`] = concurrentCalls(count, IN_FLIGHT, (call) =>
      payee.accept(paid[call] as Uint8Array),
    )
  }
  return contestants
}
