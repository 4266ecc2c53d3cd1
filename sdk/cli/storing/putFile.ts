import { createHash } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import type { Address, Hex } from 'viem'
import { ScripError } from '../../errors/ScripError.ts'
import { kilobytes } from '../../http/price.ts'
import { type BuyerAgreement, encryptFile, openIdentity, termsFor } from '../../market/index.ts'
import { put } from '../../store/Store.ts'
import { scripHome } from '../context.ts'
import type { SentTransaction } from '../funding.ts'
import { costData, count, type Output, time } from '../output.ts'
import { parseAddress, parseBytes, parseTime, parseUrl } from '../parse.ts'
import { amountOf, readUnit, type Unit } from '../units.ts'
import { type Buying, type BuyingOptions, openBuying } from './openBuying.ts'
import { type StoredFile, storedFiles } from './storedFiles.ts'

/** The options of `scrip store put`. */
export type PutOptions = BuyingOptions & {
  seller: string
  name?: string
  for: string
  size?: string
  agreement?: string
  currency?: string
  identity?: string
  plain?: boolean
}

/** What is to be stored, under which name. */
type Task = { name: string; source: string; size: number; version: string; isPlain: boolean }

/** Stores a file with a seller, and pays for it. Run again, it goes on where it was. */
export async function putFile(options: PutOptions, file = ''): Promise<Output> {
  const url = parseUrl(options.seller, 'seller').origin
  const seconds = parseTime(options.for, 'for')
  const space = options.size === undefined ? undefined : parseBytes(options.size, 'size')
  const task = taskOf(options, file)
  const buying = await openBuying(options)
  try {
    const known = await currentFile(buying, task.name)
    if (known?.root !== undefined) return storedAlready(known, task)
    const content = await contentOf(buying, task, options.identity)
    const { size } = statSync(content)
    const earlier = known?.version === task.version ? known.agreement : options.agreement
    const order: Order = { url, task, content, size, seconds, space: space ?? size, currency: options.currency }
    const deal = earlier === undefined ? await newDeal(buying, order) : await presentDeal(buying, order, earlier)
    const unit = await readUnit(buying.client, deal.currency)
    buying.requireWithinLimit(deal.cost, unit)
    let transactions: SentTransaction[] = []
    const stored = await buying
      .work(task.name, unit, (onProgress) => store(buying, order, deal, onProgress))
      .finally(async () => {
        transactions = await buying.transactions(unit)
      })
    if (content !== task.source) await rm(content, { force: true })
    return describe(task, stored, buying.spent(), unit, transactions)
  } finally {
    await buying.close()
  }
}

/** What is stored under a name, or on its way there, for as long as that is agreed. */
async function currentFile({ buyer, store }: Buying, name: string): Promise<StoredFile | undefined> {
  const file = await store.get(storedFiles, name)
  const agreement = (await buyer.agreements()).find(({ id }) => id === file?.agreement)?.agreement
  return agreement !== undefined && agreement.end > Date.now() / 1_000 ? file : undefined
}

/** What is bought: room for a file, and its way there. */
type Order = {
  readonly url: string
  readonly task: Task
  /** The file whose bytes are stored, and how many those are. */
  readonly content: string
  readonly size: number
  readonly seconds: number
  readonly space: number
  readonly currency: string | undefined
}

/** What an order costs, and how its agreement comes about. */
type Deal = { readonly currency: Address; readonly cost: bigint; agree(): Promise<BuyerAgreement> }

type Stored = { readonly agreement: BuyerAgreement; readonly root: Hex }

/** A new agreement with the seller. */
async function newDeal({ buyer }: Buying, { url, size, space, seconds, currency }: Order): Promise<Deal> {
  const offer = await buyer.readOffer(url)
  const asked = currency === undefined ? (offer.offer.prices[0]?.currency ?? '0x') : parseAddress(currency, 'currency')
  const terms = termsFor(offer.offer, { currency: asked, size: space, seconds, start: 0 })
  return {
    currency: asked,
    cost: terms.price + BigInt(kilobytes(size)) * terms.perKilobyteWritten,
    agree: () => buyer.agree({ offer, url, size: space, seconds, currency: asked }),
  }
}

/** Room under an agreement that is there. @throws `AGREEMENT_UNKNOWN` */
async function presentDeal({ buyer }: Buying, { size }: Order, id: string): Promise<Deal> {
  const present = (await buyer.agreements()).find((one) => one.id === id)
  if (present === undefined) {
    throw new ScripError('AGREEMENT_UNKNOWN', {
      detail: `You have no agreement ${id}.`,
      hint: '`scrip store list` shows those that you have.',
      values: { agreement: id },
    })
  }
  const { currency, perKilobyteWritten } = present.agreement
  return { currency, cost: BigInt(kilobytes(size)) * perKilobyteWritten, agree: async () => present }
}

async function store(
  buying: Buying,
  { task, content }: Order,
  deal: Deal,
  onProgress: (done: number, total: number) => void,
): Promise<Stored> {
  const agreement = await deal.agree()
  const { source: _, ...described } = task
  const record = { ...described, agreement: agreement.id }
  // Before the first byte leaves: run again, it goes on under the same agreement.
  await buying.store.write([put(storedFiles, task.name, record)])
  const { root } = await buying.buyer.storePiece({ agreement: agreement.id, path: content, onProgress })
  await buying.store.write([put(storedFiles, task.name, { ...record, root })])
  return { agreement, root }
}

function describe(
  { name, size }: Task,
  { agreement: { id, agreement }, root }: Stored,
  spent: bigint,
  unit: Unit,
  transactions: readonly SentTransaction[],
): Output {
  const { end } = agreement
  return {
    lines: [
      `Stored ${name}, ${count(size, 'byte')}, until ${time(end)}, for ${amountOf(spent, unit)}`,
      `  agreement ${id}`,
      `  root ${root}`,
    ],
    data: {
      name,
      agreement: id,
      root,
      size,
      end,
      currency: agreement.currency,
      seller: agreement.seller,
      spent,
      transactions: transactions.flatMap(({ hash, receipt }) => (receipt ? [costData({ hash, receipt })] : [])),
    },
  }
}

/** @throws `FILE_NOT_FOUND`, `INVALID_ARGUMENT` where there is nothing in it */
export function taskOf({ name, plain }: Pick<PutOptions, 'name' | 'plain'>, file: string): Task {
  const source = resolve(file)
  const status = statSync(source, { throwIfNoEntry: false })
  if (!status?.isFile()) {
    throw new ScripError('FILE_NOT_FOUND', { detail: `There is no file ${file}.`, values: { file } })
  }
  const isPlain = plain === true
  const parts = [source, status.size, status.mtimeMs, isPlain]
  const version = createHash('sha256').update(JSON.stringify(parts)).digest('hex')
  return { name: name ?? basename(source), source, size: status.size, version, isPlain }
}

/** What is said of a file that is there already. @throws `INVALID_ARGUMENT` where another one has its name */
function storedAlready(known: StoredFile, task: Task): Output {
  if (known.version !== task.version) {
    throw new ScripError('INVALID_ARGUMENT', {
      detail: `Another file is stored as ${task.name}.`,
      hint: 'Give this one another name with --name.',
      values: { name: task.name },
    })
  }
  return {
    lines: [`${task.name} is stored already`, `  agreement ${known.agreement}`, `  root ${known.root}`],
    data: { name: task.name, agreement: known.agreement, root: known.root, size: known.size, spent: 0n },
  }
}

/**
 * The file whose bytes are stored: the file itself, or its encryption beside the store. A piece's name is its hash, so all of
 * it must be there before the first byte leaves, and no two encryptions are the same: what a run that was killed had begun to
 * send is sent on.
 */
export async function contentOf({ folder }: Buying, task: Task, identityFile: string | undefined): Promise<string> {
  if (task.isPlain) return task.source
  const path = identityFile ?? join(scripHome(), 'identity.txt')
  const identity = await openIdentity(path, { isNew: identityFile === undefined })
  const mark = createHash('sha256').update(`${task.version}/${identity}`).digest('hex')
  const target = join(folder, `${mark}.age`)
  if (!existsSync(target)) await encryptFile({ source: task.source, target, identity })
  return target
}
