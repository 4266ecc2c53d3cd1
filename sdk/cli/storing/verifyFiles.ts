import { getAddress } from 'viem'
import { ScripError } from '../../errors/ScripError.ts'
import type { ChallengeOutcome } from '../../market/index.ts'
import { count, type Output, print } from '../output.ts'
import { parseNetwork, parseWhole } from '../parse.ts'
import { amountOf, readUnit } from '../units.ts'
import { type BuyingOptions, openBuying } from './openBuying.ts'
import { findStored, type StoredFile, storedFiles } from './storedFiles.ts'

/** The options of `scrip store verify`. */
export type VerifyOptions = BuyingOptions & { leaves?: string; network?: string }

type Verified = { readonly name: string; readonly outcome: ChallengeOutcome }

/** Challenges the sellers of stored files. @throws `CHALLENGE_FAILED` where one failed, after all were asked */
export async function verifyFiles(options: VerifyOptions, name?: string): Promise<undefined> {
  const leaves = options.leaves === undefined ? undefined : Math.max(1, parseWhole(options.leaves, 'leaves', 256))
  const networkId = options.network === undefined ? undefined : parseNetwork({ network: options.network })
  const buying = await openBuying(options)
  try {
    const files =
      name === undefined ? await wholeFiles(buying.store.all(storedFiles)) : [await findStored(buying.store, name)]
    const verified: Verified[] = []
    const agreements = await buying.buyer.agreements()
    for (const file of files) {
      const agreement = agreements.find(({ id }) => id === file.agreement)?.agreement
      if (agreement === undefined) throw new ScripError('AGREEMENT_UNKNOWN', { values: { agreement: file.agreement } })
      // Nobody must hold any more what was agreed until then.
      if (name === undefined && agreement.end <= Date.now() / 1_000) continue
      const unit = await readUnit(buying.client, agreement.currency)
      const before = buying.spent()
      buying.requireWithinLimit(before + BigInt(leaves ?? agreement.mostLeaves) * agreement.perLeaf, unit)
      const outcome = await buying.work(file.name, unit, () =>
        buying.buyer.challenge({ agreement: file.agreement, root: file.root, ...(leaves !== undefined && { leaves }) }),
      )
      verified.push({ name: file.name, outcome })
      if (!options.json) print(describe({ name: file.name, outcome }, amountOf(buying.spent() - before, unit)), false)
    }
    const stated = networkId === undefined ? [] : await buying.buyer.stateFailures({ networkId })
    const data = { verified: verified.map(dataOf), spent: buying.spent(), stated }
    const lines = stated.map(({ seller, hash }) => `Stated what ${getAddress(seller)} failed, transaction ${hash}`)
    if (options.json || lines.length > 0) print({ lines, data }, options.json)
    const failed = verified.filter(({ outcome }) => !outcome.isHeld).map((one) => one.name)
    if (failed.length === 0) return
    throw new ScripError('CHALLENGE_FAILED', {
      detail: `${failed.join(', ')}: the seller does not have it.`,
      values: { failed },
    })
  } finally {
    await buying.close()
  }
}

async function wholeFiles(files: Promise<StoredFile[]>) {
  return (await files).flatMap(({ root, ...file }) => (root === undefined ? [] : [{ ...file, root }]))
}

function describe({ name, outcome }: Verified, spent: string): Output {
  const held = outcome.isHeld
    ? `held: ${count(outcome.challenge.leaves.length, 'leaf', 'leaves')} proved`
    : `FAILED (${outcome.failure.kind}), the evidence is kept`
  return { lines: [`${name}  ${held}, for ${spent}`], data: {} }
}

function dataOf({ name, outcome }: Verified) {
  return outcome.isHeld
    ? { name, isHeld: true, leaves: outcome.challenge.leaves }
    : { name, isHeld: false, kind: outcome.failure.kind, at: outcome.failure.at, value: outcome.failure.value }
}
