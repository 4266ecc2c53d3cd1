import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { newTypist, type Typist } from '../support/scrip.ts'

const SIZE = 300_000
const TICKET = 2_000_000
/** Base units of a kilobyte written, of one read, and of a block. */
const [WRITTEN, READ, BLOCK] = [1_000, 4_000, 10_000]

type Dev = { url: string; currency: string; accounts: { role: string; key: string }[] }
type Program = { child: ChildProcess; printed: { output: string }; ended: Promise<number | null> }

describe('the example of content distribution, with a process for everybody', function () {
  this.timeout(120_000)
  let typist: Typist
  let dev: Dev
  let publisher: Program
  let filmUrl: string
  let storageUrl: string
  const programs: Program[] = []
  const film = randomBytes(SIZE)
  const keyOf = (role: string) => dev.accounts.find((one) => one.role === role)?.key as string

  const start = (name: string, folder: string, role: string, environment: NodeJS.ProcessEnv): Program => {
    const path = fileURLToPath(new URL(`../../examples/cdn/${name}.ts`, import.meta.url))
    const child = spawn(process.execPath, ['--conditions=source', path], {
      cwd: join(typist.folder, folder),
      env: { ...process.env, SCRIP_RPC_URL: dev.url, SCRIP_KEY: keyOf(role), ...environment },
    })
    const printed = { output: '' }
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        printed.output += text
      })
    }
    const program = { child, printed, ended: once(child, 'close').then(([status]) => status as number | null) }
    programs.push(program)
    return program
  }
  const watch = (folder: string, role: string): Program => {
    mkdirSync(join(typist.folder, folder))
    return start('viewer', folder, role, { FILM_URL: filmUrl, LIMIT: String(10 ** 7) })
  }
  const paidBy = async (role: string) => {
    const environment = { SCRIP_RPC_URL: dev.url, SCRIP_KEY: keyOf(role) }
    const { paying } = await typist.quickData<{ paying: { claimed: string }[] }>(['channels'], environment)
    return paying.map(({ claimed }) => Number(claimed))
  }

  before(async () => {
    typist = newTypist()
    dev = await typist.start(['dev', '--port', '0', '--chain', 'anvil', '--json']).ready()
    const prices = ['--price', '0.01', '--price-written', '0.001', '--price-read', '0.004']
    const terms = ['--capacity', '200MB', '--currency', dev.currency, ...prices, '--port', '0', '--json']
    const storage = typist.start(['serve', '--storage', 'disk', ...terms], {
      SCRIP_RPC_URL: dev.url,
      SCRIP_KEY: keyOf('other'),
    })
    storageUrl = (await storage.ready<{ url: string }>()).url
    mkdirSync(join(typist.folder, 'publisher'))
    writeFileSync(join(typist.folder, 'publisher', 'film.mp4'), film)
    publisher = start('publisher', 'publisher', 'seller', {
      ...{ STORAGE_URL: storageUrl, FILM: 'film.mp4', CURRENCY: dev.currency, PRICE: String(TICKET), PORT: '0' },
    })
    while (!publisher.printed.output.includes('\n')) {
      await Promise.race([once(publisher.child.stdout as NodeJS.ReadableStream, 'data'), publisher.ended])
      if (publisher.child.exitCode !== null) throw new Error(publisher.printed.output)
    }
    filmUrl = /http:\S+/.exec(publisher.printed.output)?.[0] as string
  })
  after(async () => {
    for (const { child } of programs) child.kill('SIGKILL')
    await Promise.all(programs.map(({ ended }) => ended))
    await typist.leave()
  })

  it('lets a viewer watch what lies encrypted with the storage peer', async () => {
    const viewer = watch('viewer', 'buyer')
    expect(await viewer.ended, viewer.printed.output).to.equal(0)
    expect(readFileSync(join(typist.folder, 'viewer', 'film')).equals(film)).to.equal(true)
    const pieces = join(typist.folder, 'disk', 'pieces')
    const stored = readdirSync(pieces, { recursive: true, withFileTypes: true }).filter((one) => one.isFile())
    for (const { parentPath, name } of stored) {
      expect(readFileSync(join(parentPath, name)).includes(film.subarray(0, 64))).to.equal(false)
    }
  })

  it('gives another viewer the same bytes, of which the publisher sends none', async () => {
    const viewer = watch('second', 'issuer')
    expect(await viewer.ended, viewer.printed.output).to.equal(0)
    expect(readFileSync(join(typist.folder, 'second', 'film')).equals(film)).to.equal(true)
  })

  it('is of no use to who does not pay', async () => {
    const statusOf = async (url: string) => (await fetch(url)).status
    expect(await statusOf(filmUrl)).to.equal(402)
    const [agreement = ''] = readdirSync(join(typist.folder, 'disk', 'pieces'))
    const [root] = readdirSync(join(typist.folder, 'disk', 'pieces', agreement))
    expect(await statusOf(`${storageUrl}/storage/${agreement}/${root?.slice(0, 66)}`)).to.equal(402)
  })

  it('pays everybody in the one currency: the publisher for tickets, the storage peer for space and bytes', async () => {
    publisher.child.kill('SIGTERM')
    expect(await publisher.ended, publisher.printed.output).to.equal(0)
    // The storage peer is owed what was read and written; its claim comes later, and is asked for here.
    const environment = { SCRIP_RPC_URL: dev.url, SCRIP_KEY: keyOf('other') }
    const stored = await typist.quickData<{ earning: { paid: string }[] }>(['channels'], environment)
    const sealed = readFileSync(join(typist.folder, 'viewer', 'film.age')).length
    const kilobytes = Math.ceil(sealed / 1_024)
    const blocks = Math.ceil(100_000_000 / 2 ** 20)
    const owed = stored.earning.map(({ paid }) => Number(paid))
    expect(owed).to.have.members([kilobytes * READ, kilobytes * READ, blocks * BLOCK + kilobytes * WRITTEN])
    expect(await paidBy('buyer')).to.include(TICKET)
    expect(await paidBy('issuer')).to.include(TICKET)
  })
})
