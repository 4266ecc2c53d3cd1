import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type ErrorCode, errorCodes } from '@scrip/sdk/errors'
import { expect } from 'chai'
import { Wallet } from 'ethers'
import { createPublicClient, http } from 'viem'
import { generatePrivateKey, privateKeyToAddress } from 'viem/accounts'
import { type LocalChain, startAnvil } from '../../support/chain.ts'
import { type Ended, newTypist, type Typist } from '../../support/scrip.ts'
import { mistakes, type World } from './badInputs.ts'

type Role = { role: string; address: string; key: string }
type Dev = { url: string; currency: string; networkId: string; accounts: Role[] }

/** Commands that run at the same time. */
const AT_ONCE = 3
const BYTES = 20_000

describe('bad input', function () {
  this.timeout(120_000)
  let typist: Typist
  let dev: Dev
  let bare: LocalChain
  let website: Server
  let world: World
  /** How every mistake ended. */
  const endings = new Map<string, Ended>()
  /** What the chain and the stores of both sides know, before and after all of them. */
  let states: object[]

  const who = (role: string) => dev.accounts.find((one) => one.role === role) as Role
  const as = (role: string): NodeJS.ProcessEnv => ({ SCRIP_RPC_URL: dev.url, SCRIP_KEY: who(role).key })
  const head = () => createPublicClient({ transport: http(dev.url) }).getBlockNumber({ cacheTime: 0 })
  const state = async () => ({
    block: await head(),
    stores: await Promise.all(['buyer', 'seller'].map((role) => typist.quickData<object>(['channels'], as(role)))),
  })

  before(async () => {
    typist = newTypist()
    mkdirSync(join(typist.folder, 'shelf'))
    writeFileSync(join(typist.folder, 'shelf', 'goods.bin'), randomBytes(BYTES))
    dev = await typist.start(['dev', '--port', '0', '--chain', 'anvil', '--json']).ready()
    bare = await startAnvil()
    website = createServer((_, response) => response.end('<h1>Hello</h1>')).listen(0, '127.0.0.1')
    await once(website, 'listening')
    world = await prepare()
    states = [await state()]
    const waiting = Object.entries(mistakes)
    const make = async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const [name, mistake] = next
        const { words, role = 'buyer', environment } = mistake(world)
        const base = role === 'nobody' ? { SCRIP_RPC_URL: dev.url } : as(role)
        // What starts a chain does it in a process of its own; the rest shares a few, which makes it quick.
        const type = words[0] === 'dev' ? typist.run : typist.quick
        endings.set(name, await type(words, { ...base, ...environment }))
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, make))
    states.push(await state())
  })
  after(async () => {
    website?.close()
    await bare?.stop()
    await typist.leave()
  })

  /** A shop, and a buyer whose channel is open: what goes wrong later finds nothing left to open. */
  async function prepare(): Promise<World> {
    const { currency, networkId } = dev
    const terms = ['--currency', currency, '--price', '0.001', '--port', '0', '--json']
    const { url } = await typist.start(['serve', 'shelf', ...terms], as('seller')).ready<{ url: string }>()
    await typist.quickData(['fetch', `${url}/goods.bin`], as('buyer'))
    const stranger = generatePrivateKey()
    await typist.quickData(['send', currency, privateKeyToAddress(stranger), '10'], as('buyer'))
    writeFileSync(join(typist.folder, 'broken.json'), '{ "price": "1", ')
    writeFileSync(join(typist.folder, 'slip.json'), '{ "prize": "1" }')
    writeFileSync(join(typist.folder, 'switch.json'), '{ "behind-proxy": "yes" }')
    writeFileSync(join(typist.folder, 'sealed.json'), await new Wallet(who('buyer').key).encrypt('sesame'))
    return {
      currency,
      networkId,
      buyer: who('buyer').address,
      seller: who('seller').address,
      stranger,
      goods: `${url}/goods.bin`,
      website: `http://127.0.0.1:${(website.address() as AddressInfo).port}`,
      bareRpc: bare.url,
    }
  }

  describe('is answered with one line: the code, what is wrong, what to do next', () => {
    for (const [name, mistake] of Object.entries(mistakes)) {
      it(name, () => {
        const { status, stdout, stderr } = endings.get(name) as Ended
        const { code, says } = mistake(world)
        expect({ status, stdout }).to.deep.equal({ status: 1, stdout: '' })
        expect(stderr).to.match(says)
        expect(stderr.startsWith(`${code}: `), stderr).to.equal(true)
        expect(stderr.indexOf('\n'), stderr).to.equal(stderr.length - 1)
      })
    }
  })

  it('moves no money: no block is mined, and no channel pays', () => {
    expect(states[1]).to.deep.equal(states[0])
  })

  it('leaves no file behind but the stores of those who would have sold', () => {
    const files = readdirSync(typist.folder).filter((name) => !/\.db(\.lock)?$/.test(name))
    expect(files.sort()).to.deep.equal([
      'broken.json',
      'goods.bin',
      'home',
      'sealed.json',
      'shelf',
      'slip.json',
      'switch.json',
    ])
  })

  for (const words of [['balance'], ['balance', '--all'], ['fetch', 'x'], ['currency', 'nonsense']]) {
    it(`answers “${words.join(' ')} --json” with one line of JSON`, async () => {
      const { status, stdout, stderr } = await typist.run([...words, '--json'])
      expect({ status, stdout, lines: stderr.split('\n').length }).to.deep.equal({ status: 1, stdout: '', lines: 2 })
      const { code, title, detail, hint } = JSON.parse(stderr)
      expect(title).to.equal(errorCodes[code as ErrorCode].title)
      expect([detail, hint].every((text) => typeof text === 'string' && text !== '')).to.equal(true)
    })
  }

  it('shows everything that is known where SCRIP_DEBUG asks for it', async () => {
    const { stderr } = await typist.run(['balance', '--rpc', 'http://127.0.0.1:1'], {
      SCRIP_KEY: who('buyer').key,
      SCRIP_DEBUG: '1',
    })
    expect(stderr).to.match(/^RPC_UNREACHABLE: .*\n(.*\n)*\s+at /)
  })

  it('names a file that the peer does not have, and credits the kilobyte for asking to the next purchase', async () => {
    const paid = async () => {
      const { paying } = await typist.quickData<{ paying: { paid: string }[] }>(['channels'], as('buyer'))
      return BigInt(paying[0]?.paid ?? -1)
    }
    const before = { paid: await paid(), block: await head() }
    const { status, stdout, stderr } = await typist.run(['fetch', `${world.goods}.gone`], as('buyer'))
    expect({ status, stdout }).to.deep.equal({ status: 1, stdout: '' })
    expect(stderr).to.equal('NOT_FOUND: There is no file at /goods.bin.gone. Check the path.\n')
    await typist.quickData(['fetch', world.goods, '-o', 'again.bin'], as('buyer'))
    const price = BigInt(Math.ceil(BYTES / 1_024)) * 1_000n
    expect({ paid: await paid(), block: await head() }).to.deep.equal({
      paid: before.paid + price,
      block: before.block,
    })
  })
})
