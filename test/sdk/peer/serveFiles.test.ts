import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { serveFiles } from '@scrip/sdk/peer'
import { expect } from 'chai'
import fc from 'fast-check'

const outside = mkdtempSync(join(tmpdir(), 'scrip-files-'))
const folder = join(outside, 'shared')
const content = Buffer.from(Array.from({ length: 10_000 }, (_, index) => index % 251))

describe('serveFiles', () => {
  let server: Server

  before(async () => {
    mkdirSync(join(folder, 'sub', '.hidden'), { recursive: true })
    writeFileSync(join(outside, 'secret.txt'), 'secret')
    writeFileSync(join(folder, 'file.bin'), content)
    writeFileSync(join(folder, 'empty'), '')
    writeFileSync(join(folder, 'with space & ümlaut.txt'), 'named')
    writeFileSync(join(folder, '.env'), 'secret')
    writeFileSync(join(folder, 'sub', 'page.html'), '<p>')
    writeFileSync(join(folder, 'sub', '.hidden', 'file'), 'secret')
    symlinkSync(join(outside, 'secret.txt'), join(folder, 'published'))
    server = createServer(serveFiles(folder)).listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  after(async () => {
    server.close()
    await once(server, 'close')
    rmSync(outside, { recursive: true })
  })

  /** Asks for a path as it stands: nothing on this side tidies it up. */
  const get = async (path: string, headers: Record<string, string> = {}, method = 'GET') => {
    const { port } = server.address() as AddressInfo
    const outgoing = request({ host: '127.0.0.1', port, path, headers, method, agent: false }).end()
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage]
    const body = await buffer(answer)
    return { status: answer.statusCode ?? 0, headers: answer.headers, body }
  }

  it('serves a file whole, with what is needed to ask for a part of it later', async () => {
    const { status, headers, body } = await get('/file.bin')
    expect([status, body]).to.deep.equal([200, content])
    expect(headers).to.include({ 'content-length': '10000', 'accept-ranges': 'bytes' })
    expect(headers.etag).to.match(/^W?\/?".+"$/)
  })

  it('serves files of subfolders, empty ones, and names that need an escape', async () => {
    expect((await get('/sub/page.html?query=1')).body.toString()).to.equal('<p>')
    expect(await get('/empty')).to.deep.include({ status: 200, body: Buffer.alloc(0) })
    expect((await get('/with%20space%20&%20%C3%BCmlaut.txt')).body.toString()).to.equal('named')
    expect((await get('/./sub/../sub/page.html')).status).to.equal(200)
  })

  it('serves what is asked for of a file', async () => {
    const { headers } = await get('/file.bin')
    const part = await get('/file.bin', { range: 'bytes=9000-' })
    expect(part).to.deep.include({ status: 206, body: content.subarray(9_000) })
    expect(part.headers['content-range']).to.equal('bytes 9000-9999/10000')
    expect(await get('/file.bin', { range: 'bytes=10-19' })).to.deep.include({
      status: 206,
      body: content.subarray(10, 20),
    })
    // A file that changed meanwhile comes whole.
    expect((await get('/file.bin', { range: 'bytes=9000-', 'if-range': '"another"' })).status).to.equal(200)
    expect((await get('/file.bin', { 'if-none-match': headers.etag ?? '' })).status).to.equal(304)
    const beyond = await get('/file.bin', { range: 'bytes=10000-' })
    expect(beyond.status).to.equal(416)
    expect(beyond.headers['content-range']).to.equal('bytes */10000')
  })

  it('answers HEAD without a body and no other method', async () => {
    const head = await get('/file.bin', {}, 'HEAD')
    expect(head).to.deep.include({ status: 200, body: Buffer.alloc(0) })
    expect(head.headers['content-length']).to.equal('10000')
    const post = await get('/file.bin', {}, 'POST')
    expect(post.status).to.equal(405)
    expect(post.headers.allow).to.equal('GET, HEAD')
  })

  it('tells in a problem what it does not find', async () => {
    for (const path of [
      '/missing',
      '/sub',
      '/sub/',
      '/',
      '/file.bin/',
      '/file.bin/more',
      `/${'long'.repeat(1_000)}`,
      '*',
    ]) {
      const { status, headers, body } = await get(path, {}, path === '*' ? 'HEAD' : 'GET')
      expect([path, status]).to.deep.equal([path, 404])
      expect(headers['content-type']).to.equal('application/problem+json')
      if (path !== '*') expect(JSON.parse(body.toString())).to.include({ code: 'NOT_FOUND', status: 404 })
    }
  })

  it('hides files and folders whose names start with a dot', async () => {
    for (const path of ['/.env', '/%2eenv', '/sub/.hidden/file', '/sub/%2Ehidden/file', '/sub/../.env']) {
      expect([path, (await get(path)).status]).to.deep.equal([path, 404])
    }
  })

  it('follows a symbolic link, wherever it leads: who makes one publishes what it leads to', async () => {
    expect((await get('/published')).body.toString()).to.equal('secret')
  })

  describe('never leaves the folder', () => {
    const attempts = [
      '/../secret.txt',
      '/..%2fsecret.txt',
      '/%2e%2e/secret.txt',
      '/%2e%2e%2fsecret.txt',
      '/%252e%252e%252fsecret.txt',
      '/..%5csecret.txt',
      '/..\\secret.txt',
      '/sub/../../secret.txt',
      '/sub/..%2f..%2fsecret.txt',
      '/....//secret.txt',
      '//secret.txt',
      `/${outside}/secret.txt`,
      '//../secret.txt',
      '/file.bin%00.txt',
      '/../secret.txt%00',
      '/%c0%ae%c0%ae/secret.txt',
      '/%',
      '/%zz',
      '//',
      '//[',
      'http://[/',
      'http://127.0.0.1/../secret.txt',
    ]
    for (const path of attempts) {
      it(`for ${JSON.stringify(path)}`, async () => {
        const { status, body } = await get(path)
        expect(status).to.be.oneOf([400, 403, 404])
        expect(body.toString()).to.not.equal('secret')
      })
    }

    it('for anything made of such pieces, and stays up', async () => {
      const piece = fc.constantFrom(
        '..',
        '.',
        '/',
        '%2e',
        '%2f',
        '%5c',
        '\\',
        '%00',
        '%',
        'secret.txt',
        'sub',
        'file.bin',
        '%25',
      )
      await fc.assert(
        fc.asyncProperty(fc.array(piece, { maxLength: 8 }), async (pieces) => {
          const { status, body } = await get(`/${pieces.join('')}`)
          expect(status).to.be.oneOf([200, 400, 403, 404])
          expect(body.toString()).to.not.equal('secret')
        }),
        { numRuns: 300, seed: 11 },
      )
      expect((await get('/file.bin')).status).to.equal(200)
    })
  })
})
