import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { addresses, getAdmission, getChannelState, getCurrency, getEdge, getHoldings, getTotals } from '@scrip/sdk'
import { paymentChannelsAbi } from '@scrip/sdk/abi'
import { expect } from 'chai'
import { createClient, erc20Abi, http } from 'viem'
import { getContractEvents, readContract } from 'viem/actions'
import { type Ending, PER_KILOBYTE, playStory } from '../../scripts/demo/story.ts'
import { type LocalChain, startLocalChain } from '../../sdk/cli/localChain.ts'

const file = createRequire(import.meta.url).resolve('solc/soljson.js')

describe('the story of npm start', function () {
  this.timeout(120_000)
  let chain: LocalChain
  let folder: string
  let ending: Ending
  const client = () => createClient({ transport: http(chain.url) })

  before(async () => {
    chain = await startLocalChain({ kind: 'hardhat', port: 0 })
    folder = mkdtempSync(join(tmpdir(), 'scrip-story-'))
    ending = await quietly(() => playStory({ file, rpc: chain.url, chainName: 'a test', folder }))
  })
  after(() => chain.stop())
  after(() => rmSync(folder, { recursive: true }))

  it('sells the very bytes of the file, to Alice and to Frank', () => {
    const original = readFileSync(file)
    expect(readFileSync(join(folder, 'alice-bought')).equals(original)).to.equal(true)
    expect(readFileSync(join(folder, 'frank-bought-1')).equals(original)).to.equal(true)
  })

  it('is paid exactly one payment for each kilobyte that arrived', () => {
    const sold = ending.sold.reduce((total, [, , kilobytes]) => total + kilobytes, 0)
    expect(ending.payments).to.equal(sold)
  })

  it('leaves an edge of exactly the price on chain for everything that was sold', async () => {
    for (const [consumer, provider, kilobytes] of ending.sold) {
      const { served } = await getEdge(client(), { networkId: ending.networkId, consumer, provider })
      expect(served).to.equal(BigInt(kilobytes) * PER_KILOBYTE)
    }
  })

  it('moves to each seller what it earned, and keeps the rest where it was', async () => {
    const { currency, networkId, people } = ending
    const { totalSupply } = await getCurrency(client(), { currency })
    const opened = await getContractEvents(client(), {
      address: addresses.paymentChannels,
      abi: paymentChannelsAbi,
      eventName: 'ChannelOpened',
      fromBlock: 0n,
      strict: true,
    })
    expect(opened).to.have.length(4)
    let found = 0n
    for (const { args } of opened) {
      const { deposit, claimed } = await getChannelState(client(), { channelId: args.channelId })
      const { served } = await getEdge(client(), { networkId, consumer: args.payer, provider: args.payee })
      expect(claimed).to.equal(served)
      found += deposit
    }
    for (const { account } of Object.values(people)) {
      const { wallet, withdrawable } = await getHoldings(client(), { currency, owner: account.address })
      const { provided } = await getTotals(client(), { networkId, peer: account.address })
      expect(withdrawable).to.equal(provided)
      found += wallet + withdrawable
    }
    expect(found).to.equal(totalSupply)
    const held = await readContract(client(), {
      address: currency,
      abi: erc20Abi,
      functionName: 'balanceOf',
      args: [addresses.paymentChannels],
    })
    expect(held > 0n).to.equal(true)
  })

  it('refuses the free rider at the allowance with the way back, and admits him again after he served', async () => {
    const { refusal, networkId, people } = ending
    expect(refusal.code).to.equal('ADMISSION_REFUSED')
    expect(refusal.hint).to.match(/^Serve other peers of the network for at least \d+ more units of value/)
    expect(refusal.values).to.include({ eligible: true, peer: people.frank.account.address.toLowerCase() })
    const { admitted, standing } = await getAdmission(client(), { networkId, peer: people.frank.account.address })
    expect(admitted).to.equal(true)
    expect(standing).to.include({ kind: 'ratio', shortfall: 0n })
  })
})

describe('npm start', function () {
  this.timeout(120_000)
  const running = new Set<ChildProcessWithoutNullStreams>()
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'scrip-start-'))
    writeFileSync(join(folder, 'small'), 'a small file '.repeat(1_000))
  })
  after(() => {
    for (const child of running) child.kill('SIGKILL')
    rmSync(folder, { recursive: true })
  })

  const start = (...options: string[]) => {
    const demo = fileURLToPath(new URL('../../scripts/demo.ts', import.meta.url))
    // A folder for temporary files of its own shows what is left behind.
    const child = spawn(process.execPath, ['--conditions=source', demo, ...options], {
      env: { ...process.env, TMPDIR: folder },
    })
    running.add(child)
    const output = { text: '' }
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output.text += chunk))
    const ended = once(child, 'exit').then(([status, signal]) => {
      running.delete(child)
      return { status: status as number | null, signal: signal as string | null, text: output.text }
    })
    return { child, output, ended }
  }

  for (const chain of ['hardhat', 'anvil']) {
    it(`plays the story on ${chain}, with a closing table, and leaves nothing behind`, async () => {
      const { child, ended } = start(join(folder, 'small'), '--chain', chain)
      const { status, text } = await ended
      expect(status, text).to.equal(0)
      expect(text).to.match(/gas a payment +\d+\.\d, against [\d,]+ for one transfer on chain each/)
      expect(text).to.contain('ADMISSION_REFUSED')
      expectNothingLeft(child.pid, folder)
    })
  }

  it('leaves nothing behind when it is interrupted in the middle', async () => {
    const { child, output, ended } = start()
    while (!output.text.includes('\n5.')) await Promise.race([once(child.stdout, 'data'), ended])
    child.kill('SIGINT')
    const { status } = await ended
    expect(status).to.equal(130)
    expectNothingLeft(child.pid, folder)
  })

  for (const [what, code, options] of [
    ['a file that is not there', 'FILE_NOT_FOUND', ['/no/such/file']],
    ['an unknown chain', 'INVALID_ARGUMENT', ['--chain', 'tape']],
    ['an unknown option', 'INVALID_ARGUMENT', ['--fast']],
  ] as const) {
    it(`answers ${what} with one line and ${code}`, async () => {
      const { status, text } = await start(...options).ended
      expect(status).to.equal(1)
      expect(text.trimEnd().split('\n')).to.have.length(1)
      expect(text).to.match(new RegExp(`^${code}: `))
    })
  }
})

/** No process that the demo started, and no file of it. */
function expectNothingLeft(pid: number | undefined, folder: string): void {
  expect(readdirSync(folder).filter((name) => name.startsWith('scrip-demo-'))).to.deep.equal([])
  const processes = execFileSync('ps', ['-eo', 'pid,ppid,args'], { encoding: 'utf8' })
  const left = processes.split('\n').filter((line) => line.includes(folder) || line.trim().split(/\s+/)[1] === `${pid}`)
  expect(left).to.deep.equal([])
}

/** Runs work without what it prints. */
async function quietly<Result>(work: () => Promise<Result>): Promise<Result> {
  const { log } = console
  console.log = () => {}
  try {
    return await work()
  } finally {
    console.log = log
  }
}
