import { rm, stat } from 'node:fs/promises'
import type { Address } from 'viem'
import { ScripError } from '../../errors/ScripError.ts'
import { type Backup, createBackups } from '../../market/index.ts'
import type { SentTransaction } from '../funding.ts'
import { costData, count, type Output } from '../output.ts'
import { parseAddress, parseTime, parseUrl, parseWhole } from '../parse.ts'
import { type Buying, type BuyingOptions, openBuying } from '../storing/openBuying.ts'
import { contentOf, taskOf } from '../storing/putFile.ts'
import { amountOf, readUnit, type Unit } from '../units.ts'
import { announce } from './announce.ts'
import { chance } from './chance.ts'
import { toldBy } from './toldByNetwork.ts'

/** The options of `scrip backup`. */
export type BackUpOptions = BuyingOptions & {
  seller: string[]
  name?: string
  survive: string
  for: string
  pieces: string
  currency?: string
  identity?: string
  network?: string
}

/** Encrypts a file, cuts it into pieces and stores each with another seller. Run again, it goes on where it was. */
export async function backUpFile(options: BackUpOptions, file = ''): Promise<Output> {
  const sellers = options.seller.map((url) => parseUrl(url, 'seller').origin)
  const target = parseProbability(options.survive)
  const seconds = parseTime(options.for, 'for')
  const mostPieces = parseWhole(options.pieces, 'pieces', 64)
  const task = taskOf({ ...(options.name !== undefined && { name: options.name }) }, file)
  const asked = options.currency === undefined ? undefined : parseAddress(options.currency, 'currency')
  const buying = await openBuying(options)
  try {
    const told = await toldBy(options.network, buying, seconds)
    const backups = createBackups({ buyer: buying.buyer, store: buying.store, folder: buying.folder, ...told })
    const known = (await backups.list()).find(({ name }) => name === task.name)
    const currency = known?.currency ?? asked ?? (await firstCurrency(buying, sellers))
    const unit = await readUnit(buying.client, currency)
    const path = known !== undefined && isWhole(known) ? task.source : await contentOf(buying, task, options.identity)
    let transactions: SentTransaction[] = []
    const backup = await buying
      .work(task.name, unit, (onProgress) =>
        backups.backUp({
          ...{
            name: task.name,
            version: task.version,
            path,
            sellers,
            target,
            seconds,
            currency,
            mostPieces,
            onProgress,
          },
          onPlan: (plan) => announce(plan, buying, unit, options.json),
        }),
      )
      .finally(async () => {
        transactions = await buying.transactions(unit)
      })
    if (path !== task.source) await rm(path, { force: true })
    const survival = await backups.survivalOf(backup)
    return describe(backup, {
      survival,
      size: (await stat(task.source)).size,
      spent: buying.spent(),
      unit,
      transactions,
    })
  } finally {
    await buying.close()
  }
}

/** What the first seller that answers is paid in. */
async function firstCurrency({ buyer }: Buying, sellers: readonly string[]): Promise<Address> {
  let problem: unknown
  for (const url of sellers) {
    try {
      const { offer } = await buyer.readOffer(url)
      return offer.prices[0]?.currency ?? '0x'
    } catch (error) {
      problem = error
    }
  }
  throw problem
}

/** @throws `INVALID_ARGUMENT` */
function parseProbability(value: string): number {
  const probability = /^0?\.\d{1,12}$/.test(value) ? Number(value) : Number.NaN
  if (probability >= 0.5 && probability < 1) return probability
  throw new ScripError('INVALID_ARGUMENT', {
    detail: `survive is no probability that can be used: ${value}.`,
    hint: 'Give a number from 0.5 to below 1, as in 0.999.',
    values: { survive: value },
  })
}

function isWhole({ places }: Backup): boolean {
  return places.every(({ root }) => root !== undefined)
}

type Outcome = {
  readonly survival: number
  readonly size: number
  readonly spent: bigint
  readonly unit: Unit
  readonly transactions: readonly SentTransaction[]
}

function describe(backup: Backup, { survival, size, spent, unit, transactions }: Outcome): Output {
  const { name, needed, places, currency } = backup
  return {
    lines: [
      `Backed up ${name}, ${count(size, 'byte')}, for ${amountOf(spent, unit)}: it survives with ${chance(survival)}`,
      ...places.map(({ number, url, operator }) => `  piece ${number} at ${url}, run by ${operator}`),
    ],
    data: {
      ...{ name, size, needed, survival, currency, spent },
      places: places.map(({ number, url, seller, operator, agreement, root }) => {
        return { number, url, seller, operator, agreement, root }
      }),
      transactions: transactions.flatMap(({ hash, receipt }) => (receipt ? [costData({ hash, receipt })] : [])),
    },
  }
}
