import { statSync } from 'node:fs'
import type { IncomingMessage, RequestListener } from 'node:http'
import { resolve } from 'node:path'
import type { Currency } from '../../chain/actions/getCurrency.ts'
import { ScripError } from '../../errors/ScripError.ts'
import type { Price } from '../../http/price.ts'
import { createSeller } from '../../market/index.ts'
import { type PaywallParameters, paywall, proxyUpstream, serveFiles } from '../../peer/index.ts'
import type { AccountClient } from '../context.ts'
import { count } from '../output.ts'
import { parseAmount, parseBytes, parseUrl } from '../parse.ts'
import { amountOf } from '../units.ts'

/** The options that say what is sold. */
export type GoodsOptions = {
  upstream?: string
  storage?: string
  capacity?: string
  price: string
  per: keyof typeof PRICES
  priceWritten?: string
  priceRead?: string
  priceLeaf?: string
  region?: string
  operator?: string
  endpoint?: string
  behindProxy?: boolean
}

/** What is sold: the files of a folder, what another server answers, or space on a disk. */
export type Goods = {
  readonly name: string
  /** The folder whose files are for sale. */
  readonly folder?: string
  readonly upstream?: URL
  /** What a price is for one of. */
  readonly per: string
  /** The terms in a currency. @throws `INVALID_ARGUMENT` where a price is none */
  priceIn(currency: Currency): Priced
}

/** Goods with their price. */
export type Priced = {
  /** Base units, for one of what `per` says. */
  readonly price: bigint
  /** The same for a person. */
  readonly text: string
  open(selling: Selling): Promise<Stand>
}

/** Goods that are sold. */
export type Stand = { readonly listener: RequestListener; close(): Promise<void> }

/** What a stand sells with. */
export type Selling = Omit<PaywallParameters<IncomingMessage>, 'price' | 'client' | 'currency'> & {
  client: AccountClient
  /** Where it listens, known once it does. */
  url: () => string
}

/** What a price is for one of, and how the paywall is told. */
export const PRICES = {
  kilobyte: (amount: bigint): Price => ({ perKilobyte: amount }),
  call: (amount: bigint): Price => ({ perCall: amount }),
  second: (amount: bigint): Price => ({ perSecond: amount }),
}

/** @throws `FILE_NOT_FOUND`, `INVALID_ARGUMENT` where it is not one of all */
export function goodsOf(folder: string | undefined, options: GoodsOptions): Goods {
  const { upstream, storage } = options
  const named = [folder, upstream, storage].filter((one) => one !== undefined)
  if (named.length !== 1) {
    throw new ScripError('INVALID_ARGUMENT', {
      detail: named.length === 0 ? 'Nothing is for sale.' : 'More than one thing is for sale.',
      hint: 'Name a folder, or a server by --upstream <url>, or a folder to keep what others store by --storage <folder>.',
    })
  }
  if (storage !== undefined) return storageGoods(resolve(storage), options)
  if (upstream !== undefined) {
    const url = parseUrl(upstream, 'upstream')
    return metered({ name: url.href, upstream: url }, proxyUpstream({ url }), options)
  }
  const name = resolve(folder as string)
  if (!statSync(name, { throwIfNoEntry: false })?.isDirectory())
    throw new ScripError('FILE_NOT_FOUND', { detail: `There is no folder ${folder}.`, values: { folder } })
  return metered({ name, folder: name }, serveFiles(name), options)
}

/** Goods whose answers are sold. */
function metered(
  named: Pick<Goods, 'name' | 'folder' | 'upstream'>,
  listener: RequestListener,
  options: GoodsOptions,
): Goods {
  const { per } = options
  return {
    ...named,
    per,
    priceIn: (currency) => {
      const price = parseAmount(options.price, currency.decimals, 'price')
      return {
        price,
        text: `${amountOf(price, currency)} a ${per}`,
        open: async ({ url: _, ...selling }) => ({
          listener: paywall({ ...selling, price: PRICES[per](price), currency: currency.address }, listener),
          close: async () => {},
        }),
      }
    },
  }
}

/** A disk on which others store. */
function storageGoods(folder: string, options: GoodsOptions): Goods {
  const capacity = parseBytes(required(options.capacity, 'capacity'), 'capacity')
  const written = required(options.priceWritten, 'price-written')
  const read = required(options.priceRead, 'price-read')
  const { region = 'unknown', operator, behindProxy } = options
  const place = behindProxy ? required(options.endpoint, 'endpoint') : options.endpoint
  const endpoint = place === undefined ? undefined : parseUrl(place, 'endpoint').origin
  return {
    name: `${count(capacity, 'byte')} in ${folder}`,
    per: 'block',
    priceIn: (currency) => {
      const amount = (value: string, what: string) => parseAmount(value, currency.decimals, what)
      const price = {
        currency: currency.address,
        block: amount(options.price, 'price'),
        perKilobyteWritten: amount(written, 'price-written'),
        perKilobyteRead: amount(read, 'price-read'),
        // A leaf is a kilobyte that is read.
        perLeaf: amount(options.priceLeaf ?? read, 'price-leaf'),
      }
      const block = amountOf(price.block, currency)
      const kilobyte = `${amountOf(price.perKilobyteWritten, currency)} to write and ${amountOf(price.perKilobyteRead, currency)} to read a kilobyte`
      return {
        price: price.block,
        text: `${block} a block of 1 MiB for 14 days, ${kilobyte}`,
        open: async ({ payee, client, admission, onSale, onError, url }) =>
          createSeller({
            payee,
            client,
            signer: client.account,
            folder,
            capacity,
            prices: [price],
            region,
            endpoints: () => [endpoint ?? url()],
            ...(operator !== undefined && { operator }),
            ...(admission && { admission }),
            ...(onSale && { onSale }),
            ...(onError && { onError }),
          }),
      }
    },
  }
}

function required(value: string | undefined, name: string): string {
  if (value !== undefined) return value
  throw new ScripError('INVALID_ARGUMENT', {
    detail: `To sell storage takes --${name}.`,
    hint: `Add --${name}, or see \`scrip serve --help\`.`,
    values: { option: name },
  })
}
