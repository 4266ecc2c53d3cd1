import type { RequestListener } from 'node:http'
import type { TransferFundsRequest } from '@scrip/sdk/chain'
import {
  gatewayClient,
  getCurrencyVia,
  getDepositsVia,
  relayTransferFundsVia,
  signTransferFundsVia,
  transferFundsVia,
} from '@scrip/sdk/client'
import { expect } from 'chai'
import type { Address } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { listen } from '../../support/market.ts'
import { refusal } from '../errors/support/refusal.ts'
import { type Office, type OpenGateway, openOffice } from '../issuer/support/office.ts'
import { type RelayPoint, startRelayPoint } from '../issuer/support/relayPoint.ts'

describe('a holder of a gateway', function () {
  this.timeout(60_000)
  let office: Office
  let gateway: OpenGateway
  /** Between the holder and the gateway. */
  let wire: RelayPoint
  let currency: Address
  let bob: Address

  before(async () => {
    office = await openOffice()
    gateway = await office.open()
    wire = await startRelayPoint(gateway.url)
    currency = office.currency
  })
  after(() => wire.close())
  after(() => office.close())
  beforeEach(() => {
    bob = privateKeyToAccount(generatePrivateKey()).address
  })
  afterEach(() => {
    wire.fate = () => 'pass'
  })

  const alice = async (timeout = 20_000) => gatewayClient({ url: wire.url, account: await office.holder(), timeout })
  /** Lets so many messages come to nothing. */
  const fail = (fate: 'lose' | 'lose answer', times: number) => {
    let left = times
    wire.fate = ({ path }) => (path === '/transferFunds' && left-- > 0 ? fate : 'pass')
    return () => times - Math.max(left, 0)
  }

  for (const fate of ['lose', 'lose answer'] as const) {
    it(`sends the same again where a network does this: ${fate}`, async () => {
      const holder = await alice()
      const lost = fail(fate, 2)
      const signed: TransferFundsRequest[] = []
      const { hash } = await transferFundsVia(holder, {
        currency,
        recipient: bob,
        amount: 5n,
        onSigned: (request) => void signed.push(request),
      })
      expect(lost()).to.equal(2)
      expect(signed).to.have.length(1)
      expect(await office.paid(signed[0]?.transactionId ?? '0x')).to.deep.equal([hash])
      expect(await office.balanceOf(bob)).to.equal(5n)
    })
  }

  it('gives up in the end, and what it signed is still good', async () => {
    const holder = await alice(600)
    fail('lose', 1_000)
    let request: TransferFundsRequest | undefined
    const keep = (signed: TransferFundsRequest) => {
      request = signed
    }
    const error = await refusal(() =>
      transferFundsVia(holder, { currency, recipient: bob, amount: 5n, onSigned: keep }),
    )
    expect(error.code).to.equal('PEER_UNREACHABLE')
    wire.fate = () => 'pass'
    if (request === undefined) throw new Error('Nothing was signed.')
    await relayTransferFundsVia(holder, { request })
    expect(await office.balanceOf(bob)).to.equal(5n)
  })

  it('sends nothing where what it signed could not be kept', async () => {
    const holder = await alice()
    const cause = new Error('the disk is full')
    const failed = await transferFundsVia(holder, {
      currency,
      recipient: bob,
      amount: 5n,
      onSigned: () => Promise.reject(cause),
    }).catch((error: unknown) => error)
    expect(failed).to.equal(cause)
    expect(await office.balanceOf(bob)).to.equal(0n)
  })

  it('takes a refusal for an answer', async () => {
    const holder = gatewayClient({ url: wire.url, account: await office.holder(1n), timeout: 20_000 })
    let messages = 0
    wire.fate = ({ path }) => {
      if (path === '/transferFunds') messages++
      return 'pass'
    }
    const error = await refusal(() => transferFundsVia(holder, { currency, recipient: bob, amount: 500n }))
    expect(error.code).to.equal('INSUFFICIENT_BALANCE')
    expect(error.hint).to.include('another counter')
    expect(messages).to.equal(1)
  })

  it('waits as long as the gateway says before it asks again', async () => {
    const strict = await office.open({ perHolder: { burst: 1, perSecond: 0.7 } })
    const holder = gatewayClient({ url: strict.url, account: await office.holder() })
    const begun = performance.now()
    await transferFundsVia(holder, { currency, recipient: bob, amount: 1n })
    await transferFundsVia(holder, { currency, recipient: bob, amount: 1n })
    expect(performance.now() - begun).to.be.within(1_000, 15_000)
    expect(await office.balanceOf(bob)).to.equal(2n)
    await strict.close()
  })

  it('waits longer than a gateway does, with one question after another', async () => {
    const questions: { cursor?: string; millisecondsWait: number }[] = []
    const site = await listen(async (incoming, outgoing) => {
      let body = ''
      for await (const chunk of incoming) body += chunk
      questions.push(JSON.parse(body))
      outgoing.end(JSON.stringify({ deposits: [], fee: '0', balance: '0', cursor: `${questions.length}-` }))
    })
    try {
      const answer = await getDepositsVia(gatewayClient({ url: site.url }), { currency, recipient: bob, wait: 60_500 })
      expect(answer.cursor).to.equal('2-')
      // One that does not wait as asked is not asked without end.
      expect(questions.map(({ cursor }) => cursor)).to.deep.equal([undefined, '1-'])
      expect(questions[0]?.millisecondsWait).to.equal(60_000)
      expect(questions[1]?.millisecondsWait).to.be.within(59_000, 59_600)
    } finally {
      await site.close()
    }
  })

  it('stops where it is told to', async () => {
    const holder = await alice()
    const leaving = new AbortController()
    const reason = new Error('enough')
    const answer = getDepositsVia(holder, { currency, wait: 30_000, signal: leaving.signal })
    setTimeout(() => leaving.abort(reason), 100)
    expect(await answer.catch((error: unknown) => error)).to.equal(reason)
    fail('lose', 1_000)
    const late = transferFundsVia(holder, { currency, recipient: bob, amount: 1n, signal: AbortSignal.timeout(500) })
    expect(await late.catch(({ name }: Error) => name)).to.equal('TimeoutError')
  })

  it('needs a key to pay, and a name to ask for deposits', async () => {
    const nobody = gatewayClient({ url: wire.url })
    expect((await refusal(() => transferFundsVia(nobody, { currency, recipient: bob, amount: 1n }))).code).to.equal(
      'KEY_MISSING',
    )
    expect((await refusal(() => getDepositsVia(nobody, { currency }))).code).to.equal('KEY_MISSING')
  })

  it('signs for no other chain than it was told', async () => {
    const holder = gatewayClient({ url: wire.url, account: await office.holder(), chainId: 1 })
    const error = await refusal(() => signTransferFundsVia(holder, { currency, recipient: bob, amount: 1n }))
    expect(error.code).to.equal('WRONG_CHAIN')
    expect(error.values).to.deep.equal({ chainId: 31_337, expected: 1 })
  })

  it('finds the gateway below a path, and follows nobody elsewhere', async () => {
    const site = await listen((incoming, outgoing) => {
      const [, place, rest] = /^\/(gateway|moved)(\/.*)$/.exec(incoming.url ?? '') ?? []
      const status = place === undefined ? 404 : 307
      if (place !== 'gateway') return void outgoing.writeHead(status, { location: `/gateway${rest}` }).end()
      fetch(`${gateway.url}${rest}`).then(async (answer) => outgoing.end(await answer.text()))
    })
    try {
      const below = gatewayClient({ url: `${site.url}/gateway/`, timeout: 0 })
      expect((await getCurrencyVia(below, { currency })).symbol).to.equal('MND')
      const moved = gatewayClient({ url: `${site.url}/moved`, timeout: 0 })
      expect((await refusal(() => getCurrencyVia(moved, { currency }))).code).to.equal('PEER_UNREACHABLE')
    } finally {
      await site.close()
    }
  })

  describe('of a gateway that does not keep to the protocol', () => {
    const hash = `0x${'ab'.repeat(32)}`
    const terms = {
      currency: '',
      issuer: `0x${'12'.repeat(20)}`,
      chainId: 1,
      name: 'A',
      symbol: 'A',
      decimals: 6,
      feeFlat: '0',
      feeBps: 0,
    }
    const answerWith =
      (body: string | Buffer, status = 200): RequestListener =>
      (incoming, outgoing) => {
        incoming.resume()
        const isTerms = incoming.url?.startsWith('/currencies/')
        outgoing.writeHead(isTerms ? 200 : status).end(isTerms ? JSON.stringify({ ...terms, currency }) : body)
      }
    const cases: [string, RequestListener][] = [
      ['says nothing', answerWith('')],
      ['says something else', answerWith('<html>')],
      ['leaves out what counts', answerWith(JSON.stringify({ success: true, fee: '0' }))],
      ['tells of another message', answerWith(JSON.stringify({ success: true, fee: '0', transactionId: hash, hash }))],
      ['names amounts that are none', answerWith(JSON.stringify({ fee: -1, transactionId: hash, hash }))],
      ['refuses in words that are not ours', answerWith('no', 400)],
      ['never stops talking', answerWith(Buffer.alloc(20_000_000, ' '))],
    ]
    for (const [what, listener] of cases) {
      it(`says so where it ${what}`, async () => {
        const site = await listen(listener)
        try {
          const account = privateKeyToAccount(generatePrivateKey())
          const holder = gatewayClient({ url: site.url, account, timeout: 0 })
          const error = await refusal(() => transferFundsVia(holder, { currency, recipient: bob, amount: 1n }))
          expect(error.code).to.equal('PROTOCOL_VIOLATION')
          const other = await refusal(() => getDepositsVia(holder, { currency }))
          expect(other.code).to.equal('PROTOCOL_VIOLATION')
        } finally {
          await site.close()
        }
      })
    }

    it('says so where it tells the terms of another currency', async () => {
      const site = await listen((_, outgoing) => outgoing.end(JSON.stringify({ ...terms, currency: bob })))
      try {
        const holder = gatewayClient({ url: site.url, timeout: 0 })
        expect((await refusal(() => getCurrencyVia(holder, { currency }))).code).to.equal('PROTOCOL_VIOLATION')
      } finally {
        await site.close()
      }
    })

    it('asks again where a server in front of it is out of order', async () => {
      let asked = 0
      const site = await listen((incoming, outgoing) => {
        incoming.resume()
        asked++
        if (asked <= 2) return void outgoing.writeHead(502).end('<html>Bad gateway</html>')
        outgoing.end(JSON.stringify({ ...terms, currency }))
      })
      try {
        expect((await getCurrencyVia(gatewayClient({ url: site.url }), { currency })).name).to.equal('A')
        expect(asked).to.equal(3)
      } finally {
        await site.close()
      }
    })
  })
})
