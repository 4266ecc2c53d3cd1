import { EventEmitter, once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Claim } from '@scrip/sdk/channels'
import type { ErrorCode } from '@scrip/sdk/errors'
import { CLAIMS_PATH, writeClaim } from '@scrip/sdk/http'
import { createReporter, watchtowerListener } from '@scrip/sdk/peer'
import { createWatchtower, type Watchtower } from '@scrip/sdk/settlement'
import { memoryStore } from '@scrip/sdk/store'
import { expect } from 'chai'
import { claimOf, openTown, type Person, type Town } from '../settlement/support/town.ts'

describe('a watchtower over HTTP', function () {
  this.timeout(60_000)
  let town: Town
  let payee: Person
  let tower: Watchtower
  let server: Server
  let url: string
  /** What arrived, and what holds it up. */
  let requests = 0
  let gate = Promise.resolve()

  before(async () => {
    town = await openTown()
    payee = await town.person()
    const keeper = await town.person()
    tower = createWatchtower({ client: keeper.client, store: memoryStore(), every: 20 })
    const watch = async (claim: Claim) => {
      await gate
      await tower.watch(claim)
    }
    const listener = watchtowerListener({ watch })
    server = createServer((request, response) => {
      requests++
      listener(request, response)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  after(async () => {
    server.close()
    server.closeAllConnections()
    await town.stop()
  })

  const send = (body: string, path = CLAIMS_PATH, method = 'POST') =>
    fetch(`${url}${path}`, { method, ...(method === 'POST' && { body }) })
  const codeOf = async (answer: Response) => ((await answer.json()) as { code: ErrorCode }).code

  it('is told the best claim of every channel, and of nothing twice', async () => {
    const one = await town.channelTo(payee.address)
    const other = await town.channelTo(payee.address)
    let claims = [await claimOf(one.payer, one.channel, 10n), await claimOf(other.payer, other.channel, 20n)]
    const reporter = createReporter({ source: { claimable: async () => claims }, url })
    await reporter.report()
    expect(await tower.watched()).to.have.deep.members(claims)
    const before = requests
    await reporter.report()
    expect(requests).to.equal(before)
    claims = [await claimOf(one.payer, one.channel, 30n), ...claims.slice(1)]
    await reporter.report()
    expect(requests).to.equal(before + 1)
    expect(await tower.watched()).to.have.deep.members(claims)

    await one.payer.actions.requestExit({ channel: one.channel })
    await tower.settle()
    expect(await town.earned(payee), 'only who leaves is claimed from').to.equal(30n)
  })

  it('says what is wrong with a report, and the next one tries again', async () => {
    const { payer, channel } = await town.channelTo(payee.address)
    const good = await claimOf(payer, channel, 10n)
    const claims = [{ ...good, total: 11n }]
    const reporter = createReporter({ source: { claimable: async () => claims }, url })
    const refusal = await reporter.report().then(
      () => undefined,
      (error: { code: ErrorCode }) => error.code,
    )
    expect(refusal).to.equal('INVALID_VOUCHER')
    claims[0] = good
    await reporter.report()
    expect(await tower.watched()).to.deep.include(good)
  })

  it('tells its operator where nobody answers, and goes on', async () => {
    const { payer, channel } = await town.channelTo(payee.address)
    const claims = [await claimOf(payer, channel, 10n)]
    const codes: ErrorCode[] = []
    const trouble = new EventEmitter()
    const reporter = createReporter({
      source: { claimable: async () => claims },
      url: 'http://127.0.0.1:1',
      every: 5,
      onTrouble: ({ code }) => trouble.emit('trouble', codes.push(code)),
    })
    reporter.start()
    while (codes.length < 2) await once(trouble, 'trouble')
    await reporter.close()
    expect(codes.slice(0, 2)).to.deep.equal(['PEER_UNREACHABLE', 'PEER_UNREACHABLE'])
  })

  it('refuses by a code what is no report', async () => {
    const { payer, channel } = await town.channelTo(payee.address)
    const claim = writeClaim(await claimOf(payer, channel, 10n))
    const unopened = await claimOf(payer, { ...channel, salt: `0x${'ab'.repeat(32)}` }, 10n)
    const refusals: [name: string, answer: Promise<Response>, status: number, code: ErrorCode][] = [
      ['another path', send('[]', '/'), 404, 'NOT_FOUND'],
      ['another method', send('', CLAIMS_PATH, 'GET'), 405, 'METHOD_NOT_ALLOWED'],
      ['no JSON', send('claims'), 400, 'PAYMENT_MALFORMED'],
      ['no list', send('{}'), 400, 'PAYMENT_MALFORMED'],
      ['a list of something else', send('[1]'), 400, 'PAYMENT_MALFORMED'],
      ['garbage for a claim', send('["?"]'), 400, 'PAYMENT_MALFORMED'],
      ['half a claim', send(JSON.stringify([claim.slice(0, 200)])), 400, 'PAYMENT_MALFORMED'],
      ['too many', send(JSON.stringify(Array(101).fill(claim))), 400, 'PAYMENT_MALFORMED'],
      ['too much', send(`["${'A'.repeat(100_000)}"]`), 413, 'BODY_TOO_LARGE'],
      ['a channel that nobody opened', send(JSON.stringify([writeClaim(unopened)])), 400, 'INVALID_VOUCHER'],
    ]
    for (const [name, sent, status, code] of refusals) {
      const answer = await sent
      expect([answer.status, await codeOf(answer)], name).to.deep.equal([status, code])
    }
    expect((await send(JSON.stringify([claim]))).status).to.equal(204)
  })

  it('takes a few reports at once, and asks others to come again', async () => {
    const { payer, channel } = await town.channelTo(payee.address)
    const body = JSON.stringify([writeClaim(await claimOf(payer, channel, 10n))])
    let open = () => {}
    gate = new Promise((resolve) => {
      open = resolve
    })
    const statuses: number[] = []
    const sent = Array.from({ length: 12 }, async () => {
      const answer = await send(body)
      statuses.push(answer.status)
      if (statuses.length === 4) open()
      await answer.body?.cancel()
    })
    await Promise.all(sent)
    expect(statuses.sort()).to.deep.equal([...Array(8).fill(204), ...Array(4).fill(429)])
  })
})
