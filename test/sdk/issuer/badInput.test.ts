import { once } from 'node:events'
import { request as open } from 'node:http'
import { connect as connectSocket } from 'node:net'
import { expect } from 'chai'
import fc from 'fast-check'
import { type Address, type Hex, maxUint256 } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { readGetDeposits, readTransferFunds, writeMessage } from '../../../sdk/http/gatewayMessages.ts'
import { codeOf } from '../errors/support/refusal.ts'
import { type Office, type OpenGateway, openOffice, signed } from './support/office.ts'

describe('what a gateway is sent', function () {
  this.timeout(60_000)
  let office: Office
  let gateway: OpenGateway
  let message: Record<string, unknown>
  const bob = privateKeyToAccount(generatePrivateKey()).address

  before(async () => {
    office = await openOffice()
    gateway = await office.open()
    const request = await signed(gateway, await office.holder(), { currency: office.currency, recipient: bob })
    message = JSON.parse(writeMessage(request))
  })
  after(() => office.close())
  // Whatever it was, the next one is served.
  afterEach(async () => expect((await gateway.post('/transferFunds', message)).body).to.include({ success: true }))

  const refused = async (path: string, body: unknown, field?: string) => {
    const answer = await gateway.post(path, body)
    expect(answer.status).to.equal(400)
    expect(answer.headers.get('content-type')).to.equal('application/problem+json')
    expect(answer.body).to.include({ code: 'INVALID_ARGUMENT', ...(field !== undefined && { field }) })
    if (path === '/transferFunds') expect(answer.body).to.include({ success: false })
  }

  for (const path of ['/transferFunds', '/getDeposits']) {
    for (const body of [
      '',
      '{',
      'null',
      '[]',
      '"text"',
      '12',
      '{"a":1}',
      '\0',
      '{"currency":{}}',
      `${'['.repeat(8_000)}`,
    ]) {
      it(`${path} refuses ${JSON.stringify(body.slice(0, 20))}`, () => refused(path, body))
    }
  }

  const wrong: Record<string, unknown[]> = {
    currency: [
      null,
      1,
      '',
      '0x',
      `0x${'0'.repeat(39)}`,
      `0x${'g'.repeat(40)}`,
      '0xFFfFfFffFFfffFFfFFfFFFFFffFFFffffFfFFFff',
    ],
    from: [undefined, [], {}, true],
    recipient: ['bob', `${bob} `, [bob]],
    amount: [
      100,
      0,
      -1,
      '-1',
      '0',
      '1.5',
      '1e3',
      '0x10',
      '',
      ' 1',
      '01',
      '+1',
      `${maxUint256 + 1n}`,
      '9'.repeat(78),
      '9'.repeat(9_000),
      null,
      ['1'],
    ],
    transactionId: ['1234', '0x12', `0x${'0'.repeat(63)}`, `0x${'0'.repeat(65)}`, 12],
    messageCounter: [-1, '-1', 3_398, '1.0', `${2n ** 256n}`],
    validBefore: [0, 'tomorrow', '-5', Number.MAX_SAFE_INTEGER],
    signature: [null, 'signed', '0x0', '1234', `0x${'zz'.repeat(65)}`],
  }
  for (const [field, values] of Object.entries(wrong)) {
    it(`names ${field} where it is wrong`, async () => {
      for (const value of values) await refused('/transferFunds', { ...message, [field]: value }, field)
      const { [field]: _, ...without } = message
      await refused('/transferFunds', without, field)
    })
  }

  it('names what is wrong in a question for deposits', async () => {
    const question = { currency: office.currency, recipient: bob }
    for (const value of [-1, 0.5, '3000', null, Number.NaN, 1e300, [], {}]) {
      await refused('/getDeposits', { ...question, millisecondsWait: value }, 'millisecondsWait')
    }
    await refused('/getDeposits', { ...question, cursor: 5 }, 'cursor')
    for (const cursor of ['', 'x', '-', '5', '5-zz', `5-${'0'.repeat(15)}`, `${'9'.repeat(16)}-`, '-1-']) {
      await refused('/getDeposits', { ...question, cursor })
    }
    await refused('/getDeposits', { ...question, recipient: undefined }, 'recipient')
  })

  it('takes a cursor from the future for one of a chain that it does not see yet', async () => {
    const question = { currency: office.currency, recipient: bob, cursor: '999999999999999-' }
    const { status, body } = await gateway.post('/getDeposits', question)
    expect(status).to.equal(200)
    expect(body).to.deep.include({ deposits: [], cursor: question.cursor })
  })

  it('refuses what is too long without reading it to the end', async () => {
    for (const [path, most] of [
      ['/transferFunds', 16_384],
      ['/getDeposits', 65_536],
    ] as const) {
      const answer = await gateway.post(path, `{"a":"${'x'.repeat(most)}"}`)
      expect(answer.status).to.equal(413)
      expect(answer.body).to.include({ code: 'BODY_TOO_LARGE', most })
    }
  })

  it('refuses a body without a length and without an end', async () => {
    const outgoing = open(`${gateway.url}/transferFunds`, { method: 'POST', agent: false })
    outgoing.on('error', () => {})
    const writing = setInterval(() => outgoing.write('x'.repeat(100_000)), 5)
    const [answer] = await once(outgoing, 'response')
    expect(answer.statusCode).to.equal(413)
    clearInterval(writing)
    outgoing.destroy()
  })

  it('survives who hangs up in the middle', async () => {
    const { port } = new URL(gateway.url)
    for (const text of [
      'POST /transferFunds HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\n{"curr',
      'POST /transferFunds HTTP/1.1\r\nHost: a\r\n',
      'POST /getDeposits HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":',
      'GARBAGE\r\n\r\n',
    ]) {
      const socket = connectSocket(Number(port), '127.0.0.1')
      await once(socket, 'connect')
      socket.write(text)
      await new Promise((resolve) => setTimeout(resolve, 50))
      socket.destroy()
    }
  })

  it('says which method a path takes, and that there is no such path', async () => {
    for (const [method, path, allow] of [
      ['GET', '/transferFunds', 'POST'],
      ['DELETE', '/getDeposits', 'POST'],
      ['POST', '/health', 'GET'],
      ['PUT', '/openapi.json', 'GET'],
    ] as const) {
      const answer = await fetch(`${gateway.url}${path}`, { method })
      expect(answer.status).to.equal(405)
      expect(answer.headers.get('allow')).to.equal(allow)
      expect(await answer.json()).to.include({ code: 'METHOD_NOT_ALLOWED' })
    }
    for (const path of ['/', '/transferfunds', '/transferFunds/', '/currencies', '/../health', '/%00', '//health']) {
      const answer = await fetch(`${gateway.url}${path}`)
      expect(answer.status, path).to.be.oneOf([404, path === '/../health' ? 200 : 404])
    }
  })

  it('refuses a currency that is no address', async () => {
    for (const name of ['', 'money', `0x${'0'.repeat(41)}`]) {
      const answer = await fetch(`${gateway.url}/currencies/${name}`)
      expect(answer.status).to.equal(400)
      expect(await answer.json()).to.include({ code: 'INVALID_ARGUMENT' })
    }
  })

  describe('read', () => {
    const address = fc
      .uint8Array({ minLength: 20, maxLength: 20 })
      .map((bytes): Address => `0x${Buffer.from(bytes).toString('hex')}`)
    const hash = fc
      .uint8Array({ minLength: 32, maxLength: 32 })
      .map((bytes): Hex => `0x${Buffer.from(bytes).toString('hex')}`)
    const request = fc.record({
      currency: address,
      from: address,
      recipient: address,
      amount: fc.bigInt(1n, maxUint256),
      transactionId: hash,
      messageCounter: fc.bigInt(0n, maxUint256),
      validBefore: fc.bigInt(0n, maxUint256),
      signature: fc.uint8Array({ maxLength: 200 }).map((bytes): Hex => `0x${Buffer.from(bytes).toString('hex')}`),
    })

    it('is what was written', () => {
      fc.assert(
        fc.property(request, (sent) => {
          expect(readTransferFunds(writeMessage(sent))).to.deep.equal(sent)
        }),
      )
    })

    it('ends in a message or in a coded error, whatever it is', async () => {
      const fields = fc.dictionary(
        fc.constantFrom(
          'currency',
          'from',
          'recipient',
          'amount',
          'cursor',
          'millisecondsWait',
          '__proto__',
          'toString',
        ),
        fc.oneof(fc.jsonValue(), address, fc.bigInt().map(String)),
      )
      const bodies = fc.oneof(
        fc.string(),
        fc.json(),
        fields.map((value) => JSON.stringify(value)),
      )
      for (const read of [readTransferFunds, readGetDeposits]) {
        await fc.assert(
          fc.asyncProperty(bodies, async (body) => {
            expect(await codeOf(() => read(body))).to.be.oneOf([undefined, 'INVALID_ARGUMENT'])
          }),
        )
      }
    })
  })
})
