import { type BuyerAgreement, type BuyerPiece, createBuyer } from '../../market/index.ts'
import type { Store } from '../../store/Store.ts'
import { type CommonOptions, connect, type StoreOptions, withStore } from '../context.ts'
import { count, type Output, time } from '../output.ts'
import { type StoredFile, storedFiles } from './storedFiles.ts'

/** Lists agreements, with the files that are stored under each. */
export async function listFiles(options: CommonOptions & StoreOptions): Promise<Output> {
  const client = await connect(options)
  return withStore(options, client, 'paying', async (store) => {
    const buyer = createBuyer({ client, signer: client.account, store })
    const [agreements, pieces, failures] = await Promise.all([buyer.agreements(), buyer.pieces(), buyer.failures()])
    const files = await filesOf(store)
    const listed = agreements.map((agreement) => ({
      agreement,
      used: usedOf(agreement, pieces),
      files: files.filter((file) => file.agreement === agreement.id),
      failures: failures.filter((failure) => failure.agreement === agreement.id).length,
    }))
    return {
      lines: listed.length === 0 ? ['Nothing is stored.'] : listed.flatMap(describe),
      data: {
        agreements: listed.map(({ agreement: { id, url, agreement }, used, files, failures }) => ({
          id,
          url,
          seller: agreement.seller,
          currency: agreement.currency,
          size: agreement.size,
          used,
          start: agreement.start,
          end: agreement.end,
          failures,
          files: files.map(({ name, size, root, isPlain }) => ({ name, size, root, isPlain })),
        })),
      },
    }
  })
}

type Listed = { agreement: BuyerAgreement; used: number; files: StoredFile[]; failures: number }

function describe({ agreement: { id, url, agreement }, used, files, failures }: Listed): string[] {
  const failed = failures === 0 ? '' : `, ${count(failures, 'failed challenge')}`
  return [
    `${id}`,
    `  at ${url}, ${used.toLocaleString('en')} of ${count(agreement.size, 'byte')}, until ${time(agreement.end)}${failed}`,
    ...files.map(
      ({ name, size, root }) =>
        `  ${name}  ${count(size, 'byte')}${root === undefined ? ', not stored to its end' : ''}`,
    ),
  ]
}

function usedOf({ id }: BuyerAgreement, pieces: readonly BuyerPiece[]): number {
  return pieces.filter(({ agreement }) => agreement === id).reduce((sum, { size }) => sum + size, 0)
}

async function filesOf(store: Store): Promise<StoredFile[]> {
  return (await store.all(storedFiles)).sort((one, other) => (one.name < other.name ? -1 : 1))
}
