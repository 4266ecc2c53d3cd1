import type { Address, Hex } from 'viem'

/**
 * A channel's descriptor, as `PaymentChannels` takes it in calldata, with the chain and contract that its id is bound to.
 * Addresses are lower case. The id follows from the other fields: `channelId`.
 */
export type Channel = {
  readonly id: Hex
  readonly chainId: number
  /** The `PaymentChannels` contract. */
  readonly contract: Address
  readonly payer: Address
  readonly payee: Address
  readonly token: Address
  /** Whose vouchers the contract takes for this channel. */
  readonly signer: Address
  /** Seconds between an exit's request and the exit. */
  readonly exitDelay: number
  readonly flags: number
  /** 32 bytes. */
  readonly salt: Hex
}

/** What the chain knows of a channel, amounts in base units. `PaymentChannels.state`. */
export type ChannelState = {
  /** The settled total; it never falls. */
  readonly claimed: bigint
  /** What is left to claim from. */
  readonly deposit: bigint
  /** Unix seconds from which the payer can leave; 0 where no exit is requested. */
  readonly exitAt: number
}

/** The total that the payer's signer states as ever paid, and the hash chain for what comes on top. Amounts in base units. */
export type Voucher = {
  readonly total: bigint
  /** End of the hash chain. */
  readonly tickRoot: Hex
  readonly tickAmount: bigint
  /** At most 1,024. */
  readonly maxTicks: number
  /** First half of the signature. */
  readonly r: Hex
  /** Second half with the parity in its top bit (ERC-2098). */
  readonly vs: Hex
}

/** What a voucher states, without the signature. */
export type VoucherTerms = Omit<Voucher, 'r' | 'vs'>

/** A preimage that, hashed `count` times, gives its voucher's tick root: it pays for `count` ticks. */
export type Tick = { readonly count: number; readonly preimage: Hex }

/** What `PaymentChannels.claim` takes. */
export type Claim = {
  readonly channel: Channel
  readonly total: bigint
  readonly tickRoot: Hex
  readonly tickAmount: bigint
  readonly maxTicks: number
  readonly ticks: number
  readonly preimage: Hex
  readonly r: Hex
  readonly vs: Hex
}

/** The most ticks that a voucher may allow (`PaymentChannels`). */
export const MAX_TICKS = 1_024

/** The most that a channel can carry in its life, in base units: 96 bits. */
export const MAX_TOTAL = 2n ** 96n - 1n

/** What a voucher and a tick on top of it pay together, in base units. */
export function paidTotal(voucher: Pick<Voucher, 'total' | 'tickAmount'>, ticks: number): bigint {
  return voucher.total + BigInt(ticks) * voucher.tickAmount
}
