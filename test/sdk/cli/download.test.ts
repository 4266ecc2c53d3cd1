import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serveFiles } from '@scrip/sdk/peer'
import { expect } from 'chai'
import { download } from '../../../sdk/cli/download.ts'
import { refusal } from '../errors/support/refusal.ts'

const SIZE = 500_000

describe('download', () => {
  let folder: string
  let server: Server
  let url: URL
  let content: Buffer
  /** What the peer does with the next request. */
  let answer: RequestListener
  /** The ranges that were asked for. */
  let ranges: (string | undefined)[]
  let output: string

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'scrip-download-'))
    mkdirSync(join(folder, 'shelf'))
    content = randomBytes(SIZE)
    writeFileSync(join(folder, 'shelf', 'file'), content)
    output = join(folder, 'bought')
    ranges = []
    const serve = serveFiles(join(folder, 'shelf'))
    answer = serve
    server = createServer((request, response) => {
      ranges.push(request.headers.range)
      answer(request, response)
      answer = serve
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/file`)
  })
  afterEach(async () => {
    server.closeAllConnections()
    await new Promise((closed) => server.close(closed))
    rmSync(folder, { recursive: true })
  })

  const progress: [number, number | undefined][] = []
  const buy = () => {
    progress.length = 0
    return download({ fetch: (request) => fetch(request), url, output, onProgress: (...state) => progress.push(state) })
  }
  /** Serves the beginning of the file, then hangs up. */
  const hangUpAfter =
    (bytes: number): RequestListener =>
    (request, response) => {
      const { write } = response
      let sent = 0
      response.write = ((chunk: Buffer, ...rest: never[]) => {
        sent += chunk.length
        if (sent > bytes) response.destroy()
        return write.call(response, chunk, ...(rest as [never]))
      }) as typeof write
      serveFiles(join(folder, 'shelf'))(request, response)
    }

  it('writes the file, tells how far it is, and leaves nothing beside it', async () => {
    expect(await buy()).to.equal(SIZE)
    expect(readFileSync(output).equals(content)).to.equal(true)
    expect(progress.at(-1)).to.deep.equal([SIZE, SIZE])
    expect(readdirSync(folder).sort()).to.deep.equal(['bought', 'shelf'])
  })

  it('keeps what arrived when the peer hangs up, and asks only for the rest', async () => {
    answer = hangUpAfter(200_000)
    await buy().then(
      () => expect.fail('It was cut off.'),
      () => {},
    )
    expect(existsSync(output)).to.equal(false)
    const present = readFileSync(`${output}.part`)
    expect(present.length).to.be.within(1, SIZE - 1)
    expect(present.equals(content.subarray(0, present.length))).to.equal(true)

    expect(await buy()).to.equal(SIZE)
    expect(ranges).to.deep.equal([undefined, `bytes=${present.length}-`])
    expect(progress[0]?.[0]).to.be.greaterThan(present.length)
    expect(progress.at(-1)).to.deep.equal([SIZE, SIZE])
    expect(readFileSync(output).equals(content)).to.equal(true)
  })

  it('begins again where the file has changed meanwhile', async () => {
    answer = hangUpAfter(200_000)
    await buy().catch(() => {})
    content = randomBytes(SIZE + 1)
    writeFileSync(join(folder, 'shelf', 'file'), content)
    expect(await buy()).to.equal(SIZE + 1)
    expect(readFileSync(output).equals(content)).to.equal(true)
  })

  it('begins again where a part of unknown origin lies there', async () => {
    writeFileSync(`${output}.part`, 'of something else')
    await buy()
    expect(ranges).to.deep.equal([undefined])
    expect(readFileSync(output).equals(content)).to.equal(true)
  })

  it('finishes a part that is complete already', async () => {
    const { headers } = await fetch(url, { method: 'HEAD' })
    writeFileSync(`${output}.part`, content)
    writeFileSync(`${output}.part.etag`, headers.get('etag') ?? '')
    expect(await buy()).to.equal(SIZE)
    expect(readFileSync(output).equals(content)).to.equal(true)
  })

  it('refuses the rest of a file from any other byte than the one it asked for', async () => {
    answer = hangUpAfter(200_000)
    await buy().catch(() => {})
    answer = (_request, response) => {
      response.writeHead(206, { 'content-range': `bytes 1-${SIZE - 1}/${SIZE}` }).end(content.subarray(1))
    }
    expect((await refusal(buy)).code).to.equal('PROTOCOL_VIOLATION')
    expect(await buy()).to.equal(SIZE)
    expect(readFileSync(output).equals(content)).to.equal(true)
  })

  it('throws the peer’s refusal and writes nothing', async () => {
    url = new URL('/nothing', url)
    expect((await refusal(buy)).code).to.equal('NOT_FOUND')
    expect(readdirSync(folder)).to.deep.equal(['shelf'])
  })
})
