import { isPreimage, privateKeySigner, type Tick, voucherDigest } from '@scrip/sdk/channels'
import { hashTypedData, keccak256, recoverTypedDataAddress, toHex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { libauthSignatures } from '../../sdk/channels/crypto/libauth.ts'
import { nativeSignatures } from '../../sdk/channels/crypto/native.ts'
import { nobleSignatures, type Signatures } from '../../sdk/channels/crypto/Signatures.ts'
import { isSignedByWith } from '../../sdk/channels/signatures.ts'
import { isTickOf } from '../../sdk/channels/ticks.ts'
import { type Contestant, calls, contest } from './contest.ts'
import type { Limit } from './limit.ts'
import { key, payments, signedVouchers, ticks } from './payments.ts'

/** What was done, how often a second in each round, and the same of a peer. */
export type Row = {
  readonly path: string
  readonly of: number[]
  readonly peer?: { name: string; rates: number[]; floor?: number }
}

const ROUNDS = 15
const CHAIN_LENGTH = 256

const { channel, vouchers } = await signedVouchers(64)
const nth = (call: number) => vouchers[call % vouchers.length] as (typeof vouchers)[number]

/** The typed data of a voucher, as somebody without this SDK would write it. */
const typedData = (call: number) => {
  const { total, tickRoot, tickAmount, maxTicks } = nth(call).voucher
  return {
    domain: {
      name: 'Scrip Payment Channels',
      version: '1',
      chainId: channel.chainId,
      verifyingContract: channel.contract,
    },
    types: {
      Voucher: [
        { name: 'channelId', type: 'bytes32' },
        { name: 'total', type: 'uint96' },
        { name: 'tickRoot', type: 'bytes32' },
        { name: 'tickAmount', type: 'uint96' },
        { name: 'maxTicks', type: 'uint32' },
      ],
    },
    primaryType: 'Voucher',
    message: { channelId: channel.id, total, tickRoot, tickAmount, maxTicks },
  } as const
}

function good(isGood: boolean): void {
  if (!isGood) throw new Error('What is good was refused.')
}

export async function measureHashes(limit: Limit | undefined): Promise<Row[]> {
  const revealed = ticks(CHAIN_LENGTH)
  const chain = { tickRoot: (revealed[0] as Tick).preimage, maxTicks: CHAIN_LENGTH }
  const last = (call: number) => revealed[call % CHAIN_LENGTH] as (typeof revealed)[number]
  const next = (call: number) => revealed[(call % CHAIN_LENGTH) + 1] as (typeof revealed)[number]
  const rates = await contest(
    {
      tick: calls(100_000, (call) => good(isPreimage(next(call).bytes, 1, last(call).bytes))),
      viemTick: calls(10_000, (call) => good(keccak256(next(call).bytes) === last(call).preimage)),
      record: calls(100_000, (call) => good(isTickOf(chain, next(call), last(call)))),
      viemRecord: calls(10_000, (call) => good(keccak256(next(call).preimage) === last(call).preimage)),
      limit: limit?.hashing ?? (() => 0),
      digest: calls(50_000, (call) => voucherDigest(channel, nth(call).voucher)),
      viemDigest: calls(1_000, (call) => hashTypedData(typedData(call))),
    },
    ROUNDS,
  )
  return [
    { path: 'verify a tick', of: rates.tick, peer: { name: 'viem keccak256', rates: rates.viemTick, floor: 20 } },
    ...(limit
      ? [{ path: 'verify a tick', of: rates.tick, peer: { name: 'hash it in C', rates: rates.limit, floor: 0.6 } }]
      : []),
    {
      path: 'verify a tick in hexadecimal',
      of: rates.record,
      peer: { name: 'viem keccak256', rates: rates.viemRecord },
    },
    { path: 'hash a voucher', of: rates.digest, peer: { name: 'viem hashTypedData', rates: rates.viemDigest } },
  ]
}

export async function measureSignatures(): Promise<Row[]> {
  const native = await nativeSignatures().catch(() => undefined)
  const libauth = await libauthSignatures()
  const [signer, account] = [privateKeySigner(key), privateKeyToAccount(key)]
  const verify = (count: number, signatures: Signatures) =>
    calls(count, (call) => {
      const { voucher } = nth(call)
      good(isSignedByWith(signatures, channel.signer, voucherDigest(channel, voucher), voucher))
    })
  const rates = await contest(
    {
      viem: calls(40, async (call) => {
        const signer = await recoverTypedDataAddress({ ...typedData(call), signature: nth(call).signature })
        good(signer.toLowerCase() === channel.signer)
      }),
      native: native === undefined ? () => 0 : verify(1_000, native),
      libauth: verify(500, libauth),
      noble: verify(40, nobleSignatures),
      sign: calls(1_000, (call) => signer.sign({ hash: toHex(voucherDigest(channel, nth(call).voucher)) })),
      viemSign: calls(100, (call) => account.signTypedData(typedData(call))),
    },
    ROUNDS,
  )
  const peer = { name: 'viem recoverTypedDataAddress', rates: rates.viem }
  return [
    ...(native ? [{ path: 'verify a voucher, native add-on', of: rates.native, peer: { ...peer, floor: 35 } }] : []),
    { path: 'verify a voucher, libauth', of: rates.libauth, peer: { ...peer, floor: 12 } },
    { path: 'verify a voucher, noble', of: rates.noble, peer },
    { path: 'sign a voucher', of: rates.sign, peer: { name: 'viem signTypedData', rates: rates.viemSign } },
  ]
}

export async function measurePayments(): Promise<Row[]> {
  const contestants: Record<string, Contestant> = {
    ...(await payments('tick', 5_000)),
    ...(await payments('voucher', 500)),
  }
  const rates = await contest(contestants, ROUNDS)
  return Object.entries(rates).map(([path, of]) => ({ path, of }))
}
