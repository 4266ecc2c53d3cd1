import { once } from 'node:events'
import { createServer, type IncomingMessage, type OutgoingHttpHeaders, type RequestListener, request } from 'node:http'
import { type AddressInfo, createServer as createSocketServer, type Server, type Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { proxyUpstream } from '@scrip/sdk/peer'
import { expect } from 'chai'

describe('proxyUpstream', () => {
  const servers: Server[] = []
  const sockets = new Set<Socket>()

  afterEach(async () => {
    for (const socket of sockets) socket.destroy()
    await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))))
  })

  const listen = async (server: Server): Promise<string> => {
    servers.push(server)
    server.on('connection', (socket: Socket) => {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  /** A proxy before an upstream; `path` is put before all that it is asked for. */
  const before = async (upstream: Server, { path = '', timeout = 5_000 } = {}) =>
    listen(createServer(proxyUpstream({ url: `${await listen(upstream)}${path}`, timeout })))

  const http = (listener: RequestListener) => createServer(listener)

  /** An upstream that answers every connection with these bytes and then closes it or keeps it. */
  const saying = (bytes: string, { thenClose = true } = {}) =>
    createSocketServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => {
        socket.write(bytes)
        if (thenClose) socket.end()
      })
    })

  type Asked = { method?: string; headers?: OutgoingHttpHeaders; body?: string }

  const ask = async (url: string, path = '/', { method = 'GET', headers = {}, body }: Asked = {}) => {
    const { hostname: host, port } = new URL(url)
    const outgoing = request({ host, port, path, method, headers, agent: false }).end(body)
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage]
    const text = await buffer(answer).then(String, () => 'cut off')
    return { status: answer.statusCode, headers: answer.headers, text }
  }

  const echo: RequestListener = async (incoming, response) => {
    const { method, url, headers } = incoming
    const body = String(await buffer(incoming))
    response.setHeader('x-kept', 'yes')
    response.setHeader('connection', 'close, x-dropped')
    response.setHeader('x-dropped', 'yes')
    response.setHeader('scrip-credit', '1000')
    response.end(JSON.stringify({ method, url, headers, body }))
  }

  it('passes method, path, query and body on, and gives status, headers and body back', async () => {
    const url = await before(http(echo))
    const { status, headers, text } = await ask(url, '/a%20b?c=d&e', { method: 'POST', body: 'hello' })
    expect(status).to.equal(200)
    expect(headers['x-kept']).to.equal('yes')
    expect(JSON.parse(text)).to.deep.include({ method: 'POST', url: '/a%20b?c=d&e', body: 'hello' })
  })

  it('keeps what is between the payer and itself, and what is for one hop only', async () => {
    const url = await before(http(echo))
    const headers = {
      'scrip-payment': 'secret',
      connection: 'close, x-hop',
      'x-hop': 'one',
      te: 'trailers',
      'x-end': 'both',
      host: 'shop.example',
      'x-forwarded-for': '10.0.0.1',
    }
    const answer = await ask(url, '/', { headers })
    expect(answer.headers).to.not.have.any.keys('x-dropped', 'scrip-credit')
    const { headers: seen } = JSON.parse(answer.text)
    expect(seen).to.not.have.any.keys('scrip-payment', 'x-hop', 'te')
    expect(seen).to.include({ 'x-end': 'both', 'x-forwarded-host': 'shop.example', 'x-forwarded-proto': 'http' })
    expect(seen['x-forwarded-for']).to.equal('10.0.0.1, 127.0.0.1')
    expect(seen.host).to.match(/^127\.0\.0\.1:\d+$/)
  })

  it('stays within the path of its upstream', async () => {
    const url = await before(http(echo), { path: '/public/' })
    expect(JSON.parse((await ask(url, '/page?x')).text).url).to.equal('/public/page?x')
    expect(JSON.parse((await ask(url, '/a/../page')).text).url).to.equal('/public/page')
    const escapes = ['/../secret', '/%2e%2e/secret', '/..\\secret', '/a/../../secret', '/../publicity']
    for (const path of escapes) expect((await ask(url, path)).status, path).to.equal(404)
  })

  it('asks nobody but its upstream', async () => {
    const url = await before(http(echo))
    for (const path of ['//example.com/x', 'http://example.com/x', '/@example.com/x'])
      expect(JSON.parse((await ask(url, path)).text).headers.host, path).to.match(/^127\.0\.0\.1:\d+$/)
  })

  it('passes an answer on as it comes', async () => {
    let more = () => {}
    const url = await before(
      http((_, response) => {
        response.write('one')
        more = () => response.end('two')
      }),
    )
    const { hostname: host, port } = new URL(url)
    const [answer] = (await once(request({ host, port }).end(), 'response')) as [IncomingMessage]
    const [first] = await once(answer, 'data')
    expect(String(first)).to.equal('one')
    more()
    expect(String(await buffer(answer))).to.equal('two')
  })

  it('hangs up on its upstream when nobody listens any more', async () => {
    const hungUp = new Promise((resolve) => {
      before(http((_, response) => response.on('close', () => resolve('closed')).write('one'))).then((url) => {
        const { hostname: host, port } = new URL(url)
        const outgoing = request({ host, port }).end()
        outgoing.on('response', (answer) => answer.once('data', () => outgoing.destroy()))
        outgoing.on('error', () => {})
      })
    })
    expect(await hungUp).to.equal('closed')
  })

  it('says that the upstream failed: where nobody listens, where it hangs up, and where it speaks no HTTP', async () => {
    const gone = createSocketServer()
    const url = await listen(gone)
    await new Promise((resolve) => gone.close(resolve))
    servers.splice(servers.indexOf(gone), 1)
    const upstreams = [
      await listen(createServer(proxyUpstream({ url }))),
      await before(saying('')),
      await before(saying('SSH-2.0-OpenSSH_9.6\r\n')),
    ]
    for (const proxy of upstreams) {
      const { status, headers, text } = await ask(proxy)
      expect([status, headers['content-type']]).to.deep.equal([502, 'application/problem+json'])
      expect(JSON.parse(text).code).to.equal('UPSTREAM_FAILED')
      expect(text).to.not.contain('ECONN')
    }
  })

  it('waits for its upstream as long as it was told', async () => {
    const url = await before(saying('HTTP/1.1 200 OK\r\n', { thenClose: false }), { timeout: 50 })
    expect((await ask(url)).status).to.equal(502)
  })

  it('cuts an answer off that its upstream breaks off, or that is silent for too long', async () => {
    const short = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive!'
    expect((await ask(await before(saying(short)))).text).to.equal('cut off')
    const stuck = await before(saying(short, { thenClose: false }), { timeout: 50 })
    expect((await ask(stuck)).text).to.equal('cut off')
  })

  it('cuts an answer off that goes on where its upstream said that it ends', async () => {
    const url = await before(saying('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfour, and more'))
    const text = await ask(url).then(
      (answer) => answer.text,
      () => 'cut off',
    )
    expect(text).to.equal('cut off')
  })

  it('stops taking a body that its upstream does not take', async () => {
    const url = await before(createSocketServer((socket) => socket.pause().on('error', () => {})))
    const { hostname: host, port } = new URL(url)
    const outgoing = request({ host, port, method: 'PUT', headers: { 'transfer-encoding': 'chunked' } })
    outgoing.on('error', () => {})
    let taken = 0
    // What the kernels of both ends hold is taken, a body without end is not.
    for (let stalled = 0; stalled < 5; ) {
      const before = taken
      while (outgoing.writableLength < 1 << 20) {
        outgoing.write(Buffer.alloc(1 << 16))
        taken += 1 << 16
      }
      await sleep(20)
      stalled = taken === before ? stalled + 1 : 0
    }
    expect(taken).to.be.lessThan(1 << 26)
    outgoing.destroy()
  })
})
