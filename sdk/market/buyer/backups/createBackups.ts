import { mkdir, open } from 'node:fs/promises'
import type { Hex } from 'viem'
import { ScripError } from '../../../errors/ScripError.ts'
import { isToldByPeer } from '../../../http/problem.ts'
import type { Store } from '../../../store/Store.ts'
import { chooseSellers, survivalOf } from '../../backup/chooseSellers.ts'
import { unixTime } from '../../unixTime.ts'
import type { Buyer, Failure } from '../Buyer.ts'
import { rootOfFile } from '../storePiece.ts'
import type { Backup, BackupPlace, Backups, Told } from './Backups.ts'
import { createFilling, withPlace } from './createFilling.ts'
import { createGathering } from './createGathering.ts'
import { createTrackRecord } from './createTrackRecord.ts'
import { backups, isStored, type StoredPlace } from './records.ts'

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

/** An agreement is made anew while so large a part of its time is left: what is over cannot be read any more. */
const RENEWED = 1 / 5

/** Keeps files with several sellers: `Backups`. */
export function createBackups(parameters: BackupsParameters): Backups {
  const { buyer, store, folder, told = () => undefined, clock = unixTime } = parameters
  const record = createTrackRecord(store, clock, told)

  const { gather, whole, forget } = createGathering({ buyer, record, folder })
  const { keep, readCandidates, fill } = createFilling({ buyer, store, record, folder, clock })

  const find = async (name: string): Promise<Backup> => {
    const backup = await store.get(backups, name)
    if (backup !== undefined) return backup
    throw new ScripError('FILE_NOT_FOUND', {
      detail: `Nothing is backed up as ${name}.`,
      hint: '`scrip backups` shows what is.',
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
      await gather(backup, target, { onProgress, signal })
      return backup
    },

    repair: async ({ name, sellers, onPlan, onProgress, signal }) => {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const before = await find(name)
      const ends = new Map((await buyer.agreements()).map(({ id, agreement }) => [id, agreement.end]))
      const isEnding = ({ agreement }: StoredPlace) => (ends.get(agreement) ?? 0) - clock() < before.seconds * RENEWED
      const checked: Checked[] = await Promise.all(
        before.places
          .filter(isStored)
          .map((place) => (isEnding(place) ? { place, isOver: true } : check(place, signal))),
      )
      let backup = before
      for (const { place, failure, isOver } of checked) {
        if (failure !== undefined) await record.lost(place.seller, place.chosenAt)
        else if (!isOver) await record.held(place.seller, place.chosenAt)
        if (failure !== undefined) backup = { ...backup, failed: [...backup.failed, place.seller] }
        if (failure !== undefined || isOver) backup = await keep(withPlace(backup, { ...place, isLost: true }))
      }
      const work = { onProgress, signal }
      const source = () => whole(backup, work)
      const filling = { urls: sellers, source, isBestEffort: true, onPlan, ...work }
      backup = await fill(backup, filling)
      backup = await keep({ ...backup, places: backup.places.filter(({ isLost }) => isLost === undefined) })
      await forget(before)
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

  async function check(place: StoredPlace, signal?: AbortSignal): Promise<Checked> {
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

/** What came of a challenge: `isOver` where there is no agreement any more. */
type Checked = { readonly place: StoredPlace; readonly isOver: boolean; readonly failure?: Failure }

async function measure(path: string): Promise<{ root: Hex; size: number }> {
  const file = await open(path, 'r')
  return rootOfFile(file, path).finally(() => file.close())
}
