import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { newTypist, type Running, type Typist } from '../support/scrip.ts'

const SIZE = 1_500_000
const SELLERS = 9

type Role = { role: string; address: string; key: string }
type Dev = { url: string; currency: string; accounts: Role[] }
type Place = { number: number; url: string; agreement: string; root: string }
type BackedUp = { needed: number; survival: number; spent: string; places: Place[] }
type Repaired = {
  stated: { faulted: string }[]
  repaired: { survival: number; failures: { kind: string }[]; replaced: Place[] }[]
}
type Stall = { running: Running; url: string; port: string; disk: string; key: string; operator: string }

describe('backups with sellers that are processes', function () {
  this.timeout(180_000)
  let typist: Typist
  let dev: Dev
  const stalls: Stall[] = []
  const content = randomBytes(SIZE)
  const path = (name: string) => join(typist.folder, name)
  const buyer = (): NodeJS.ProcessEnv => ({
    SCRIP_RPC_URL: dev.url,
    SCRIP_KEY: dev.accounts.find(({ role }) => role === 'buyer')?.key,
  })
  const serve = ({ disk, key, operator, port }: Pick<Stall, 'disk' | 'key' | 'operator' | 'port'>) => {
    const prices = ['--price', '0.01', '--price-written', '0.001', '--price-read', '0.004']
    const terms = ['--capacity', '100MB', '--currency', dev.currency, ...prices, '--port', port, '--operator', operator]
    const environment = { SCRIP_RPC_URL: dev.url, SCRIP_KEY: key }
    return typist.start(['serve', '--storage', disk, ...terms, '--no-claim', '--json'], environment)
  }
  const openStall = async (number: number): Promise<Stall> => {
    const before = stalls[number]
    const key = `0x${createHash('sha256').update(`seller ${number}`).digest('hex')}`
    // The last two are one operator's.
    const operator = `operator ${Math.min(number, SELLERS - 2)}`
    const stall = before ?? { disk: `disk ${number}`, key, operator, port: '0' }
    const running = serve(stall)
    const { url } = await running.ready<{ url: string }>()
    return { ...stall, running, url, port: new URL(url).port }
  }
  const sellers = () => stalls.flatMap(({ url }) => ['--seller', url])
  const backUp = (file: string, ...words: string[]) => [
    ...['backup', file, ...sellers(), '--survive', '0.99', '--for', '1d', '--limit', '100'],
    ...words,
  ]
  const restore = (name: string, ...words: string[]) =>
    typist.quick(['restore', name, '--limit', '100', ...words], buyer())
  const stallAt = (url: string) => stalls.find((stall) => stall.url === url) as Stall
  const pieceOf = ({ url, agreement, root }: Place) => path(join(stallAt(url).disk, 'pieces', agreement, root))
  const spentOn = async () => {
    const { paying } = await typist.quickData<{ paying: { paid: string }[] }>(['channels'], buyer())
    return paying.reduce((sum, { paid }) => sum + BigInt(paid), 0n)
  }
  let first: BackedUp

  before(async () => {
    typist = newTypist()
    writeFileSync(path('photos.bin'), content)
    dev = await typist.start(['dev', '--port', '0', '--chain', 'anvil', '--json']).ready()
    for (let number = 0; number < SELLERS; number++) stalls.push(await openStall(number))
  })
  after(() => typist.leave())

  it('spreads a file, encrypted, over sellers of different operators', async () => {
    first = await typist.data<BackedUp>(backUp('photos.bin'), buyer())
    expect(first.survival).to.be.within(0.99, 1)
    expect(first.places.length).to.be.greaterThan(first.needed)
    const operators = first.places.map(({ url }) => stallAt(url).operator)
    expect(new Set(operators).size).to.equal(operators.length)
    for (const place of first.places) {
      expect(readFileSync(pieceOf(place)).length).to.be.closeTo(SIZE / first.needed, 2_000)
    }
    expect(await restore('photos.bin', '-o', 'same.bin')).to.include({ status: 0 })
    expect(readFileSync(path('same.bin')).equals(content)).to.equal(true)
  })

  it('goes on after the buyer was killed, and pays no piece twice', async () => {
    const before = await spentOn()
    const run = typist.start(backUp('photos.bin', '--name', 'killed'), buyer())
    while ((await Promise.race([run.ended, spentOn()])) === before) {
      // Until something was paid.
    }
    run.child.kill('SIGKILL')
    await run.ended
    await typist.data<BackedUp>(backUp('photos.bin', '--name', 'killed'), buyer())
    // What was under way when it was killed is at most all of one piece.
    const parts = BigInt(Math.ceil(SIZE / first.needed / 1_024) + 8) * 1_000n
    expect(Number((await spentOn()) - before)).to.be.within(Number(first.spent), Number(BigInt(first.spent) + parts))
  })

  it('is restored with every tolerated number of sellers killed, and not with one more', async () => {
    const tolerated = first.places.length - first.needed
    const killed = first.places.slice(0, tolerated + 1).map(({ url }) => stallAt(url))
    const kill = async (stall: Stall) => {
      stall.running.child.kill('SIGKILL')
      await stall.running.ended
    }
    for (const stall of killed.slice(0, tolerated)) await kill(stall)
    expect(await restore('photos.bin', '-o', 'survived.bin')).to.include({ status: 0 })
    expect(readFileSync(path('survived.bin')).equals(content)).to.equal(true)
    await kill(killed[tolerated] as Stall)
    const { status, stderr } = await restore('photos.bin', '-o', 'none.bin')
    expect(status).to.equal(1)
    expect(stderr).to.match(/BACKUP_LOST: .*, and \d+ are needed \(.*PEER_UNREACHABLE.*\n$/)
    expect(existsSync(path('none.bin'))).to.equal(false)
    for (const stall of killed) stalls[stalls.indexOf(stall)] = await openStall(stalls.indexOf(stall))
    expect(await restore('photos.bin', '-o', 'back.bin')).to.include({ status: 0 })
    expect(readFileSync(path('back.bin')).equals(content)).to.equal(true)
  })

  it('is repaired after a disk was wiped and bytes were flipped', async () => {
    const [wiped, flipped] = first.places as [Place, Place]
    rmSync(pieceOf(wiped))
    writeFileSync(
      pieceOf(flipped),
      readFileSync(pieceOf(flipped)).map((byte) => byte ^ 1),
    )
    const words = ['repair', 'photos.bin', ...sellers(), '--limit', '100', '--network', '1']
    const { repaired, stated } = await typist.quickData<Repaired>(words, buyer())
    // On the buyer's own edges, with what it had paid for the pieces.
    expect(stated).to.have.length(2)
    for (const { faulted } of stated) expect(Number(faulted)).to.be.greaterThan(0)
    expect(repaired[0]?.failures.map(({ kind }) => kind)).to.have.members(['lost', 'altered'])
    expect(repaired[0]?.replaced).to.have.length.at.least(1)
    for (const { url } of [wiped, flipped]) expect(repaired[0]?.replaced.map((place) => place.url)).not.to.include(url)
    expect(await restore('photos.bin', '-o', 'repaired.bin')).to.include({ status: 0 })
    expect(readFileSync(path('repaired.bin')).equals(content)).to.equal(true)
    const again = await typist.quick(['repair', 'photos.bin'], buyer())
    expect(again.stdout).to.match(/^photos\.bin {2}all \d+ pieces held, for /)
    const { stdout } = await typist.quick(['backups'], buyer())
    expect(stdout).to.match(/^killed {2}\d+ pieces, .*\n( {2}piece .*\n)+photos\.bin {2}\d+ pieces, /)
  })

  it('does not open with another key, leaves no file, and is not paid for again with the right one', async () => {
    writeFileSync(path('other.txt'), 'AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33\n')
    const { status, stderr } = await restore('photos.bin', '-o', 'wrong.bin', '--identity', 'other.txt')
    expect(status).to.equal(1)
    expect(stderr).to.match(/IDENTITY_WRONG: .*\n$/)
    expect(readdirSync(typist.folder).filter((name) => name.startsWith('wrong'))).to.deep.equal([])
    const before = await spentOn()
    expect(await restore('photos.bin', '-o', 'right.bin')).to.include({ status: 0 })
    expect(await spentOn()).to.equal(before)
    expect(readFileSync(path('right.bin')).equals(content)).to.equal(true)
  })

  it('says what is wrong with what was asked, and pays nothing', async () => {
    const before = await spentOn()
    writeFileSync(path('other.bin'), 'other')
    const url = stalls[0]?.url as string
    for (const [code, words] of [
      ['FILE_NOT_FOUND', ['backup', 'nothing.bin', '--seller', url]],
      ['FILE_NOT_FOUND', ['restore', 'nothing']],
      ['FILE_NOT_FOUND', ['repair', 'nothing']],
      ['INVALID_ARGUMENT', ['backup', 'other.bin', '--seller', 'nowhere']],
      ['INVALID_ARGUMENT', ['backup', 'other.bin', '--seller', url, '--survive', '1.5']],
      ['INVALID_ARGUMENT', ['backup', 'other.bin', '--seller', url, '--pieces', '65']],
      ['INVALID_ARGUMENT', ['backup', 'other.bin', '--seller', url, '--name', 'photos.bin']],
      ['DURABILITY_UNREACHABLE', ['backup', 'other.bin', '--seller', url]],
      ['PEER_UNREACHABLE', ['backup', 'other.bin', '--seller', 'http://127.0.0.1:9']],
      [
        'LIMIT_EXCEEDED',
        [...backUp('photos.bin', '--name', 'dear').slice(0, -2), '--name', 'dear', '--limit', '0.001'],
      ],
    ] as const) {
      const { status, stderr } = await typist.quick([...words], buyer())
      expect(`${status} ${stderr}`).to.match(new RegExp(`^1 (.*\\n)*${code}: .*\\n$`))
    }
    expect(await spentOn()).to.equal(before)
  })
})
