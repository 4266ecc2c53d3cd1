import type { RequestListener } from 'node:http'
import type { Payer } from '@scrip/sdk/channels'
import {
  bytes,
  type Market,
  openMarket,
  openShop,
  type Person,
  type Shop,
  type ShopOptions,
} from '../../../support/market.ts'
import { ask, carrying, openPayer, type WireAnswer } from '../../../support/wire.ts'

export const SIZE = 1_000_000
export const body = bytes(SIZE)

/** A shop behind a paywall and a payer with a channel to it. */
export type Till = {
  market: Market
  seller: Person
  person: Person
  shop: Shop
  payer: Payer
  /** Opens the shop anew, with a new channel. */
  open(handler: RequestListener, options?: Partial<ShopOptions>): Promise<void>
  buy(amount: bigint, path?: string): Promise<WireAnswer>
}

/** A till that is new for every test of the suite that asks for it, on a network of Hardhat's. */
export function newTill(network: { create(): Promise<Parameters<typeof openMarket>[0]> }): Till {
  const till = {
    open: async (handler, options = {}) => {
      await till.shop?.close()
      till.shop = await openShop(till.market, handler, { seller: till.seller, patience: 150, ...options })
      till.payer = await openPayer(till.market, till.person, till.shop)
    },
    buy: async (amount, path = '') => ask(till.shop.url + path, { headers: carrying(await till.payer.pay(amount)) }),
  } as Till
  before(async () => {
    till.market = await openMarket(await network.create())
  })
  beforeEach(async () => {
    till.seller = await till.market.person()
    till.person = await till.market.person()
    await till.open(sell)
  })
  afterEach(() => till.shop.close())
  return till
}

/** Answers with the body, `/small` with a byte, and a number with that status. */
export const sell: RequestListener = (request, response) => {
  const status = /^\/(\d{3})$/.exec(request.url ?? '')?.[1]
  if (status !== undefined) {
    response.statusCode = Number(status)
    response.end('a few words')
  } else if (request.url === '/small') response.end('x')
  else response.end(body)
}
