import { type Address, decodeFunctionResult, encodeFunctionData, type Hex } from 'viem'
import { call, estimateGas, getContractEvents, readContract } from 'viem/actions'
import { issuerCurrencyAbi as abi } from '../abi/issuerCurrency.ts'
import { guarded, type ScripClient } from '../chain/transact.ts'
import { ScripError } from '../errors/ScripError.ts'
import type { SignedTransfer } from '../http/gatewayMessages.ts'

/** What the chain would do with a message. */
export type Verdict =
  /** It would carry it out, for that fee in base units and with that much gas. */
  | { readonly kind: 'ready'; readonly fee: bigint; readonly gas: bigint }
  /** It did, in that transaction. */
  | { readonly kind: 'done'; readonly fee: bigint; readonly hash: Hex }
  /** It would not; where that is final the message gets no other answer again. */
  | { readonly kind: 'refused'; readonly error: ScripError; readonly isFinal: boolean }

/** Asks the chain about a message. @throws `ISSUER_UNAVAILABLE` where it gives no clear answer */
export type Judge = (request: SignedTransfer) => Promise<Verdict>

/** More gas than any message needs, but for a wallet whose code costs the issuer more than it should. */
const MOST_GAS = 500_000n

/** Gas beyond the estimate: what a payment to a holder costs more by the time it is mined, as its first one. */
const SPARE_GAS = 30_000n

/** Judges messages by simulation, as `relayer` would send them. */
export function createJudge(client: ScripClient, relayer: Address): Judge {
  return async (request) => {
    const { currency, from, messageCounter } = request
    const data = transferFundsData(request)
    const contract = { address: currency, abi } as const
    // Asked first: where it was carried out by then, a simulation fails if it was another message under this counter.
    const isExecuted = await guarded(abi, () =>
      readContract(client, { ...contract, functionName: 'messageExecuted', args: [from, messageCounter] }),
    ).catch((cause: unknown) => {
      throw unavailable(cause)
    })
    const [simulation, estimate] = await Promise.allSettled([
      guarded(abi, () => call(client, { account: relayer, to: currency, data })),
      guarded(abi, () => estimateGas(client, { account: relayer, to: currency, data })),
    ])
    if (simulation.status === 'rejected') return refusal(request, simulation.reason)
    if (estimate.status === 'rejected') return refusal(request, estimate.reason)
    const fee = decodeFunctionResult({
      abi,
      functionName: 'transferFundsWithAuthorization',
      data: simulation.value.data ?? '0x',
    })
    if (isExecuted) return { kind: 'done', fee, hash: await findTransaction(client, request) }
    const gas = estimate.value + estimate.value / 4n + SPARE_GAS
    if (gas <= MOST_GAS) return { kind: 'ready', fee, gas }
    const error = new ScripError('INVALID_SIGNATURE', {
      detail: `To check the wallet's signature takes ${gas} gas; the issuer spends at most ${MOST_GAS} on a message.`,
      values: { from, gas, most: MOST_GAS },
    })
    return { kind: 'refused', error, isFinal: false }
  }
}

/** The call that carries a message out. */
export function transferFundsData(request: SignedTransfer): Hex {
  const { from, recipient, amount, transactionId, messageCounter, validBefore, signature } = request
  return encodeFunctionData({
    abi,
    functionName: 'transferFundsWithAuthorization',
    args: [from, recipient, amount, transactionId, messageCounter, validBefore, signature],
  })
}

/** What went wrong beneath is the issuer's affair: the holder can only try again. */
export function unavailable(cause: unknown): ScripError {
  return new ScripError('ISSUER_UNAVAILABLE', { cause })
}

/** The contract's refusal; anything else that fails says nothing about the message. */
function refusal({ from, recipient, messageCounter, validBefore }: SignedTransfer, error: unknown): Verdict {
  if (!(error instanceof ScripError)) throw unavailable(error)
  const refused = (known: ScripError, isFinal: boolean): Verdict => ({ kind: 'refused', error: known, isFinal })
  switch (error.values['error']) {
    case 'InvalidSignature':
      return refused(new ScripError('INVALID_SIGNATURE', { values: { from } }), false)
    case 'MessageExpired':
      return refused(new ScripError('MESSAGE_EXPIRED', { values: { validBefore } }), false)
    case 'MessageCounterConflict':
      return refused(new ScripError('MESSAGE_CONFLICT', { values: { from, messageCounter } }), false)
    case 'ERC20InvalidReceiver':
      return refused(
        new ScripError('TRANSACTION_REVERTED', {
          detail: `${recipient} cannot receive this currency.`,
          hint: 'Name the address of somebody.',
          values: { error: 'ERC20InvalidReceiver', recipient },
        }),
        true,
      )
    case 'ERC20InsufficientBalance':
      return refused(
        new ScripError('INSUFFICIENT_BALANCE', {
          detail: error.message,
          hint: 'Earn or buy more of the currency, then sign a message with another counter.',
          values: error.values,
        }),
        true,
      )
    default:
      throw unavailable(error)
  }
}

/** The transaction that carried a message out; where the payer used the reference several times, one of them. */
async function findTransaction(client: ScripClient, request: SignedTransfer): Promise<Hex> {
  const { currency, from, recipient, amount, transactionId } = request
  const events = await guarded(abi, () =>
    getContractEvents(client, {
      address: currency,
      abi,
      eventName: 'Deposited',
      args: { from, to: recipient, transactionId },
      fromBlock: 0n,
      strict: true,
    }),
  ).catch((cause: unknown) => {
    throw unavailable(cause)
  })
  const found = events.find(({ args }) => args.amount === amount)
  if (found === undefined) throw unavailable(new Error(`No log of the message of ${from} that was carried out.`))
  return found.transactionHash
}
