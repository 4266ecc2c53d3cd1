import { getAddress } from 'viem'
import { type Backup, createBackups, type Repair } from '../../market/index.ts'
import { count, type Output, print } from '../output.ts'
import { parseNetwork, parseUrl } from '../parse.ts'
import { type Buying, type BuyingOptions, openBuying } from '../storing/openBuying.ts'
import { amountOf, readUnit } from '../units.ts'
import { announce } from './announce.ts'
import { chance } from './chance.ts'
import { findBackup } from './findBackup.ts'
import { readPrice } from './readPrice.ts'
import { toldBy } from './toldByNetwork.ts'

/** The options of `scrip repair`. */
export type RepairOptions = BuyingOptions & { seller?: string[]; network?: string }

/** Challenges the sellers of backups, and replaces those that fail. Whom one ever bought from may be asked again. */
export async function repairBackups(options: RepairOptions, name?: string): Promise<undefined> {
  const given = (options.seller ?? []).map((url) => parseUrl(url, 'seller').origin)
  const networkId = options.network === undefined ? undefined : parseNetwork({ network: options.network })
  const buying = await openBuying(options)
  try {
    const kept = { buyer: buying.buyer, store: buying.store, folder: buying.folder }
    const listed = createBackups(kept)
    const all = name === undefined ? await listed.list() : [await findBackup(listed, name)]
    const sellers = [...given, ...(await buying.buyer.agreements()).map(({ url }) => new URL(url).origin)]
    const repaired: object[] = []
    for (const backup of all) {
      const unit = await readUnit(buying.client, backup.currency)
      const backups = createBackups({ ...kept, ...(await toldBy(options.network, buying, backup.seconds)) })
      const before = buying.spent()
      const reading = await readPrice(buying, backup)
      buying.requireWithinLimit(before + (await challengePrice(buying, backup)), unit)
      const repair = await buying.work(backup.name, unit, (onProgress) =>
        backups.repair({
          ...{ name: backup.name, sellers, onProgress },
          // What is lost is made anew from what is read.
          onPlan: ({ price, leastPrice, ...plan }) =>
            announce({ ...plan, price: price + reading, leastPrice: leastPrice + reading }, buying, unit, options.json),
        }),
      )
      await buying.transactions(unit)
      const survival = await backups.survivalOf(repair.backup)
      const spent = buying.spent() - before
      repaired.push(dataOf(repair, { survival, spent }))
      if (!options.json) print(describe(repair, { survival, spent: amountOf(spent, unit) }), false)
    }
    const stated = networkId === undefined ? [] : await buying.buyer.stateFailures({ networkId })
    const lines = stated.map(({ seller, hash }) => `Stated what ${getAddress(seller)} failed, transaction ${hash}`)
    if (all.length === 0) lines.push('Nothing is backed up.')
    const data = { repaired, spent: buying.spent(), stated }
    if (options.json || lines.length > 0) print({ lines, data }, options.json)
  } finally {
    await buying.close()
  }
}

/** What the challenges of a backup's sellers cost at most. */
async function challengePrice({ buyer }: Buying, { places }: Backup): Promise<bigint> {
  const agreements = new Map((await buyer.agreements()).map(({ id, agreement }) => [id, agreement]))
  return places.reduce((sum, { agreement }) => {
    const { perLeaf = 0n, mostLeaves = 0 } = agreements.get(agreement ?? '0x') ?? {}
    return sum + BigInt(mostLeaves) * perLeaf
  }, 0n)
}

function describe(
  { backup, failures, over, replaced }: Repair,
  { survival, spent }: { survival: number; spent: string },
): Output {
  const { name, places } = backup
  const lost = failures.length + over.length
  const how = lost === 0 ? `all ${count(places.length, 'piece')} held` : `${lost} lost, ${replaced.length} stored anew`
  const short =
    survival < backup.target ? `, and not with the ${chance(backup.target)} that were asked: name more sellers` : ''
  const kinds = failures.map(({ seller, kind }) => `  ${seller} failed (${kind}), the evidence is kept`)
  return { lines: [`${name}  ${how}, for ${spent}; it survives with ${chance(survival)}${short}`, ...kinds], data: {} }
}

function dataOf(
  { backup, failures, over, replaced }: Repair,
  { survival, spent }: { survival: number; spent: bigint },
) {
  const placeOf = ({ number, url, seller, agreement, root }: Backup['places'][number]) => {
    return { number, url, seller, agreement, root }
  }
  return {
    ...{ name: backup.name, survival, target: backup.target, spent },
    failures: failures.map(({ seller, kind, root, at }) => ({ seller, kind, root, at })),
    over: over.map(placeOf),
    replaced: replaced.map(placeOf),
  }
}
