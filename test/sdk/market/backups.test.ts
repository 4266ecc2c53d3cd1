import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ScripError } from '@scrip/sdk/errors'
import { type Backup, type BackupPlace, type BackupPlan, type Backups, createBackups } from '@scrip/sdk/market'
import { expect } from 'chai'
import { network } from 'hardhat'
import { bytes, type Market, openMarket } from '../../support/market.ts'
import { type Customer, newCustomer, newFile, newFolder, openStall, type Stall } from './support/stall.ts'

const SIZE = 200_000
const DAY = 86_400
const WEEKS = 14 * DAY

describe('a backup with several sellers', function () {
  this.timeout(60_000)
  let market: Market
  const stalls: Stall[] = []
  let alice: Customer
  let backups: Backups
  const content = bytes(SIZE)
  const source = newFile(0, content)

  /** All sellers were seen for most of a year: none ever lost anything. */
  const told = () => ({ seconds: 300 * DAY, losses: 0 })
  const open = (customer: Customer, folder = newFolder()) =>
    createBackups({ buyer: customer.buyer, store: customer.store, folder, told })
  const urls = () => stalls.map(({ url }) => url)
  const order = (name: string, more: { onPlan?: (plan: BackupPlan) => void; target?: number } = {}) => ({
    ...{ name, version: '1', path: source, sellers: urls(), target: 0.9998, seconds: WEEKS },
    ...more,
  })
  const restored = async (name: string, from = backups) => {
    const target = join(newFolder(), 'back')
    await from.restore({ name, target })
    return readFileSync(target)
  }
  /** Runs work that crashes after one write to the store, then after two, and so on, until it gets to its end. */
  const throughCrashes = async (who: Customer, folder: string, work: (from: Backups) => Promise<unknown>) => {
    for (let writes = 1; ; writes++) {
      let left = writes
      const crashing = {
        ...who.store,
        write: async (...parameters: Parameters<typeof who.store.write>) => {
          if (left-- <= 0) throw new ScripError('STORE_FAILED')
          await who.store.write(...parameters)
        },
      }
      const customer = await newCustomer(market, { person: who.person, store: crashing })
      try {
        return await work(createBackups({ buyer: customer.buyer, store: crashing, folder, told }))
      } catch (error) {
        expect(error).to.be.instanceOf(ScripError).with.property('code', 'STORE_FAILED')
      }
    }
  }
  const stallAt = (url: string) => stalls.find((stall) => stall.url === url) as Stall
  /** The files of a seller's pieces. */
  const diskOf = ({ folder }: Stall) =>
    readdirSync(join(folder, 'pieces'), { recursive: true, encoding: 'utf8', withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))

  before(async () => {
    market = await openMarket(await network.create())
    for (let number = 0; number < 12; number++) {
      stalls.push(await openStall(market, { operator: `operator ${number}` }))
    }
    alice = await newCustomer(market)
    backups = open(alice)
  })
  after(() => Promise.all(stalls.map((stall) => stall.close())))

  it('stores pieces of which some are enough, each with another operator, for what was planned', async () => {
    const plans: BackupPlan[] = []
    const before = alice.spent()
    const backup = await backups.backUp(order('first', { onPlan: (plan) => plans.push(plan) }))
    expect(plans).to.have.length(1)
    const [plan] = plans as [BackupPlan]
    expect(plan).to.include({ needed: backup.needed, pieces: backup.places.length, price: plan.leastPrice })
    expect(plan.survival).to.be.within(0.9998, 1)
    expect(alice.spent() - before).to.equal(plan.price)
    expect(new Set(backup.places.map(({ seller }) => seller)).size).to.equal(backup.places.length)
    expect(backup.places.length - backup.needed).to.be.at.least(2)
    expect((await restored('first')).equals(content)).to.equal(true)
    expect(alice.spent() - before).to.be.greaterThan(Number(plan.price))
  })

  it('buys nothing where it is stored already', async () => {
    const before = alice.spent()
    await backups.backUp(order('first'))
    expect(alice.spent()).to.equal(before)
  })

  it('is restored after every tolerated number of sellers is gone', async () => {
    const backup = await backups.backUp(order('second'))
    const tolerated = backup.places.length - backup.needed
    const gone = backup.places.slice(0, tolerated).map(({ url }) => stallAt(url))
    for (const stall of gone) stall.server.close().closeAllConnections()
    try {
      expect((await restored('second')).equals(content)).to.equal(true)
      const last = stallAt((backup.places[tolerated] as { url: string }).url)
      last.server.close().closeAllConnections()
      gone.push(last)
      const error = await restored('second').catch((problem: unknown) => problem)
      expect(error).to.be.instanceOf(ScripError).with.property('code', 'BACKUP_LOST')
      expect(error)
        .to.have.property('values')
        .that.includes({ readable: backup.needed - 1, needed: backup.needed })
    } finally {
      for (const stall of gone) await stall.restart()
    }
    // What could be read was kept: once the others are back, the rest is enough.
    expect((await restored('second')).equals(content)).to.equal(true)
  })

  it('is repaired: who lost, altered or does not answer is replaced, and stated with its evidence', async () => {
    const backup = await backups.backUp(order('third'))
    const agreementOf = (place: number) => backup.places[place]?.agreement as string
    const [wiped, flipped] = backup.places.map(({ url }) => stallAt(url)) as [Stall, Stall]
    for (const file of diskOf(wiped).filter((name) => name.includes(agreementOf(0)))) rmSync(file)
    for (const file of diskOf(flipped).filter((name) => name.includes(agreementOf(1)))) {
      const altered = readFileSync(file).map((byte) => byte ^ 1)
      writeFileSync(file, altered)
    }
    const before = await backups.survivalOf(backup)
    const { failures, replaced, backup: repaired } = await backups.repair({ name: 'third', sellers: urls() })
    expect(failures.map(({ kind }) => kind)).to.have.members(['lost', 'altered'])
    expect((await alice.buyer.failures()).map(({ root }) => root)).to.include.members(failures.map(({ root }) => root))
    const sellers = repaired.places.map(({ seller }) => seller)
    expect(sellers).not.to.include(wiped.person.account.address.toLowerCase())
    expect(sellers).not.to.include(flipped.person.account.address.toLowerCase())
    expect(new Set(sellers).size).to.equal(sellers.length)
    expect(replaced.length).to.be.at.least(2)
    expect(before).to.be.within(0.9998, 1)
    // Sellers turned out to be worse than thought: the repaired backup is as safe as was asked all the same.
    expect(await backups.survivalOf(repaired)).to.be.at.least(0.9998)
    expect((await restored('third')).equals(content)).to.equal(true)
  })

  it('goes on where it was after a crash at any step, and pays nothing twice', async () => {
    const bob = await newCustomer(market)
    const plans: BackupPlan[] = []
    const folder = newFolder()
    await throughCrashes(bob, folder, (from) => from.backUp(order('fourth', { onPlan: (one) => void plans.push(one) })))
    const [agreements, pieces] = [await bob.buyer.agreements(), await bob.buyer.pieces()]
    expect(agreements).to.have.length(plans[0]?.pieces ?? 0)
    expect(pieces).to.have.length(plans[0]?.pieces ?? 0)
    expect((await restored('fourth', open(bob, folder))).equals(content)).to.equal(true)
  })

  it('is repaired through a crash at any step, and stores what was lost once', async () => {
    const gwen = await newCustomer(market)
    const folder = newFolder()
    const backup = await open(gwen, folder).backUp(order('crashing'))
    const [lost] = backup.places as [BackupPlace]
    for (const file of diskOf(stallAt(lost.url)).filter((name) => name.includes(lost.agreement as string))) rmSync(file)
    await throughCrashes(gwen, folder, (from) => from.repair({ name: 'crashing', sellers: urls() }))
    const [repaired] = (await open(gwen, folder).list()) as [Backup]
    expect(repaired.places.map(({ agreement }) => agreement)).not.to.include(lost.agreement)
    expect(repaired.places.every(({ root, isLost }) => root !== undefined && isLost === undefined)).to.equal(true)
    expect(await gwen.buyer.agreements()).to.have.length(repaired.places.length + 1)
    expect((await restored('crashing', open(gwen, folder))).equals(content)).to.equal(true)
  })

  it('is made anew while its agreements still run, and is not left to end', async () => {
    const erin = await newCustomer(market)
    const backup = await open(erin).backUp(order('ending'))
    const later = createBackups({
      ...{ buyer: erin.buyer, store: erin.store, folder: newFolder(), told },
      clock: () => Math.floor(Date.now() / 1_000) + 0.9 * WEEKS,
    })
    const { over, replaced, failures } = await later.repair({ name: 'ending', sellers: urls() })
    expect(over).to.have.length(backup.places.length)
    expect(failures).to.deep.equal([])
    expect(replaced.length).to.be.at.least(backup.places.length)
    const before = new Set(backup.places.map(({ agreement }) => agreement))
    const [now] = await later.list()
    expect(now?.places.some(({ agreement }) => before.has(agreement))).to.equal(false)
    expect((await restored('ending', open(erin))).equals(content)).to.equal(true)
  })

  it('keeps pieces of one content apart from those of another, also where they lie side by side', async () => {
    const finn = await newCustomer(market)
    const folder = newFolder()
    const from = open(finn, folder)
    const other = bytes(SIZE).map((byte) => byte ^ 255)
    const first = await from.backUp(order('one'))
    await from.backUp({ ...order('two'), path: newFile(0, other) })
    const loose = await from.backUp(order('three', { target: 0.9 }))
    expect(loose.needed).not.to.equal(first.needed)
    // What a restore leaves behind that finds too few sellers is not taken for another backup's.
    const gone = first.places.slice(1).map(({ url }) => stallAt(url))
    for (const stall of gone) stall.server.close().closeAllConnections()
    try {
      for (const name of ['one', 'two', 'three']) await restored(name, from).catch(() => {})
    } finally {
      for (const stall of gone) await stall.restart()
    }
    expect((await restored('one', from)).equals(content)).to.equal(true)
    expect((await restored('two', from)).equals(other)).to.equal(true)
    expect((await restored('three', from)).equals(content)).to.equal(true)
  })

  it('takes another seller for one that does not answer when it is to store', async () => {
    const carol = await newCustomer(market)
    const from = open(carol)
    let gone: Stall | undefined
    const backup = await from.backUp(
      order('fifth', {
        onPlan: () => {
          if (gone !== undefined) return
          gone = stalls[0] as Stall
          gone.server.close().closeAllConnections()
        },
      }),
    )
    await gone?.restart()
    expect(backup.places.every(({ root }) => root !== undefined)).to.equal(true)
    expect((await restored('fifth', from)).equals(content)).to.equal(true)
  })

  it('makes a backup as safe as the sellers that are left allow', async () => {
    const dora = await newCustomer(market)
    const from = open(dora)
    const backup = await from.backUp(order('repaired'))
    const stall = stallAt((backup.places[0] as { url: string }).url)
    const agreement = backup.places[0]?.agreement as string
    for (const file of diskOf(stall).filter((name) => name.includes(agreement))) rmSync(file)
    // Nobody else sells any more: with the rest, it is less safe than it was, and that is said.
    const { replaced, backup: repaired } = await from.repair({ name: 'repaired', sellers: [] })
    expect(replaced).to.deep.equal([])
    expect(repaired.places).to.have.length(backup.places.length - 1)
    expect(await from.survivalOf(repaired)).to.be.within(0.5, 0.9998)
    expect((await restored('repaired', from)).equals(content)).to.equal(true)
  })

  it('refuses a target beyond its sellers, another file under a name, and a name that it does not know', async () => {
    const codeOf = async (run: Promise<unknown>) => ((await run.catch((error: unknown) => error)) as ScripError).code
    expect(await codeOf(backups.backUp({ ...order('sixth'), sellers: urls().slice(0, 1) }))).to.equal(
      'DURABILITY_UNREACHABLE',
    )
    expect(await codeOf(backups.backUp({ ...order('first'), version: '2' }))).to.equal('INVALID_ARGUMENT')
    expect(await codeOf(restored('nothing'))).to.equal('FILE_NOT_FOUND')
    expect((await backups.list()).map(({ name }) => name)).to.deep.equal(['first', 'second', 'third'])
  })
})
