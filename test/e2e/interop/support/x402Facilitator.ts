// #region facilitator
import { x402Facilitator } from '@x402/core/facilitator'
import { toFacilitatorEvmSigner } from '@x402/evm'
import { ExactEvmScheme } from '@x402/evm/exact/facilitator'
import express, { type Express } from 'express'
import type { Account, Chain, PublicActions, Transport, WalletClient } from 'viem'

type Client = WalletClient<Transport, Chain, Account> & PublicActions

/** A self-hosted x402 facilitator, which brings payments to the chain: `client` pays the gas and holds nothing else. */
export function facilitatorServer(client: Client): Express {
  const wallet = { ...client, address: client.account.address } as Parameters<typeof toFacilitatorEvmSigner>[0]
  const scheme = new ExactEvmScheme(toFacilitatorEvmSigner(wallet))
  const facilitator = new x402Facilitator().register(`eip155:${client.chain.id}`, scheme)
  return express()
    .use(express.json())
    .get('/supported', (_request, response) => {
      response.json(facilitator.getSupported())
    })
    .post('/verify', async ({ body }, response) => {
      response.json(await facilitator.verify(body.paymentPayload, body.paymentRequirements))
    })
    .post('/settle', async ({ body }, response) => {
      response.json(await facilitator.settle(body.paymentPayload, body.paymentRequirements))
    })
}
// #endregion
