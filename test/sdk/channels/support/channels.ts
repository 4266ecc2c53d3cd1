import { keccak_256 } from '@noble/hashes/sha3'
import { utf8ToBytes } from '@noble/hashes/utils'
import {
  type Channel,
  channelId,
  compactSignature,
  createPayee,
  encodePayment,
  type Payee,
  type Payment,
  tickChain,
  type Voucher,
  type VoucherSigner,
  voucherDigest,
} from '@scrip/sdk/channels'
import { memoryStore, type Store } from '@scrip/sdk/store'
import { bytesToHex, type Hex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'

/** An account whose key follows from its name. */
export const account = (name: string) => privateKeyToAccount(bytes32(name))

/** 32 bytes that follow from a name. */
export const bytes32 = (name: string): Hex => bytesToHex(keccak_256(utf8ToBytes(name)))

/** An address that follows from a name. */
export const address = (name: string): Hex => bytes32(name).slice(0, 42) as Hex

export const signer = account('signer')
export const payeeAccount = account('payee')

/** Where the channels of these tests live. */
export const home = { chainId: 31_337, contract: address('contract'), token: address('currency') }

/** A channel from this file's signer to its payee, with all that was ever deposited into it. */
export function channelTo(
  fields: Partial<Omit<Channel, 'id'>> = {},
  funded = 1_000_000n,
): Channel & { readonly funded: bigint } {
  const descriptor = {
    ...home,
    payer: address('payer'),
    payee: lower(payeeAccount.address),
    signer: lower(signer.address),
    exitDelay: 86_400,
    flags: 0,
    salt: bytes32('salt'),
    ...fields,
  }
  return { id: channelId(descriptor), ...descriptor, funded }
}

/** A payee that takes channels in this file's currency. */
export function payeeOn(store: Store = memoryStore(), maxExposure = 0n): Payee {
  const { chainId, contract, token } = home
  return createPayee({
    account: payeeAccount,
    store,
    accept: { chainId, contract, currencies: [token], maxExposure },
  })
}

/** A voucher, its whole hash chain, and the bytes that pay with them. */
export type Chain = {
  readonly voucher: Voucher
  /** The payment by the voucher with `ticks` on top, introduced by the channel's descriptor. */
  payment(ticks?: number): Uint8Array
  /** The payment by ticks alone. */
  tick(ticks: number): Uint8Array
}

/** What a chain is made from; a seed of its own and 16 ticks of 1 where nothing is said. */
export type ChainParameters = {
  total: bigint
  tickAmount?: bigint
  maxTicks?: number
  seed?: Hex
  signer?: VoucherSigner
}

let seeds = 0

/** Signs a voucher as a payer would, without a payer: tests decide what it states. */
export async function signChain(channel: Channel, parameters: ChainParameters): Promise<Chain> {
  const { total, tickAmount = 1n, maxTicks = 16, seed = bytes32(`seed ${seeds++}`) } = parameters
  const preimages = tickChain(Buffer.from(seed.slice(2), 'hex'), maxTicks)
  const preimage = (count: number) => bytesToHex(preimages[count] as Uint8Array)
  const unsigned = { total, tickRoot: preimage(0), tickAmount, maxTicks }
  const hash = bytesToHex(voucherDigest(channel, unsigned))
  const voucher = { ...unsigned, ...compactSignature(await (parameters.signer ?? signer).sign({ hash })) }
  const encode = (parts: Partial<Payment>) => encodePayment({ channelId: channel.id, ...parts })
  return {
    voucher,
    payment: (ticks) =>
      encode({ channel, voucher, ...(ticks !== undefined && { tick: { count: ticks, preimage: preimage(ticks) } }) }),
    tick: (count) => encode({ tick: { count, preimage: preimage(count) } }),
  }
}

export function lower(mixed: Hex): Hex {
  return mixed.toLowerCase() as Hex
}
