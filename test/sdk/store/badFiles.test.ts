import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { put, type Store, sqliteStore } from '@scrip/sdk/store'
import { expect } from 'chai'
import { refusal } from '../errors/support/refusal.ts'
import { run } from './support/run.ts'

const writer = new URL('./support/writer.ts', import.meta.url)

/** Named by mistake, or damaged: a coded error that says what to do, and the file as it was. */
describe('sqliteStore on a bad file', () => {
  let folder: string
  let path: string

  const noStore: Record<string, { make: () => void; message: string; hint: string }> = {
    'a folder': { make: () => mkdirSync(path), message: 'not a file', hint: 'path is right' },
    'a text': { make: () => writeFileSync(path, 'no store '.repeat(900)), message: 'not a database', hint: '--store' },
    'a short text': { make: () => writeFileSync(path, 'no store'), message: 'not a database', hint: '--store' },
    'the first half of a header': {
      make: () => writeFileSync(path, 'SQLite format 3\0'),
      message: 'not a database',
      hint: '--store',
    },
    'a link that leads nowhere': {
      make: () => symlinkSync(join(folder, 'gone', 'store.db'), path),
      message: 'EEXIST',
      hint: 'Check',
    },
    'a link to itself': { make: () => symlinkSync(path, path), message: 'EEXIST', hint: 'Check' },
  }

  /** A store with enough records for many pages, all in the file itself. */
  const makeStore = async () => {
    const store = sqliteStore(path)
    await store.write(Array.from({ length: 400 }, (_, i) => put('table', String(i), { i, text: 'x'.repeat(200) })))
    await store.close()
  }

  const content = () => {
    try {
      return readFileSync(path, 'latin1')
    } catch {
      return undefined
    }
  }

  const garble = (offset: number, length: number) => {
    const file = openSync(path, 'r+')
    writeSync(file, Buffer.alloc(length, 0xa5), 0, length, offset)
    closeSync(file)
  }

  const failsWith = async (work: () => unknown, message: RegExp, hint: RegExp) => {
    const refused = await refusal(work)
    expect(refused.code).to.equal('STORE_FAILED')
    expect(refused.message).to.match(message).and.include(path)
    expect(refused.hint).to.match(hint)
    expect(refused.values['path']).to.equal(path)
  }

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'scrip-bad-'))
    path = join(folder, 'store.db')
  })

  afterEach(() => rmSync(folder, { recursive: true }))

  for (const [name, { make, message, hint }] of Object.entries(noStore)) {
    it(`refuses ${name} and makes nothing beside it`, async () => {
      make()
      const before = content()
      await failsWith(() => sqliteStore(path), new RegExp(message), new RegExp(hint))
      expect(readdirSync(folder)).to.deep.equal(['store.db'])
      expect(content()).to.equal(before)
    })
  }

  it('says so where a page is damaged, takes nothing on it, and serves what is whole', async () => {
    await makeStore()
    // All but the first pages: the file opens, and what is read meets the damage.
    garble(4096 * 3, statSync(path).size - 4096 * 3)
    const store = sqliteStore(path)
    await failsWith(() => store.all('table'), /malformed/, /damaged/)
    await failsWith(() => store.get('table', '7'), /malformed/, /damaged/)
    await failsWith(() => store.write([put('table', '7', { i: 0 })]), /malformed/, /damaged/)
    await store.close()
  })

  it('writes nothing of a write of which one record meets a damaged page', async () => {
    await makeStore()
    garble(4096 * 9, 4096)
    const store = sqliteStore(path)
    const keys = Array.from({ length: 400 }, (_, i) => String(i))
    const read = (from: Store, key: string) => from.get<{ i: number }>('table', key).catch(() => 'damaged' as const)
    const whole: string[] = []
    for (const key of keys) if ((await read(store, key)) !== 'damaged') whole.push(key)
    expect(whole.length).to.be.within(300, 399)
    const changes = keys.map((key) => put('table', key, { i: -1, text: 'y'.repeat(200) }))
    await failsWith(() => store.write(changes), /malformed/, /damaged/)
    await store.close()
    const again = sqliteStore(path)
    for (const key of whole) expect(await read(again, key)).to.have.property('i', Number(key))
    await again.close()
  })

  it('says so where the end of the file is missing', async () => {
    await makeStore()
    truncateSync(path, 4096 * 5)
    await failsWith(
      async () => {
        const store = sqliteStore(path)
        await store.all('table').finally(() => store.close())
      },
      /malformed/,
      /damaged/,
    )
  })

  it('says so where another program holds the file, and goes on when that one has ended', async () => {
    const store = sqliteStore(path)
    await store.write([put('table', 'key', { n: 1 })])
    const other = new DatabaseSync(path)
    other.exec('BEGIN IMMEDIATE')
    await failsWith(() => store.write([put('table', 'key', { n: 2 })]), /locked/, /Another program holds/)
    expect(await store.get('table', 'key')).to.deep.equal({ n: 1 })
    other.exec('ROLLBACK')
    other.close()
    await store.write([put('table', 'key', { n: 3 })])
    await store.close()
    const next = new DatabaseSync(path)
    next.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
    await failsWith(() => sqliteStore(path), /locked/, /Another program holds/)
    next.close()
    const again = sqliteStore(path)
    expect(await again.get('table', 'key')).to.deep.equal({ n: 3 })
    await again.close()
  })

  it('leaves no half store where there is no room for its first page', async () => {
    for (const blocks of [0, 4, 8, 16, 40, 70]) {
      const attempt = run(writer, [path, '0', '2000'], `ulimit -f ${blocks}`)
      await attempt.end()
      expect(attempt.lines.at(-1), `${blocks} blocks`).to.equal('STORE_FAILED')
    }
    const store = sqliteStore(path)
    await store.write([put('table', 'key', { n: 1 })])
    expect(await store.all('table')).to.deep.equal([{ n: 1 }])
    await store.close()
  })
})
