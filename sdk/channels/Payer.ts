import { randomBytes } from '@noble/hashes/utils'
import type { Hex } from 'viem'
import { ScripError } from '../errors/ScripError.ts'
import { put, type Store, type Table } from '../store/Store.ts'
import { fromHex, toHex } from './bytes.ts'
import { type Channel, MAX_TOTAL, paidTotal, type Tick, type Voucher, type VoucherTerms } from './Channel.ts'
import { voucherDigest } from './hashes.ts'
import { decodePayment, encodePayment, type Payment } from './payment.ts'
import { compactSignature, recoverSigner, type VoucherSigner } from './signatures.ts'
import { isTickOf, tickChain } from './ticks.ts'

/** What a payer must remember of a channel. The seed is a secret: who has it can spend the rest of the chain. */
export type PayerRecord = {
  readonly channel: Channel
  /** Everything ever deposited, in base units: what was claimed plus what is left. */
  readonly funded: bigint
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
  /** The channel, with all that was ever deposited into it, in base units. */
  channel: Channel & { readonly funded: bigint }
  /** The key that the channel was opened with. */
  signer: VoucherSigner
  store: Store
  /** The worth of one tick, in base units: the price of what is bought in small pieces. 1 where nothing else is said. */
  tickAmount?: bigint
}

/** The paying end of a channel. Payments are made one after another, whatever the order of the calls. */
export type Payer = {
  readonly channel: Channel
  /**
   * Pays `amount` base units more: the bytes for the payee. A tick where the amount is a whole number of ticks that the
   * current chain still has, a voucher otherwise. What is returned may be lost on the way: the next payment includes it.
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
  /** Says what was ever deposited and not taken back, in base units, after a top-up or an exit. */
  setFunded(funded: bigint): Promise<void>
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
 * The paying end of a channel, with no I/O but the store. A voucher and its seed are on the disk before the signer sees
 * them, a tick is before it leaves: after a crash nothing can be out that the store does not know of.
 * @throws `INVALID_VOUCHER` where the channel has another signer, `INVALID_ARGUMENT` where the ticks are worth nothing
 */
export function createPayer({
  channel: { funded, ...channel },
  signer,
  store,
  tickAmount = 1n,
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
  let introduced = false
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
    const present = kept !== undefined && kept.funded >= funded ? kept : { ...kept, channel, funded }
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

  /** The count of ticks that pays the amount on top of the current ones, where that is possible and cheap. */
  const ticksFor = ({ voucher, seed, tick }: PayerRecord, amount: bigint): number | undefined => {
    if (voucher === undefined || seed === undefined || amount % voucher.tickAmount !== 0n) return undefined
    const count = BigInt(tick?.count ?? 0) + amount / voucher.tickAmount
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

  const introduce = (parts: Omit<Payment, 'channelId' | 'channel'>): Uint8Array => {
    const payment = encodePayment({ channelId: channel.id, ...(!introduced && { channel }), ...parts })
    introduced = true
    return payment
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
          const voucher = introduced ? undefined : await signed(present.voucher)
          await save({ ...present, tick })
          return introduce({ ...(voucher && { voucher }), tick })
        }
        const { voucher, seed } = anchor(total)
        await save({ channel, funded: present.funded, voucher, seed })
        try {
          return introduce({ voucher: await signed(voucher) })
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
        return introduce({ voucher: await signed(voucher), ...(tick && { tick }) })
      }),

    setFunded: (next) => inTurn(async () => save({ ...(await load()), funded: next })),

    recover: (payment) =>
      inTurn(async () => {
        const { voucher, tick } = ownClaim(channel, payment)
        const present = await load()
        if (paidTotal(voucher, tick?.count ?? 0) <= paidSoFar(present)) return
        const { r: _r, vs: _vs, ...terms } = voucher
        await save({ channel, funded: present.funded, voucher: terms, ...(tick && { tick }) })
      }),
  }
}

function paidSoFar({ voucher, tick }: PayerRecord): bigint {
  return voucher === undefined ? 0n : paidTotal(voucher, tick?.count ?? 0)
}

/** The voucher and tick that a payee returned, checked to be the payer's own: nobody else can make them. */
function ownClaim(channel: Channel, bytes: Uint8Array): { voucher: Voucher; tick?: Tick } {
  const { channelId, voucher, tick } = decodePayment(bytes)
  if (channelId !== channel.id) throw new ScripError('WRONG_CHANNEL', { values: { channelId } })
  if (voucher === undefined || recoverSigner(voucherDigest(channel, voucher), voucher) !== channel.signer) {
    throw new ScripError('INVALID_VOUCHER', {
      detail: 'The payee returned a voucher that this payer did not sign.',
      values: { channelId },
    })
  }
  if (tick !== undefined && !isTickOf(voucher, tick)) throw new ScripError('INVALID_TICK', { values: { channelId } })
  return { voucher, ...(tick && { tick }) }
}
