import type { Address, Hex } from 'viem'
import type { Experience } from '../../backup/estimateFailure.ts'
import type { Failure, OnProgress } from '../Buyer.ts'

/** Where one piece of a backup is, or is to be. */
export type BackupPlace = {
  /** The piece's number, from 0: the first `needed` of them are the data itself. */
  readonly number: number
  readonly url: string
  readonly seller: Address
  readonly operator: string
  /** Unix seconds when the seller was chosen. */
  readonly chosenAt: number
  /** The agreement's id, once it is made. */
  readonly agreement?: Hex
  /** The piece's root, once the seller has all of it. */
  readonly root?: Hex
  /** Its seller failed a challenge, or its time is over or soon is: the piece is not counted on. */
  readonly isLost?: true
}

/** A file that is kept with several sellers, as its buyer remembers it. It is in the store before every step that is paid. */
export type Backup = {
  readonly name: string
  /** What tells one content from another: the caller's word. */
  readonly version: string
  /** Bytes of the file that was cut into pieces. */
  readonly size: number
  /** Its root: pieces of anything else do not go with those that are stored. */
  readonly root: Hex
  /** Pieces that give the file back. */
  readonly needed: number
  /** The probability of survival that was asked for. */
  readonly target: number
  readonly seconds: number
  readonly currency: Address
  readonly places: readonly BackupPlace[]
  /** Sellers that lost a piece of it: none of them gets another. */
  readonly failed: readonly Address[]
}

/** What a seller may be known for besides what one saw of it: `believed` of what others say, for example. */
export type Told = (seller: Address) => Experience | undefined

/** What is bought, before anything of it is paid. */
export type BackupPlan = {
  readonly needed: number
  readonly pieces: number
  readonly currency: Address
  /** Base units for all blocks and their writing. */
  readonly price: bigint
  /** No set of these sellers is cheaper. */
  readonly leastPrice: bigint
  /** The probability with which the file survives, as far as is known. */
  readonly survival: number
}

/** What came of looking after a backup. */
export type Repair = {
  readonly backup: Backup
  /** The challenges that were failed now. */
  readonly failures: readonly Failure[]
  /** Places of which the agreement is over, or soon is. */
  readonly over: readonly BackupPlace[]
  /** The places that replaced others. */
  readonly replaced: readonly BackupPlace[]
}

type Work = {
  readonly onProgress?: OnProgress
  readonly signal?: AbortSignal
}

/** Keeps files with several sellers, so that they survive as surely as was asked, for as little as that costs. */
export type Backups = {
  /**
   * Cuts a file into pieces and stores each with another seller. Run again after a crash or an error, it goes on where it was;
   * whoever refuses or does not answer is replaced.
   *
   * @throws `DURABILITY_UNREACHABLE` where these sellers cannot keep it as surely, `INVALID_ARGUMENT` where another file has the
   * name, and what paying throws
   */
  backUp(
    parameters: Work & {
      readonly name: string
      readonly version: string
      /** The file, which is stored as it is: encrypt before. */
      readonly path: string
      /** Where sellers are reached. */
      readonly sellers: readonly string[]
      readonly target: number
      readonly seconds: number
      /** The first that the first seller accepts where nothing is said. */
      readonly currency?: Address
      readonly mostPieces?: number
      /** Is told what is about to be bought, and may refuse it by throwing. */
      readonly onPlan?: (plan: BackupPlan) => void | Promise<void>
    },
  ): Promise<Backup>
  /**
   * Writes the file that was backed up, from any pieces that are enough. What was read is kept, and not paid again.
   *
   * @throws `BACKUP_LOST` where too few pieces can be read now, `FILE_NOT_FOUND` where nothing is backed up under the name, and
   * what paying throws
   */
  restore(parameters: Work & { readonly name: string; readonly target: string }): Promise<Backup>
  /**
   * Challenges everybody who has a piece, and stores anew, with others, what is lost. Where an agreement is in the last fifth of
   * its time, its piece is stored anew as well, with whoever is cheapest then. Where nobody failed, nothing is bought but the
   * challenges. Where these sellers cannot make it as safe as it was to be, it becomes as safe as they can:
   * `survivalOf` tells.
   *
   * @throws what `restore` throws, `DURABILITY_UNREACHABLE` where nobody is left who could help, and what paying throws
   */
  repair(
    parameters: Work & {
      readonly name: string
      readonly sellers: readonly string[]
      readonly onPlan?: (plan: BackupPlan) => void | Promise<void>
    },
  ): Promise<Repair>
  /** Every backup, under way or whole, by name. */
  list(): Promise<Backup[]>
  /** The probability with which a backup survives a term like its own from now on, as far as is known. */
  survivalOf(backup: Backup): Promise<number>
}
