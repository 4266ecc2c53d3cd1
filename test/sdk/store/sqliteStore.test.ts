import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { put, type SqliteStoreOptions, type Store, sqliteStore } from '@scrip/sdk/store'
import { expect } from 'chai'
import { codeOf, refusal } from '../errors/support/refusal.ts'
import { type Running, run } from './support/run.ts'

type Numbered = { number: number; text: string }

const writer = new URL('./support/writer.ts', import.meta.url)
/** A user who owns nothing. */
const anyone = '65534'

describe('sqliteStore', () => {
  let folder: string
  let path: string
  const opened = new Set<Store>()
  const running = new Set<Running>()

  const open = (file = path, options?: SqliteStoreOptions): Store => {
    const store = sqliteStore(file, options)
    opened.add(store)
    return store
  }

  const write = (parameters: string[], shell?: string): Running => {
    const process = run(writer, parameters, shell)
    running.add(process)
    return process
  }

  const modeOf = (file: string) => (statSync(file).mode & 0o777).toString(8)

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'scrip-sqlite-'))
    path = join(folder, 'store.db')
  })

  afterEach(async () => {
    for (const process of running) await process.kill()
    for (const store of opened) await store.close()
    running.clear()
    opened.clear()
    rmSync(folder, { recursive: true, force: true })
  })

  it('finds after a restart what was written before', async () => {
    const first = open()
    await first.write([put('table', 'one', { amount: 5n }), put('table', 'two', { amount: 6n })])
    await first.write([{ table: 'table', key: 'one', remove: true }])
    await first.close()
    expect(await open().all('table')).to.deep.equal([{ amount: 6n }])
  })

  it('carries out what was called before it was closed', async () => {
    const first = open()
    const writes = [1, 2, 3].map((n) => first.write([put('table', String(n), { n })]))
    await first.close()
    await Promise.all(writes)
    expect((await open().all('table')).length).to.equal(3)
  })

  it('takes and gives nothing after it was closed', async () => {
    const store = open()
    await store.close()
    const calls = [
      () => store.write([put('table', 'key', {})]),
      () => store.get('table', 'key'),
      () => store.all('table'),
    ]
    for (const call of calls) expect(await codeOf(call)).to.equal('STORE_FAILED')
  })

  describe('and its owner', () => {
    it('has one at a time in one process, until that one closes it', async () => {
      const first = open()
      expect(await codeOf(() => open())).to.equal('STORE_FAILED')
      await first.write([put('table', 'key', { n: 1 })])
      await first.close()
      expect(await open().get('table', 'key')).to.deep.equal({ n: 1 })
    })

    it('refuses a second process, which says what to do', async () => {
      open()
      expect(await write([path]).line(0)).to.equal('STORE_FAILED')
      const { message, hint } = await refusal(() => open())
      expect(message).to.include('Another process').and.include(path)
      expect(hint).to.include('--store')
    })

    it('still has one after somebody was refused in its own process', async () => {
      open()
      for (let attempt = 0; attempt < 3; attempt++) expect(await codeOf(() => open())).to.equal('STORE_FAILED')
      expect(await write([path]).line(0)).to.equal('STORE_FAILED')
    })

    it('cannot be got around by a link to the file or a longer way to it', async () => {
      open()
      const link = join(folder, 'link.db')
      symlinkSync(path, link)
      const way = `${folder}/../${folder.split('/').at(-1)}/./store.db`
      for (const other of [link, way]) {
        expect(await codeOf(() => open(other))).to.equal('STORE_FAILED')
        expect(await write([other]).line(0)).to.equal('STORE_FAILED')
      }
    })

    it('loses it when it is killed', async () => {
      const owner = write([path])
      await owner.line(3)
      expect(await codeOf(() => open())).to.equal('STORE_FAILED')
      await owner.kill()
      expect((await open().all('left')).length).to.be.greaterThan(2)
    })

    it('is not left behind where the file turns out to be no store', async () => {
      writeFileSync(
        path,
        'This is a text that was named by mistake, and long enough to be looked at as a database. '.repeat(20),
      )
      for (let attempt = 0; attempt < 2; attempt++) {
        const { code, message } = await refusal(() => open())
        expect(code).to.equal('STORE_FAILED')
        expect(message).to.include('not a database')
      }
      rmSync(path)
      await open().write([put('table', 'key', { n: 1 })])
    })
  })

  describe('and readers beside the owner', () => {
    it('shows them what is committed, and nothing that only may become so', async () => {
      const owner = open()
      const reader = open(path, { readOnly: true })
      expect(await reader.all('table')).to.deep.equal([])
      const writing = owner.write([put('table', 'key', { n: 1 })])
      expect(await reader.get('table', 'key')).to.equal(undefined)
      await writing
      expect(await reader.get('table', 'key')).to.deep.equal({ n: 1 })
      expect(await open(path, { readOnly: true }).all('table')).to.deep.equal([{ n: 1 }])
      await owner.write([put('table', 'key', { n: 2 })])
      expect(await reader.get('table', 'key')).to.deep.equal({ n: 2 })
    })

    it('takes no writes from them', async () => {
      const owner = open()
      const reader = open(path, { readOnly: true })
      expect(await codeOf(() => reader.write([put('table', 'key', { n: 1 })]))).to.equal('STORE_FAILED')
      expect(await owner.all('table')).to.deep.equal([])
    })

    it('lets them come and go while another process writes, and shows no half write', async () => {
      const owner = write([path, '0', '200'])
      await owner.line(1)
      for (let look = 0; look < 60; look++) {
        const acknowledged = owner.lines.length - 1
        const reader = open(path, { readOnly: true })
        const right = await reader.all<Numbered>('right')
        const left = await reader.all<Numbered>('left')
        await reader.close()
        expect(right.length).to.be.at.least(acknowledged)
        expect(left.length).to.be.at.least(right.length)
      }
      expect(await codeOf(() => open())).to.equal('STORE_FAILED')
    })

    it('shows them what a killed owner left', async () => {
      const owner = write([path])
      await owner.line(20)
      await owner.kill()
      const reader = open(path, { readOnly: true })
      expect((await reader.all('left')).length).to.be.at.least(owner.lines.length - 1)
      expect((await reader.all('right')).length).to.equal((await reader.all('left')).length)
    })

    it('shows them what a closed owner left', async () => {
      const owner = open()
      await owner.write([put('table', 'key', { n: 1 })])
      await owner.close()
      expect(await open(path, { readOnly: true }).all('table')).to.deep.equal([{ n: 1 }])
    })

    it('refuses them where there is no store', async () => {
      const { code, hint } = await refusal(() => open(path, { readOnly: true }))
      expect(code).to.equal('STORE_FAILED')
      expect(hint).to.include('--store')
      expect(existsSync(path)).to.equal(false)
      for (const content of ['', 'no store '.repeat(500)]) {
        writeFileSync(path, content)
        expect(await codeOf(() => open(path, { readOnly: true }))).to.equal('STORE_FAILED')
        expect(readFileSync(path, 'utf8')).to.equal(content)
      }
    })
  })

  describe('and its files', () => {
    const parts = ['', '-wal', '-shm', '.lock']

    it('are for their owner only: seeds of hash chains are money', async () => {
      await open().write([put('table', 'key', { seed: 'secret' })])
      for (const part of parts) expect(modeOf(`${path}${part}`), part).to.equal('600')
    })

    it('are so under any umask, and where they were open to others before', async () => {
      const mask = process.umask(0)
      try {
        await open().write([put('table', 'key', { n: 1 })])
        for (const part of parts) expect(modeOf(`${path}${part}`), part).to.equal('600')
        const owner = write([join(folder, 'other.db')])
        await owner.line(5)
        await owner.kill()
        for (const part of parts) chmodSync(join(folder, `other.db${part}`), 0o666)
        await open(join(folder, 'other.db')).write([put('table', 'key', { n: 1 })])
        for (const part of parts) expect(modeOf(join(folder, `other.db${part}`)), part).to.equal('600')
      } finally {
        process.umask(mask)
      }
    })

    it('come with their folder', async () => {
      const deep = join(folder, 'a', 'b', 'store.db')
      await open(deep).write([put('table', 'key', { n: 1 })])
      expect(existsSync(deep)).to.equal(true)
    })

    it('are left as they are where something else was named by mistake', async () => {
      writeFileSync(path, 'no store '.repeat(500), { mode: 0o644 })
      mkdirSync(join(folder, 'folder'), { mode: 0o755 })
      for (const wrong of [path, join(folder, 'folder'), join(path, 'below a file')])
        expect(await codeOf(() => open(wrong)), wrong).to.equal('STORE_FAILED')
      expect(modeOf(path)).to.equal('644')
      expect(modeOf(join(folder, 'folder'))).to.equal('755')
    })
  })

  describe('and a disk that refuses', () => {
    // Root may write anywhere: there, the test hands the folder to somebody else and goes on as one.
    const asAnyone = process.getuid?.() === 0 ? ['0', '0', anyone] : []

    it('fails with a code in a folder that cannot be written', async () => {
      chmodSync(folder, 0o555)
      const attempt = write([path, ...asAnyone])
      expect(await attempt.line(0)).to.equal('STORE_FAILED')
      chmodSync(folder, 0o755)
      expect(existsSync(path)).to.equal(false)
    })

    it('fails with a code where the file may not be opened', async () => {
      const store = open()
      await store.write([put('table', 'key', { n: 1 })])
      await store.close()
      chmodSync(folder, 0o777)
      chmodSync(path, 0)
      expect(await write([path, ...asAnyone]).line(0)).to.equal('STORE_FAILED')
      chmodSync(path, 0o600)
      expect(await open().get('table', 'key')).to.deep.equal({ n: 1 })
    })

    it('fails with a code when the disk is full, keeps all that it acknowledged, and nothing by halves', async () => {
      // A limit on the size of files, 512 bytes a block, is a full disk to the process that runs into it.
      const filler = write([path, '0', '2000'], 'ulimit -f 2400')
      await filler.end()
      const acknowledged = filler.lines.slice(1, -1).map(Number)
      expect(filler.lines.at(-1)).to.equal('STORE_FAILED')
      expect(acknowledged.length).to.be.greaterThan(20)
      const store = open()
      const [left, right] = [await store.all<Numbered>('left'), await store.all<Numbered>('right')]
      expect(left).to.deep.equal(right)
      const kept = new Set(left.map(({ number }) => number))
      for (const number of acknowledged) expect(kept.has(number), `pair ${number}`).to.equal(true)
      // What failed was never there, and there is room again: the owner's successor writes on.
      expect(kept.size).to.equal(acknowledged.length)
      await store.write([put('left', 'more', { number: -1, text: '' })])
    })
  })

  it('loses no acknowledged write, and keeps none by halves, however often its owner is killed', async () => {
    let next = 0
    let kills = 0
    const acknowledged = new Set<number>()
    for (let round = 0; round < 14; round++) {
      const owner = write([path, String(next), '300'])
      // After some acknowledgements, and then at any moment: mostly in the middle of a write.
      await owner.line(1 + Math.floor(Math.random() * 120))
      await setTimeout(Math.random() * 15)
      await owner.kill()
      kills++
      for (const line of owner.lines.slice(1)) acknowledged.add(Number(line))

      const store = open()
      const [left, right] = [await store.all<Numbered>('left'), await store.all<Numbered>('right')]
      await store.close()
      expect(left).to.deep.equal(right)
      const kept = new Set(left.map(({ number }) => number))
      const lost = [...acknowledged].filter((number) => !kept.has(number))
      expect(lost, `lost by kill ${kills}`).to.deep.equal([])
      for (const { text } of left) expect(text.length).to.equal(300)
      next = Math.max(...kept, next) + 1
    }
    expect(kills).to.equal(14)
    expect(acknowledged.size).to.be.greaterThan(14 * 10)
  }).timeout(60_000)
})
