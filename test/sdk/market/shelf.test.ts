import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isProved, rootOf } from '@scrip/sdk/market'
import { memoryStore, type Store } from '@scrip/sdk/store'
import { expect } from 'chai'
import { createShelf, type PieceRecord } from '../../../sdk/market/seller/createShelf.ts'
import { bytes } from '../../support/market.ts'
import { refusal } from '../errors/support/refusal.ts'
import { newHash } from './support/offers.ts'
import { newFolder } from './support/stall.ts'

describe('the shelf of a seller', () => {
  const agreement = newHash()
  const content = bytes(100_000)
  const root = rootOf(content)
  let folder: string
  let store: Store
  const openShelf = (over: Partial<Store> = {}, known = [agreement]) =>
    createShelf({
      folder,
      store: { ...store, ...over },
      attest: async (piece) => ({ statement: { ...piece, at: 1 }, signature: '0x' }),
      isKnown: (id) => known.includes(id),
    })
  const part = (start: number, length: number, size = content.length) => ({ agreement, root, size, start, length })
  async function* sending(...pieces: Uint8Array[]) {
    yield* pieces
  }
  const bytesOf = (start: number, length: number) => sending(content.subarray(start, start + length))
  const names = () => readdirSync(join(folder, agreement))

  beforeEach(() => {
    folder = join(newFolder(), 'pieces')
    store = memoryStore()
  })

  it('goes on behind the last part that was kept, whatever a crash left behind that', async () => {
    const shelf = await openShelf()
    await shelf.write(part(0, 65_536), 2 ** 20, bytesOf(0, 65_536))
    // A process that was killed while it wrote the next part.
    writeFileSync(join(folder, agreement, `${root}.part`), Buffer.concat([content.subarray(0, 65_536), bytes(9_999)]))
    const again = await openShelf()
    expect(again.find(agreement, root)).to.include({ received: 65_536 })
    const whole = await again.write(part(65_536, 34_464), 2 ** 20, bytesOf(65_536, 34_464))
    expect(whole.stored?.statement).to.include({ root, size: 100_000 })
    expect(readFileSync(join(folder, agreement, root)).equals(content)).to.equal(true)
    const [proof] = await again.prove(agreement, root, [97])
    expect(proof && isProved(root, content.length, proof)).to.equal(true)
  })

  it('goes on where a process put a piece in its place and ended before it said so', async () => {
    const shelf = await openShelf()
    await shelf.write(part(0, 65_536), 2 ** 20, bytesOf(0, 65_536))
    const dying = await openShelf({ write: () => Promise.reject(new Error('Killed.')) })
    const death = await dying
      .write(part(65_536, 34_464), 2 ** 20, bytesOf(65_536, 34_464))
      .catch(({ message }) => message)
    expect(death).to.equal('Killed.')
    expect(names()).to.have.members([root, `${root}.tree`])
    const again = await openShelf()
    expect(again.find(agreement, root)).to.include({ received: 65_536 })
    expect((await again.write(part(65_536, 34_464), 2 ** 20, bytesOf(65_536, 34_464))).stored).not.to.equal(undefined)
    expect(readFileSync(join(folder, agreement, root)).equals(content)).to.equal(true)
  })

  const torn: [what: string, body: () => AsyncIterable<Uint8Array>][] = [
    ['shorter', () => bytesOf(0, 60_000)],
    ['longer', () => sending(content.subarray(0, 65_536), bytes(1))],
    [
      'broken off',
      async function* () {
        yield content.subarray(0, 30_000)
        throw new Error('The buyer hung up.')
      },
    ],
  ]
  for (const [what, body] of torn) {
    it(`keeps nothing of a part that is ${what} than it said, and takes no space for it`, async () => {
      const shelf = await openShelf()
      const failure = await shelf.write(part(0, 65_536), 2 ** 20, body()).catch((error: Error) => error)
      expect(failure).to.be.an('error')
      expect(shelf.taken(agreement)).to.equal(0)
      expect(readFileSync(join(folder, agreement, `${root}.part`))).to.have.length(0)
    })
  }

  it('takes one of two parts that come at once, and keeps it whole', async () => {
    const shelf = await openShelf()
    const outcomes = await Promise.allSettled([
      shelf.write(part(0, 65_536), 2 ** 20, bytesOf(0, 65_536)),
      shelf.write(part(0, 65_536), 2 ** 20, sending(new Uint8Array(65_536))),
    ])
    expect(outcomes.map(({ status }) => status)).to.deep.equal(['fulfilled', 'rejected'])
    const [, second] = outcomes
    expect((second as PromiseRejectedResult).reason.code).to.equal('PIECE_MISPLACED')
    await shelf.write(part(65_536, 34_464), 2 ** 20, bytesOf(65_536, 34_464))
  })

  it('takes no two pieces for the same space, however they come', async () => {
    const shelf = await openShelf()
    const other = bytes(60_000).reverse()
    const outcomes = await Promise.allSettled([
      shelf.write(part(0, 65_536), 120_000, bytesOf(0, 65_536)),
      shelf.write({ agreement, root: rootOf(other), size: 60_000, start: 0, length: 60_000 }, 120_000, sending(other)),
    ])
    expect(outcomes.map(({ status }) => status)).to.deep.equal(['fulfilled', 'rejected'])
    expect((outcomes[1] as PromiseRejectedResult).reason.code).to.equal('AGREEMENT_EXCEEDED')
  })

  it('takes a piece’s size from its first part only', async () => {
    const shelf = await openShelf()
    await shelf.write(part(0, 65_536), 2 ** 20, bytesOf(0, 65_536))
    const error = await refusal(() => shelf.write(part(65_536, 1, 65_537), 2 ** 20, bytesOf(0, 1)))
    expect(error.code).to.equal('PIECE_ALTERED')
    expect(shelf.find(agreement, root)).to.include({ received: 65_536, size: 100_000 })
  })

  it('removes what agreements left behind that are over, at its next start', async () => {
    const shelf = await openShelf()
    await shelf.write(part(0, 65_536), 2 ** 20, bytesOf(0, 65_536))
    mkdirSync(join(folder, newHash()))
    const again = await openShelf({}, [])
    expect(readdirSync(folder)).to.deep.equal([])
    expect(again.find(agreement, root)).to.equal(undefined)
    expect(await store.all<PieceRecord>('market/pieces')).to.deep.equal([])
  })

  it('leaves alone what no seller put there', async () => {
    mkdirSync(join(folder, 'my only copies'), { recursive: true })
    writeFileSync(join(folder, 'my only copies', 'thesis'), 'words')
    writeFileSync(join(folder, 'notes'), 'words')
    await openShelf({}, [])
    expect(readdirSync(folder)).to.have.members(['my only copies', 'notes'])
    expect(readdirSync(join(folder, 'my only copies'))).to.deep.equal(['thesis'])
  })
})
