import { createBackups, createBuyer } from '../../market/index.ts'
import { type CommonOptions, connect, type StoreOptions, withStore } from '../context.ts'
import { count, type Output } from '../output.ts'
import { chance } from './chance.ts'

/** Lists backups, with who has which piece, and how safe each is. */
export async function listBackups(options: CommonOptions & StoreOptions): Promise<Output> {
  const client = await connect(options)
  return withStore(options, client, 'paying', async (store) => {
    const buyer = createBuyer({ client, signer: client.account, store })
    const backups = createBackups({ buyer, store, folder: '' })
    const listed = await Promise.all(
      (await backups.list()).map(async (backup) => ({ ...backup, survival: await backups.survivalOf(backup) })),
    )
    return {
      lines: listed.length === 0 ? ['Nothing is backed up.'] : listed.flatMap(describe),
      data: {
        backups: listed.map(({ name, size, needed, target, survival, currency, places }) => {
          return { name, size, needed, target, survival, currency, places }
        }),
      },
    }
  })
}

type Listed = {
  name: string
  needed: number
  survival: number
  places: readonly { url: string; number: number; root?: string }[]
}

function describe({ name, needed, survival, places }: Listed): string[] {
  return [
    `${name}  ${count(places.length, 'piece')}, ${needed} needed; it survives with ${chance(survival)}`,
    ...places.map(
      ({ url, number, root }) => `  piece ${number} at ${url}${root === undefined ? ', not stored yet' : ''}`,
    ),
  ]
}
