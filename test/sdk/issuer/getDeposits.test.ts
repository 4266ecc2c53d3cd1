import { getDeposits, transferFunds } from '@scrip/sdk/chain'
import { getDepositsVia, transferFundsVia } from '@scrip/sdk/client'
import { expect } from 'chai'
import { type Address, erc20Abi } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { type Office, type OpenGateway, openOffice, until } from './support/office.ts'

describe('getDeposits through the gateway', function () {
  this.timeout(60_000)
  let office: Office
  let gateway: OpenGateway
  let currency: Address
  let bob: Address

  before(async () => {
    office = await openOffice()
    currency = office.currency
    gateway = await office.open()
    await office.mint(office.wallet.account.address, 10n ** 12n)
  })
  after(() => office.close())
  beforeEach(() => {
    bob = privateKeyToAccount(generatePrivateKey()).address
  })

  /** A payment straight to the chain. */
  const pay = (amount = 5n, recipient = bob) => transferFunds(office.wallet, { currency, recipient, amount })
  const ask = (cursor?: string, wait = 0, recipient = bob) =>
    getDepositsVia(gateway.as(), { currency, recipient, wait, ...(cursor !== undefined && { cursor }) })
  const waiting = async () => Number((await (await fetch(`${gateway.url}/health`)).json())['waiting'])
  const seconds = async (work: Promise<unknown>) => {
    const begun = performance.now()
    await work
    return (performance.now() - begun) / 1_000
  }

  it('tells what arrived, how much there is, and where to go on', async () => {
    const { hash, fee, transactionId, receipt } = await pay(1_000n)
    const { deposits, balance, cursor } = await ask()
    const from = office.wallet.account.address
    expect(deposits).to.deep.equal([
      { from, amount: 1_000n, fee, transactionId, hash, blockNumber: receipt.blockNumber },
    ])
    expect(balance).to.equal(1_000n)
    expect(await ask(cursor)).to.deep.include({ deposits: [], balance: 1_000n })
  })

  it('says that it costs nothing, as the protocol wants it said', async () => {
    const { status, body } = await gateway.post('/getDeposits', { currency, recipient: bob, millisecondsWait: 0 })
    expect(status).to.equal(200)
    expect(body).to.include({ fee: '0', balance: '0' })
  })

  it('tells the same as a node, and takes its cursors', async () => {
    await pay()
    const direct = await getDeposits(office.wallet, { currency, recipient: bob })
    expect(await ask()).to.deep.equal(direct)
    await pay()
    const through = await ask(direct.cursor)
    expect(through.deposits).to.have.length(1)
    expect(
      (await getDeposits(office.wallet, { currency, recipient: bob, cursor: through.cursor })).deposits,
    ).to.deep.equal([])
  })

  it('waits for a deposit, and answers when it is there', async () => {
    const { cursor } = await ask()
    const answer = ask(cursor, 20_000)
    await until('bob waits', async () => (await waiting()) === 1)
    const { hash } = await pay()
    expect(await seconds(answer)).to.be.lessThan(10)
    expect((await answer).deposits.map((deposit) => deposit.hash)).to.deep.equal([hash])
  })

  it('answers at once where something is there, and with nothing when the time is over', async () => {
    await pay()
    let cursor = ''
    expect(await seconds(ask(undefined, 20_000).then((answer) => (cursor = answer.cursor)))).to.be.lessThan(10)
    expect(await seconds(ask(cursor, 700))).to.be.within(0.69, 10)
  })

  it('wakes nobody for what concerns somebody else, or is no deposit', async () => {
    const { cursor } = await ask()
    const answer = ask(cursor, 1_500)
    await until('bob waits', async () => (await waiting()) === 1)
    await pauseFor(200)
    const before = office.wire.counts.get('eth_call') ?? 0
    await pay(5n, privateKeyToAccount(generatePrivateKey()).address)
    await office.wallet.writeContract({
      chain: null,
      address: currency,
      abi: erc20Abi,
      functionName: 'transfer',
      args: [bob, 1n],
    })
    expect((await answer).deposits).to.deep.equal([])
    expect((office.wire.counts.get('eth_call') ?? 0) - before).to.equal(0)
  })

  it('looks for new blocks once, however many wait', async () => {
    const recipients = Array.from({ length: 40 }, () => privateKeyToAccount(generatePrivateKey()).address)
    const cursors = await Promise.all(recipients.map((recipient) => ask(undefined, 0, recipient)))
    const answers = recipients.map((recipient, n) => ask(cursors[n]?.cursor, 3_000, recipient))
    await until('all wait', async () => (await waiting()) === 40)
    const others = () => [...office.wire.counts].filter(([method]) => method !== 'eth_getBlockByNumber').join()
    await until('all have looked at what there is', async () => {
      const seen = others()
      await pauseFor(200)
      return others() === seen
    })
    const before = new Map(office.wire.counts)
    await pauseFor(1_000)
    const asked = (method: string) => (office.wire.counts.get(method) ?? 0) - (before.get(method) ?? 0)
    // One look each 20 ms, and nothing else while no block comes.
    expect(asked('eth_getBlockByNumber')).to.be.within(10, 50)
    expect(
      [...office.wire.counts.keys()].filter((method) => method !== 'eth_getBlockByNumber' && asked(method) > 0),
    ).to.deep.equal([])
    await pay(5n, recipients[7])
    expect((await answers[7])?.deposits).to.have.length(1)
    // Whoever got nothing waits on.
    expect(await waiting()).to.equal(39)
    const all = await Promise.all(answers)
    expect(all.filter(({ deposits }) => deposits.length > 0)).to.have.length(1)
  })

  it('misses nothing and tells nothing twice while payments come in all the time', async () => {
    const alice = await office.holder()
    const sent = new Set<string>()
    let isOver = false
    const paying = (async () => {
      for (let n = 0; n < 40; n++) {
        const { hash } = await transferFundsVia(gateway.as(alice), { currency, recipient: bob, amount: 1n })
        sent.add(hash)
      }
      isOver = true
    })()
    const told: string[] = []
    let cursor: string | undefined
    while (!isOver || told.length < sent.size) {
      const answer = await ask(cursor, 500)
      told.push(...answer.deposits.map(({ hash }) => hash))
      cursor = answer.cursor
    }
    await paying
    expect(told).to.have.members([...sent])
    expect(told).to.have.length(40)
  })

  it('goes on by the cursor after it was started anew', async () => {
    const first = await office.open()
    await pay()
    const told = await getDepositsVia(first.as(), { currency, recipient: bob })
    await first.close()
    await pay()
    const second = await office.open()
    const more = await getDepositsVia(second.as(), { currency, recipient: bob, cursor: told.cursor })
    expect(more.deposits).to.have.length(1)
    expect(more.deposits[0]?.hash).not.to.equal(told.deposits[0]?.hash)
    await second.close()
  })

  it('tells a deposit that a reorg moved once, and one that it brought', async () => {
    const alice = await office.holder()
    await transferFundsVia(gateway.as(alice), { currency, recipient: bob, amount: 1n })
    const told = await ask()
    const answer = ask(told.cursor, 10_000)
    await until('bob waits', async () => (await waiting()) === 1)
    await office.rpc('anvil_reorg', 1, [])
    await until('the payment is back', async () => (await office.balanceOf(bob)) === 1n)
    await transferFundsVia(gateway.as(alice), { currency, recipient: bob, amount: 2n })
    const { deposits, balance } = await answer
    expect(deposits.map(({ amount }) => amount)).to.deep.equal([2n])
    expect(balance).to.equal(3n)
  })

  it('lets go who hangs up', async () => {
    const { cursor } = await ask()
    const leaving = new AbortController()
    const requests = Array.from({ length: 20 }, () =>
      getDepositsVia(gateway.as(), { currency, recipient: bob, cursor, wait: 30_000, signal: leaving.signal }).catch(
        (error: unknown) => error,
      ),
    )
    await until('all wait', async () => (await waiting()) === 20)
    leaving.abort()
    await Promise.all(requests)
    await until('nobody waits', async () => (await waiting()) === 0)
    const before = office.wire.counts.get('eth_getBlockByNumber') ?? 0
    await pauseFor(300)
    // Nobody waits: nothing is looked for, but for what a gateway keeps an eye on for its own transactions.
    expect((office.wire.counts.get('eth_getBlockByNumber') ?? 0) - before).to.be.lessThan(60)
  })

  it('waits on while the chain does not answer', async () => {
    const { cursor } = await ask()
    const answer = ask(cursor, 20_000)
    await until('bob waits', async () => (await waiting()) === 1)
    office.wire.fate = () => 'lose'
    try {
      await pay()
      await pauseFor(300)
    } finally {
      office.wire.fate = () => 'pass'
    }
    expect((await answer).deposits).to.have.length(1)
  })

  it('lets one address wait so often at once', async () => {
    const leaving = new AbortController()
    const wait = () =>
      fetch(`${gateway.url}/getDeposits`, {
        method: 'POST',
        body: JSON.stringify({ currency, recipient: bob, millisecondsWait: 30_000 }),
        signal: leaving.signal,
      }).then(
        ({ status }) => status,
        () => 0,
      )
    const waiters = Array.from({ length: 127 }, wait)
    await until('so many wait', async () => (await waiting()) === 127)
    const late = await Promise.all([wait(), wait(), wait()].map((one) => Promise.race([one, pauseFor(1_000)])))
    expect(late.filter((status) => status === 429)).to.have.length(2)
    leaving.abort()
    await Promise.all(waiters)
    await until('nobody waits', async () => (await waiting()) === 0)
  })

  it('answers who waits when it stops', async () => {
    const short = await office.open()
    const answer = getDepositsVia(short.as(), { currency, recipient: bob, wait: 30_000 })
    await until('bob waits', async () => Number((await (await fetch(`${short.url}/health`)).json())['waiting']) === 1)
    await short.close()
    expect(await answer).to.deep.include({ deposits: [], balance: 0n })
  })
})

function pauseFor(milliseconds: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
