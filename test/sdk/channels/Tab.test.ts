import {
  type Channel,
  createPayee,
  createPayer,
  createTab,
  type Payee,
  type Payer,
  type Tab,
} from '@scrip/sdk/channels'
import { ScripError } from '@scrip/sdk/errors'
import { memoryStore, type Store } from '@scrip/sdk/store'
import { expect } from 'chai'
import fc from 'fast-check'
import { codeOf, refusal } from '../errors/support/refusal.ts'
import { account, bytes32, channelTo, home, lower } from './support/channels.ts'

const LIMIT = 20n
const accounts = [account('alice'), account('bob')] as const
const [alice, bob] = accounts.map(({ address }) => lower(address)) as [`0x${string}`, `0x${string}`]

const channelFrom = (payer: `0x${string}`, payee: `0x${string}`) =>
  channelTo({ payer, payee, signer: payer, salt: bytes32('tab') }, 1_000_000n)
const outgoing = channelFrom(alice, bob)
const returning = channelFrom(bob, alice)

/** One of the two peers: what survives a crash is in its store. */
type Peer = { tab: Tab; payer: Payer; payee: Payee; crash(): Promise<void> }

async function peer(end: 0 | 1, store: Store = memoryStore()): Promise<Peer> {
  const own = accounts[end]
  const [out, incoming] = end === 0 ? [outgoing, returning] : [returning, outgoing]
  const start = async () => {
    const { chainId, contract, token } = home
    const accept = { chainId, contract, currencies: [token], maxExposure: 0n }
    const payer = createPayer({ channel: out, signer: own, store, overtaking: true })
    const payee = createPayee({ account: own, store, accept })
    await payee.observe(incoming as Channel, { claimed: 0n, deposit: incoming.funded, exitAt: 0 })
    const tab = createTab({ payer, payee, incoming: incoming.id, store, limit: LIMIT })
    return { payer, payee, tab }
  }
  const present: Peer = {
    ...(await start()),
    crash: async () => {
      Object.assign(present, await start())
    },
  }
  return present
}

/** One peer gets something from the other, as both should do it. */
async function trade(buyer: Peer, seller: Peer, amount: bigint): Promise<void> {
  const payment = await buyer.tab.consume(amount)
  if (payment !== undefined) {
    await seller.tab.receive(payment)
    buyer.payer.confirm(payment)
  }
  await seller.tab.serve(amount)
}

describe('a tab', () => {
  it('signs nothing while the peers serve each other about the same', async () => {
    const [one, other] = [await peer(0), await peer(1)]
    for (let turn = 0; turn < 50; turn++) {
      await trade(one, other, 15n)
      await trade(other, one, 15n)
    }
    expect([await one.payer.paid(), await other.payer.paid()]).to.deep.equal([0n, 0n])
    expect([await one.tab.balance(), await other.tab.balance()]).to.deep.equal([0n, 0n])
  })

  it('signs what goes beyond the limit, and no more, whoever it is', async () => {
    const [one, other] = [await peer(0), await peer(1)]
    await trade(one, other, 20n)
    expect(await one.payer.paid()).to.equal(0n)
    await trade(one, other, 3n)
    expect([await one.payer.paid(), await one.tab.balance(), await other.tab.balance()]).to.deep.equal([3n, -20n, 20n])
    // What the other one consumes first pays off the debt.
    for (let turn = 0; turn < 5; turn++) await trade(other, one, 10n)
    expect([await one.payer.paid(), await other.payer.paid()]).to.deep.equal([3n, 10n])
    expect([await one.tab.balance(), await other.tab.balance()]).to.deep.equal([20n, -20n])
  })

  it('serves nobody who would owe more than the limit, and says what is missing', async () => {
    const one = await peer(0)
    await one.tab.serve(15n)
    const { code, values } = await refusal(() => one.tab.serve(8n))
    expect([code, values]).to.deep.equal(['CREDIT_EXCEEDED', { owed: 23n, limit: 20n, missing: 3n }])
    await one.tab.giveBack(3n)
    await one.tab.serve(8n)
    const outcomes = await Promise.allSettled(Array.from({ length: 9 }, () => one.tab.consume(1n)))
    expect(outcomes.every(({ status }) => status === 'fulfilled')).to.equal(true)
    expect(await one.tab.balance()).to.equal(11n)
  })

  it('takes many calls at once as one after another', async () => {
    const one = await peer(0)
    const served = await Promise.allSettled(Array.from({ length: 50 }, () => one.tab.serve(1n)))
    expect(served.filter(({ status }) => status === 'fulfilled')).to.have.lengthOf(20)
    const payments = await Promise.all(Array.from({ length: 50 }, () => one.tab.consume(1n)))
    expect(payments.filter((payment) => payment !== undefined)).to.have.lengthOf(10)
    expect([await one.payer.paid(), await one.tab.balance()]).to.deep.equal([10n, -20n])
  })

  it('refuses amounts that turn it around, and pieces that could not be lost within the limit', async () => {
    const { tab } = await peer(0)
    for (const amount of [0n, -1n])
      for (const work of [tab.serve, tab.consume, tab.giveBack, tab.forgo])
        expect(await codeOf(() => work(amount))).to.equal('INVALID_ARGUMENT')
    expect(await codeOf(() => tab.consume(LIMIT + 1n))).to.equal('INVALID_ARGUMENT')
    expect(await codeOf(() => tab.giveBack(1n))).to.equal('INVALID_ARGUMENT')
    expect(await codeOf(() => tab.forgo(1n))).to.equal('INVALID_ARGUMENT')
    expect(await tab.balance()).to.equal(0n)
  })

  it('takes no payment for another channel, and none twice', async () => {
    const [one, other] = [await peer(0), await peer(1)]
    await one.tab.consume(20n)
    const payment = (await one.tab.consume(5n)) as Uint8Array
    expect(await codeOf(() => one.tab.receive(payment))).to.equal('WRONG_CHANNEL')
    for (let time = 0; time < 3; time++) await other.tab.receive(payment)
    expect(await other.tab.balance()).to.equal(-5n)
  })

  it('heals by itself where a payment was lost: the next one includes it', async () => {
    const [one, other] = [await peer(0), await peer(1)]
    await trade(one, other, 20n)
    await one.tab.consume(5n)
    // The other peer got no payment, refuses to serve, and is asked again.
    expect(await codeOf(() => other.tab.serve(5n))).to.equal('CREDIT_EXCEEDED')
    await one.tab.forgo(5n)
    expect(await codeOf(() => trade(one, other, 5n))).to.equal('CREDIT_EXCEEDED')
    await one.tab.forgo(5n)
    await trade(one, other, 6n)
    expect(await one.payer.paid()).to.equal(6n)
    expect([await one.tab.balance(), await other.tab.balance()]).to.deep.equal([-20n, 20n])
  })

  it('loses no more than the limit to a peer that denies, repeats, keeps or forgets, over crashes at every write', async () => {
    const someStep = fc.record({
      kind: fc.constantFrom('buy', 'buy', 'buy', 'sell', 'sell', 'sell', 'replay', 'deny', 'crash', 'break'),
      amount: fc.bigInt({ min: 1n, max: LIMIT }),
      keeps: fc.boolean(),
    })
    const seen = { bought: 0, kept: 0, sold: 0, refused: 0, broken: 0 }
    await fc.assert(
      fc.asyncProperty(fc.array(someStep, { minLength: 5, maxLength: 40 }), async (steps) => {
        let breaksAt = -1
        const disk = memoryStore()
        const store: Store = {
          ...disk,
          write: (changes) => (breaksAt-- === 0 ? Promise.reject(new ScripError('STORE_FAILED')) : disk.write(changes)),
        }
        const honest = await peer(0, store)
        // The hostile peer needs no books: it pays what it must, and says what it likes.
        let hostile = createPayer({ channel: returning, signer: accounts[1], store: memoryStore() })
        const sent: Uint8Array[] = []
        let [served, consumed] = [0n, 0n]
        /** What a crash left open: asked for or given without the books of it having been put right. */
        let open = 0n
        for (const { kind, amount, keeps } of steps) {
          try {
            if (kind === 'break') breaksAt = Number(amount % 3n)
            else if (kind === 'crash') await honest.crash()
            else if (kind === 'replay') for (const payment of sent) await honest.tab.receive(payment)
            else if (kind === 'deny')
              hostile = createPayer({ channel: returning, signer: accounts[1], store: memoryStore() })
            else if (kind === 'buy') {
              await honest.tab.consume(amount)
              // The peer may keep the payment and give nothing.
              if (keeps) {
                seen.kept++
                await honest.tab.forgo(amount)
              } else {
                seen.bought++
                consumed += amount
              }
            } else {
              try {
                await honest.tab.serve(amount)
              } catch (error) {
                if (!(error instanceof ScripError) || error.code !== 'CREDIT_EXCEEDED') throw error
                seen.refused++
                if (keeps) continue
                const payment = await hostile.pay(error.values['missing'] as bigint)
                sent.push(payment)
                await honest.tab.receive(payment).catch(() => {})
                continue
              }
              seen.sold++
              served += amount
            }
          } catch (error) {
            expect(error)
              .to.have.property('code')
              .that.is.oneOf(['STORE_FAILED', 'STALE_PAYMENT', 'INVALID_TICK', 'UNKNOWN_CHANNEL'])
            seen.broken++
            if (kind === 'buy') open += amount
            breaksAt = -1
            await honest.crash()
          }
          if (kind === 'break') continue
          breaksAt = -1
          const signed = await honest.payer.paid()
          const received = (await honest.payee.standing(returning.id)).accepted
          const loss = served - consumed + signed - received
          expect(loss <= LIMIT + open, `lost ${loss}, with ${open} left open by crashes`).to.equal(true)
          expect((await honest.tab.balance()) <= LIMIT).to.equal(true)
        }
      }),
      { numRuns: 250 },
    )
    for (const [what, count] of Object.entries(seen)) expect(count, what).to.be.greaterThan(20)
  })

  it('keeps two honest peers in business, and their books opposite, over any trades and crashes between them', async () => {
    const someTrade = fc.record({
      buyer: fc.nat({ max: 1 }),
      amount: fc.bigInt({ min: 1n, max: LIMIT }),
      crash: fc.nat({ max: 5 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(someTrade, { minLength: 1, maxLength: 40 }), async (trades) => {
        const peers = [await peer(0), await peer(1)] as const
        const net = [0n, 0n]
        for (const { buyer, amount, crash } of trades) {
          await peers[crash as 0 | 1]?.crash()
          await trade(peers[buyer as 0 | 1], peers[(1 - buyer) as 0 | 1], amount)
          net[buyer] = (net[buyer] as bigint) + amount
        }
        const [one, other] = [await peers[0].tab.balance(), await peers[1].tab.balance()]
        expect(one).to.equal(-other)
        expect(one <= LIMIT && one >= -LIMIT).to.equal(true)
        const paid = (await peers[0].payer.paid()) - (await peers[1].payer.paid())
        expect(paid - ((net[0] as bigint) - (net[1] as bigint))).to.equal(one)
      }),
      { numRuns: 40 },
    )
  })
})
