import { randomBytes } from '@noble/hashes/utils'
import type { Hex } from 'viem'
import { ScripError } from '../errors/ScripError.ts'
import { put, type Store, type Table } from '../store/Store.ts'
import { fromHex, toHex } from './bytes.ts'
import { type Channel, MAX_TOTAL, paidTotal, type Tick, type Voucher, type VoucherTerms } from './Channel.ts'
import { voucherDigest } from './hashes.ts'
import { decodePayment, encodePayment } from './payment.ts'
import { compactSignature, isSignedBy, type VoucherSigner } from './signatures.ts'
import { isTickOf, tickChain } from './ticks.ts'

/** What a payer must remember of a channel. The seed is a secret: who has it can spend the rest of the chain. */
export type PayerRecord = {
  readonly channel: Channel
  /** Everything ever deposited, in base units: what was claimed plus what is left. */
  readonly funded: bigint
  /** What the payee claimed, in base units: a payment that makes less is worthless to it. Absent where that is nothing. */
  readonly claimed?: bigint
  /** The newest voucher; nothing before the first payment. It is written before it is signed, so it has no signature. */
  readonly voucher?: VoucherTerms
  /** Seed of that voucher's hash chain, 32 bytes; nothing after a recovery, when the chain is lost. */
  readonly seed?: Hex
  /** The newest tick of that chain that may have been revealed. */
  readonly tick?: Tick
}

/** The payers of a store, by channel id. */
export const payers: Table<PayerRecord> = 'payers'

/** What `createPayer` takes. */
export type PayerParameters = {
  /** The channel, with all that was ever deposited into it, and all that was claimed, in base units. */
  channel: Channel & { readonly funded: bigint; readonly claimed?: bigint }
  /** The key that the channel was opened with. */
  signer: VoucherSigner
  store: Store
  /** The worth of one tick, in base units: the price of what is bought in small pieces. 1 where nothing else is said. */
  tickAmount?: bigint
  /**
   * Whether payments may overtake each other on the way, as requests over HTTP do. Each carries all that it needs then until
   * `confirm` says that the payee has it. Where nothing is said they arrive in the order in which they were made.
   */
  overtaking?: boolean
}

/** The paying end of a channel. Payments are made one after another, whatever the order of the calls. */
export type Payer = {
  readonly channel: Channel
  /**
   * Pays `amount` base units more: the bytes for the payee. A tick where the amount is a whole number of ticks, few enough
   * and left in the current chain, a voucher otherwise. What is returned may be lost on the way: the next payment includes it.
   * @throws `DEPOSIT_EXCEEDED`, `INVALID_ARGUMENT`, `STORE_FAILED` and what the signer throws; nothing is paid then.
   */
  pay(amount: bigint): Promise<Uint8Array>
  /** Everything paid so far, in base units. */
  paid(): Promise<bigint>
  /**
   * All the payee must know to take up the channel: its descriptor and the newest voucher and tick. Costs nothing.
   * @throws `INVALID_ARGUMENT` before the first payment
   */
  introduction(): Promise<Uint8Array>
  /** Says that the payee took a payment: what came with it need not be sent again. */
  confirm(payment: Uint8Array): void
  /**
   * Says what was ever deposited and not taken back, in base units, after a top-up or an exit, and what was claimed of it:
   * after losing its state a payer goes on from there.
   */
  setFunded(funded: bigint, claimed?: bigint): Promise<void>
  /**
   * Takes up the state that a payee returned with `STALE_PAYMENT`: the payer's own newer voucher, by its own signature.
   * @throws `INVALID_VOUCHER`, `INVALID_TICK`, `WRONG_CHANNEL` where the payee made it up.
   */
  recover(payment: Uint8Array): Promise<void>
}

/**
 * Ticks a voucher. A longer chain saves signatures off chain and costs gas where the last voucher has to be claimed with
 * many ticks: 256 add about 13,000 gas at worst.
 */
const CHAIN_LENGTH = 256

/**
 * Ticks that one payment takes at most; a larger one is a voucher. What the two cost:
 *
 * |         | bytes | payer                                    | payee               | gas when it is claimed     |
 * | ------- | ----- | ---------------------------------------- | ------------------- | -------------------------- |
 * | n ticks | 67    | none: the chain is there                 | n hashes            | 55 for each since `anchor` |
 * | voucher | 155   | a signature, a chain of 256 hashes       | a recovered signer  | none: the chain is new     |
 *
 * Recovering a signer takes a payee as long as some 60 hashes, and the contract's one ecrecover costs as much gas as 63
 * ticks. Up to 64 ticks a tick is the cheaper payment for everybody; beyond, it leaves the payee with more work and with
 * gas that a voucher would have saved it.
 */
const MOST_TICKS = 64n

/**
 * The paying end of a channel, with no I/O but the store. A voucher and its seed are on the disk before the signer sees
 * them, a tick is before it leaves: after a crash nothing can be out that the store does not know of.
 * @throws `INVALID_VOUCHER` where the channel has another signer, `INVALID_ARGUMENT` where the ticks are worth nothing
 */
export function createPayer({
  channel: { funded, claimed = 0n, ...channel },
  signer,
  store,
  tickAmount = 1n,
  overtaking = false,
}: PayerParameters): Payer {
  if (signer.address.toLowerCase() !== channel.signer) {
    throw new ScripError('INVALID_VOUCHER', {
      detail: `The channel was opened for the signer ${channel.signer}, not ${signer.address}.`,
      values: { channelId: channel.id },
    })
  }
  if (tickAmount <= 0n || tickAmount > MAX_TOTAL) {
    throw new ScripError('INVALID_ARGUMENT', { detail: 'A tick is worth something.', values: { tickAmount } })
  }
  let record: PayerRecord | undefined
  let newest: Voucher | undefined
  let chain: { root: Hex; preimages: Uint8Array[] } | undefined
  /** Whether the payee knows the channel, and which voucher it has, as far as the payer can know. */
  let introduced = false
  let delivered: Hex | undefined
  let last: Promise<unknown> = Promise.resolve()

  /** One call at a time: each must see the state that the one before left. */
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const turn = last.then(work, work)
    last = turn.catch(() => {})
    return turn
  }

  const load = async (): Promise<PayerRecord> => {
    if (record !== undefined) return record
    const kept = await store.get(payers, channel.id)
    const present = raised(kept ?? { channel, funded }, funded, claimed)
    if (present === kept) record = present
    else await save(present)
    return present
  }

  const save = async (next: PayerRecord) => {
    await store.write([put(payers, channel.id, next)])
    record = next
  }

  const preimage = (seed: Hex, { tickRoot, maxTicks }: VoucherTerms, count: number): Hex => {
    if (chain?.root !== tickRoot) chain = { root: tickRoot, preimages: tickChain(fromHex(seed), maxTicks) }
    return toHex(chain.preimages[count] as Uint8Array)
  }

  /** The count of ticks that pays the amount on top of the current ones, where that is possible and cheaper. */
  const ticksFor = (present: PayerRecord, amount: bigint): number | undefined => {
    const { voucher, seed, tick } = present
    if (voucher === undefined || seed === undefined || amount % voucher.tickAmount !== 0n) return undefined
    const more = amount / voucher.tickAmount
    // Ticks on top of a voucher that is worth less than what was claimed would pay for that again.
    if (more > MOST_TICKS || paidSoFar(present) > stated(present)) return undefined
    const count = BigInt(tick?.count ?? 0) + more
    return count <= BigInt(voucher.maxTicks) ? Number(count) : undefined
  }

  /** A voucher with a chain of its own. The seed is never derived and never used again. */
  const anchor = (total: bigint): { voucher: VoucherTerms; seed: Hex } => {
    const seed = randomBytes(32)
    const preimages = tickChain(seed, CHAIN_LENGTH)
    const tickRoot = toHex(preimages[0] as Uint8Array)
    chain = { root: tickRoot, preimages }
    return { voucher: { total, tickRoot, tickAmount, maxTicks: CHAIN_LENGTH }, seed: toHex(seed) }
  }

  /** The record's voucher with its signature, which is made again after a restart. */
  const signed = async (terms: VoucherTerms): Promise<Voucher> => {
    if (newest?.tickRoot !== terms.tickRoot) {
      const signature = await signer.sign({ hash: toHex(voucherDigest(channel, terms)) })
      newest = { ...terms, ...compactSignature(signature) }
    }
    return newest
  }

  /** A payment with all that the payee may not have yet. */
  const write = (voucher: Voucher | undefined, tick: Tick | undefined): Uint8Array => {
    const payment = encodePayment({
      channelId: channel.id,
      ...(!introduced && { channel }),
      ...(voucher && { voucher }),
      ...(tick && { tick }),
    })
    if (!overtaking) note(voucher)
    return payment
  }

  const note = (voucher: VoucherTerms | undefined) => {
    introduced = true
    if (voucher !== undefined) delivered = voucher.tickRoot
  }

  return {
    channel,

    pay: (amount) =>
      inTurn(async () => {
        if (amount <= 0n)
          throw new ScripError('INVALID_ARGUMENT', { detail: 'A payment is positive.', values: { amount } })
        const present = await load()
        const total = paidSoFar(present) + amount
        if (total > present.funded || total > MAX_TOTAL) {
          throw new ScripError('DEPOSIT_EXCEEDED', {
            detail: `Paying ${amount} would make ${total}, but only ${present.funded} was ever deposited.`,
            values: { channelId: channel.id, amount, funded: present.funded, missing: total - present.funded },
          })
        }
        const count = ticksFor(present, amount)
        if (count !== undefined && present.voucher && present.seed) {
          const tick = { count, preimage: preimage(present.seed, present.voucher, count) }
          const isThere = introduced && delivered === present.voucher.tickRoot
          const voucher = isThere ? undefined : await signed(present.voucher)
          await save({ ...present, tick })
          return write(voucher, tick)
        }
        const { voucher, seed } = anchor(total)
        await save({ ...deposits(present), voucher, seed })
        try {
          return write(await signed(voucher), undefined)
        } catch (error) {
          // Not signed, so not paid: the next payment must not include it.
          record = present
          await save(present)
          throw error
        }
      }),

    paid: () => inTurn(async () => paidSoFar(await load())),

    introduction: () =>
      inTurn(async () => {
        const { voucher, tick } = await load()
        if (voucher === undefined) {
          throw new ScripError('INVALID_ARGUMENT', {
            detail: 'Nothing was paid on the channel yet.',
            hint: 'Pay: the first payment introduces the channel.',
            values: { channelId: channel.id },
          })
        }
        introduced = false
        return write(await signed(voucher), tick)
      }),

    confirm: (payment) => note(decodePayment(payment).voucher),

    setFunded: (next, claimed = 0n) => inTurn(async () => save({ ...raised(await load(), 0n, claimed), funded: next })),

    recover: (payment) =>
      inTurn(async () => {
        const { voucher, tick } = ownClaim(channel, payment)
        const present = await load()
        if (paidTotal(voucher, tick?.count ?? 0) <= paidSoFar(present)) return
        const { r: _r, vs: _vs, ...terms } = voucher
        await save({ ...deposits(present), voucher: terms, ...(tick && { tick }) })
      }),
  }
}

/** Everything paid so far: what was stated; where that was lost, what was claimed at least. */
function paidSoFar(record: PayerRecord): bigint {
  const { claimed = 0n } = record
  return stated(record) > claimed ? stated(record) : claimed
}

function stated({ voucher, tick }: PayerRecord): bigint {
  return voucher === undefined ? 0n : paidTotal(voucher, tick?.count ?? 0)
}

/** The record without what was paid. */
function deposits({ channel, funded, claimed }: PayerRecord): PayerRecord {
  return { channel, funded, ...(claimed !== undefined && { claimed }) }
}

/** The record with at least that much deposited and claimed. */
function raised(record: PayerRecord, funded: bigint, claimed: bigint): PayerRecord {
  if (record.funded >= funded && (record.claimed ?? 0n) >= claimed) return record
  return {
    ...record,
    funded: record.funded > funded ? record.funded : funded,
    ...(claimed > (record.claimed ?? 0n) && { claimed }),
  }
}

/** The voucher and tick that a payee returned, checked to be the payer's own: nobody else can make them. */
function ownClaim(channel: Channel, bytes: Uint8Array): { voucher: Voucher; tick?: Tick } {
  const { channelId, voucher, tick } = decodePayment(bytes)
  if (channelId !== channel.id) throw new ScripError('WRONG_CHANNEL', { values: { channelId } })
  if (voucher === undefined || !isSignedBy(channel.signer, voucherDigest(channel, voucher), voucher)) {
    throw new ScripError('INVALID_VOUCHER', {
      detail: 'The payee returned a voucher that this payer did not sign.',
      values: { channelId },
    })
  }
  if (tick !== undefined && !isTickOf(voucher, tick)) throw new ScripError('INVALID_TICK', { values: { channelId } })
  return { voucher, ...(tick && { tick }) }
}
