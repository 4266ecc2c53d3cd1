import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { addresses } from '@scrip/sdk/abi'
import { expect } from 'chai'
import solc from 'solc'
import { createClient, getContractAddress, getCreate2Address, type Hex, http, toHex } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { getBlockNumber, getCode } from 'viem/actions'
import { deploymentSalt } from '../../sdk/chain/deploy/plan.ts'
import { proxyAddress } from '../../sdk/chain/deploy/proxy.ts'
import { type LocalChain, startAnvil, startHardhatNode } from '../support/chain.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const sepolia = 11155111
// The second account of anvil.
const key = '0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d'

/** How a script ended, and what it printed. */
type Ended = { status: number | null; stdout: string; stderr: string }

const scripts = new Set<ChildProcessWithoutNullStreams>()
const servers = new Set<Server>()
const chains: LocalChain[] = []

describe('npm run deploy', function () {
  this.timeout(60_000)
  let anvil: LocalChain
  let folder: string

  before(async () => {
    anvil = await startChain(startAnvil('--chain-id', `${sepolia}`, '--disable-default-create2-deployer'))
    folder = mkdtempSync(join(tmpdir(), 'scrip-deploy-'))
  })
  after(async () => {
    rmSync(folder, { recursive: true })
    await cleanUp()
  })

  const toSepolia = (environment: NodeJS.ProcessEnv = {}) =>
    script('deploy', ['--network', 'sepolia', '--out', folder], {
      SEPOLIA_RPC_URL: anvil.url,
      SCRIP_KEY: key,
      ...environment,
    })
  const book = () => readFileSync(join(folder, `${sepolia}.json`), 'utf8')

  it('deploys everything to a chain with Sepolia’s id that has nothing, and writes its address book', async () => {
    const { status, stdout, stderr } = await toSepolia()
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' })
    for (const address of Object.values(addresses)) expect(stdout).to.contain(`at ${address}`)
    // The proxy's fee and the proxy come first.
    const transactions = Object.keys(addresses).length + 2
    expect(stdout).to.match(
      new RegExp(`^${transactions} transactions, \\d{1,2},\\d{3},\\d{3} gas, 0\\.0\\d+ ether\\.$`, 'm'),
      'at no more than a few gwei a gas',
    )

    const { chainId, block, addresses: written, ...rest } = JSON.parse(book())
    expect({ chainId, written, rest }).to.deep.equal({ chainId: sepolia, written: addresses, rest: {} })
    const client = createClient({ transport: http(anvil.url) })
    const address = addresses.paymentChannels
    expect(await getCode(client, { address, blockNumber: BigInt(block) })).to.match(/^0x6/)
    expect(await getCode(client, { address, blockNumber: BigInt(block) - 1n })).to.equal(undefined)
  })

  it('deploys nothing the second time, also from an account without a coin, and leaves the book as it is', async () => {
    const client = createClient({ transport: http(anvil.url) })
    const before = { block: await getBlockNumber(client, { cacheTime: 0 }), book: book() }
    for (const SCRIP_KEY of [key, generatePrivateKey()]) {
      const { status, stdout } = await toSepolia({ SCRIP_KEY })
      expect(status).to.equal(0)
      expect(stdout).to.contain('Everything was there: nothing sent.')
    }
    expect({ block: await getBlockNumber(client, { cacheTime: 0 }), book: book() }).to.deep.equal(before)
  })

  it('reads the key from a file', async () => {
    const file = join(folder, 'key')
    writeFileSync(file, `${key.slice(2)}\n`)
    const { status, stdout } = await toSepolia({ SCRIP_KEY: file })
    expect(status).to.equal(0)
    expect(stdout).to.contain(`from ${privateKeyToAccount(key).address}`)
  })

  it('deploys to the same addresses on Hardhat’s node, whose book names no block', async () => {
    const node = await startChain(startHardhatNode())
    const ended = await script('deploy', ['--network', 'local', '--out', folder], { LOCAL_RPC_URL: node.url })
    expect(ended.status).to.equal(0, ended.stderr)
    const written = JSON.parse(readFileSync(join(folder, '31337.json'), 'utf8'))
    expect(written).to.deep.equal({ chainId: 31337, block: 0, addresses })
  })

  it('keeps the block that the book names where the node has forgotten it', async () => {
    const forgetful = await startChain(startAnvil('--chain-id', `${sepolia}`, '--prune-history'))
    const environment = { SEPOLIA_RPC_URL: forgetful.url }
    expect((await toSepolia(environment)).status).to.equal(0)
    const client = createClient({ transport: http(forgetful.url) })
    for (let block = 0; block < 3; block++) await client.request({ method: 'evm_mine' } as never)
    const written = book()
    expect(JSON.parse(written).block).to.be.greaterThan(0)
    expect((await toSepolia(environment)).status).to.equal(0)
    expect(book()).to.equal(written)

    rmSync(join(folder, `${sepolia}.json`))
    expect((await toSepolia(environment)).status).to.equal(0)
    expect(JSON.parse(book()).block).to.equal(0, 'unknown: from the start')
  })

  it('says in one line what is wrong, and deploys nothing', async () => {
    const elsewhere = await listen((_request, respond) => respond(200, 'hello'))
    const closed = await listen((_request, respond) => respond(200, ''))
    closed.server.close()
    const cases: [code: string, next: RegExp, environment: NodeJS.ProcessEnv, args?: string[]][] = [
      ['KEY_INVALID', /64 hexadecimal digits/, { SCRIP_KEY: key.slice(0, -1) }],
      ['KEY_INVALID', /64 hexadecimal digits/, { SCRIP_KEY: `0x${'0'.repeat(64)}` }],
      ['KEY_MISSING', /Set SCRIP_KEY in \.env/, { SCRIP_KEY: '' }],
      [
        'RPC_UNREACHABLE',
        /No chain answers at http:\/\/127.0.0.1:\d+\. Check SEPOLIA_RPC_URL/,
        { SEPOLIA_RPC_URL: `${closed.url}/secret` },
      ],
      ['RPC_UNREACHABLE', /Check SEPOLIA_RPC_URL/, { SEPOLIA_RPC_URL: `${elsewhere.url}/secret` }],
      [
        'WRONG_CHAIN',
        /serves chain 11155111, not 84532\. Point BASE_SEPOLIA_RPC_URL at/,
        { BASE_SEPOLIA_RPC_URL: anvil.url },
        ['--network', 'baseSepolia'],
      ],
      ['INVALID_ARGUMENT', /BASE_SEPOLIA_RPC_URL is not set\. Set it/, {}, ['--network', 'baseSepolia']],
      ['INVALID_ARGUMENT', /starts with http/, { SEPOLIA_RPC_URL: 'ftp://secret' }],
      ['INVALID_ARGUMENT', /local, sepolia, baseSepolia/, {}, ['--network', 'constructor']],
      ['INVALID_ARGUMENT', /No network was named/, {}, []],
      ['INVALID_ARGUMENT', /Unknown option '--netwerk'/, {}, ['--netwerk', 'sepolia']],
    ]
    for (const [code, next, environment, args] of cases) {
      const settings = { SEPOLIA_RPC_URL: anvil.url, SCRIP_KEY: key, ...environment }
      const ended = await script('deploy', args ?? ['--network', 'sepolia', '--out', folder], settings)
      expectFailure(ended, code, next)
      expect(ended.stdout + ended.stderr)
        .to.not.contain('secret')
        .and.not.contain(key.slice(2, -1))
    }
  })

  it('tells an account that cannot pay what it needs', async () => {
    const empty = await startChain(startAnvil('--chain-id', `${sepolia}`))
    const { address } = privateKeyToAccount(key)
    const client = createClient({ transport: http(empty.url) })
    await client.request({ method: 'anvil_setBalance', params: [address, toHex(10n ** 12n)] } as never)
    const before = existsSync(join(folder, `${sepolia}.json`)) ? book() : undefined
    const ended = await toSepolia({ SEPOLIA_RPC_URL: empty.url })
    expectFailure(
      ended,
      'INSUFFICIENT_GAS',
      new RegExp(`${address} has 0\\.000001 ether and needs up to 0\\.\\d+ ether`),
    )
    expect(await getBlockNumber(client, { cacheTime: 0 })).to.equal(0n)
    expect(existsSync(join(folder, `${sepolia}.json`)) ? book() : undefined).to.equal(before)
  })
})

describe('npm run verify', function () {
  this.timeout(180_000)
  let anvil: LocalChain
  let folder: string

  before(async () => {
    anvil = await startChain(startAnvil('--chain-id', `${sepolia}`))
    folder = mkdtempSync(join(tmpdir(), 'scrip-verify-'))
  })
  after(async () => {
    rmSync(folder, { recursive: true })
    await cleanUp()
  })

  const verify = (environment: NodeJS.ProcessEnv) =>
    script('verify', ['--network', 'sepolia', '--out', folder], { SEPOLIA_RPC_URL: anvil.url, ...environment })

  it('refuses a chain without a deployment before it writes or publishes anything', async () => {
    const service = await startExplorers()
    const ended = await verify({ SOURCIFY_URL: service.url })
    expectFailure(ended, 'NOT_DEPLOYED', /npm run deploy -- --network sepolia/)
    expect({ written: readdirSync(folder), received: service.received }).to.deep.equal({ written: [], received: [] })
  })

  it('publishes every contract, the currencies’ own too, to Sourcify and Etherscan', async () => {
    const deployed = await script('deploy', ['--network', 'sepolia', '--out', folder], {
      SEPOLIA_RPC_URL: anvil.url,
      SCRIP_KEY: key,
    })
    expect(deployed.status).to.equal(0, deployed.stderr)
    rmSync(join(folder, `${sepolia}.json`))

    const service = await startExplorers()
    const ended = await verify({
      SOURCIFY_URL: `${service.url}/sourcify`,
      ETHERSCAN_URL: `${service.url}/etherscan`,
      ETHERSCAN_API_KEY: 'secret',
    })
    expect({ status: ended.status, stderr: ended.stderr }).to.deep.equal({ status: 0, stderr: '' })
    expect(ended.stdout).to.match(/Sourcify {2}PaymentChannels at 0x\w+: match/)
    expect(ended.stdout).to.match(/Etherscan {2}RatioPolicy at 0x\w+: Pass - Verified/)
    expect(ended.stdout).to.not.contain('secret')

    const names = Object.keys(contracts())
    expect(readdirSync(folder)).to.have.members(names)
    for (const name of names) {
      const { address, constructorArguments } = contracts()[name] as Contract
      const input = read(name, 'standard-input.json')
      const [toSourcify] = service.received.filter(({ path }) => path === `/sourcify/v2/verify/${sepolia}/${address}`)
      const sent = JSON.parse(toSourcify?.body ?? '')
      expect(sent).to.deep.equal(read(name, 'sourcify.json'))
      expect(sent.stdJsonInput).to.deep.equal(input)
      expect(sent.contractIdentifier).to.match(new RegExp(`^project/contracts/.+/${name}\\.sol:${name}$`))
      expect(sent.compilerVersion).to.equal('0.8.37+commit.f401782d')

      const forms = service.received
        .filter(({ path }) => path === `/etherscan?chainid=${sepolia}`)
        .map(({ body }) => Object.fromEntries(new URLSearchParams(body)))
      const [form] = forms.filter(({ contractaddress }) => contractaddress === address)
      expect(JSON.parse(form?.['sourceCode'] ?? '')).to.deep.equal(input)
      expect(form).to.deep.include({
        module: 'contract',
        action: 'verifysourcecode',
        apikey: 'secret',
        codeformat: 'solidity-standard-json-input',
        contractname: sent.contractIdentifier,
        compilerversion: 'v0.8.37+commit.f401782d',
        constructorArguments: constructorArguments.slice(2),
      })
      expect(form).to.deep.include(read(name, 'etherscan.json'))
    }
  })

  it('wrote inputs that give exactly the code on chain when the compiler from npm gets them', async () => {
    const client = createClient({ transport: http(anvil.url) })
    const outputs = new Map<string, Output>()
    for (const [name, { address, constructorArguments, creator }] of Object.entries(contracts())) {
      const input = JSON.stringify(withImmutables(read(name, 'standard-input.json')))
      const output = outputs.get(input) ?? (JSON.parse(solc.compile(input)) as Output)
      outputs.set(input, output)
      const [source, unit] = read(name, 'sourcify.json').contractIdentifier.split(':')
      const compiled = output.contracts[source]?.[unit]
      if (compiled === undefined) throw new Error(`${name} is not in its own input`)
      const { evm, metadata } = compiled
      expect(read(name, 'metadata.json')).to.deep.equal(JSON.parse(metadata))

      const creationCode: Hex = `0x${evm.bytecode.object}${constructorArguments.slice(2)}`
      const created =
        creator === undefined
          ? getCreate2Address({ from: proxyAddress, salt: deploymentSalt, bytecode: creationCode })
          : getContractAddress({ from: creator, nonce: 1n })
      expect(created).to.equal(address)
      const code = (await getCode(client, { address })) as Hex
      const places = Object.values(evm.deployedBytecode.immutableReferences).flat()
      expect(blank(code, places)).to.equal(`0x${evm.deployedBytecode.object}`)
    }
  })

  it('goes on where a service refuses or is gone, and says so at the end in one line', async () => {
    const service = await startExplorers({ refuse: addresses.ratioPolicy })
    const closed = await startExplorers()
    closed.server.close()
    const ended = await verify({
      SOURCIFY_URL: service.url,
      ETHERSCAN_URL: `${closed.url}/etherscan`,
      ETHERSCAN_API_KEY: 'secret',
    })
    // One at Sourcify, and all at the other.
    const failed = 1 + Object.keys(contracts()).length
    const words = new RegExp(`${failed} publications failed: Sourcify refuses: The bytecodes don't match`)
    expectFailure(ended, 'VERIFICATION_FAILED', words)
    expect(ended.stdout).to.match(/Sourcify {2}PaymentChannels at 0x\w+: match/)
    expect(ended.stdout).to.match(/Sourcify {2}RatioPolicy at 0x\w+: failed/)
    expect(ended.stdout).to.match(/Etherscan {2}PaymentChannels at 0x\w+: failed/)
    expect(ended.stdout + ended.stderr).to.not.contain('secret')
  })

  type Contract = { address: Hex; constructorArguments: Hex; creator?: Hex }
  type Place = { start: number; length: number }
  type Compiled = {
    evm: {
      bytecode: { object: string }
      deployedBytecode: { object: string; immutableReferences: Record<string, Place[]> }
    }
    metadata: string
  }
  type Output = { contracts: Record<string, Record<string, Compiled>> }

  /** What is on chain, by what the contracts' constructors say they take. */
  function contracts(): Record<string, Contract> {
    const word = (address: Hex): Hex => `0x${address.slice(2).toLowerCase().padStart(64, '0')}`
    const { paymentChannels, currencyFactory, interactionHistory, admissionController, flowVerifier } = addresses
    const overHistory = (address: Hex) => ({ address, constructorArguments: word(interactionHistory) })
    return {
      PaymentChannels: { address: paymentChannels, constructorArguments: '0x' },
      CurrencyFactory: { address: currencyFactory, constructorArguments: word(paymentChannels) },
      IssuerCurrency: {
        address: getContractAddress({ from: currencyFactory, nonce: 1n }),
        constructorArguments: word(paymentChannels),
        creator: currencyFactory,
      },
      InteractionHistory: { address: interactionHistory, constructorArguments: word(paymentChannels) },
      FlowVerifier: overHistory(flowVerifier),
      AdmissionController: overHistory(admissionController),
      RatioPolicy: overHistory(addresses.ratioPolicy),
      BondPolicy: overHistory(addresses.bondPolicy),
      AllOfPolicy: overHistory(addresses.allOfPolicy),
      AnyOfPolicy: overHistory(addresses.anyOfPolicy),
      FlowPolicy: { address: addresses.flowPolicy, constructorArguments: word(flowVerifier) },
    }
  }

  function read(contract: string, file: string) {
    return JSON.parse(readFileSync(join(folder, contract, file), 'utf8'))
  }

  /** The written input, asking in addition where the immutables are. */
  function withImmutables(input: { settings: { outputSelection: Record<string, Record<string, string[]>> } }) {
    const asked = ['evm.bytecode.object', 'evm.deployedBytecode', 'metadata']
    return { ...input, settings: { ...input.settings, outputSelection: { '*': { '*': asked } } } }
  }

  /** The code with zeros for its immutables, as the compiler leaves them. */
  function blank(code: Hex, places: readonly Place[]): string {
    const bytes = Buffer.from(code.slice(2), 'hex')
    for (const { start, length } of places) bytes.fill(0, start, start + length)
    return `0x${bytes.toString('hex')}`
  }
})

/** Runs a script as npm does, without this process's own settings. */
async function script(name: string, args: string[], environment: NodeJS.ProcessEnv): Promise<Ended> {
  const { PATH, HOME } = process.env
  const child = spawn(process.execPath, ['--conditions=source', `scripts/${name}.ts`, ...args], {
    cwd: root,
    env: { PATH, HOME, ...environment },
  })
  scripts.add(child)
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const [status] = (await once(child, 'close')) as [number | null]
  scripts.delete(child)
  return { status, stdout, stderr }
}

function expectFailure({ status, stderr }: Ended, code: string, next: RegExp): void {
  expect(status).to.equal(1)
  expect(stderr).to.match(new RegExp(`^${code}: .+\\n$`), 'one line')
  expect(stderr).to.match(next)
}

type Received = { path: string; body: string }

/**
 * The far end of Sourcify's and Etherscan's APIs: takes every publication (but that of `refuse`), answers once that it is
 * still at it, then that the code matches.
 */
async function startExplorers({ refuse }: { refuse?: string } = {}) {
  const received: Received[] = []
  const asked = new Set<string>()
  const { url, server } = await listen(({ method, url: path = '' }, respond, body) => {
    received.push({ path, body })
    const form = new URLSearchParams(body)
    const job = path.split('/').at(-1) ?? ''
    const again = path.startsWith('/etherscan') ? (form.get('guid') ?? '') : job
    const first = asked.size === 0
    asked.add(again)
    if (form.get('action') === 'verifysourcecode')
      return respond(200, { status: '1', result: form.get('contractaddress') })
    if (form.get('action') === 'checkverifystatus') {
      return respond(200, { status: '1', message: 'OK', result: 'Pass - Verified' })
    }
    if (method === 'POST') return respond(202, { verificationId: job })
    if (first) return respond(200, { isJobCompleted: false })
    if (job === refuse) {
      return respond(200, {
        isJobCompleted: true,
        contract: { match: null },
        error: { message: "The bytecodes don't match." },
      })
    }
    return respond(200, { isJobCompleted: true, contract: { match: 'match' } })
  })
  return { url, server, received }
}

/** A server of this test at a free port. */
async function listen(
  handle: (request: IncomingMessage, respond: (status: number, body: unknown) => void, body: string) => void,
): Promise<{ url: string; server: Server }> {
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    handle(
      request,
      (status, answer) => {
        response
          .writeHead(status, { connection: 'close' })
          .end(typeof answer === 'string' ? answer : JSON.stringify(answer))
      },
      body,
    )
  })
  servers.add(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server }
}

async function startChain(starting: Promise<LocalChain>): Promise<LocalChain> {
  const chain = await starting
  chains.push(chain)
  return chain
}

async function cleanUp(): Promise<void> {
  for (const child of scripts) child.kill('SIGKILL')
  for (const server of servers) server.close()
  servers.clear()
  await Promise.all(chains.splice(0).map((chain) => chain.stop()))
}
