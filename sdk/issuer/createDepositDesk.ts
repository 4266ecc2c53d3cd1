import type { Address } from 'viem'
import { getBlock, getContractEvents } from 'viem/actions'
import { issuerCurrencyAbi as abi } from '../abi/issuerCurrency.ts'
import { type GetDepositsReturnType, getDeposits } from '../chain/actions/getDeposits.ts'
import { pause } from '../chain/pause.ts'
import type { ScripClient } from '../chain/transact.ts'
import { ScripError } from '../errors/ScripError.ts'
import type { DepositsQuery } from '../http/gatewayMessages.ts'
import type { CurrencyBook } from './createCurrencyBook.ts'
import { unavailable } from './createJudge.ts'

/** Answers getDepositsRequests. */
export type DepositDesk = {
  /**
   * What arrived since the cursor; waits for it as long as the query says. Ends early, with nothing, where the signal aborts.
   * @throws `UNKNOWN_CURRENCY`, `INVALID_ARGUMENT` for a foreign cursor, `ISSUER_UNAVAILABLE`
   */
  deposits(query: DepositsQuery, signal: AbortSignal): Promise<GetDepositsReturnType>
  /** How many wait. */
  waiting(): number
}

type Waiter = { readonly currency: string; readonly recipient: string; readonly wake: () => void }

/**
 * Lets holders wait for deposits. However many wait, one loop looks for new blocks and asks each for its deposits once; who
 * got one reads what it is by its own cursor, which no reorg confuses.
 */
export function createDepositDesk(client: ScripClient, book: CurrencyBook): DepositDesk {
  const waiters = new Set<Waiter>()
  let seen: { number: bigint; hash: string } | undefined
  let isLooking = false

  /** Wakes who got something in the blocks since the last look; everybody where a reorg took that block away. */
  const look = async () => {
    const head = await getBlock(client)
    if (seen === undefined || head.hash === seen.hash) {
      seen = head
      return
    }
    const isNext = head.parentHash === seen.hash
    const isAhead = isNext || (head.number > seen.number && (await hashAt(seen.number)) === seen.hash)
    const woken = isAhead ? await recipients(seen.number + 1n, head.number) : undefined
    seen = head
    for (const waiter of waiters) {
      if (woken === undefined || woken.has(`${waiter.currency}/${waiter.recipient}`)) waiter.wake()
    }
  }

  const hashAt = async (blockNumber: bigint) => (await getBlock(client, { blockNumber })).hash

  const recipients = async (fromBlock: bigint, toBlock: bigint): Promise<Set<string>> => {
    const address = [...new Set([...waiters].map(({ currency }) => currency as Address))]
    const events = await getContractEvents(client, {
      address,
      abi,
      eventName: 'Deposited',
      fromBlock,
      toBlock,
      strict: true,
    })
    return new Set(events.map((event) => `${event.address}/${event.args.to}`.toLowerCase()))
  }

  const lookOn = async () => {
    if (isLooking) return
    isLooking = true
    while (waiters.size > 0) {
      await look().catch(() => {
        // The chain does not answer: who waits waits on.
      })
      await new Promise((resolve) => setTimeout(resolve, client.pollingInterval))
    }
    // What happens while nobody waits is not asked for.
    seen = undefined
    isLooking = false
  }

  /** From here on everything that comes in wakes the waiter. */
  const join = async (query: DepositsQuery, wake: () => void): Promise<Waiter> => {
    const waiter = { currency: query.currency.toLowerCase(), recipient: query.recipient.toLowerCase(), wake }
    waiters.add(waiter)
    if (seen === undefined) await look().catch(() => {})
    lookOn()
    return waiter
  }

  const read = async ({ currency, recipient }: DepositsQuery, cursor: string | undefined) => {
    try {
      return await getDeposits(client, { currency, recipient, ...(cursor !== undefined && { cursor }) })
    } catch (error) {
      const isAnswer = error instanceof ScripError && ['INVALID_ARGUMENT', 'UNKNOWN_CURRENCY'].includes(error.code)
      throw isAnswer ? error : unavailable(error)
    }
  }

  return {
    waiting: () => waiters.size,
    deposits: async (query, signal) => {
      await book.terms(query.currency)
      const deadline = performance.now() + query.millisecondsWait
      let bell = new AbortController()
      const waiter = query.millisecondsWait > 0 ? await join(query, () => bell.abort()) : undefined
      try {
        let answer = await read(query, query.cursor)
        for (;;) {
          const left = deadline - performance.now()
          if (answer.deposits.length > 0 || left <= 0 || signal.aborted) return answer
          await pause(left, AbortSignal.any([bell.signal, signal]))
          if (!bell.signal.aborted) continue
          bell = new AbortController()
          answer = await read(query, answer.cursor)
        }
      } finally {
        if (waiter !== undefined) waiters.delete(waiter)
      }
    },
  }
}
