import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { newTypist, type Running, type Typist } from '../../support/scrip.ts'

const SIZE = 12_000_000
const KILOBYTES = Math.ceil(SIZE / 1_024)
/** Base units of a kilobyte. */
const PRICE = 1_000
/** Kilobytes that a buyer pays ahead, and one for each end of each of two runs that falls within a kilobyte. */
const MOST_LOST = 64 + 4

type Role = { role: string; address: string; key: string }
type Dev = { url: string; currency: string; accounts: Role[] }

describe('a download that is cut off', function () {
  this.timeout(120_000)
  let typist: Typist
  let dev: Dev
  let shop: Running
  let port = '0'
  const content = randomBytes(SIZE)
  const as = (role: string): NodeJS.ProcessEnv => ({
    SCRIP_RPC_URL: dev.url,
    SCRIP_KEY: dev.accounts.find((one) => one.role === role)?.key,
  })

  const openShop = async () => {
    const terms = ['--currency', dev.currency, '--price', '0.001', '--port', port, '--json']
    shop = typist.start(['serve', 'shelf', ...terms], as('seller'))
    const { url } = await shop.ready<{ url: string }>()
    port = new URL(url).port
  }
  const buying = (output: string, role: string) =>
    typist.start(['fetch', `http://127.0.0.1:${port}/goods.bin`, '-o', output], as(role))
  const size = (name: string) => statSync(join(typist.folder, name), { throwIfNoEntry: false })?.size ?? 0
  /** A download of which some is there, and much is not. */
  const underWay = async (output: string, role: string) => {
    const purchase = buying(output, role)
    while (size(`${output}.part`) < 1_000_000) {
      const over = await Promise.race([purchase.ended, new Promise<undefined>((later) => setTimeout(later, 5))])
      if (over !== undefined) throw new Error(`The download ended early: ${over.stderr}`)
    }
    return purchase
  }
  const paidBy = async (role: string) => {
    const { paying } = await typist.quickData<{ paying: { paid: string }[] }>(['channels'], as(role))
    return Number(paying[0]?.paid ?? 0) / PRICE
  }
  /** What went wrong, without the lines that tell how far it was. */
  const errorOf = (stderr: string) =>
    stderr
      .split('\n')
      .filter((line) => !/ MB, \d+ payments, /.test(line))
      .join('\n')

  before(async () => {
    typist = newTypist()
    mkdirSync(join(typist.folder, 'shelf'))
    writeFileSync(join(typist.folder, 'shelf', 'goods.bin'), content)
    dev = await typist.start(['dev', '--port', '0', '--chain', 'anvil', '--json']).ready()
    await openShop()
  })
  after(() => typist.leave())

  it('goes on where it was after the peer was killed, and pays for what is missing only', async () => {
    const purchase = await underWay('killed.bin', 'buyer')
    shop.child.kill('SIGKILL')
    const { status, stdout, stderr } = await purchase.ended
    expect(status).to.equal(1)
    expect(stdout).to.match(/^Put 100 CLD on deposit in a channel\n {2}transaction .*\n$/)
    expect(errorOf(stderr)).to.match(/^TRANSFER_INTERRUPTED: The peer hung up .* Fetch again: .*\n$/)
    const arrived = size('killed.bin.part')
    expect(arrived).to.be.within(1_000_000, SIZE - 1)
    expect(readFileSync(join(typist.folder, 'killed.bin.part')).equals(content.subarray(0, arrived))).to.equal(true)
    expect((await paidBy('buyer')) - arrived / 1_024).to.be.within(0, MOST_LOST)

    await openShop()
    expect(await buying('killed.bin', 'buyer').ended).to.include({ status: 0 })
    expect(readFileSync(join(typist.folder, 'killed.bin')).equals(content)).to.equal(true)
    // A peer that is killed may have served a little that it did not write down: then the buyer has the credit.
    expect((await paidBy('buyer')) - KILOBYTES).to.be.within(-MOST_LOST, MOST_LOST)
  })

  it('earns the seller that was killed all that it was paid', async () => {
    const paid = await paidBy('buyer')
    const { claimed } = await typist.quickData<{ claimed: { paid: string }[] }>(['claim'], as('seller'))
    expect(claimed.map((one) => Number(one.paid) / PRICE)).to.deep.equal([paid])
  })

  it('goes on where it was after the buyer was killed', async () => {
    const purchase = await underWay('shot.bin', 'other')
    purchase.child.kill('SIGKILL')
    await purchase.ended
    expect(size('shot.bin')).to.equal(0)
    expect(await buying('shot.bin', 'other').ended).to.include({ status: 0 })
    expect(readFileSync(join(typist.folder, 'shot.bin')).equals(content)).to.equal(true)
    expect((await paidBy('other')) - KILOBYTES).to.be.within(0, MOST_LOST)
  })

  it('goes on where it was after Ctrl-C, which says so and ends at once', async () => {
    const purchase = await underWay('stopped.bin', 'issuer')
    purchase.child.kill('SIGINT')
    const { status, stderr } = await purchase.ended
    expect(status).to.equal(130)
    expect(errorOf(stderr)).to.match(/^STOPPED: You stopped it after [\d,]+ bytes\. Run the same again: .*\n$/)
    expect(await buying('stopped.bin', 'issuer').ended).to.include({ status: 0 })
    expect(readFileSync(join(typist.folder, 'stopped.bin')).equals(content)).to.equal(true)
    expect((await paidBy('issuer')) - KILOBYTES).to.be.within(0, MOST_LOST)
  })

  it('refuses a second purchase of the same buyer meanwhile: a store is one process’s at a time', async () => {
    const purchase = await underWay('first.bin', 'buyer')
    const second = await buying('second.bin', 'buyer').ended
    expect(second).to.include({ status: 1, stdout: '' })
    expect(second.stderr).to.match(/^STORE_FAILED: Another process uses .*\n$/)
    expect(await purchase.ended).to.include({ status: 0 })
  })
})
