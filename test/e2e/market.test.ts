import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { newTypist, type Running, type Typist } from '../support/scrip.ts'

const SIZE = 8_000_000
/** Base units of a kilobyte written, and of a block. */
const [WRITTEN, READ, BLOCK] = [1_000, 4_000, 10_000_000]
/** Kilobytes of a part at most: what a crash may cost. */
const PART = 1_024

type Role = { role: string; address: string; key: string }
type Dev = { url: string; currency: string; networkId: string; accounts: Role[] }
type Put = { name: string; agreement: string; root: string; size: number; spent: string }
type Listed = { agreements: { id: string; used: number; size: number; failures: number; files: { name: string }[] }[] }

describe('storage for sale', function () {
  this.timeout(120_000)
  let typist: Typist
  let dev: Dev
  let stall: Running
  let url: string
  let port = '0'
  const content = randomBytes(SIZE)
  const path = (name: string) => join(typist.folder, name)
  const as = (role: string): NodeJS.ProcessEnv => ({
    SCRIP_RPC_URL: dev.url,
    SCRIP_KEY: dev.accounts.find((one) => one.role === role)?.key,
  })
  const serve = (...words: string[]) => {
    const prices = ['--price', '10', '--price-written', '0.001', '--price-read', '0.004']
    const terms = ['--capacity', '1GB', '--currency', dev.currency, ...prices, '--port', port, '--json', ...words]
    return typist.start(['serve', '--storage', 'disk', ...terms], as('seller'))
  }
  const openStall = async () => {
    stall = serve()
    url = (await stall.ready<{ url: string }>()).url
    port = new URL(url).port
  }
  const putting = (file: string, ...words: string[]) => ['store', 'put', file, '--seller', url, ...words]
  const get = (name: string, ...words: string[]) => typist.quick(['store', 'get', name, ...words], as('buyer'))
  /** Bytes that lie with the seller in parts that are not whole yet. */
  const underWay = () => {
    const pieces = join(typist.folder, 'disk', 'pieces')
    const folders = existsSync(pieces) ? readdirSync(pieces) : []
    const parts = folders.flatMap((folder) =>
      readdirSync(join(pieces, folder)).map((name) => join(pieces, folder, name)),
    )
    return parts
      .filter((name) => name.endsWith('.part'))
      .reduce((sum, name) => sum + (statSync(name, { throwIfNoEntry: false })?.size ?? 0), 0)
  }
  /** Waits until some of a file is with the seller, and much is not. */
  const halfway = async (run: Running) => {
    const before = underWay()
    while (underWay() - before < 1_000_000) {
      const over = await Promise.race([run.ended, new Promise<undefined>((later) => setTimeout(later, 5))])
      if (over !== undefined) throw new Error(`It ended early: ${over.stderr}`)
    }
  }
  const charged = async () => {
    const { paying } = await typist.quickData<{ paying: { paid: string }[] }>(['channels'], as('buyer'))
    return Number(paying[0]?.paid ?? 0)
  }

  before(async () => {
    typist = newTypist()
    for (const name of ['one.bin', 'two.bin', 'three.bin']) writeFileSync(path(name), content)
    writeFileSync(path('small.txt'), 'A backup of what matters.\n')
    dev = await typist.start(['dev', '--port', '0', '--chain', 'anvil', '--json']).ready()
    await openStall()
  })
  after(() => typist.leave())

  it('keeps a file, encrypted, and gives it back', async () => {
    const put = await typist.data<Put>(putting('small.txt'), as('buyer'))
    expect(Number(put.spent)).to.equal(BLOCK + WRITTEN)
    const [folder = ''] = readdirSync(path('disk/pieces'))
    expect(folder).to.equal(put.agreement)
    const stored = readFileSync(path(`disk/pieces/${folder}/${put.root}`))
    expect(stored.includes('matters')).to.equal(false)
    expect(stored.subarray(0, 21).toString()).to.equal('age-encryption.org/v1')
    expect(statSync(path('home/identity.txt')).mode & 0o777).to.equal(0o600)

    expect(await get('small.txt', '-o', 'again.txt')).to.include({ status: 0 })
    expect(readFileSync(path('again.txt'), 'utf8')).to.equal('A backup of what matters.\n')
    const verified = await typist.quick(['store', 'verify'], as('buyer'))
    expect(verified).to.include({ status: 0, stderr: '' })
    expect(verified.stdout).to.match(/^small\.txt {2}held: 1 leaf proved, for 0\.004 \S+\n$/)
  })

  it('says so without paying where the same is stored already', async () => {
    const put = await typist.quickData<Put>(putting('small.txt'), as('buyer'))
    expect(put.spent).to.equal('0')
  })

  it('keeps a file as it is where that is asked for, and several in space that was bought once', async () => {
    const space = ['--size', '1MB', '--plain', '--name', 'plain.txt']
    const first = await typist.quickData<Put>([...putting('small.txt'), ...space], as('buyer'))
    expect(Number(first.spent)).to.equal(BLOCK + WRITTEN)
    expect(readFileSync(path(`disk/pieces/${first.agreement}/${first.root}`), 'utf8')).to.contain('matters')
    const reused = ['--agreement', first.agreement, '--name', 'second.txt']
    const second = await typist.quickData<Put>([...putting('small.txt'), ...reused], as('buyer'))
    expect(second.agreement).to.equal(first.agreement)
    expect(Number(second.spent)).to.equal(WRITTEN)
    expect(await get('plain.txt', '-o', 'plain.back')).to.include({ status: 0 })
    expect(readFileSync(path('plain.back'), 'utf8')).to.equal('A backup of what matters.\n')
  })

  it('goes on after the seller was killed, which kept what it had taken and the agreement', async () => {
    const before = await charged()
    const run = typist.start(putting('one.bin', '--limit', '100'), as('buyer'))
    await halfway(run)
    stall.child.kill('SIGKILL')
    const { status, stderr } = await run.ended
    expect(status).to.equal(1)
    expect(stderr).to.match(/(TRANSFER_INTERRUPTED|PEER_UNREACHABLE): .*\n$/)
    await stall.ended
    await openStall()
    expect(await typist.run(putting('one.bin', '--limit', '100'), as('buyer'))).to.include({ status: 0 })
    const blocks = Math.ceil(SIZE / 2 ** 20)
    const paid = (await charged()) - before
    const least = blocks * BLOCK + (SIZE / 1_024) * WRITTEN
    expect(paid).to.be.within(least, least + (PART + 8) * WRITTEN)
    expect(await get('one.bin', '-o', 'one.back')).to.include({ status: 0 })
    expect(readFileSync(path('one.back')).equals(content)).to.equal(true)
  })

  it('goes on after the buyer was killed, and pays neither the block nor what is kept again', async () => {
    const before = await charged()
    const run = typist.start(putting('two.bin', '--limit', '100'), as('buyer'))
    await halfway(run)
    run.child.kill('SIGKILL')
    await run.ended
    expect(await typist.run(putting('two.bin', '--limit', '100'), as('buyer'))).to.include({ status: 0 })
    const least = Math.ceil(SIZE / 2 ** 20) * BLOCK + (SIZE / 1_024) * WRITTEN
    expect((await charged()) - before).to.be.within(least, least + (PART + 8) * WRITTEN)
    const { agreements } = await typist.quickData<Listed>(['store', 'list'], as('buyer'))
    expect(agreements.map(({ files }) => files.map(({ name }) => name))).to.have.deep.members([
      ['small.txt'],
      ['plain.txt', 'second.txt'],
      ['one.bin'],
      ['two.bin'],
    ])
  })

  it('does not open what is stored with another key, and leaves no file', async () => {
    writeFileSync(path('other.txt'), 'AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33\n')
    const before = await charged()
    const { status, stderr } = await get('small.txt', '-o', 'wrong.txt', '--identity', 'other.txt')
    expect(status).to.equal(1)
    expect(stderr).to.match(/^IDENTITY_WRONG: .* --identity <file>\.\n$/)
    expect(readdirSync(typist.folder).filter((name) => name.startsWith('wrong'))).to.deep.equal([])
    // What was paid for is kept: the right key opens it without paying again.
    const paid = (await charged()) - before
    expect(await get('small.txt', '-o', 'right.txt')).to.include({ status: 0 })
    expect((await charged()) - before).to.equal(paid)
    expect(paid).to.equal(READ)
  })

  it('finds out that a seller lost data, and keeps the evidence', async () => {
    const put = await typist.quickData<Put>(putting('small.txt', '--name', 'lost.txt'), as('buyer'))
    rmSync(path(`disk/pieces/${put.agreement}/${put.root}`))
    const words = ['store', 'verify', 'lost.txt', '--network', dev.networkId]
    const { status, stdout, stderr } = await typist.quick(words, as('buyer'))
    expect(status).to.equal(1)
    expect(stdout).to.match(
      /^lost\.txt {2}FAILED \(lost\), the evidence is kept.*\nStated what 0x\w{40} failed, transaction 0x/,
    )
    expect(stderr).to.match(/^CHALLENGE_FAILED: lost\.txt: .*\n$/)
    const { agreements } = await typist.quickData<Listed>(['store', 'list'], as('buyer'))
    expect(agreements.find(({ id }) => id === put.agreement)?.failures).to.equal(1)
  })

  it('is sold by one process at a time', async () => {
    const { status, stderr } = await serve('--store', 'elsewhere.db', '--port', '0').ended
    expect(status).to.equal(1)
    expect(JSON.parse(stderr)).to.include({ code: 'STORAGE_IN_USE' })
  })

  it('goes on where it was after a restart', async () => {
    stall.child.kill('SIGTERM')
    expect(await stall.ended).to.include({ status: 0 })
    await openStall()
    expect(await typist.quick(['store', 'verify', 'one.bin', '--leaves', '32'], as('buyer'))).to.include({ status: 0 })
  })
})
