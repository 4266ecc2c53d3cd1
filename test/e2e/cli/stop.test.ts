import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { type Ended, newTypist, type Running, type Typist } from '../../support/scrip.ts'

type Role = { role: string; address: string; key: string }
type Dev = { url: string; currency: string; accounts: Role[] }
type Channels = { paying: { channelId: string; deposit: string; exitAt: number }[] }

describe('stopping', function () {
  this.timeout(60_000)
  let typist: Typist
  let dev: Dev
  let silent: Server
  const as = (role: string): NodeJS.ProcessEnv => ({
    SCRIP_RPC_URL: dev.url,
    SCRIP_KEY: dev.accounts.find((one) => one.role === role)?.key,
  })
  const terms = (port: string) => ['--currency', dev.currency, '--price', '0.001', '--port', port]

  before(async () => {
    typist = newTypist()
    mkdirSync(join(typist.folder, 'shelf'))
    writeFileSync(join(typist.folder, 'shelf', 'goods.bin'), randomBytes(2_000_000))
    dev = await typist.start(['dev', '--port', '0', '--chain', 'anvil', '--json']).ready()
  })
  after(async () => {
    silent?.closeAllConnections()
    silent?.close()
    await typist.leave()
  })

  const moments: [when: string, signal: NodeJS.Signals, come: (url: string, chain: Running) => Promise<unknown>][] = [
    ['when it begins to answer', 'SIGINT', (url) => until(async () => (await blocks(url)) >= 0)],
    ['while the contracts are deployed', 'SIGTERM', (url) => until(async () => (await blocks(url)) > 0)],
    ['when all is there', 'SIGHUP', (_, chain) => chain.ready()],
  ]
  for (const [when, signal, come] of moments) {
    it(`ends a local chain with its command on ${signal}, ${when}`, async () => {
      const port = await freePort()
      const chain = typist.start(['dev', '--port', `${port}`, '--chain', 'anvil', '--json'])
      await come(`http://127.0.0.1:${port}`, chain)
      chain.child.kill(signal)
      expect(await chain.ended).to.include({ status: 0, stderr: '' })
      await until(async () => (await blocks(`http://127.0.0.1:${port}`)) === -1)
    })
  }

  it('says so when the chain ends by itself', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'scrip-anvil-'))
    const real = fileURLToPath(new URL('../../../node_modules/.bin/anvil', import.meta.url))
    writeFileSync(join(folder, 'anvil'), `#!/bin/sh\necho $$ > ${join(folder, 'pid')}\nexec ${real} "$@"\n`)
    chmodSync(join(folder, 'anvil'), 0o755)
    const environment = { PATH: `${folder}:${process.env['PATH']}` }
    const chain = typist.start(['dev', '--port', '0', '--chain', 'anvil'], environment)
    await chain.saying(/(Ctrl-C)/)
    process.kill(Number(readFileSync(join(folder, 'pid'), 'utf8')))
    const ended = await chain.ended
    rmSync(folder, { recursive: true })
    expect(ended.status).to.equal(1)
    expect(ended.stderr).to.equal(
      'PROGRAM_FAILED: The chain, anvil, ended by itself. Run that program by hand to see why.\n',
    )
  })

  it('ends a peer at once, also where somebody is being served, and leaves port and store to the next', async () => {
    const first = typist.start(['serve', 'shelf', ...terms('0')], as('seller'))
    const url = await first.saying(/at (http:\S+)/)
    const purchase = typist.start(['fetch', `${url}/goods.bin`], as('buyer'))
    first.child.kill('SIGINT')
    expect(await within(first, 5)).to.include({ status: 0, stderr: '' })
    expect(first.printed.stdout).to.match(/\nStopped\.\n/)
    await purchase.ended
    const second = typist.start(['serve', 'shelf', ...terms(new URL(url).port)], as('seller'))
    await second.saying(/(Ctrl-C)/)
    expect(await typist.run(['fetch', `${url}/goods.bin`], as('buyer'))).to.include({ status: 0 })
    second.child.kill('SIGTERM')
    expect(await second.ended).to.include({ status: 0 })
  })

  it('ends a purchase at once whose peer does not answer', async () => {
    const shop = typist.start(['serve', 'shelf', ...terms('0')], as('seller'))
    const shopUrl = await shop.saying(/at (http:\S+)/)
    let asked = () => {}
    const isAsked = new Promise<void>((resolve) => {
      asked = resolve
    })
    silent = createServer(async (request, response) => {
      if (request.headers['scrip-payment'] !== undefined) return asked()
      const answer = await fetch(new URL(request.url ?? '', shopUrl))
      response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text())
    }).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/goods.bin`
    const purchase = typist.start(['fetch', url, '-o', 'silent.bin'], as('buyer'))
    await isAsked
    purchase.child.kill('SIGINT')
    const { status, stderr } = await within(purchase, 5)
    expect(status).to.equal(130)
    expect(stderr).to.match(/^STOPPED: You stopped it after 0 bytes\. .*\n$/)
    shop.child.kill('SIGINT')
    await shop.ended
  })

  it('loses no deposit whose transaction was under way: the channel is there to be left', async () => {
    const shop = typist.start(['serve', 'shelf', ...terms('0')], as('seller'))
    const url = await shop.saying(/at (http:\S+)/)
    await rpc(dev.url, 'evm_setAutomine', false)
    const purchase = typist.start(['fetch', `${url}/goods.bin`, '--deposit', '7', '-o', 'late.bin'], as('other'))
    await until(async () => (await rpc<{ pending: string }>(dev.url, 'txpool_status')).pending !== '0x0')
    purchase.child.kill('SIGINT')
    const { status, stdout, stderr } = await within(purchase, 5)
    expect(status).to.equal(130)
    expect(stdout).to.match(/^Sent a transaction that is not mined yet\n {2}transaction 0x[0-9a-f]{64}\n$/)
    expect(stderr).to.match(/^STOPPED: /)
    await rpc(dev.url, 'evm_mine')
    await rpc(dev.url, 'evm_setAutomine', true)

    const { paying } = await typist.quickData<Channels>(['channels'], as('other'))
    expect(paying.map(({ deposit }) => deposit)).to.deep.equal(['7000000'])
    const left = await typist.run(['channels', 'exit', paying[0]?.channelId ?? ''], as('other'))
    expect(left).to.include({ status: 0, stderr: '' })
    const after = await typist.quickData<Channels>(['channels'], as('other'))
    expect(after.paying[0]?.exitAt).to.be.greaterThan(0)
  })

  it('is no error of a reader that has seen enough', async () => {
    const help = typist.start(['--help'])
    help.child.stdout?.destroy()
    expect(await help.ended).to.include({ status: 0, stderr: '' })
  })
})

async function rpc<Result>(url: string, method: string, ...params: unknown[]): Promise<Result> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  return ((await answer.json()) as { result: Result }).result
}

/** How many blocks a chain has; -1 where none answers. */
async function blocks(url: string): Promise<number> {
  return rpc<string>(url, 'eth_blockNumber').then(Number, () => -1)
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 10))
}

/** How a command ended that has some seconds to do it. */
async function within({ ended, child }: Running, seconds: number): Promise<Ended> {
  const timer = setTimeout(() => child.kill('SIGKILL'), seconds * 1_000)
  return ended.finally(() => clearTimeout(timer))
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}
