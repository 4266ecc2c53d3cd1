import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TransferFundsRequest } from '@scrip/sdk/chain'
import { type GatewayClient, gatewayClient, relayTransferFundsVia, signTransferFundsVia } from '@scrip/sdk/client'
import { ScripError } from '@scrip/sdk/errors'
import { expect } from 'chai'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { type Office, openOffice } from './support/office.ts'

const program = fileURLToPath(new URL('support/gatewayProcess.ts', import.meta.url))

/** Where something outside of the process changes, or is about to be known. `SCRIP_TEST=deep` dies at every call there is. */
const kinds =
  process.env['SCRIP_TEST'] === 'deep' ? 'write,rpc' : 'write,eth_sendRawTransaction,eth_getTransactionReceipt'

describe('a gateway that is killed', function () {
  this.timeout(600_000)
  let office: Office
  let folder: string
  const running = new Set<ChildProcess>()

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'scrip-crash-'))
    office = await openOffice()
  })
  after(async () => {
    for (const child of running) child.kill('SIGKILL')
    rmSync(folder, { recursive: true })
    await office.close()
  })

  /** Starts a gateway that dies at a step; 0 for never. */
  const start = (store: string, port: string, step: number) => {
    const words = [program, office.chain.url, join(folder, store), port, kinds, `${step}`]
    const child = spawn(process.execPath, ['--conditions=source', ...words], { stdio: ['ignore', 'pipe', 'inherit'] })
    running.add(child)
    let printed = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text
    })
    const ended = once(child, 'close').then(() => {
      running.delete(child)
      return /^died (.*)$/m.exec(printed)?.[1]
    })
    const listens = async (): Promise<string | undefined> => {
      for (;;) {
        const url = /^listens (.*)$/m.exec(printed)?.[1]
        if (url !== undefined) return url
        const isOver = await Promise.race([ended.then(() => true), once(child.stdout, 'data').then(() => false)])
        if (isOver) return undefined
      }
    }
    return { child, listens, ended }
  }

  it('at any step carries a message out once, and answers it when it runs again', async () => {
    const alice = await office.holder(10n ** 12n)
    const { currency } = office
    const deaths: string[] = []
    // A gateway of its own finds the port that all of them take one after another.
    const first = start('0.db', '0', 0)
    const url = (await first.listens()) ?? ''
    const { port } = new URL(url)
    const holder = gatewayClient({ url, account: alice, timeout: 60_000 })
    await signTransferFundsVia(holder, { currency, recipient: alice.address, amount: 1n })
    first.child.kill('SIGKILL')
    await first.ended

    for (let step = 1; ; step++) {
      const bob = privateKeyToAccount(generatePrivateKey()).address
      const nonce = await office.nonce()
      const request = await signTransferFundsVia(holder, { currency, recipient: bob, amount: 5n })
      const mortal = start(`${step}.db`, port, step)
      await mortal.listens()
      const answer = insist(holder, request)
      const death = await Promise.race([mortal.ended, answer.then(() => undefined)])
      if (death === undefined) {
        mortal.child.kill('SIGKILL')
        await mortal.ended
        break
      }
      deaths.push(death)
      const heir = start(`${step}.db`, port, 0)
      await heir.listens()
      const receipt = await answer
      expect(await office.paid(request.transactionId), death).to.deep.equal([receipt.hash])
      expect(await office.balanceOf(bob), death).to.equal(5n)
      expect(await relayTransferFundsVia(holder, { request }), death).to.deep.equal(receipt)
      expect((await office.nonce()) - nonce, death).to.equal(1)
      heir.child.kill('SIGKILL')
      await heir.ended
    }
    console.log(`      died ${deaths.length} times: ${[...new Set(deaths)].join(', ')}`)
    expect(deaths).to.include.members([
      'before write',
      'after write',
      'before eth_sendRawTransaction',
      'after eth_sendRawTransaction',
      'before eth_getTransactionReceipt',
      'after eth_getTransactionReceipt',
    ])
  })
})

/** Sends a message until it is answered, whether anybody is there or not. */
async function insist(gateway: GatewayClient, request: TransferFundsRequest): ReturnType<typeof relayTransferFundsVia> {
  for (;;) {
    try {
      return await relayTransferFundsVia({ ...gateway, timeout: 0 }, { request })
    } catch (error) {
      if (!(error instanceof ScripError) || !['PEER_UNREACHABLE', 'TRANSFER_INTERRUPTED'].includes(error.code))
        throw error
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}
