import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { join } from 'node:path'
import type { Address } from 'viem'
import type { Gate } from '../../admission/createGate.ts'
import type { ScripClient } from '../../chain/transact.ts'
import type { Payee } from '../../channels/Payee.ts'
import type { VoucherSigner } from '../../channels/signatures.ts'
import { ScripError } from '../../errors/ScripError.ts'
import { PROBLEM_TYPE } from '../../http/problem.ts'
import { reply } from '../../peer/answerNode.ts'
import type { Sold } from '../../peer/createPaywall.ts'
import { paywall } from '../../peer/paywall.ts'
import { put, type Table } from '../../store/Store.ts'
import { sqliteStore } from '../../store/sqliteStore.ts'
import type { Offer, OfferPrice, SignedOffer } from '../Offer.ts'
import { storedPieceDigest } from '../statements.ts'
import { unixTime } from '../unixTime.ts'
import { createAgreementBook } from './createAgreementBook.ts'
import { createExpiry } from './createExpiry.ts'
import { createOfferDesk, type OfferTerms } from './createOfferDesk.ts'
import { createOrders, type Order } from './createOrders.ts'
import { createShelf } from './createShelf.ts'

/** What `createSeller` takes. */
export type SellerParameters = {
  /** Who is paid. */
  payee: Payee
  /** Reads the chain. */
  client: ScripClient
  /** The payee's key: it signs offers and agreements. */
  signer: VoucherSigner
  /** Where everything lies: this seller's alone. */
  folder: string
  /** Bytes for sale in all. */
  capacity: number
  /** What it costs, in every currency that is accepted. */
  prices: readonly OfferPrice[]
  /** Where the seller is reached, asked when an offer is signed: `https://storage.example`. */
  endpoints: () => readonly string[]
  /** Where the bytes lie, in the seller's own words. */
  region: string
  /** Who runs the seller; its account where nothing is said. */
  operator?: string
  /**
   * The bounds of agreements. Where nothing is said a block is 2^20 bytes for two weeks; agreements are for any space and for a
   * minute to a year; a challenge asks for 32 leaves at most and is answered within a minute.
   */
  terms?: Partial<
    Pick<
      Offer,
      | 'blockBytes'
      | 'blockSeconds'
      | 'minBytes'
      | 'maxBytes'
      | 'minSeconds'
      | 'maxSeconds'
      | 'mostLeaves'
      | 'answerSeconds'
    >
  >
  /** Whom to serve; everybody who pays where nothing is said. */
  admission?: Gate
  /** Milliseconds that an answer waits for its payer; 30 seconds where nothing is said. */
  patience?: number
  /** Told what went wrong at this end; a warning of the process where nothing is said. */
  onError?: (error: unknown) => void
  /** Told of every paid request when it is over. */
  onSale?: (sale: Sold) => void
  /** The time in Unix seconds; the machine's where nothing is said. */
  clock?: () => number
}

/** Sells storage. */
export type Seller = {
  /** Answers buyers. */
  readonly listener: RequestListener
  /** The newest offer. */
  offer(): Promise<SignedOffer>
  /** Bytes that are not promised to anybody. */
  free(): number
  close(): Promise<void>
}

const SELLER = 'self'

/** Whose folder it is. */
const sellers: Table<{ readonly address: Address; readonly chainId: number }> = 'market/seller'

const MEBIBYTE = 2 ** 20
const DAY = 86_400

/**
 * Sells space on a disk, for a time, by agreements that both sides sign: the offer for whoever asks, an agreement for whoever
 * pays the block, then pieces into it and out of it at the agreed prices, and proofs that they are there. What a buyer was
 * told to be there survives a crash and a power loss. Space is free again when its agreement is over.
 *
 * @throws `STORAGE_IN_USE` where the folder is another seller's or another process has it, `OFFER_MALFORMED` where the terms
 * are none, `INVALID_ARGUMENT` where the signer is not the payee, `STORE_FAILED`
 */
export async function createSeller(parameters: SellerParameters): Promise<Seller> {
  const { payee, client, signer, folder, capacity, prices, endpoints, region } = parameters
  const { admission, patience, onSale, onError, clock = unixTime } = parameters
  const seller = payee.address
  if (signer.address.toLowerCase() !== seller) {
    throw new ScripError('INVALID_ARGUMENT', {
      detail: `Offers are signed by the payee ${seller}, not by ${signer.address}.`,
    })
  }
  const terms: OfferTerms = {
    ...payee.accepts,
    seller,
    resource: 'storage',
    blockBytes: MEBIBYTE,
    blockSeconds: 14 * DAY,
    minBytes: 1,
    maxBytes: capacity,
    minSeconds: 60,
    maxSeconds: 366 * DAY,
    mostLeaves: 32,
    answerSeconds: 60,
    ...parameters.terms,
    prices: prices.map((price) => ({ ...price, currency: price.currency.toLowerCase() as Address })),
    region,
    operator: parameters.operator ?? seller,
  }
  const store = openIndex(folder)
  try {
    await own(folder)
    const book = await createAgreementBook({ store, signer, capacity })
    const shelf = await createShelf({
      folder: join(folder, 'pieces'),
      store,
      isKnown: (agreement) => book.find(agreement) !== undefined,
      attest: async ({ agreement, root, size }) => {
        const statement = { agreement, root, size, at: clock() }
        return { statement, signature: await signer.sign({ hash: storedPieceDigest(terms, statement) }) }
      },
    })
    const desk = createOfferDesk({ terms, endpoints, free: book.free, signer })
    const expiry = createExpiry({ book, shelf, clock, onError })
    const orders = createOrders({ desk, book, shelf, signer, domain: terms, clock, onAgreed: expiry.plan })
    const asked = new WeakMap<IncomingMessage, Order>()
    const walls = new Map(
      terms.prices.map(({ currency }) => [
        currency,
        paywall(
          {
            payee,
            client,
            currency,
            price: (request) => asked.get(request)?.price,
            // A quote for a small part must not pay for a large one.
            item: ({ method, url, headers }) => `${method} ${url} ${headers['content-range'] ?? ''}`,
            receiptSigner: signer,
            ...(admission && { admission }),
            ...(patience !== undefined && { patience }),
            ...(onError && { onError }),
            ...(onSale && { onSale }),
          },
          (request, response) => answer(asked.get(request) as Order, request, response),
        ),
      ]),
    )
    const [anyWall] = walls.values() as Iterable<RequestListener> as RequestListener[]
    await expiry.start()
    return {
      listener: (request, response) => {
        try {
          const order = orders(request)
          asked.set(request, order)
          const wall = order.currency === undefined ? anyWall : walls.get(order.currency)
          wall?.(request, response)
        } catch (error) {
          refuse(error, request, response)
        }
      },
      offer: () => desk.current(clock()),
      free: book.free,
      close: async () => {
        await expiry.close()
        await store.close()
      },
    }
  } catch (error) {
    await store.close()
    throw error
  }

  /** @throws `STORAGE_IN_USE` */
  async function own(path: string): Promise<void> {
    const owner = await store.get(sellers, SELLER)
    const self = { address: seller, chainId: payee.accepts.chainId }
    if (owner === undefined) return store.write([put(sellers, SELLER, self)])
    if (owner.address === self.address && owner.chainId === self.chainId) return
    throw new ScripError('STORAGE_IN_USE', {
      detail: `${path} is the storage of ${owner.address} on chain ${owner.chainId}.`,
      values: { folder: path, ...owner },
    })
  }

  async function answer(order: Order, request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await order.answer(request, response)
    } catch (error) {
      // What is paid is refused by the paywall, which gives the payment back.
      if (order.price !== undefined) throw error
      refuse(error, request, response)
    }
  }

  function refuse(error: unknown, request: IncomingMessage, response: ServerResponse): void {
    const problem = error instanceof ScripError ? error : new ScripError('INTERNAL', { cause: error })
    if (problem.status >= 500) onError?.(error)
    if (response.headersSent) return void response.destroy()
    const headers = { 'content-type': PROBLEM_TYPE, 'cache-control': 'no-store' }
    reply(request, response, { status: problem.status, headers, body: JSON.stringify(problem.toProblem()) })
  }
}

/** The index of a storage, which one process has at a time. @throws `STORAGE_IN_USE`, `STORE_FAILED` */
function openIndex(folder: string) {
  try {
    return sqliteStore(join(folder, 'index.db'))
  } catch (error) {
    const isTaken = error instanceof ScripError && error.message.startsWith('Another process')
    if (!isTaken) throw error
    throw new ScripError('STORAGE_IN_USE', {
      detail: `Another process sells what is in ${folder}.`,
      hint: 'Stop it, or give this seller a folder of its own.',
      values: { folder },
      cause: error,
    })
  }
}
