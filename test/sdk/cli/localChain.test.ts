import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { ScripError } from '@scrip/sdk/errors'
import { expect } from 'chai'
import { createClient, http } from 'viem'
import { getChainId } from 'viem/actions'
import { type LocalChain, startLocalChain } from '../../../sdk/cli/localChain.ts'

describe('startLocalChain', function () {
  this.timeout(60_000)
  const path = process.env['PATH']
  let folder: string
  let chain: LocalChain | undefined

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'scrip-chain-'))
  })
  afterEach(async () => {
    process.env['PATH'] = path
    rmSync(folder, { recursive: true })
    await chain?.stop()
    chain = undefined
  })

  it('runs the chain with the Node that runs this, whatever Node the path has', async () => {
    writeFileSync(join(folder, 'node'), '#!/bin/sh\necho "too old" >&2\nexit 1\n')
    chmodSync(join(folder, 'node'), 0o755)
    process.env['PATH'] = [folder, path].join(delimiter)
    chain = await startLocalChain({ kind: 'hardhat', port: 0 })
    expect(await getChainId(createClient({ transport: http(chain.url) }))).to.equal(31_337)
  })

  it('tells when the chain ended, and that its port is free again', async () => {
    chain = await startLocalChain({ kind: 'anvil', port: 0 })
    const port = Number(new URL(chain.url).port)
    const outcomes = [chain.ended.then(() => 'ended'), chain.stop().then(() => 'stopped')]
    expect(await Promise.all(outcomes)).to.deep.equal(['ended', 'stopped'])
    const server = createServer().listen(port, '127.0.0.1')
    await once(server, 'listening')
    server.close()
  })

  it('refuses a port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const error = await startLocalChain({ kind: 'anvil', port }).catch((cause) => cause)
    server.close()
    expect(error).to.be.instanceOf(ScripError)
    expect(error).to.include({ code: 'PORT_IN_USE', message: `Port ${port} is taken.` })
  })

  it('says what a program said that ended before it listened', async () => {
    const error = await startLocalChain({ kind: 'anvil', port: 0, options: ['--nonsense'] }).catch((cause) => cause)
    expect(error).to.be.instanceOf(ScripError)
    expect(error.code).to.equal('PROGRAM_FAILED')
    expect(error.message).to.match(/^anvil ended before it listened: .*--nonsense/)
  })
})
