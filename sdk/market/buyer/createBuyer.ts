import type { Hex } from 'viem'
import { ScripError } from '../../errors/ScripError.ts'
import { put } from '../../store/Store.ts'
import { unixTime } from '../unixTime.ts'
import type { Buyer } from './Buyer.ts'
import { challengePiece } from './challengePiece.ts'
import { createAgreeing } from './createAgreeing.ts'
import { createPayments, type PaymentsParameters } from './createPayments.ts'
import { fetchPiece } from './fetchPiece.ts'
import { readOfferAt } from './readOfferAt.ts'
import { agreements, failures, findAgreement, isSettled, pieceKey, pieces } from './records.ts'
import { stateFailures } from './stateFailures.ts'
import { storePiece } from './storePiece.ts'

/** What `createBuyer` takes. */
export type BuyerParameters = PaymentsParameters & {
  /** The time in Unix seconds; the machine's where nothing is said. */
  clock?: () => number
}

/**
 * Buys storage. What is agreed, stored and failed is in the store, which is one process's at a time: a buyer that crashed goes
 * on from there.
 *
 * @throws `INVALID_ARGUMENT` where the signer does not sign for the client's account
 */
export function createBuyer({ clock = unixTime, ...parameters }: BuyerParameters): Buyer {
  const { client, signer, store } = parameters
  if (client.account?.address.toLowerCase() !== signer.address.toLowerCase()) {
    throw new ScripError('INVALID_ARGUMENT', {
      detail: `Agreements are signed by the account that pays, ${client.account?.address}, not by ${signer.address}.`,
    })
  }
  const payments = createPayments(parameters)
  const agree = createAgreeing({ client, signer, store, payments, clock })

  const findPiece = async (agreement: Hex, root: Hex) => {
    const piece = await store.get(pieces, pieceKey(agreement, root))
    if (piece?.stored !== undefined) return piece
    throw new ScripError('PIECE_UNKNOWN', {
      detail: 'This buyer stored no such piece under the agreement.',
      values: { agreement, root },
    })
  }

  return {
    readOffer: (url) => readOfferAt(url, clock()),
    agree,

    storePiece: async ({ agreement, ...rest }) =>
      storePiece({ store, payments, agreement: await findAgreement(store, agreement, clock()), ...rest }),

    fetchPiece: async ({ agreement, root, ...rest }) => {
      const found = await findAgreement(store, agreement, clock())
      const piece = await store.get(pieces, pieceKey(agreement, root))
      await fetchPiece({ payments, agreement: found, root, size: piece?.size, ...rest })
    },

    challenge: async ({ agreement, root, leaves, signal }) => {
      const found = await findAgreement(store, agreement, clock())
      const piece = await findPiece(agreement, root)
      const outcome = await challengePiece({
        client,
        payments,
        agreement: found,
        piece,
        leaves,
        clock,
        ...(signal && { signal }),
      })
      if (outcome.isHeld) return outcome
      const { failure } = outcome
      await store.write([put(failures, `${pieceKey(agreement, root)}/${failure.challenge.nonce}`, failure)])
      return outcome
    },

    agreements: async () => {
      const settled = (await store.all(agreements)).filter(isSettled)
      return settled.sort((one, other) => one.agreement.start - other.agreement.start)
    },
    pieces: () => store.all(pieces),
    stateFailures: ({ networkId }) => stateFailures({ client, store }, networkId),
    failures: async () => (await store.all(failures)).sort((one, other) => one.at - other.at),
  }
}
