import { privateKeySigner } from '@scrip/sdk/channels'
import type { PaymentRequirements } from '@x402/core/types'
import { computeChannelId, signVoucher } from '@x402/evm/batch-settlement/client'
import { FileChannelStorage } from '@x402/evm/batch-settlement/server/file-storage'
import { ExactEvmScheme } from '@x402/evm/exact/client'
import { type Hex, hashTypedData, keccak256, toBytes, toHex } from 'viem'
import { mnemonicToAccount, privateKeyToAccount } from 'viem/accounts'
import { DEV_MNEMONIC } from '../../sdk/cli/localChain.ts'
import { type Requests, requestWith } from './load.ts'
import { key } from './market.ts'
import { naiveTypedData } from './naive.ts'

/** Requests with a voucher each, on one channel a connection, for the naive paywall. */
export function naiveRequests(connections: number): (count: number) => Promise<Requests> {
  const signer = privateKeySigner(key)
  const address = signer.address.toLowerCase()
  let total = 0n
  return async (count) => {
    const lines: Uint8Array[][] = Array.from({ length: connections }, () => [])
    for (let made = 0; made < count; made++) {
      const connection = made % connections
      const channelId = keccak256(toBytes(`${connection}`))
      total += 1n
      const signature = await signer.sign({ hash: hashTypedData(naiveTypedData(channelId, total)) })
      const payment = JSON.stringify({ channelId, signer: address, total: `${total}`, signature })
      lines[connection]?.unshift(requestWith({ 'x-payment': payment }))
    }
    return { take: (connection) => lines[connection]?.pop() }
  }
}

/** What a stock server asks for. */
export async function requirementsAt(port: number): Promise<PaymentRequirements> {
  const answer = await fetch(`http://127.0.0.1:${port}/`)
  await answer.body?.cancel()
  const required = JSON.parse(Buffer.from(answer.headers.get('payment-required') ?? '', 'base64').toString())
  return required.accepts[0]
}

function stockRequest(accepted: PaymentRequirements, payload: object): Uint8Array {
  const text = JSON.stringify({ x402Version: 2, accepted, payload })
  return requestWith({ 'payment-signature': Buffer.from(text).toString('base64') })
}

/** Requests paid by `exact`, each with an authorization of its own. */
export function exactRequests(port: number): (count: number) => Promise<Requests> {
  const scheme = new ExactEvmScheme(mnemonicToAccount(DEV_MNEMONIC))
  return async (count) => {
    const accepted = await requirementsAt(port)
    const made: Uint8Array[] = []
    for (let at = 0; at < count; at++) {
      const { payload } = await scheme.createPaymentPayload(2, accepted)
      made.push(stockRequest(accepted, payload))
    }
    return { take: () => made.pop() }
  }
}

/** Requests paid by stock vouchers, on one channel a connection: it takes no two at a time. */
export function batchRequests(
  port: number,
  connections: number,
  directory: string,
): (count: number) => Promise<Requests> {
  const storage = new FileChannelStorage({ directory })
  const account = privateKeyToAccount(key)
  let total = 0
  return async (count) => {
    const accepted = await requirementsAt(port)
    const { payTo, asset, network, extra } = accepted
    const lines = await Promise.all(
      Array.from({ length: connections }, async (_, connection) => {
        const channelConfig = {
          payer: account.address,
          payerAuthorizer: account.address,
          receiver: payTo as Hex,
          receiverAuthorizer: extra['receiverAuthorizer'] as Hex,
          token: asset as Hex,
          withdrawDelay: Number(extra['withdrawDelay']),
          salt: toHex(connection, { size: 32 }),
        }
        const channelId = computeChannelId(channelConfig, network)
        // What the chain said of the channel a moment ago, so that the server need not ask.
        await storage.updateChannel(channelId, (current) => ({
          channelId,
          channelConfig,
          chargedCumulativeAmount: `${total}`,
          signedMaxClaimable: `${total}`,
          signature: '0x',
          balance: '1000000000',
          totalClaimed: '0',
          withdrawRequestedAt: 0,
          refundNonce: 0,
          lastRequestTimestamp: Date.now(),
          ...current,
          onchainSyncedAt: Date.now(),
        }))
        const made: Uint8Array[] = []
        for (let at = 1; at <= count / connections; at++) {
          const voucher = await signVoucher(account, channelId, `${total + at}`, network)
          made.unshift(stockRequest(accepted, { type: 'voucher', channelConfig, voucher }))
        }
        return made
      }),
    )
    total += Math.floor(count / connections)
    return { take: (connection) => lines[connection]?.pop() }
  }
}
