import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getChannelState } from '@scrip/sdk/chain'
import type { Channel, ChannelState, Claim } from '@scrip/sdk/channels'
import { ScripError } from '@scrip/sdk/errors'
import { type ClaimSource, createSettler, type Settled, type SettlerParameters } from '@scrip/sdk/settlement'
import { memoryStore, sqliteStore } from '@scrip/sdk/store'
import { expect } from 'chai'
import { createWalletClient, custom, type EIP1193RequestFn, type Hex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { claimOf, openTown, type Person, type Town } from './support/town.ts'

/** A payee's claims, kept as a payee keeps them. */
function book(...claims: Claim[]): ClaimSource & { seen: Map<Hex, ChannelState>; add(claim: Claim): void } {
  const seen = new Map<Hex, ChannelState>()
  return {
    seen,
    add: (claim) => claims.push(claim),
    claimable: async () => claims.filter(({ channel, total }) => total > (seen.get(channel.id)?.claimed ?? 0n)),
    observe: async ({ id }: Channel, state: ChannelState) => void seen.set(id, state),
  }
}

describe('the settler', function () {
  this.timeout(60_000)
  let town: Town
  let payee: Person
  let settled: Settled[]
  let troubles: ScripError[]

  before(async () => {
    town = await openTown()
  })
  after(() => town.stop())
  beforeEach(async () => {
    payee = await town.person()
    settled = []
    troubles = []
  })

  const settler = (source: ClaimSource, options: Partial<SettlerParameters> = {}) =>
    createSettler({
      client: payee.client,
      store: memoryStore(),
      source,
      rules: {},
      every: 20,
      bumpAfter: 200,
      onSettled: (one) => settled.push(one),
      onTrouble: (error) => troubles.push(error),
      ...options,
    })
  const paid = async (total: bigint, options = {}) => {
    const { payer, channel } = await town.channelTo(payee.address, options)
    return { payer, channel, claim: await claimOf(payer, channel, total) }
  }

  it('claims what is worth it, many channels in one transaction, and leaves the rest', async () => {
    const claims = await Promise.all([30n, 20n, 19n, 45n, 20n].map(async (total) => (await paid(total)).claim))
    const source = book(...claims)
    await settler(source, { rules: { value: () => 20n }, batch: 3 }).settle()
    expect(settled.map(({ paid }) => [...paid.values()].sort())).to.deep.equal([[20n, 30n, 45n], [20n]])
    expect(await town.earned(payee)).to.equal(115n)
    expect(await source.claimable()).to.deep.equal([claims[2]])
    await settler(source, { rules: { value: () => 20n } }).settle()
    expect(await town.transactions(payee.address)).to.equal(2)
  })

  it('claims what has been unclaimed for long, also over a restart', async () => {
    const { claim } = await paid(3n)
    const [store, source] = [memoryStore(), book(claim)]
    await settler(source, { store, rules: { age: 1 } }).settle()
    expect(settled).to.have.lengthOf(0)
    const again = settler(source, { store, rules: { age: 1 } })
    again.start()
    while (settled.length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    await again.close()
    expect(await town.earned(payee)).to.equal(3n)
  })

  it('claims everything of a channel whose payer asks to leave, whatever it is worth', async () => {
    const { claim, payer, channel } = await paid(1n)
    const [other, source] = [await paid(1n), book(claim)]
    source.add(other.claim)
    const service = settler(source)
    await service.settle()
    expect(settled).to.have.lengthOf(0)
    await payer.actions.requestExit({ channel })
    await service.settle()
    expect(settled.map(({ paid }) => [...paid])).to.deep.equal([[[channel.id, 1n]]])
    // One that was requested before the service began is seen, too.
    await other.payer.actions.requestExit({ channel: other.channel })
    await settler(source).settle()
    expect(await town.earned(payee)).to.equal(2n)
  })

  it('pays no gas for what cannot be paid now, and claims it once it can', async () => {
    const { claim, payer, channel } = await paid(130n)
    const source = book(claim)
    const service = settler(source, { rules: { value: () => 1n } })
    await service.settle()
    expect(await town.earned(payee)).to.equal(100n)
    await service.settle()
    await service.settle()
    expect(await town.transactions(payee.address)).to.equal(1)
    await payer.actions.topUp({ channel, amount: 20n })
    await service.settle()
    expect(await town.earned(payee)).to.equal(120n)
  })

  it('takes what a purse has', async () => {
    const { claim, payer } = await paid(130n, { drawsOnPurse: true })
    await payer.actions.fundPurse({ currency: town.currency, amount: 10n })
    await settler(book(claim), { rules: { value: () => 110n } }).settle()
    expect(await town.earned(payee)).to.equal(110n)
  })

  it('skips a claim that somebody else presented a moment before, and settles the others', async () => {
    const [one, other] = [await paid(10n), await paid(20n)]
    const source = book(one.claim, other.claim)
    const client = between(payee, 'eth_sendRawTransaction', 1, () => one.payer.actions.claim({ claim: one.claim }))
    await settler(source, { client, rules: { value: () => 1n } }).settle()
    expect(settled.map(({ paid }) => [...paid])).to.deep.equal([[[other.channel.id, 20n]]])
    expect(await town.earned(payee)).to.equal(30n)
    expect(await source.claimable()).to.deep.equal([])
  })

  it('offers more for a transaction that the chain does not take', async () => {
    const { claim } = await paid(10n)
    await town.rpc('evm_setAutomine', false)
    try {
      const service = settler(book(claim), { rules: { value: () => 1n } })
      const settling = service.settle()
      const offers = new Set<string>()
      while (offers.size < 3) {
        const block = (await town.rpc('eth_getBlockByNumber', 'pending', true)) as {
          transactions: { from: string; maxFeePerGas: string }[]
        }
        for (const { from, maxFeePerGas } of block.transactions)
          if (from === payee.address.toLowerCase()) offers.add(maxFeePerGas)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      await town.rpc('evm_mine')
      await settling
    } finally {
      await town.rpc('evm_setAutomine', true)
    }
    expect(await town.earned(payee)).to.equal(10n)
    expect(await town.transactions(payee.address)).to.equal(1)
  })

  it('offers no more than the limit, and waits', async () => {
    const { claim } = await paid(10n)
    await town.rpc('evm_setAutomine', false)
    const service = settler(book(claim), { rules: { value: () => 1n }, maxFeePerGas: 7n, bumpAfter: 20 })
    try {
      const settling = service.settle().catch((error: unknown) => error)
      await new Promise((resolve) => setTimeout(resolve, 300))
      await service.close()
      await settling
    } finally {
      await town.rpc('evm_setAutomine', true)
    }
    expect(settled).to.have.lengthOf(0)
    expect(await town.coins(payee.address)).to.equal(10n ** 19n)
  })

  it('goes on through a chain that fails every third time, and claims once', async () => {
    const claims = await Promise.all([10n, 20n, 30n, 40n].map(async (total) => (await paid(total)).claim))
    let random = 7
    const fails = () => {
      random = (random * 48_271) % 2_147_483_647
      return random % 3 === 0
    }
    const flaky = wrapped(payee, async (call, request) => {
      if (fails()) throw new Error('The node has a bad day.')
      const answer = await request(call)
      // The transaction arrives, and the word of it does not.
      if (call.method === 'eth_sendRawTransaction') throw new Error('The connection was lost.')
      return answer
    })
    const source = book(...claims)
    const service = settler(source, { client: flaky, rules: { value: () => 1n }, batch: 2 })
    service.start()
    while ((await town.earned(payee)) < 100n) await new Promise((resolve) => setTimeout(resolve, 20))
    while ((await source.claimable()).length > 0) await new Promise((resolve) => setTimeout(resolve, 20))
    await service.close()
    expect(await town.transactions(payee.address)).to.equal(2)
    expect(troubles.length).to.be.greaterThan(0)
  })

  it('redoes what another transaction of the account displaced', async () => {
    const { claim } = await paid(10n)
    const rival = () => payee.actions.createNetwork()
    const client = between(payee, 'eth_sendRawTransaction', 1, rival)
    const service = settler(book(claim), { client, rules: { value: () => 1n } })
    await service.settle()
    await service.settle()
    expect(await town.earned(payee)).to.equal(10n)
  })

  it('takes up after kill -9 what it had begun, without a second transaction', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'scrip-settler-'))
    const claims = await Promise.all([1, 2, 3, 4, 5, 6].map(async (n) => (await paid(BigInt(n))).claim))
    const path = join(folder, 'store.db')
    await town.rpc('evm_setAutomine', false)
    try {
      for (let kill = 0; kill < 8; kill++) {
        const child = fork(new URL('support/settle.ts', import.meta.url), {
          execArgv: ['--conditions=source', '--disable-warning=ExperimentalWarning'],
          serialization: 'advanced',
        })
        child.send({ url: town.url, key: payee.key, path, claims })
        // The first of them are killed somewhere on the way to the transaction, the later ones while it waits.
        await once(child, 'message')
        await new Promise((resolve) => setTimeout(resolve, kill * 25))
        child.kill('SIGKILL')
        await once(child, 'exit')
      }
      await town.rpc('evm_setAutomine', true)
      await town.rpc('evm_mine')
      const store = sqliteStore(path)
      const source = book(...claims)
      await settler(source, { store, rules: { value: () => 1n } }).settle()
      await store.close()
      for (const { channel, total } of claims)
        expect((await getChannelState(payee.client, { channelId: channel.id })).claimed).to.equal(total)
      expect(await town.earned(payee)).to.equal(21n)
      expect(await town.transactions(payee.address)).to.equal(1)
    } finally {
      await town.rpc('evm_setAutomine', true)
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it('needs an account that signs by itself', () => {
    const client = createWalletClient({ account: payee.address, transport: custom({ request: async () => null }) })
    expect(() => createSettler({ client, store: memoryStore(), source: book(), rules: {} }))
      .to.throw(ScripError)
      .with.property('code', 'KEY_MISSING')
  })
})

type Call = Parameters<EIP1193RequestFn>[0]
type Handler = (call: Call, request: (call: Call) => Promise<unknown>) => Promise<unknown>

/** Somebody's client with something between it and the chain. */
function wrapped({ client, key }: Person, handler: Handler) {
  const request = (call: Call) => client.request(call as never) as Promise<unknown>
  const transport = custom({ request: (call) => handler(call as Call, request) }, { retryCount: 0 })
  return createWalletClient({ account: privateKeyToAccount(key), transport, pollingInterval: 20 })
}

/** Somebody's client; before the `nth` call of a method something else happens. */
function between(person: Person, method: string, nth: number, happen: () => Promise<unknown>) {
  let count = 0
  return wrapped(person, async (call, request) => {
    if (call.method === method && ++count === nth) await happen()
    return request(call)
  })
}
