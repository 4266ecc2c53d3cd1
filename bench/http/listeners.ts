import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { addresses } from '@scrip/sdk/chain'
import { createPayee } from '@scrip/sdk/channels'
import { KILOBYTE, type Price } from '@scrip/sdk/http'
import { paywall } from '@scrip/sdk/peer'
import { memoryStore, type Store, sqliteStore } from '@scrip/sdk/store'
import { x402Facilitator } from '@x402/core/facilitator'
import { type FacilitatorClient, type RouteConfig, x402ResourceServer } from '@x402/core/server'
import { toFacilitatorEvmSigner } from '@x402/evm'
import { BatchSettlementEvmScheme } from '@x402/evm/batch-settlement/server'
import { FileChannelStorage } from '@x402/evm/batch-settlement/server/file-storage'
import { ExactEvmScheme as ExactFacilitator } from '@x402/evm/exact/facilitator'
import { ExactEvmScheme } from '@x402/evm/exact/server'
import { paymentMiddleware } from '@x402/express'
import express from 'express'
import { type Address, createWalletClient, type Hex, http, publicActions, recoverTypedDataAddress } from 'viem'
import { mnemonicToAccount, nonceManager } from 'viem/accounts'
import { foundry } from 'viem/chains'
import { DEV_MNEMONIC } from '../../sdk/cli/localChain.ts'
import { naiveTypedData } from './naive.ts'

/** What a server is told. */
export type Terms = {
  rpc: string
  currency: Address
  payee: Address
  /** Where its store lies: on a disk. */
  folder: string
}

/** The goods of every server. */
const body = Buffer.alloc(1_024, 'x')
const answer: RequestListener = (_request, response) => void response.end(body)

/** A body of as many bytes as the path says, in chunks that a tick pays for. */
const stream: RequestListener = async ({ url }, response) => {
  const chunk = Buffer.alloc(16 * KILOBYTE, 'x')
  const size = Number(url?.slice(1))
  response.setHeader('content-length', size)
  for (let sent = 0; sent < size && !response.destroyed; sent += chunk.length) {
    if (!response.write(chunk)) await once(response, 'drain')
  }
  response.end()
}
const network = `eip155:${foundry.id}` as const

function paid(
  { rpc, currency, payee: address }: Terms,
  store: Store,
  goods = answer,
  price: Price = { perCall: 1n },
): RequestListener {
  const client = createWalletClient({ chain: foundry, transport: http(rpc) })
  const accept = { chainId: foundry.id, contract: addresses.paymentChannels, currencies: [currency], maxExposure: 0n }
  const payee = createPayee({ account: { address }, store, accept })
  return paywall({ payee, client, price, currency }, goods)
}

/** A paywall as one writes it with viem in an hour: each request brings a voucher, which is checked and kept. */
function naive({ folder }: Terms): RequestListener {
  const database = new DatabaseSync(join(folder, 'naive.db'))
  database.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE paid (id TEXT PRIMARY KEY, total TEXT)',
  )
  const put = database.prepare('INSERT INTO paid VALUES (?, ?) ON CONFLICT DO UPDATE SET total = excluded.total')
  const totals = new Map<Hex, bigint>()
  return async (request, response) => {
    const { channelId, signer, total, signature } = JSON.parse(String(request.headers['x-payment']))
    const recovered = await recoverTypedDataAddress({ ...naiveTypedData(channelId, BigInt(total)), signature })
    const isPaid = recovered.toLowerCase() === signer && BigInt(total) > (totals.get(channelId) ?? 0n)
    if (!isPaid) return void response.writeHead(402).end()
    totals.set(channelId, BigInt(total))
    put.run(channelId, total)
    answer(request, response)
  }
}

/** Stock x402: its middleware for express, its facilitator in the same process. */
function stock(server: x402ResourceServer, scheme: string, { payee: payTo, currency: asset }: Terms): RequestListener {
  const price = { asset, amount: '1', extra: { name: 'Bench dollar', version: '1' } }
  const route: RouteConfig = { accepts: { scheme, network, payTo, price, maxTimeoutSeconds: 3_600 } }
  return express()
    .use(paymentMiddleware({ 'GET /': route }, server))
    .get('/', answer as express.RequestHandler)
}

function exact(terms: Terms, isSettled: boolean): RequestListener {
  const account = mnemonicToAccount(DEV_MNEMONIC, { addressIndex: 1, nonceManager })
  const wallet = createWalletClient({ account, chain: foundry, transport: http(terms.rpc), pollingInterval: 5 }).extend(
    publicActions,
  )
  const signer = toFacilitatorEvmSigner({ ...wallet, address: account.address } as Parameters<
    typeof toFacilitatorEvmSigner
  >[0])
  const facilitator = new x402Facilitator().register(
    network,
    new ExactFacilitator(signer),
  ) as unknown as FacilitatorClient
  const settle: FacilitatorClient['settle'] = async () => ({ success: true, transaction: '0x', network })
  const client = isSettled
    ? facilitator
    : { verify: facilitator.verify.bind(facilitator), getSupported: facilitator.getSupported.bind(facilitator), settle }
  return stock(new x402ResourceServer(client).register(network, new ExactEvmScheme()), 'exact', terms)
}

/** Vouchers on channels whose state at the chain its store holds: it asks no facilitator then. */
async function batch(terms: Terms): Promise<RequestListener> {
  const storage = new FileChannelStorage({ directory: terms.folder })
  const receiverAuthorizerSigner = mnemonicToAccount(DEV_MNEMONIC, { addressIndex: 2 }) as never
  const scheme = new BatchSettlementEvmScheme(terms.payee, { storage, receiverAuthorizerSigner })
  const none = () => Promise.reject(new Error('No facilitator is asked.'))
  const kinds = [{ x402Version: 2, scheme: 'batch-settlement', network }]
  const facilitator = { verify: none, settle: none, getSupported: async () => ({ kinds, extensions: [], signers: {} }) }
  return stock(new x402ResourceServer(facilitator).register(network, scheme), 'batch-settlement', terms)
}

/** Every server, by what it is. */
export const listeners = {
  free: () => answer,
  paid: (terms: Terms) => paid(terms, sqliteStore(join(terms.folder, 'payee.db'))),
  paidInMemory: (terms: Terms) => paid(terms, memoryStore()),
  freeStream: () => stream,
  paidStream: (terms: Terms) => paid(terms, sqliteStore(join(terms.folder, 'payee.db')), stream, { perKilobyte: 1n }),
  naive,
  freeExpress: () => express().get('/', answer as express.RequestHandler),
  exact: (terms: Terms) => exact(terms, true),
  exactVerified: (terms: Terms) => exact(terms, false),
  batch,
} satisfies { [kind: string]: (terms: Terms) => RequestListener | Promise<RequestListener> }
