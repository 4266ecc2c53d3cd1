// #region shop
import { HTTPFacilitatorClient } from '@x402/core/server'
import { ExactEvmScheme } from '@x402/evm/exact/server'
import { paymentMiddleware, x402ResourceServer } from '@x402/express'
import express, { type Express } from 'express'
import type { Address } from 'viem'

type Terms = { chainId: number; currency: Address; name: string; amount: bigint; payTo: Address }

/** A shop that sells a report by stock x402, for base units of an issuer currency with this name. */
export function shopServer(facilitatorUrl: string, { chainId, currency, name, amount, payTo }: Terms): Express {
  const network = `eip155:${chainId}` as const
  const facilitator = new HTTPFacilitatorClient({ url: facilitatorUrl })
  const server = new x402ResourceServer(facilitator).register(network, new ExactEvmScheme())
  // Name and version are the currency's EIP-712 domain: what the buyer signs in.
  const price = { asset: currency, amount: `${amount}`, extra: { name, version: '1' } }
  const routes = { 'GET /report': { accepts: { scheme: 'exact', network, price, payTo } } }
  return express()
    .use(paymentMiddleware(routes, server))
    .get('/report', (_request, response) => {
      response.send('It rains.')
    })
}
// #endregion
