import { createCurrency, deployContracts, mint, openChannel } from '@scrip/sdk/chain'
import { createPayer, decodePayment, type Payer, privateKeySigner } from '@scrip/sdk/channels'
import { PAYMENT_HEADER, PRICE_HEADER, writeStatedPayment } from '@scrip/sdk/http'
import { memoryStore } from '@scrip/sdk/store'
import { type Address, createWalletClient, type Hex, http, keccak256, publicActions, toBytes } from 'viem'
import { mnemonicToAccount } from 'viem/accounts'
import { foundry } from 'viem/chains'
import { DEV_MNEMONIC, startLocalChain } from '../../sdk/cli/localChain.ts'
import { type Requests, requestWith } from './load.ts'

/** The key that signs all vouchers here. */
export const key = keccak256(toBytes('signer'))
const signer = privateKeySigner(key)

/** What fits into no benchmark. */
const PLENTY = 10n ** 18n

export type Market = {
  readonly rpc: string
  readonly currency: Address
  /** Opens a channel to a payee, whose ticks are worth so many base units. Payments may overtake each other on the way. */
  openPayer(payee: Address, tickAmount?: bigint): Promise<Payer>
  /** Somebody with coins for gas and plenty of the currency. */
  readonly client: ReturnType<typeof clientOf>
  stop(): Promise<void>
}

/** A chain of anvil's with the contracts and a currency. */
export async function openMarket(): Promise<Market> {
  const { url: rpc, stop } = await startLocalChain({ kind: 'anvil', port: 0 })
  const client = clientOf(rpc)
  await deployContracts(client)
  const { currency } = await createCurrency(client, { name: 'Bench dollar', symbol: 'BNC', decimals: 6 })
  await mint(client, { currency, to: client.account.address, amount: PLENTY * 1_000n })
  const openPayer = async (payee: Address, tickAmount = 1n) => {
    const { transaction: _, ...channel } = await openChannel(client, { payee, currency, deposit: PLENTY, signer })
    return createPayer({ channel, signer, store: memoryStore(), tickAmount, overtaking: true })
  }
  return { rpc, currency, client, openPayer, stop }
}

function clientOf(rpc: string) {
  const account = mnemonicToAccount(DEV_MNEMONIC)
  return createWalletClient({ account, chain: foundry, transport: http(rpc), pollingInterval: 5 }).extend(publicActions)
}

/** Payments after which a payer knows that its voucher arrived: more than are in flight. */
const CONFIRMED_AFTER = 48

/** A payment of 1, and the total before it. */
type Prepared = { readonly bytes: Uint8Array; readonly from: bigint }

async function prepare(payer: Payer, count: number): Promise<Prepared[]> {
  const prepared: Prepared[] = []
  let from = await payer.paid()
  for (let made = 0; made < count; made++) {
    const bytes = await payer.pay(1n)
    prepared.push({ bytes, from })
    from += 1n
    const { tick, voucher } = decodePayment(bytes)
    if (voucher !== undefined && (tick?.count ?? 0) === CONFIRMED_AFTER) payer.confirm(bytes)
  }
  return prepared
}

/**
 * So many requests that are paid, by payments that were made beforehand: each connection pays through its channel, and
 * several connections may share one. Written as `payingFetch` writes them.
 */
export async function paidRequests(payers: Payer[], connections: number, count: number): Promise<Requests> {
  const lines = await Promise.all(
    payers.map(async (payer) => ({ payments: await prepare(payer, Math.ceil(count / payers.length)), at: 0 })),
  )
  const write = ({ bytes, from }: Prepared, arrived: bigint): Uint8Array =>
    requestWith({
      [PAYMENT_HEADER]: writeStatedPayment(bytes, { amount: 1n, arrived: arrived < from ? arrived : from }, true),
      [PRICE_HEADER]: '1/call',
    })
  // Where a channel has one request in flight, nothing is left to do when it is sent.
  if (payers.length === connections) {
    const written = lines.map(({ payments }) => payments.map((payment) => write(payment, payment.from)).reverse())
    return { take: (connection) => written[connection]?.pop() }
  }
  const underWay = new Map<number, bigint>()
  return {
    take: (connection) => {
      const index = connection % payers.length
      const line = lines[index] as (typeof lines)[number]
      const payment = line.payments[line.at++]
      if (payment === undefined) return undefined
      underWay.set(connection, payment.from)
      let arrived = payment.from
      for (const [other, from] of underWay) if (other % payers.length === index && from < arrived) arrived = from
      return write(payment, arrived)
    },
    answered: (connection) => underWay.delete(connection),
  }
}

/** An address that nobody has a key of. */
export function payeeNamed(name: string): Address {
  return keccak256(toBytes(name)).slice(0, 42) as Hex
}
