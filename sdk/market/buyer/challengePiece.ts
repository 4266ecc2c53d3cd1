import { randomInt } from 'node:crypto'
import { getBlockNumber } from 'viem/actions'
import { pause } from '../../chain/pause.ts'
import { guarded, type ScripClient } from '../../chain/transact.ts'
import { toHex } from '../../channels/bytes.ts'
import { ScripError } from '../../errors/ScripError.ts'
import { kilobytes } from '../../http/price.ts'
import { isToldByPeer, readProblem } from '../../http/problem.ts'
import { readText } from '../../http/readText.ts'
import type { Agreement } from '../Agreement.ts'
import { answersChallenge } from '../challengeAnswer.ts'
import { leavesIn } from '../merkle.ts'
import { type Challenge, challengePath, SIGNATURE_HEADER } from '../paths.ts'
import { MOST_SKEW } from '../readOffer.ts'
import type { BuyerAgreement, BuyerPiece, ChallengeOutcome, Failure, FailureKind } from './Buyer.ts'
import { costOf } from './createAgreeing.ts'
import type { Payments } from './createPayments.ts'
import { askState } from './storePiece.ts'

/** What `challengePiece` takes. */
export type ChallengePieceParameters = {
  /** Shows whether it is this side that reaches nobody. */
  client: ScripClient
  payments: Payments
  agreement: BuyerAgreement
  piece: BuyerPiece
  leaves: number | undefined
  clock: () => number
  signal?: AbortSignal
}

/** Leaves that are asked for where nobody says how many: of a piece of which a quarter is gone, nine in ten times one is missing. */
const LEAVES = 8

/** Challenges that are paid at most until one is answered. */
const ATTEMPTS = 3

/** Milliseconds until a seller that did not answer is asked again whether it is there. */
const PAUSE = 250

/** Bytes of an answer at most, for each leaf. */
const LONGEST_LEAF = 8_192

type Answer = NonNullable<Failure['answer']>

/** Asks for random leaves of a piece, and judges the answer: `Buyer.challenge`. */
export async function challengePiece(parameters: ChallengePieceParameters): Promise<ChallengeOutcome> {
  const { agreement, piece, clock } = parameters
  const challenge = newChallenge(piece.size, agreement.agreement, parameters.leaves)
  const answer = await ask(parameters, challenge)
  // Who does not reach its chain either has lost its own line.
  if (answer === undefined) await guarded([], () => getBlockNumber(parameters.client, { cacheTime: 0 }))
  const { root, size } = piece
  const isHeld = answer?.status === 200 && answersChallenge(answer.body, { root, size, leaves: challenge.leaves })
  if (isHeld) return { isHeld: true, challenge }
  const kind: FailureKind = answer === undefined ? 'unanswered' : answer.status === 200 ? 'altered' : 'lost'
  const failure: Failure = {
    kind,
    agreement: agreement.id,
    root,
    seller: agreement.agreement.seller,
    challenge,
    at: clock(),
    value: paidFor(piece, agreement.agreement),
    ...(answer && { answer }),
  }
  return { isHeld: false, failure }
}

/** Leaves by chance, in order, none twice. @throws `INVALID_ARGUMENT` where it would be none */
function newChallenge(size: number, { mostLeaves }: Agreement, wanted = LEAVES): Challenge {
  if (!Number.isSafeInteger(wanted) || wanted < 1) {
    throw new ScripError('INVALID_ARGUMENT', {
      detail: `A challenge asks for a whole number of leaves, not for ${wanted}.`,
      values: { leaves: wanted },
    })
  }
  const count = leavesIn(size)
  const leaves = new Set<number>()
  for (const most = Math.min(wanted, mostLeaves, count); leaves.size < most; ) leaves.add(randomInt(count))
  const nonce = toHex(crypto.getRandomValues(new Uint8Array(32)))
  return { leaves: [...leaves].sort((one, other) => one - other), nonce }
}

/** The seller's answer; nothing where none came within the seconds that were agreed. */
async function ask(parameters: ChallengePieceParameters, challenge: Challenge): Promise<Answer | undefined> {
  const { payments, agreement, piece, signal } = parameters
  const { id, url } = agreement
  const terms = agreement.agreement
  const late = AbortSignal.timeout(terms.answerSeconds * 1_000)
  const ending = signal === undefined ? late : AbortSignal.any([late, signal])
  const amount = BigInt(challenge.leaves.length) * terms.perLeaf
  const pay = payments.fetchAt(terms, { unit: 'call', amount, count: 1n }, costOf(terms))
  for (let attempt = 0; attempt < ATTEMPTS && (await isThere(parameters, ending)); attempt++) {
    try {
      const answer = await pay(new URL(challengePath(id, piece.root, challenge), url), { signal: ending })
      const body = await readText(answer, LONGEST_LEAF * challenge.leaves.length).catch(brokenOff)
      const signature = answer.headers.get(SIGNATURE_HEADER)
      const isSignature = signature !== null && /^0x[0-9a-f]{130}$/.test(signature)
      const said = { status: answer.status, body, ...(isSignature && { signature: signature as `0x${string}` }) }
      if (answer.ok) return said
      if (isLost(answer.status, body)) return requireTime(terms, parameters.clock()) && said
    } catch (error) {
      if (signal?.aborted || !isSilence(error, late.aborted)) throw error
    }
    // Its difficulty may be over before its time is.
    await pause((terms.answerSeconds * 1_000) / (ATTEMPTS + 1), ending)
  }
  if (signal?.aborted) throw signal.reason
  await untilLate(late, signal)
  return undefined
}

/** Waits until the seller can be reached: that costs nothing. Gives up when its time is over. */
async function isThere({ agreement, piece }: ChallengePieceParameters, ending: AbortSignal): Promise<boolean> {
  while (!ending.aborted) {
    try {
      await askState(agreement.url, agreement.id, piece.root, ending)
      return true
    } catch (error) {
      // Whatever it says, it is there to be asked.
      if (error instanceof ScripError && error.code !== 'PEER_UNREACHABLE') return true
      await pause(PAUSE, ending)
    }
  }
  return false
}

/** Nobody failed before the time that was agreed is over. */
async function untilLate(late: AbortSignal, signal: AbortSignal | undefined): Promise<void> {
  while (!late.aborted) {
    await pause(PAUSE, late)
    signal?.throwIfAborted()
  }
}

/** Whether a seller says that it does not have the piece, or the agreement, any more. */
function isLost(status: number, body: string): boolean {
  const { code } = readProblem(status, body)
  return status < 500 && ['PIECE_UNKNOWN', 'AGREEMENT_UNKNOWN', 'AGREEMENT_EXPIRED'].includes(code)
}

/** In an agreement's last minutes the seller's clock may say that it is over. @throws `AGREEMENT_EXPIRED` */
function requireTime({ end }: Agreement, now: number): true {
  if (end - now > MOST_SKEW) return true
  throw new ScripError('AGREEMENT_EXPIRED', { values: { end, now } })
}

/** An answer that ended before its end. */
function brokenOff(cause: unknown): never {
  throw cause instanceof ScripError ? cause : new ScripError('TRANSFER_INTERRUPTED', { cause })
}

/**
 * Whether an error is only that no answer came. What a seller says instead of one is none: it could say anything. What breaks
 * on this side is no seller's silence.
 */
function isSilence(error: unknown, isLate: boolean): boolean {
  // What ends a request whose time is over is none of ours.
  if (!(error instanceof ScripError)) return isLate
  if (isToldByPeer(error)) return true
  return ['PEER_UNREACHABLE', 'TRANSFER_INTERRUPTED', 'PROTOCOL_VIOLATION'].includes(error.code)
}

/** What was paid for a piece: its part of the block, and its writing. */
function paidFor({ size }: BuyerPiece, { price, size: space, perKilobyteWritten }: Agreement): bigint {
  return (price * BigInt(size)) / BigInt(space) + BigInt(kilobytes(size)) * perKilobyteWritten
}
