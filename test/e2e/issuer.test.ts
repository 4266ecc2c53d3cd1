import { execFileSync } from 'node:child_process'
import type { TransferFundsRequest } from '@scrip/sdk/chain'
import { gatewayClient, getDepositsVia, relayTransferFundsVia, signTransferFundsVia } from '@scrip/sdk/client'
import { expect } from 'chai'
import { type Address, createPublicClient, type Hex, http } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { issuerCurrencyAbi as abi } from '../../sdk/abi/issuerCurrency.ts'
import { conformance } from '../sdk/issuer/support/conformance.ts'
import { newTypist, type Running, type Typist } from '../support/scrip.ts'

type Role = { role: string; address: Address; key: Hex }
type Dev = { url: string; currency: Address; accounts: Role[] }

const MOST_KILLS = 8

describe('scrip issuer', function () {
  this.timeout(120_000)
  let typist: Typist
  let dev: Dev
  let gateway: Running
  let url: string
  const plainFetch = globalThis.fetch
  const violations: string[] = []

  before(async () => {
    typist = newTypist()
    dev = await typist.start(['dev', '--port', '0', '--chain', 'anvil', '--json']).ready()
    await serve()
    globalThis.fetch = watched(conformance((await (await fetch(`${url}/openapi.json`)).json()) as object))
  })
  after(() => {
    globalThis.fetch = plainFetch
    return typist.leave()
  })
  afterEach(() => expect(violations).to.deep.equal([]))

  const issuer = () => dev.accounts[0] as Role
  const chain = () => createPublicClient({ transport: http(dev.url) })
  const rpc = (method: string, ...params: unknown[]) => chain().request({ method, params } as never)
  const serve = async (...options: string[]) => {
    // A gateway that is killed leaves its port, and the next one takes it.
    const port = url === undefined ? '0' : new URL(url).port
    const words = ['issuer', 'serve', '--port', port, '--json', ...options]
    gateway = typist.start(words, {
      SCRIP_RPC_URL: dev.url,
      SCRIP_KEY: issuer().key,
      // In a small heap what is kept shows, and what is only not collected yet does not.
      NODE_OPTIONS: '--max-old-space-size=48 --max-semi-space-size=2',
    })
    url = (await gateway.ready<{ url: string }>()).url
  }
  /** Somebody who has nothing but the currency. */
  const holder = async (amount: string) => {
    const key = generatePrivateKey()
    const account = privateKeyToAccount(key)
    const words = ['currency', 'mint', dev.currency, account.address, amount]
    await typist.data(words, { SCRIP_RPC_URL: dev.url, SCRIP_KEY: issuer().key })
    return { key, account }
  }
  const balanceOf = (owner: Address) =>
    chain().readContract({ address: dev.currency, abi, functionName: 'balanceOf', args: [owner] }) as Promise<bigint>
  const paid = async () => {
    const events = await chain().getContractEvents({
      address: dev.currency,
      abi,
      eventName: 'Deposited',
      fromBlock: 0n,
      strict: true,
    })
    return events.map(({ args, transactionHash }) => ({ id: args.transactionId as Hex, hash: transactionHash }))
  }
  /** A fetch that holds every answer of the gateway against its description. */
  const watched =
    (check: ReturnType<typeof conformance>): typeof fetch =>
    async (input, init) => {
      const request = new Request(input, init)
      const asked = request.method === 'POST' ? await request.clone().text() : undefined
      const answer = await plainFetch(request)
      if (!request.url.startsWith(url)) return answer
      const { status, headers } = answer
      const seen = {
        method: request.method,
        path: new URL(request.url).pathname,
        ...(asked !== undefined && { asked }),
        status,
        type: headers.get('content-type') ?? '',
      }
      const body = await answer.text()
      const violation = check({ ...seen, body })
      if (violation !== undefined) violations.push(violation)
      return new Response(body, answer)
    }

  it('carries a payment from one who has no gas to one who waits for it', async () => {
    const [alice, bob] = [await holder('250'), privateKeyToAccount(generatePrivateKey())]
    const waiting = typist.start([
      'issuer',
      'deposits',
      dev.currency,
      '--account',
      bob.address,
      '--wait',
      '60',
      '--gateway',
      url,
      '--json',
    ])
    const sent = await typist.run(['issuer', 'send', dev.currency, bob.address, '100.5', '--id', 'order 17'], {
      SCRIP_GATEWAY: url,
      SCRIP_KEY: alice.key,
    })
    expect(sent.stderr).to.equal('')
    expect(sent.stdout).to.match(
      new RegExp(
        `^Sent 100.5 CLD to ${bob.address}; the issuer's fee was 0 CLD.\\n {2}transaction 0x[0-9a-f]{64}, paid for by the issuer\\n$`,
      ),
    )
    const { deposits, balance } = await waiting.ready<{ deposits: { amount: string }[]; balance: string }>()
    expect(deposits.map(({ amount }) => amount)).to.deep.equal(['100500000'])
    expect(balance).to.equal('100500000')
    const listed = await typist.run(['issuer', 'deposits', dev.currency, '--account', bob.address, '--gateway', url])
    expect(listed.stdout).to.match(
      /^100\.5 CLD from 0x\w{40}, reference “order 17”\n1 deposit; 100\.5 CLD in the wallet; go on with --cursor \S+\n$/,
    )
    expect(await chain().getBalance({ address: alice.account.address })).to.equal(0n)
  })

  it('says in one line what is wrong', async () => {
    const alice = await holder('1')
    const key = { SCRIP_KEY: alice.key, SCRIP_RPC_URL: dev.url }
    const bob = dev.accounts[2]?.address ?? ''
    for (const [words, expected] of [
      [
        ['issuer', 'send', dev.currency, bob, '5', '--gateway', url],
        /^INSUFFICIENT_BALANCE: 0x\w{40} holds 1 CLD and needs 5 CLD\. /,
      ],
      [['issuer', 'send', dev.currency, bob, '5'], /^INVALID_ARGUMENT: .*--gateway/],
      [['issuer', 'send', bob, bob, '5', '--gateway', url], /^UNKNOWN_CURRENCY: /],
      [['issuer', 'send', dev.currency, bob, '0', '--gateway', url], /^INVALID_ARGUMENT: amount /],
      [['issuer', 'send', dev.currency, bob, '5', '--gateway', url, '--chain-id', '1'], /^WRONG_CHAIN: /],
      [['issuer', 'deposits', dev.currency, '--gateway', 'here'], /^INVALID_ARGUMENT: gateway /],
      [['issuer', 'serve', '--port', new URL(url).port, '--store', 'other.db'], /^PORT_IN_USE: /],
      [['issuer', 'serve', '--max-gas-price', 'low'], /^INVALID_ARGUMENT: max-gas-price /],
      [['issuer', 'serve', '--confirmations', 'many'], /^INVALID_ARGUMENT: confirmations /],
    ] as const) {
      const { status, stderr } = await typist.run(words, key)
      expect(status, words.join(' ')).to.equal(1)
      expect(stderr, words.join(' ')).to.match(expected)
      expect(stderr.trimEnd().split('\n'), stderr).to.have.length(1)
    }
  })

  it('owns its store, and says who has it', async () => {
    const { status, stderr } = await typist.run(['issuer', 'serve', '--port', '0'], {
      SCRIP_KEY: issuer().key,
      SCRIP_RPC_URL: dev.url,
    })
    expect(status).to.equal(1)
    expect(stderr).to.match(/^STORE_FAILED: Another process uses the store /)
  })

  it('carries every message out once, however often the gateway is killed in the middle', async () => {
    const people = await Promise.all([1, 2, 3, 4].map(() => holder('1000')))
    const bob = privateKeyToAccount(generatePrivateKey()).address
    const requests: TransferFundsRequest[] = []
    for (const { account } of people) {
      const through = gatewayClient({ url, account })
      for (let n = 0; n < 10; n++) {
        requests.push(
          await signTransferFundsVia(through, { currency: dev.currency, recipient: bob, amount: 1_000_000n }),
        )
      }
    }
    await rpc('evm_setAutomine', false)
    await rpc('evm_setIntervalMining', 1)
    const known = gatewayClient({ url })
    const insist = async (request: TransferFundsRequest) =>
      relayTransferFundsVia({ ...known, timeout: 60_000 }, { request })
    let isOver = false
    const answers = Promise.all(requests.map(insist)).finally(() => {
      isOver = true
    })
    let kills = 0
    // At times that nobody chose. Then it lives: where the machine is busy, each life might be too short to answer in.
    while (!isOver && kills < MOST_KILLS) {
      await Promise.race([answers, new Promise((resolve) => setTimeout(resolve, 150 + Math.random() * 900))])
      gateway.child.kill('SIGKILL')
      await gateway.ended
      kills++
      await serve()
    }
    const receipts = await answers
    await rpc('evm_setIntervalMining', 0)
    await rpc('evm_setAutomine', true)
    console.log(`      ${requests.length} messages, killed ${kills} times`)
    expect(kills).to.be.at.least(2)

    expect(await balanceOf(bob)).to.equal(BigInt(requests.length) * 1_000_000n)
    const carried = await paid()
    for (const [index, { transactionId }] of requests.entries()) {
      const hashes = carried.filter(({ id }) => id === transactionId).map(({ hash }) => hash)
      expect(hashes).to.deep.equal([receipts[index]?.hash])
    }
    // What was answered stays so: from now on nothing but answers comes.
    expect(await Promise.all(requests.map(insist))).to.deep.equal(receipts)
    const { deposits } = await getDepositsVia(known, { currency: dev.currency, recipient: bob })
    expect(new Set(deposits.map(({ transactionId }) => transactionId)).size).to.equal(requests.length)
    expect(deposits).to.have.length(requests.length)
  })

  it('keeps no more memory the longer it is flooded', async () => {
    const alice = await holder('10')
    const through = gatewayClient({ url, account: alice.account })
    const bob = privateKeyToAccount(generatePrivateKey()).address
    const request = await signTransferFundsVia(through, { currency: dev.currency, recipient: bob, amount: 1n })
    const known = JSON.parse(JSON.stringify(request, (_, value) => (typeof value === 'bigint' ? `${value}` : value)))
    const memory = () => Number(execFileSync('ps', ['-o', 'rss=', '-p', `${gateway.child.pid}`], { encoding: 'utf8' }))
    const post = async (path: string, body: string) => {
      const answer = await plainFetch(`${url}${path}`, { method: 'POST', body }).catch(() => undefined)
      await answer?.arrayBuffer()
      return answer?.status ?? 0
    }
    const statuses = new Map<number, number>()
    const flood = async (rounds: number) => {
      for (let round = 0; round < rounds; round++) {
        const bodies = Array.from({ length: 40 }, (_, n) =>
          n % 4 === 0
            ? 'x'.repeat(200_000)
            : n % 4 === 1
              ? '{"curr'
              : JSON.stringify({ ...known, messageCounter: `${round * 40 + n}` }),
        )
        for (const status of await Promise.all(bodies.map((body) => post('/transferFunds', body)))) {
          statuses.set(status, (statuses.get(status) ?? 0) + 1)
        }
      }
    }
    await flood(60)
    const before = memory()
    await flood(120)
    const after = memory()
    console.log(
      `      ${before >> 10} MB, then ${after >> 10} MB; ${[...statuses].map((pair) => pair.join(' × ')).join(', ')}`,
    )
    expect(after - before).to.be.lessThan(15_000)
    expect(statuses.get(429)).to.be.greaterThan(1_000)
    // Who floods is slowed down; the next one is served when that is over.
    expect((await relayTransferFundsVia(through, { request })).transactionId).to.equal(request.transactionId)
  })

  it('stops when it is asked to', async () => {
    gateway.child.kill('SIGTERM')
    expect(await gateway.ended).to.include({ status: 0, stderr: '' })
  })
})
