import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { createPublicClient, type Hex } from 'viem'
import { createPatience } from '../../../sdk/cli/patience.ts'
import { patientHttp } from '../../../sdk/cli/transport.ts'

const hash: Hex = `0x${'ab'.repeat(32)}`

describe('patientHttp', () => {
  let server: Server
  let url: string
  /** What the node answers to a method, when it answers. */
  let answers: Record<string, () => unknown>
  let written: string
  const write = (text: string) => {
    written += text
    return true
  }
  const stream = (isTTY: boolean) => ({ isTTY, write }) as NodeJS.WriteStream

  before(async () => {
    server = createServer(async (request, response) => {
      const { id, method } = JSON.parse((await request.toArray()).join(''))
      const result = await answers[method]?.()
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ jsonrpc: '2.0', id, result }))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/secret`
  })
  after(() => server.close())
  beforeEach(() => {
    written = ''
  })

  const connect = (isTTY = true, onSent?: (sent: Hex) => void) =>
    createPublicClient({
      transport: patientHttp(url, { patience: createPatience(stream(isTTY)), ...(onSent && { onSent }) }),
    })
  const seconds = (count: number) => new Promise((resolve) => setTimeout(resolve, count * 1_000))

  it('says what it waits for once that takes a second, and wipes it out', async () => {
    answers = { eth_chainId: () => seconds(1.2).then(() => '0x1') }
    expect(await connect().getChainId()).to.equal(1)
    expect(written).to.equal(`\r\x1b[2KWaiting for the chain at ${new URL(url).origin}… 1 s\r\x1b[2K`)
  })

  it('says nothing about what is quick, nor where nobody watches', async () => {
    answers = { eth_chainId: () => '0x1' }
    await connect().getChainId()
    answers = { eth_chainId: () => seconds(1.1).then(() => '0x1') }
    await connect(false).getChainId()
    expect(written).to.equal('')
  })

  it('waits for a transaction from its sending to its block', async () => {
    const sent: Hex[] = []
    let isMined = false
    answers = {
      eth_sendRawTransaction: () => hash,
      eth_getTransactionReceipt: () => (isMined ? { transactionHash: hash, logs: [] } : null),
    }
    const client = connect(true, (one) => sent.push(one))
    await client.sendRawTransaction({ serializedTransaction: '0x00' })
    await client.request({ method: 'eth_getTransactionReceipt', params: [hash] })
    await seconds(1.1)
    expect(written).to.contain(`Waiting for the transaction ${hash}… 1 s`)
    isMined = true
    await client.request({ method: 'eth_getTransactionReceipt', params: [hash] })
    expect(written.endsWith('\r\x1b[2K')).to.equal(true)
    expect(sent).to.deep.equal([hash])
    const before = written
    await seconds(1.1)
    expect(written).to.equal(before)
  })
})
