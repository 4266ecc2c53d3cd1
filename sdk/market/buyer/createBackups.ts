import { existsSync } from 'node:fs'
import { mkdir, open, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Address, Hex } from 'viem'
import { ScripError } from '../../errors/ScripError.ts'
import { kilobytes } from '../../http/price.ts'
import { isToldByPeer } from '../../http/problem.ts'
import { put, type Store, type Table } from '../../store/Store.ts'
import { termsFor } from '../Agreement.ts'
import { type Candidate, chooseSellers, survivalOf } from '../backup/chooseSellers.ts'
import { operatorsOf } from '../backup/operatorsOf.ts'
import { pieceSize } from '../backup/pieceSize.ts'
import type { SignedOffer } from '../Offer.ts'
import type { Backup, BackupPlace, BackupPlan, Backups, Told } from './Backups.ts'
import type { Buyer, BuyerAgreement, Failure, OnProgress } from './Buyer.ts'
import { createTrackRecord } from './createTrackRecord.ts'
import { gatherFile, type PieceFile, spreadFile } from './pieceFiles.ts'
import { rootOfFile } from './storePiece.ts'

/** What `createBackups` takes. */
export type BackupsParameters = {
  buyer: Buyer
  /** The buyer's own. */
  store: Store
  /** Where pieces lie that are under way. */
  folder: string
  /** What others say of sellers; nobody says anything where nothing is given. */
  told?: Told
  /** The time in Unix seconds; the machine's where nothing is said. */
  clock?: () => number
}

const backups: Table<Backup> = 'market/backups'

/** Errors that are about a seller, and not about the buyer: with another seller it may go well. */
const ABOUT_SELLERS: ReadonlySet<string> = new Set([
  ...['OFFER_ALTERED', 'OFFER_EXPIRED', 'OFFER_MALFORMED', 'OFFER_OVERSOLD', 'OFFER_REPLAYED', 'SELLER_DUPLICATED'],
  ...['AGREEMENT_ALTERED', 'AGREEMENT_EXPIRED', 'AGREEMENT_MALFORMED', 'AGREEMENT_UNKNOWN', 'CURRENCY_NOT_ACCEPTED'],
  ...['CLOCK_SKEW', 'DISK_FULL', 'PEER_UNREACHABLE', 'PIECE_ALTERED', 'PROTOCOL_VIOLATION', 'TRANSFER_INTERRUPTED'],
])

/** A seller that can be chosen. */
type Offered = Candidate & { readonly url: string; readonly offer: SignedOffer }

/** What a backup's missing pieces are made from. */
type Source = () => Promise<string>

type Filling = {
  readonly urls: readonly string[]
  readonly source: Source
  readonly mostPieces?: number | undefined
  /** Comes as near to the target as these sellers allow, instead of not at all. */
  readonly isBestEffort?: boolean
  readonly onPlan?: ((plan: BackupPlan) => void | Promise<void>) | undefined
  readonly onProgress?: OnProgress | undefined
  readonly signal?: AbortSignal | undefined
}

/** Keeps files with several sellers: `Backups`. */
export function createBackups(parameters: BackupsParameters): Backups {
  const { buyer, store, folder, told = () => undefined, clock = now } = parameters
  const record = createTrackRecord(store, clock, told)

  const keep = async (backup: Backup): Promise<Backup> => {
    await store.write([put(backups, backup.name, backup)])
    return backup
  }
  const changed = (backup: Backup, place: BackupPlace): Promise<Backup> =>
    keep({ ...backup, places: backup.places.map((one) => (one.number === place.number ? place : one)) })

  /** Sellers that answer with a good offer, with what they ask and how often they fail. */
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

  /** Stores the pieces that are missing; whoever refuses is left out, and others are chosen. */
  const fill = async (begun: Backup, filling: Filling): Promise<Backup> => {
    const refused = new Set<string>()
    let backup = begun
    for (;;) {
      backup = await complete(backup, filling, refused)
      const kept = backup.places.filter(isStored)
      const failures = await record.failuresOf(
        kept.map(({ seller }) => seller),
        backup.seconds,
      )
      if (survivalOf(failures, backup.needed) >= backup.target && kept.length >= backup.needed) return backup
      // Who lost a piece of it is not trusted with another.
      const failed = new Set(backup.failed)
      const urls = filling.urls.filter((url) => !refused.has(url))
      const { candidates } = await readCandidates(urls, backup, backup.currency)
      const others = candidates.filter(({ seller }) => !failed.has(seller))
      const chosen = await choose(backup, { kept, failures, candidates: others, filling })
      if (chosen.length === 0) return backup
      backup = await keep({ ...backup, places: [...backup.places, ...chosen] })
    }
  }

  /** The sellers that take the places of those that were lost, in the cheapest way, beside those that have their piece. */
  const choose = async (
    backup: Backup,
    more: { kept: BackupPlace[]; failures: number[]; candidates: readonly Offered[]; filling: Filling },
  ): Promise<BackupPlace[]> => {
    const { kept, failures, candidates, filling } = more
    const held = kept.map(({ seller, operator }, index) => {
      return { seller, operator, failure: failures[index] as number, price: () => 0n }
    })
    const operators = operatorsOf([...held, ...candidates])
    const taken = new Set(operators.slice(0, held.length))
    const free = candidates.filter((_, index) => !taken.has(operators[held.length + index] as number))
    const { size: bytes, needed } = backup
    const most = filling.mostPieces === undefined ? {} : { mostPieces: filling.mostPieces }
    const chooseFor = (target: number) =>
      chooseSellers<Candidate>([...held, ...free], { bytes, target, needed, ...most })
    const choice = filling.isBestEffort ? nearest(backup.target, chooseFor) : chooseFor(backup.target)
    const { price, leastPrice, survival } = choice
    const sellers = choice.sellers.filter((one): one is Offered => 'url' in one)
    if (sellers.length === 0) return []
    const pieces = kept.length + sellers.length
    await filling.onPlan?.({ needed, pieces, currency: backup.currency, price, leastPrice, survival })
    const numbers = freeNumbers(backup.places)
    return sellers.map(({ url, seller, operator }): BackupPlace => {
      return { number: numbers.next().value as number, url, seller, operator, chosenAt: clock() }
    })
  }

  /** Stores what is missing with those that were chosen for it. The places of those that refuse are given up. */
  const complete = async (begun: Backup, filling: Filling, refused: Set<string>): Promise<Backup> => {
    const missing = begun.places.filter(({ root }) => root === undefined)
    if (missing.length === 0) return begun
    const files = missing.map(({ number }) => ({ number, path: pieceFile(begun, number) }))
    const absent = files.filter(({ path }) => !existsSync(path))
    if (absent.length > 0) await spreadFile(await filling.source(), begun.needed, absent)
    let backup = begun
    for (const [index, place] of missing.entries()) {
      filling.signal?.throwIfAborted()
      const { path } = files[index] as PieceFile
      try {
        backup = await storePlace(backup, place, path, filling, index / missing.length)
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
    { onProgress, signal }: Filling,
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

  /** Reads as many pieces as are needed, the cheapest first, and puts the file together. */
  const gather = async (
    backup: Backup,
    target: string,
    onProgress?: OnProgress,
    signal?: AbortSignal,
  ): Promise<void> => {
    const size = pieceSize(backup.size, backup.needed)
    const agreements = await buyer.agreements()
    const readPrice = ({ agreement }: BackupPlace) =>
      agreements.find(({ id }) => id === agreement)?.agreement.perKilobyteRead ?? 0n
    // What is here already costs nothing; who failed is asked last, and may have it all the same.
    const rank = ({ number, isLost }: BackupPlace) => (existsSync(pieceFile(backup, number)) ? 0 : isLost ? 2 : 1)
    const places = backup.places
      .filter(hasRoot)
      .sort((one, other) => rank(one) - rank(other) || compare(readPrice(one), readPrice(other)))
    const read: PieceFile[] = []
    const problems: string[] = []
    for (const place of places) {
      if (read.length === backup.needed) break
      const { number, agreement, root } = place
      const path = pieceFile(backup, number)
      const report = (done: number) => onProgress?.(read.length * size + done, backup.needed * size)
      try {
        signal?.throwIfAborted()
        if (!existsSync(path))
          await buyer.fetchPiece({ agreement, root, path, onProgress: report, ...(signal && { signal }) })
        await record.held(place.seller, place.chosenAt)
        read.push({ number, path })
      } catch (error) {
        if (!isAboutSeller(error) || signal?.aborted) throw error
        problems.push(`${place.url}: ${(error as ScripError).code}`)
      }
    }
    if (read.length < backup.needed) {
      throw new ScripError('BACKUP_LOST', {
        detail: `Of ${backup.name}, ${read.length} pieces can be read now, and ${backup.needed} are needed (${problems.join(', ')}).`,
        values: { name: backup.name, readable: read.length, needed: backup.needed, problems },
      })
    }
    await gatherFile(read, { needed: backup.needed, size: backup.size, target })
    await Promise.all(read.map(({ path }) => rm(path, { force: true })))
  }

  const pieceFile = ({ name, version }: Backup, number: number): string =>
    join(folder, `${Buffer.from(`${name}/${version}`).toString('base64url').slice(-64)}.${number}`)

  const wholeFile = (backup: Backup): string => `${pieceFile(backup, 0)}.whole`

  /** The file that was backed up, put together from its pieces. */
  const whole = async (
    backup: Backup,
    { onProgress, signal }: Pick<Filling, 'onProgress' | 'signal'>,
  ): Promise<string> => {
    const path = wholeFile(backup)
    if (!existsSync(path)) await gather(backup, path, onProgress, signal)
    return path
  }

  const find = async (name: string): Promise<Backup> => {
    const backup = await store.get(backups, name)
    if (backup !== undefined) return backup
    throw new ScripError('FILE_NOT_FOUND', {
      detail: `Nothing is backed up as ${name}.`,
      hint: '`scrip backup list` shows what is.',
      values: { name },
    })
  }

  return {
    backUp: async ({ name, version, path, sellers, target, seconds, currency, mostPieces, onPlan, ...work }) => {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const known = await store.get(backups, name)
      if (known !== undefined && known.version !== version) {
        throw new ScripError('INVALID_ARGUMENT', {
          detail: `Another file is backed up as ${name}.`,
          hint: 'Give this one another name.',
          values: { name },
        })
      }
      const filling = { urls: sellers, mostPieces, onPlan, ...work }
      if (known !== undefined) {
        const isSame = async () => (await measure(path)).root === known.root
        // What is encrypted again is another file: pieces of both give back neither.
        return fill(known, { ...filling, source: async () => ((await isSame()) ? path : whole(known, work)) })
      }
      const { size, root } = await measure(path)
      const read = await readCandidates(sellers, { seconds }, currency)
      const options = { bytes: size, target, ...(mostPieces !== undefined && { mostPieces }) }
      const { needed, sellers: chosen, price, leastPrice, survival } = chooseSellers(read.candidates, options)
      await onPlan?.({ needed, pieces: chosen.length, currency: read.currency, price, leastPrice, survival })
      const places = chosen.map(({ url, seller, operator }, number): BackupPlace => {
        return { number, url, seller, operator, chosenAt: clock() }
      })
      const begun = { name, version, size, root, needed, target, seconds, currency: read.currency, places, failed: [] }
      return fill(await keep(begun), { ...filling, source: async () => path })
    },

    restore: async ({ name, target, onProgress, signal }) => {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const backup = await find(name)
      await gather(backup, target, onProgress, signal)
      return backup
    },

    repair: async ({ name, sellers, onPlan, onProgress, signal }) => {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const before = await find(name)
      const checked = await Promise.all(before.places.filter(isStored).map((place) => check(place, signal)))
      let backup = before
      for (const { place, failure, isOver } of checked) {
        if (failure !== undefined) await record.lost(place.seller, place.chosenAt)
        else if (!isOver) await record.held(place.seller, place.chosenAt)
        if (failure !== undefined) backup = { ...backup, failed: [...backup.failed, place.seller] }
        if (failure !== undefined || isOver) backup = await changed(backup, { ...place, isLost: true })
      }
      const work = { onProgress, signal }
      const source = () => whole(backup, work)
      const filling = { urls: sellers, source, isBestEffort: true, onPlan, ...work }
      backup = await fill(backup, filling)
      backup = await keep({ ...backup, places: backup.places.filter(({ isLost }) => isLost === undefined) })
      await rm(wholeFile(before), { force: true })
      const failures = checked.flatMap(({ failure }) => (failure === undefined ? [] : [failure]))
      const over = checked.flatMap(({ place, isOver }) => (isOver ? [place] : []))
      const known = new Set(before.places.filter(isStored).map(({ agreement }) => agreement))
      const replaced = backup.places.filter(({ agreement }) => agreement !== undefined && !known.has(agreement))
      return { backup, failures, over, replaced }
    },

    list: async () => (await store.all(backups)).sort((one, other) => (one.name < other.name ? -1 : 1)),

    survivalOf: async ({ places, needed, seconds }) => {
      const sellers = places.filter(isStored).map(({ seller }) => seller)
      return survivalOf(await record.failuresOf(sellers, seconds), needed)
    },
  }

  async function check(place: StoredPlace, signal: AbortSignal | undefined): Promise<Checked> {
    const { agreement, root } = place
    try {
      const outcome = await buyer.challenge({ agreement, root, ...(signal && { signal }) })
      return outcome.isHeld ? { place, isOver: false } : { place, isOver: false, failure: outcome.failure }
    } catch (error) {
      const isOver = error instanceof ScripError && !isToldByPeer(error) && error.code === 'AGREEMENT_EXPIRED'
      if (isOver) return { place, isOver }
      throw error
    }
  }
}

type StoredPlace = BackupPlace & Required<Pick<BackupPlace, 'agreement' | 'root'>>

/** What came of a challenge: `isOver` where there is no agreement any more. */
type Checked = { readonly place: StoredPlace; readonly isOver: boolean; readonly failure?: Failure }

function hasRoot(place: BackupPlace): place is StoredPlace {
  return place.root !== undefined
}

function isStored(place: BackupPlace): place is StoredPlace {
  return hasRoot(place) && place.isLost === undefined
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

function isAboutSeller(error: unknown): boolean {
  return isToldByPeer(error) || (error instanceof ScripError && ABOUT_SELLERS.has(error.code))
}

/** Numbers of pieces that are nowhere, the lowest first. */
function* freeNumbers(places: readonly BackupPlace[]): Generator<number, never> {
  const taken = new Set(places.map(({ number }) => number))
  for (let number = 0; ; number++) if (!taken.has(number)) yield number
}

function compare(one: bigint, other: bigint): number {
  return one < other ? -1 : one > other ? 1 : 0
}

async function measure(path: string): Promise<{ root: Hex; size: number }> {
  const file = await open(path, 'r')
  return rootOfFile(file, path).finally(() => file.close())
}

function now(): number {
  return Math.floor(Date.now() / 1_000)
}
