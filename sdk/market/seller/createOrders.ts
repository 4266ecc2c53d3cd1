import type { IncomingMessage, ServerResponse } from 'node:http'
import send from 'send'
import type { Address, Hex } from 'viem'
import type { VoucherSigner } from '../../channels/signatures.ts'
import { ScripError } from '../../errors/ScripError.ts'
import { PAYMENT_PATH, RECEIPT_PATH } from '../../http/headers.ts'
import { kilobytes, type Price } from '../../http/price.ts'
import { payerOf } from '../../peer/payerOf.ts'
import type { SignedAgreement } from '../Agreement.ts'
import { answerHash, writeProofs } from '../challengeAnswer.ts'
import { LEAF, leavesIn } from '../merkle.ts'
import { type Challenge, OFFER_PATH, PROPOSAL_HEADER, readPlace, SIGNATURE_HEADER } from '../paths.ts'
import type { PieceState } from '../pieceState.ts'
import { readProposalHeader } from '../proposal.ts'
import { writeAgreement } from '../readAgreement.ts'
import { challengeAnswerDigest, type MarketDomain } from '../statements.ts'
import type { AgreementBook } from './createAgreementBook.ts'
import type { OfferDesk } from './createOfferDesk.ts'
import type { Part, PieceRecord, Shelf } from './createShelf.ts'

/** What a request asks for, what it costs, and who answers it. */
export type Order = {
  /** Nothing where it is free. */
  readonly price?: Price
  /** What to pay in; anything where it is free. */
  readonly currency?: Address
  answer(request: IncomingMessage, response: ServerResponse): Promise<void>
}

/** What `createOrders` takes. */
export type OrdersParameters = {
  desk: OfferDesk
  book: AgreementBook
  shelf: Shelf
  signer: VoucherSigner
  domain: MarketDomain
  clock: () => number
  /** Told when there is one agreement more. */
  onAgreed: () => void
}

/** Bytes of a part at most: what is paid for a part is at risk until it is kept. */
const LONGEST_PART = 4 * 2 ** 20

/**
 * Reads requests before anything is paid for them, so that what cannot be served costs nothing. @throws The refusal
 */
export function createOrders(parameters: OrdersParameters): (request: IncomingMessage) => Order {
  const { desk, book, shelf, signer, domain, clock, onAgreed } = parameters

  const offerOrder: Order = {
    answer: async (_, response) => {
      const now = clock()
      json(response, 200, { ...(await desk.current(now)), now })
    },
  }

  /** What the paywall answers by itself. */
  const paymentOrder: Order = {
    answer: async () => {
      throw new ScripError('NOT_FOUND')
    },
  }

  const agreementOrder = (id: Hex, request: IncomingMessage): Order => {
    const present = book.find(id)
    if (present !== undefined) {
      // Asked again by a buyer that did not get the answer.
      return { answer: async (_, response) => text(response, 200, writeAgreement(present)) }
    }
    const { offer, proposal } = readProposalHeader(String(request.headers[PROPOSAL_HEADER] ?? ''))
    const { agreement } = proposal
    if (proposal.id !== id) {
      throw new ScripError('AGREEMENT_ALTERED', { detail: 'The agreement is not the one that the path names.' })
    }
    const check = () => {
      desk.require(offer.offer, clock())
      book.check(proposal, offer.offer, clock())
    }
    check()
    return {
      price: { perCall: agreement.price },
      currency: agreement.currency,
      answer: async (paid, response) => {
        const channel = payerOf(paid)
        if (channel?.id !== agreement.channelId || channel.payer !== agreement.buyer) throw wrongPayer(agreement.buyer)
        const signed = await book.accept(proposal, offer.offer, clock())
        onAgreed()
        text(response, 201, writeAgreement(signed))
      },
    }
  }

  /** @throws `AGREEMENT_UNKNOWN`, `AGREEMENT_EXPIRED` */
  const requireAgreement = (id: Hex): SignedAgreement => {
    const signed = book.find(id)
    if (signed === undefined) throw new ScripError('AGREEMENT_UNKNOWN', { values: { agreement: id } })
    const { end } = signed.agreement
    if (end <= clock()) throw new ScripError('AGREEMENT_EXPIRED', { values: { agreement: id, end } })
    return signed
  }

  /** @throws `PIECE_UNKNOWN` */
  const requireWhole = (agreement: Hex, root: Hex): PieceRecord => {
    const piece = shelf.find(agreement, root)
    if (piece?.stored !== undefined) return piece
    throw new ScripError('PIECE_UNKNOWN', { values: { root, received: piece?.received ?? 0 } })
  }

  const stateOrder = (agreement: Hex, root: Hex): Order => ({
    answer: async (_, response) => json(response, 200, stateOf(shelf.find(agreement, root))),
  })

  const writeOrder = ({ id, agreement }: SignedAgreement, root: Hex, request: IncomingMessage): Order => {
    const present = shelf.find(id, root)
    if (present?.stored !== undefined) return stateOrder(id, root)
    const part = { agreement: id, root, ...partIn(request) }
    const received = present?.received ?? 0
    if (part.start !== received) {
      throw new ScripError('PIECE_MISPLACED', { values: { received, start: part.start } })
    }
    const left = agreement.size - shelf.taken(id)
    if (present === undefined && part.size > left) {
      throw new ScripError('AGREEMENT_EXCEEDED', {
        detail: `${left} bytes are left of the agreement's ${agreement.size}; the piece has ${part.size}.`,
        values: { left, size: part.size },
      })
    }
    return {
      price: { perCall: BigInt(kilobytes(part.length)) * agreement.perKilobyteWritten },
      currency: agreement.currency,
      answer: async (paid, response) => {
        if (payerOf(paid)?.payer !== agreement.buyer) throw wrongPayer(agreement.buyer)
        const record = await shelf.write(part, agreement.size, paid.iterator({ destroyOnReturn: false }))
        json(response, 201, stateOf(record))
      },
    }
  }

  /** Reading is for whoever knows the name and pays: a publisher's readers read where it stores. */
  const readOrder = ({ id, agreement }: SignedAgreement, root: Hex): Order => {
    requireWhole(id, root)
    return {
      price: { perKilobyte: agreement.perKilobyteRead },
      currency: agreement.currency,
      answer: (paid, response) => sendPiece(paid, response, shelf.folderOf(id), root),
    }
  }

  const challengeOrder = ({ id, agreement }: SignedAgreement, root: Hex, challenge: Challenge): Order => {
    const { size } = requireWhole(id, root)
    const { leaves, nonce } = challenge
    const count = leavesIn(size)
    if (leaves.length > agreement.mostLeaves || leaves.some((leaf) => leaf >= count)) {
      throw new ScripError('INVALID_ARGUMENT', {
        detail: `A challenge of this piece asks for up to ${agreement.mostLeaves} of its ${count} leaves.`,
        values: { mostLeaves: agreement.mostLeaves, leaves: count },
      })
    }
    return {
      price: { perCall: BigInt(leaves.length) * agreement.perLeaf },
      currency: agreement.currency,
      answer: async (paid, response) => {
        if (payerOf(paid)?.payer !== agreement.buyer) throw wrongPayer(agreement.buyer)
        const body = writeProofs(await shelf.prove(id, root, leaves))
        const answer = { agreement: id, root, nonce, answer: answerHash(body) }
        const signature = await signer.sign({ hash: challengeAnswerDigest(domain, answer) })
        response.setHeader(SIGNATURE_HEADER, signature)
        text(response, 200, body)
      },
    }
  }

  return (request) => {
    const { method = 'GET', url = '/' } = request
    if (url === PAYMENT_PATH || url === RECEIPT_PATH) return paymentOrder
    const isRead = method === 'GET' || method === 'HEAD'
    if (url === OFFER_PATH && isRead) return offerOrder
    const place = readPlace(url)
    if (place === undefined) {
      throw new ScripError('NOT_FOUND', {
        hint: `An offer is at ${OFFER_PATH}. Agreements and pieces are named by 0x and 64 hexadecimal digits, in lower case.`,
      })
    }
    const { agreement: id, root, isState, challenge } = place
    if (root === undefined && method === 'PUT') return agreementOrder(id, request)
    if (root !== undefined) {
      const signed = requireAgreement(id)
      if (isRead && isState) return stateOrder(id, root)
      if (method === 'GET' && challenge) return challengeOrder(signed, root, challenge)
      if (isRead && challenge === undefined) return readOrder(signed, root)
      if (method === 'PUT' && challenge === undefined && !isState) return writeOrder(signed, root, request)
    }
    throw new ScripError('METHOD_NOT_ALLOWED', { hint: 'Agreements are PUT, pieces PUT and read with GET.' })
  }
}

function stateOf(record: PieceRecord | undefined): PieceState {
  const { received = 0, stored } = record ?? {}
  return { received, ...(stored && { at: stored.statement.at, signature: stored.signature }) }
}

/**
 * The part that a request announces: `Content-Range: bytes 0-1023/5000`. Parts begin where a kilobyte does, and all but the last
 * end where one does, so that none is paid twice.
 * @throws `INVALID_ARGUMENT`
 */
function partIn({ headers }: IncomingMessage): Pick<Part, 'size' | 'start' | 'length'> {
  const range = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(headers['content-range'] ?? '')
  const [start = 0, end = 0, size = 0] = (range ?? []).slice(1).map(Number)
  const length = end - start + 1
  const isWhole = start % LEAF === 0 && (length % LEAF === 0 || end + 1 === size)
  const isThere = range !== null && end < size && length > 0 && headers['content-length'] === String(length)
  if (isThere && isWhole && length <= LONGEST_PART) return { size, start, length }
  throw new ScripError('INVALID_ARGUMENT', {
    detail: 'The request does not say which bytes it brings.',
    hint: `Send Content-Length and Content-Range, parts of up to ${LONGEST_PART} bytes that begin at a multiple of ${LEAF}.`,
  })
}

function wrongPayer(buyer: Address): ScripError {
  return new ScripError('WRONG_CHANNEL', {
    detail: `It is not paid by the buyer of the agreement, ${buyer}, or not through its channel.`,
    values: { buyer },
  })
}

/** Sends a piece, or the range of it that was asked for. */
function sendPiece(request: IncomingMessage, response: ServerResponse, folder: string, root: Hex): Promise<void> {
  return new Promise((resolve, reject) => {
    response.setHeader('content-type', 'application/octet-stream')
    // It can never change: its name is its hash.
    response.setHeader('etag', `"${root}"`)
    response.on('close', resolve)
    send(request, `/${root}`, { root: folder, index: false, cacheControl: false, lastModified: false })
      .on('error', ({ status = 500 }: { status?: number }) => {
        if (response.headersSent) {
          response.destroy()
          return resolve()
        }
        if (status === 404) reject(new ScripError('PIECE_UNKNOWN', { detail: 'The piece is gone.', values: { root } }))
        else if (status === 416) {
          response.writeHead(416).end()
          resolve()
        } else reject(new ScripError(status >= 500 ? 'INTERNAL' : 'INVALID_ARGUMENT', { values: { status } }))
      })
      .pipe(response)
  })
}

function json(response: ServerResponse, status: number, value: object): void {
  text(
    response,
    status,
    JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? part.toString() : part)),
  )
}

function text(response: ServerResponse, status: number, body: string): void {
  response
    .writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
    .end(body)
}
