import { findSignatures } from '#crypto'
import { nobleSignatures, type Signatures } from './Signatures.ts'

let present = nobleSignatures
let finding: Promise<Signatures> | undefined

/** The fastest signatures of this machine; all give the same answers. */
export function fastestSignatures(): Promise<Signatures> {
  finding ??= findSignatures().then((found) => {
    present = found
    return found
  })
  return finding
}

/** The fastest that are at hand. The first calls get the slow ones, while the fast ones are loaded. */
export function presentSignatures(): Signatures {
  if (finding === undefined) fastestSignatures()
  return present
}
