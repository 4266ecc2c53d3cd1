import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCurrency, mint, type TransferFundsRequest } from '@scrip/sdk/chain'
import { type GatewayClient, gatewayClient, signTransferFundsVia } from '@scrip/sdk/client'
import type { ScripError } from '@scrip/sdk/errors'
import { createIssuerGateway, gatewayListener, type IssuerGatewayParameters, openApi } from '@scrip/sdk/issuer'
import { type Store, sqliteStore } from '@scrip/sdk/store'
import { deployScrip } from '@scrip/sdk/testing'
import { type Address, createWalletClient, type Hex, http, type PrivateKeyAccount, publicActions, toHex } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { issuerCurrencyAbi as abi } from '../../../../sdk/abi/issuerCurrency.ts'
import { type LocalChain, startAnvil } from '../../../support/chain.ts'
import { listen } from '../../../support/market.ts'
import { conformance } from './conformance.ts'
import { issuer } from './issuer.ts'
import { type RelayPoint, startRelayPoint } from './relayPoint.ts'

/** 100 cost 1.2. */
const FEE_BPS = 120

/** A chain with a currency, and everything that a gateway needs. */
export type Office = {
  readonly chain: LocalChain
  /** Between the gateways and the chain. */
  readonly wire: RelayPoint
  readonly currency: Address
  /** The issuer's wallet, straight at the chain. */
  readonly wallet: ReturnType<typeof connect>
  rpc(method: string, ...params: unknown[]): Promise<unknown>
  /** Somebody new without gas, who holds that many base units. */
  holder(grant?: bigint): Promise<PrivateKeyAccount>
  mint(to: Address, amount: bigint): Promise<unknown>
  balanceOf(owner: Address): Promise<bigint>
  /** The transactions of the payments under a reference. */
  paid(transactionId: Hex): Promise<Hex[]>
  nonce(): Promise<number>
  /** Opens a gateway on a store, a new one where none is named. */
  open(parameters?: Partial<IssuerGatewayParameters>): Promise<OpenGateway>
  close(): Promise<void>
}

/** A gateway that listens. */
export type OpenGateway = {
  readonly url: string
  readonly troubles: ScripError[]
  as(account?: PrivateKeyAccount, timeout?: number): GatewayClient
  post(path: string, body: unknown): Promise<{ status: number; headers: Headers; body: Record<string, unknown> }>
  /** Closes it. Throws where an answer was not as described. */
  close(): Promise<void>
}

export function connect(url: string) {
  // Nothing is tried again: what fails is to be seen.
  const transport = http(url, { retryCount: 0 })
  return createWalletClient({ account: issuer, transport, pollingInterval: 20 }).extend(publicActions)
}

/** Starts a chain and brings a currency to it. */
export async function openOffice(...options: string[]): Promise<Office> {
  const chain = await startAnvil(...options)
  const wire = await startRelayPoint(chain.url)
  const wallet = connect(chain.url)
  const folder = mkdtempSync(join(tmpdir(), 'scrip-gateway-'))
  const rpc = (method: string, ...params: unknown[]) => wallet.request({ method, params } as never) as Promise<unknown>
  await deployScrip({ provider: wallet as never })
  const { currency } = await createCurrency(wallet, {
    name: 'Money dollar',
    symbol: 'MND',
    decimals: 6,
    feeBps: FEE_BPS,
  })
  const opened = new Set<OpenGateway>()
  let stores = 0

  return {
    chain,
    wire,
    currency,
    wallet,
    rpc,
    holder: async (grant = 1_000_000_000n) => {
      const account = privateKeyToAccount(generatePrivateKey())
      if (grant > 0n) await mint(wallet, { currency, to: account.address, amount: grant })
      return account
    },
    mint: (to, amount) => mint(wallet, { currency, to, amount }),
    balanceOf: (owner) =>
      wallet.readContract({ address: currency, abi, functionName: 'balanceOf', args: [owner] }) as Promise<bigint>,
    paid: async (transactionId) => {
      const events = await wallet.getContractEvents({
        address: currency,
        abi,
        eventName: 'Deposited',
        args: { transactionId },
        fromBlock: 0n,
      })
      return events.map(({ transactionHash }) => transactionHash)
    },
    nonce: () => wallet.getTransactionCount({ address: issuer.address }),
    open: async (parameters = {}) => {
      const troubles: ScripError[] = []
      const violations: string[] = []
      const check = conformance(openApi)
      const store: Store = parameters.store ?? sqliteStore(join(folder, `${stores++}.db`))
      const gateway = await createIssuerGateway({
        client: connect(wire.url),
        store,
        perHolder: { burst: 10_000, perSecond: 10_000 },
        perAddress: { burst: 10_000, perSecond: 10_000 },
        onTrouble: (error) => troubles.push(error),
        ...parameters,
      })
      const handle: typeof gateway.handle = async (request) => {
        let asked: string | undefined
        const read = async (most: number) => {
          asked = await request.body(most)
          return asked
        }
        const { status, headers, body } = await gateway.handle({ ...request, body: read })
        const { method, path } = request
        const type = headers['content-type'] ?? ''
        const violation = check({ method, path, ...(asked !== undefined && { asked }), status, type, body })
        if (violation !== undefined) violations.push(violation)
        return { status, headers, body }
      }
      const site = await listen(gatewayListener({ ...gateway, handle }))
      const open: OpenGateway = {
        url: site.url,
        troubles,
        as: (account, timeout) =>
          gatewayClient({ url: site.url, ...(account && { account }), ...(timeout !== undefined && { timeout }) }),
        post: async (path, body) => {
          const answer = await fetch(`${site.url}${path}`, {
            method: 'POST',
            body: typeof body === 'string' ? body : JSON.stringify(body, toText),
          })
          return { status: answer.status, headers: answer.headers, body: await answer.json() }
        },
        close: async () => {
          if (!opened.delete(open)) return
          await gateway.close()
          await site.close()
          if (parameters.store === undefined) await store.close()
          if (violations.length > 0) throw new Error(`Not as described:\n${violations.join('\n')}`)
        },
      }
      opened.add(open)
      return open
    },
    close: async () => {
      try {
        for (const gateway of [...opened]) await gateway.close()
      } finally {
        await wire.close()
        await chain.stop()
        rmSync(folder, { recursive: true })
      }
    },
  }
}

/** A signed message, changed where a test cares. */
export async function signed(
  gateway: OpenGateway,
  account: PrivateKeyAccount,
  message: { currency: Address; recipient: Address; amount?: bigint; messageCounter?: bigint; validBefore?: bigint },
): Promise<TransferFundsRequest> {
  return signTransferFundsVia(gateway.as(account), { amount: 100_000_000n, ...message })
}

/** A reference that nobody used. */
export function reference(): Hex {
  return toHex(crypto.getRandomValues(new Uint8Array(32)))
}

function toText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value
}

/** Waits until something is so. */
export async function until(
  what: string,
  isSo: () => Promise<boolean> | boolean,
  milliseconds = 10_000,
): Promise<void> {
  const deadline = performance.now() + milliseconds
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`It is still not so: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
