import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pieceSize } from '@scrip/sdk/market'
import { expect } from 'chai'
import fc from 'fast-check'
import { gatherFile, spreadFile } from '../../../../sdk/market/buyer/backups/pieceFiles.ts'
import { bytes } from '../../../support/market.ts'

const STRIPE = 65_536

describe('a file in pieces', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'scrip-pieces-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))
  const files = (numbers: readonly number[]) =>
    numbers.map((number) => ({ number, path: join(folder, `piece ${number}`) }))

  it('comes back from any pieces that are enough, whatever its size', async () => {
    const sizes = fc.oneof(
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 400_000 }),
      fc.constantFrom(STRIPE, 2 * STRIPE, 3 * STRIPE, 3 * STRIPE - 1, 3 * STRIPE + 1, 6 * STRIPE),
    )
    await fc.assert(
      fc.asyncProperty(
        sizes,
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 0, max: 3 }),
        fc.nat(),
        async (size, needed, spare, seed) => {
          const content = bytes(size)
          const source = join(folder, 'source')
          writeFileSync(source, content)
          const all = files(Array.from({ length: needed + spare }, (_, number) => number))
          await spreadFile(source, needed, all)
          for (const { path } of all) expect(statSync(path).size).to.equal(pieceSize(size, needed))
          const some = all.map((_, at) => all[(at + seed) % all.length] as (typeof all)[number]).slice(0, needed)
          const target = join(folder, 'target')
          await gatherFile(some, { needed, size, target })
          expect(readFileSync(target).equals(content)).to.equal(true)
        },
      ),
      { numRuns: 40 },
    )
  })

  it('gets the same piece again, alone, also one that was not there before', async () => {
    const source = join(folder, 'source')
    writeFileSync(source, bytes(300_000))
    await spreadFile(source, 3, files([0, 1, 2, 3, 4]))
    const before = readFileSync(join(folder, 'piece 4'))
    await spreadFile(source, 3, files([4, 9]))
    expect(readFileSync(join(folder, 'piece 4')).equals(before)).to.equal(true)
    await gatherFile(files([9, 4, 1]), { needed: 3, size: 300_000, target: join(folder, 'target') })
    expect(readFileSync(join(folder, 'target')).equals(bytes(300_000))).to.equal(true)
  })

  it('leaves nothing half-done where a file is gone', async () => {
    const source = join(folder, 'source')
    writeFileSync(source, bytes(1_000))
    const failed = await gatherFile(files([0, 1]), { needed: 2, size: 1_000, target: join(folder, 'target') }).catch(
      (error: NodeJS.ErrnoException) => error.code,
    )
    expect(failed).to.equal('ENOENT')
    expect(readdirSync(folder)).to.deep.equal(['source'])
  })
})
