import { EventEmitter, once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  createCurrency,
  createIndexer,
  createNetwork,
  deployContracts,
  getAdmission,
  getChannelState,
  getClosedEdges,
  getCurrency,
  getDeposits,
  getEdge,
  getFlowTerms,
  getHoldings,
  getTotals,
  mint,
  openChannel,
  type ScripClient,
  transferFunds,
  verifyFlow,
} from '@scrip/sdk/chain'
import { type ErrorCode, ScripError } from '@scrip/sdk/errors'
import { memoryStore } from '@scrip/sdk/store'
import { expect } from 'chai'
import {
  type Address,
  createWalletClient,
  custom,
  type EIP1193RequestFn,
  type Hex,
  http,
  parseEther,
  toHex,
} from 'viem'
import { generatePrivateKey, mnemonicToAccount, privateKeyToAccount } from 'viem/accounts'
import { getTransaction, sendTransaction, waitForTransactionReceipt } from 'viem/actions'
import { DEV_MNEMONIC, type LocalChain, startLocalChain } from '../../../sdk/cli/localChain.ts'

const terms = { name: 'Test', symbol: 'T', decimals: 0 }
const peer: Address = '0x00000000000000000000000000000000DeaDBeef'
const clientAt = (url: string, key = generatePrivateKey()) =>
  createWalletClient({
    account: privateKeyToAccount(key),
    transport: http(url, { retryCount: 0 }),
    pollingInterval: 20,
  })

type Sender = Parameters<typeof deployContracts>[0]

/** The same client, with something happening just before its first transaction arrives. */
function onSend(client: Sender, before: (params: [Hex]) => Promise<unknown>): Sender {
  let isFirst = true
  const request: EIP1193RequestFn = async (call) => {
    if (call.method === 'eth_sendRawTransaction' && isFirst) {
      isFirst = false
      await before(call.params as [Hex])
    }
    return client.request(call as never)
  }
  return createWalletClient({ account: client.account, transport: custom({ request }), pollingInterval: 20 })
}

/** The same client; `watch` tells of a transaction that it saw, and then found not mined. */
function watched(client: Sender, watch: EventEmitter): Sender {
  let seen: unknown
  const request: EIP1193RequestFn = async (call) => {
    const answer = await client.request(call as never)
    const [hash] = (call.params ?? []) as [unknown]
    if (call.method === 'eth_getTransactionByHash' && answer !== null) seen = hash
    if (call.method === 'eth_getTransactionReceipt' && answer === null && hash === seen) watch.emit('pending', hash)
    return answer
  }
  return createWalletClient({ account: client.account, transport: custom({ request }), pollingInterval: 20 })
}

for (const kind of ['anvil', 'hardhat'] as const) {
  describe(`the actions on ${kind}`, function () {
    this.timeout(60_000)
    let chain: LocalChain
    let rich: Sender
    let currency: Address

    before(async () => {
      chain = await startLocalChain({ kind, port: 0 })
      const account = mnemonicToAccount(DEV_MNEMONIC)
      rich = createWalletClient({ account, transport: http(chain.url), pollingInterval: 20 })
    })
    after(() => chain.stop())

    it('say that nothing is deployed where that is so', async () => {
      const network = { networkId: 1n, peer }
      const cut = { side: [], sourceSide: true, internalEdges: [] }
      const calls: Record<string, () => Promise<unknown>> = {
        createCurrency: () => createCurrency(rich, terms),
        createNetwork: () => createNetwork(rich),
        mint: () => mint(rich, { currency: peer, to: peer, amount: 1n }),
        getCurrency: () => getCurrency(rich, { currency: peer }),
        getDeposits: () => getDeposits(rich, { currency: peer }),
        getHoldings: () => getHoldings(rich, { currency: peer }),
        getChannelState: () => getChannelState(rich, { channelId: toHex(1n, { size: 32 }) }),
        getTotals: () => getTotals(rich, network),
        getEdge: () => getEdge(rich, { networkId: 1n, consumer: peer, provider: peer }),
        getClosedEdges: () => getClosedEdges(rich, { networkId: 1n, edges: [] }),
        getFlowTerms: () => getFlowTerms(rich, network),
        verifyFlow: () => verifyFlow(rich, { networkId: 1n, epoch: 1, sources: [], target: peer, flow: [], cut }),
        getAdmission: () => getAdmission(rich, network),
        openChannel: () => openChannel(rich, { payee: peer, currency: peer, deposit: 1n }),
      }
      for (const [name, call] of Object.entries(calls)) {
        expect([name, (await rejected(call())).code]).to.deep.equal([name, 'NOT_DEPLOYED'])
      }
      const indexer = createIndexer({ client: rich, store: memoryStore(), networkId: 1n })
      await indexer.sync()
      expect(await indexer.edges()).to.deep.equal([])
    })

    it('work once it is', async () => {
      await deployContracts(rich)
      currency = (await createCurrency(rich, terms)).currency
      await mint(rich, { currency, to: rich.account.address, amount: 100n })
      const { receipt } = await transferFunds(rich, { currency, recipient: peer, amount: 7n })
      expect(receipt.status).to.equal('success')
      const { deposits } = await getDeposits(rich, { currency, recipient: peer })
      expect(deposits.map(({ amount }) => amount)).to.deep.equal([7n])
    })

    it('name the contract’s error and its values', async () => {
      const { values } = await rejected(createCurrency(rich, terms))
      expect(values).to.deep.equal({ error: 'CurrencyExists', args: [currency] })
      const { values: unknown } = await rejected(getTotals(rich, { networkId: 77n, peer }))
      expect(unknown).to.deep.equal({ error: 'UnknownNetwork', args: ['77'] })
    })

    it('say who cannot pay for gas', async () => {
      const poor = clientAt(chain.url)
      await rejected(createCurrency(poor, terms), 'INSUFFICIENT_GAS')
      // Less than a transaction costs is nothing.
      const hash = await sendTransaction(rich, {
        account: rich.account,
        chain: null,
        to: poor.account.address,
        value: 1_000n,
      })
      await waitForTransactionReceipt(rich, { hash })
      await rejected(createCurrency(poor, terms), 'INSUFFICIENT_GAS')
      await rejected(createNetwork(poor), 'INSUFFICIENT_GAS')
    })

    it('say who holds too little of a currency', async () => {
      const poor = clientAt(chain.url)
      const hash = await sendTransaction(rich, {
        account: rich.account,
        chain: null,
        to: poor.account.address,
        value: parseEther('1'),
      })
      await waitForTransactionReceipt(rich, { hash })
      for (const work of [
        transferFunds(poor, { currency, recipient: peer, amount: 5n }),
        openChannel(poor, { payee: peer, currency, deposit: 5n }),
      ]) {
        const error = await rejected(work, 'INSUFFICIENT_BALANCE')
        expect(error.message).to.equal(`${poor.account.address} holds 0 base units and needs 5.`)
      }
    })

    it('send again when somebody with the same key was faster, and only then', async () => {
      const balance = async () => (await getHoldings(rich, { currency, owner: peer })).wallet
      const before = await balance()
      const rival = () => sendTransaction(rich, { account: rich.account, chain: null, to: peer, value: 1n })
      const overtaken = await mint(onSend(rich, rival), { currency, to: peer, amount: 3n })
      expect(overtaken.receipt.status).to.equal('success')
      expect(await balance()).to.equal(before + 3n)

      // A transport that lost the answer sends the same bytes again, and hears that they are old.
      const twice = onSend(
        rich,
        async (params) => void (await rich.request({ method: 'eth_sendRawTransaction', params })),
      )
      const repeated = await mint(twice, { currency, to: peer, amount: 5n })
      expect(repeated.receipt.status).to.equal('success')
      expect(await balance()).to.equal(before + 8n)
    })

    it('never take another transaction for their own', async () => {
      const rpc = (method: string, ...params: unknown[]) => rich.request({ method, params } as never)
      await rpc('evm_setAutomine', false)
      const watch = new EventEmitter()
      const pending = once(watch, 'pending')
      const minting = rejected(mint(watched(rich, watch), { currency, to: peer, amount: 9n }), 'TRANSACTION_REPLACED')
      // viem knows a replacement where it has seen what was replaced.
      const [hash] = (await pending) as [Hex]
      const { nonce, maxFeePerGas = 0n } = await getTransaction(rich, { hash })
      const fee = maxFeePerGas * 2n
      const fees = { maxFeePerGas: fee, maxPriorityFeePerGas: fee }
      await sendTransaction(rich, { account: rich.account, chain: null, to: peer, value: 1n, nonce, ...fees })
      await rpc('evm_mine')
      await rpc('evm_setAutomine', true)
      const { values } = await minting
      expect(values['hash']).to.equal(hash)
    })

    it('ask for a key where they need one', async () => {
      const { account: _, ...keyless } = rich
      const client = { ...keyless, account: undefined } as ScripClient
      await rejected(createNetwork(client), 'KEY_MISSING')
      await rejected(openChannel(client, { payee: peer, currency, deposit: 1n }), 'KEY_MISSING')
      await rejected(getDeposits(client, { currency }), 'KEY_MISSING')
      expect((await getDeposits(client, { currency, recipient: peer })).balance).to.equal(15n)
      expect((await getCurrency(client, { currency })).symbol).to.equal('T')
    })
  })
}

describe('the actions without a chain', () => {
  const calls = (client: ScripClient) => [
    createNetwork(client),
    getCurrency(client, { currency: peer }),
    getTotals(client, { networkId: 1n }),
    getDeposits(client, { currency: peer, wait: 10_000 }),
    createIndexer({ client, store: memoryStore(), networkId: 1n }).sync(),
  ]

  it('say so, and name no more of the address than its origin', async () => {
    for (const work of calls(clientAt('http://127.0.0.1:1/v2/my-secret-key'))) {
      const error = await rejected(work, 'RPC_UNREACHABLE')
      expect(error.message).to.equal('No chain answers at http://127.0.0.1:1.')
      expect(JSON.stringify(error.toProblem())).to.not.include('secret')
    }
  })

  for (const [what, answer] of Object.entries({
    'answers with an error of HTTP': { status: 429, body: 'slow down' },
    'answers with something else': { status: 200, body: '<html>' },
  })) {
    it(`say so where somebody ${what}`, async () => {
      const server = createServer((_, response) => response.writeHead(answer.status).end(answer.body)).listen(
        0,
        '127.0.0.1',
      )
      await once(server, 'listening')
      try {
        const { port } = server.address() as AddressInfo
        for (const work of calls(clientAt(`http://127.0.0.1:${port}`))) await rejected(work, 'RPC_UNREACHABLE')
      } finally {
        server.close()
        server.closeAllConnections()
      }
    })
  }

  it('say so where nobody answers in time', async () => {
    const server = createServer(() => {}).listen(0, '127.0.0.1')
    await once(server, 'listening')
    try {
      const { port } = server.address() as AddressInfo
      const transport = http(`http://127.0.0.1:${port}`, { retryCount: 0, timeout: 50 })
      const account = privateKeyToAccount(generatePrivateKey())
      for (const work of calls(createWalletClient({ account, transport }))) await rejected(work, 'RPC_UNREACHABLE')
    } finally {
      server.close()
      server.closeAllConnections()
    }
  })
})

async function rejected(work: Promise<unknown>, code?: ErrorCode): Promise<ScripError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).to.be.instanceOf(ScripError)
  if (code !== undefined) expect((error as ScripError).code).to.equal(code)
  return error as ScripError
}
