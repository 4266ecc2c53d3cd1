// #region facilitator
import type { ScripClient } from '@scrip/sdk/chain'
import type { Payee } from '@scrip/sdk/channels'
import { x402ChannelFacilitator } from '@scrip/sdk/peer'
import { x402Facilitator } from '@x402/core/facilitator'
import express, { type Express } from 'express'

/** A stock x402 facilitator that takes payments by channel for its payees, and holds no key and no coins. */
export function channelService(client: ScripClient, payees: Payee[], chainId: number): Express {
  const facilitator = new x402Facilitator().register(`eip155:${chainId}`, x402ChannelFacilitator({ client, payees }))
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
