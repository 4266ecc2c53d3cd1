import { existsSync } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import type { Address } from 'viem'
import { ScripError } from '../../../errors/ScripError.ts'
import { kilobytes } from '../../../http/price.ts'
import { put, type Store } from '../../../store/Store.ts'
import { termsFor } from '../../Agreement.ts'
import { type Candidate, chooseSellers, survivalOf } from '../../backup/chooseSellers.ts'
import { operatorsOf } from '../../backup/operatorsOf.ts'
import type { SignedOffer } from '../../Offer.ts'
import type { Buyer, BuyerAgreement } from '../Buyer.ts'
import type { Backup, BackupPlace, BackupPlan } from './Backups.ts'
import { pieceFile, type Work } from './createGathering.ts'
import type { TrackRecord } from './createTrackRecord.ts'
import { type PieceFile, spreadFile } from './pieceFiles.ts'
import { backups, isAboutSeller, isStored } from './records.ts'

/** A seller that can be chosen. */
export type Offered = Candidate & { readonly url: string; readonly offer: SignedOffer }

/** What a backup's missing pieces are made from. */
export type Source = () => Promise<string>

/** What pieces that are missing are made from, and who may take them. */
export type Order = Work & {
  readonly urls: readonly string[]
  readonly source: Source
  readonly mostPieces?: number | undefined
  /** Comes as near to the target as these sellers allow, instead of not at all. */
  readonly isBestEffort?: boolean
  readonly onPlan?: ((plan: BackupPlan) => void | Promise<void>) | undefined
}

/** Finds sellers for pieces, and stores pieces with them. */
export type Filling = {
  /** Writes a backup down. */
  keep(backup: Backup): Promise<Backup>
  /** Sellers that answer with a good offer, with what they ask and how often they fail. */
  readCandidates(
    urls: readonly string[],
    backup: Pick<Backup, 'seconds'>,
    currency?: Address,
  ): Promise<{ candidates: Offered[]; currency: Address }>
  /** Stores the pieces that are missing; whoever refuses is left out, and others are chosen. */
  fill(begun: Backup, order: Order): Promise<Backup>
}

export type FillingParameters = {
  buyer: Buyer
  store: Store
  record: TrackRecord
  folder: string
  clock: () => number
}

export function createFilling({ buyer, store, record, folder, clock }: FillingParameters): Filling {
  const keep = async (backup: Backup): Promise<Backup> => {
    await store.write([put(backups, backup.name, backup)])
    return backup
  }
  const changed = (backup: Backup, place: BackupPlace): Promise<Backup> => keep(withPlace(backup, place))

  const readCandidates = async (urls: readonly string[], backup: Pick<Backup, 'seconds'>, currency?: Address) => {
    const read = await Promise.allSettled(
      [...new Set(urls)].map(async (url) => ({ url, offer: await buyer.readOffer(url) })),
    )
    const good = read.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    const failed = read.find((one) => one.status === 'rejected' && !isAboutSeller(one.reason))
    if (failed?.status === 'rejected') throw failed.reason
    const failures = await record.failuresOf(
      good.map(({ offer }) => offer.offer.seller),
      backup.seconds,
    )
    const asked = currency ?? good[0]?.offer.offer.prices[0]?.currency ?? '0x'
    const candidates = good.map(({ url, offer }, index): Offered => {
      const { seller, operator } = offer.offer
      const price = (size: number) => priceOf(offer, { size, seconds: backup.seconds, currency: asked })
      return { url, offer, seller, operator, failure: failures[index] as number, price }
    })
    return { candidates, currency: asked }
  }

  const fill = async (begun: Backup, order: Order): Promise<Backup> => {
    const refused = new Set<string>()
    let backup = begun
    for (;;) {
      backup = await complete(backup, order, refused)
      const kept = backup.places.filter(isStored)
      const failures = await record.failuresOf(
        kept.map(({ seller }) => seller),
        backup.seconds,
      )
      if (survivalOf(failures, backup.needed) >= backup.target && kept.length >= backup.needed) return backup
      // Who lost a piece of it is not trusted with another.
      const failed = new Set(backup.failed)
      const urls = order.urls.filter((url) => !refused.has(url))
      const { candidates } = await readCandidates(urls, backup, backup.currency)
      const others = candidates.filter(({ seller }) => !failed.has(seller))
      const chosen = await choose(backup, { kept, failures, candidates: others, order })
      if (chosen.length === 0) return backup
      backup = await keep({ ...backup, places: [...backup.places, ...chosen] })
    }
  }

  /** The sellers that take the places of those that were lost, in the cheapest way, beside those that have their piece. */
  const choose = async (
    backup: Backup,
    more: { kept: BackupPlace[]; failures: number[]; candidates: readonly Offered[]; order: Order },
  ): Promise<BackupPlace[]> => {
    const { kept, failures, candidates, order } = more
    const held = kept.map(({ seller, operator }, index) => {
      return { seller, operator, failure: failures[index] as number, price: () => 0n }
    })
    const operators = operatorsOf([...held, ...candidates])
    const taken = new Set(operators.slice(0, held.length))
    const free = candidates.filter((_, index) => !taken.has(operators[held.length + index] as number))
    const { size: bytes, needed } = backup
    const mostPieces = order.mostPieces ?? Math.min(64, Math.max(16, backup.places.length))
    const chooseFor = (target: number) =>
      chooseSellers<Candidate>([...held, ...free], { bytes, target, needed, mostPieces })
    const choice = order.isBestEffort ? nearest(backup.target, chooseFor) : chooseFor(backup.target)
    const { price, leastPrice, survival } = choice
    const sellers = choice.sellers.filter((one): one is Offered => 'url' in one)
    if (sellers.length === 0) return []
    const pieces = kept.length + sellers.length
    await order.onPlan?.({ needed, pieces, currency: backup.currency, price, leastPrice, survival })
    const numbers = freeNumbers(backup.places)
    return sellers.map(({ url, seller, operator }): BackupPlace => {
      return { number: numbers.next().value as number, url, seller, operator, chosenAt: clock() }
    })
  }

  /** Stores what is missing with those that were chosen for it. The places of those that refuse are given up. */
  const complete = async (begun: Backup, order: Order, refused: Set<string>): Promise<Backup> => {
    const missing = begun.places.filter(({ root }) => root === undefined)
    if (missing.length === 0) return begun
    const files = missing.map(({ number }) => ({ number, path: pieceFile(folder, begun, number) }))
    const absent = files.filter(({ path }) => !existsSync(path))
    if (absent.length > 0) await spreadFile(await order.source(), begun.needed, absent)
    let backup = begun
    for (const [index, place] of missing.entries()) {
      order.signal?.throwIfAborted()
      const { path } = files[index] as PieceFile
      try {
        backup = await storePlace(backup, place, path, order, index / missing.length)
      } catch (error) {
        if (!isAboutSeller(error)) throw error
        refused.add(place.url)
        backup = await keep({ ...backup, places: backup.places.filter(({ number }) => number !== place.number) })
      }
      await rm(path, { force: true })
    }
    return backup
  }

  const storePlace = async (
    begun: Backup,
    place: BackupPlace,
    path: string,
    { onProgress, signal }: Order,
    before: number,
  ): Promise<Backup> => {
    const { size } = await stat(path)
    const agreement = place.agreement ?? (await agreeWith(begun, place, size)).id
    let backup = await changed(begun, { ...place, agreement })
    const pieces = backup.places.filter(({ isLost }) => isLost === undefined).length
    const total = size * pieces
    const report = (done: number) => onProgress?.(Math.round(before * total) + done, total)
    const piece = await buyer.storePiece({ agreement, path, onProgress: report, ...(signal && { signal }) })
    backup = await changed(backup, { ...place, agreement, root: piece.root })
    return backup
  }

  /** An agreement for a piece: the one that was made when the last run ended in the middle of it, or a new one. */
  const agreeWith = async (
    backup: Backup,
    { url, seller, chosenAt }: BackupPlace,
    size: number,
  ): Promise<BuyerAgreement> => {
    const used = new Set((await store.all(backups)).flatMap(({ places }) => places.map(({ agreement }) => agreement)))
    for (const { agreement } of await buyer.pieces()) used.add(agreement)
    const made = (await buyer.agreements()).find(({ id, agreement }) => {
      const isFor = agreement.seller === seller && agreement.size === size && agreement.currency === backup.currency
      return isFor && agreement.start >= chosenAt && agreement.end - agreement.start === backup.seconds && !used.has(id)
    })
    if (made !== undefined) return made
    const offer = await buyer.readOffer(url)
    if (offer.offer.seller !== seller) {
      throw new ScripError('OFFER_REPLAYED', {
        detail: `At ${url} there is now ${offer.offer.seller}, and not ${seller}, who was chosen.`,
        values: { url, seller },
      })
    }
    return buyer.agree({ offer, url, size, seconds: backup.seconds, currency: backup.currency })
  }

  return { keep, readCandidates, fill }
}

/** The backup with another state of one of its places. */
export function withPlace(backup: Backup, place: BackupPlace): Backup {
  return { ...backup, places: backup.places.map((one) => (one.number === place.number ? place : one)) }
}

/** What a piece costs that is written once: its block, and its writing. Nothing where the offer is not for that. */
function priceOf(
  { offer }: SignedOffer,
  wish: { size: number; seconds: number; currency: Address },
): bigint | undefined {
  try {
    const terms = termsFor(offer, { ...wish, start: 0 })
    return terms.price + BigInt(kilobytes(wish.size)) * terms.perKilobyteWritten
  } catch (error) {
    if (isAboutSeller(error)) return undefined
    throw error
  }
}

/** What is chosen for a target, or for the highest that can be reached. */
function nearest<Chosen>(target: number, choose: (target: number) => Chosen): Chosen {
  try {
    return choose(target)
  } catch (error) {
    const reachable = error instanceof ScripError && error.code === 'DURABILITY_UNREACHABLE' && error.values['survival']
    if (typeof reachable !== 'number' || reachable < 0.5) throw error
    return choose(reachable)
  }
}

/** Numbers of pieces that are nowhere, the lowest first. */
function* freeNumbers(places: readonly BackupPlace[]): Generator<number, never> {
  const taken = new Set(places.map(({ number }) => number))
  for (let number = 0; ; number++) if (!taken.has(number)) yield number
}
