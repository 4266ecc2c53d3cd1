import {
  type Address,
  BaseError,
  type Hex,
  HttpRequestError,
  type RpcLog,
  SocketClosedError,
  TimeoutError,
  toHex,
  WebSocketRequestError,
} from 'viem'
import { ScripError } from '../errors/ScripError.ts'
import type { ScripClient } from './transact.ts'

/** Whose logs: of one contract, by their topics. */
export type LogFilter = { readonly address: Address; readonly topics: readonly (Hex | readonly Hex[])[] }

/** Reads logs in ranges of blocks that the node grants. */
export type LogReader = {
  /** The last block to ask for at once, from a block on and not beyond another. */
  reach(from: bigint, most: bigint): bigint
  /**
   * The logs of a range; nothing where the node refused it: then `reach` comes less far.
   * @throws `LOGS_REFUSED` where it refuses one block alone, or any for now
   */
  read(from: bigint, to: bigint): Promise<RpcLog[] | undefined>
}

/** Blocks asked for at once at most: what public nodes answer. */
const WIDEST = 5_000n

/** HTTP statuses by which nodes refuse what is too much. */
const TOO_MUCH = [400, 413]

/**
 * Nodes limit the blocks or the logs of an answer, each in its own words and numbers, so that every refusal counts as one:
 * the range is halved, and grows again slowly, as the logs of other blocks may be fewer.
 */
export function createLogReader(client: ScripClient, { address, topics }: LogFilter): LogReader {
  let width = WIDEST
  return {
    reach: (from, most) => (from + width - 1n < most ? from + width - 1n : most),
    read: async (from, to) => {
      const range = { fromBlock: toHex(from), toBlock: toHex(to) }
      try {
        const logs = await client.request({
          method: 'eth_getLogs',
          params: [
            { address, topics: topics.map((topic) => (typeof topic === 'string' ? topic : [...topic])), ...range },
          ],
        })
        const wider = width + width / 8n + 1n
        width = wider < WIDEST ? wider : WIDEST
        return logs
      } catch (error) {
        const answer = answerIn(error)
        if (answer === undefined) throw error
        if (to > from && !isRateLimit(answer)) {
          width = (to - from + 1n) / 2n
          return undefined
        }
        throw new ScripError('LOGS_REFUSED', {
          detail: `The node does not give the logs of the blocks ${from} to ${to}: ${answer}`,
          values: { from, to, answer },
          cause: error,
        })
      }
    },
  }
}

/** What a node that is there said instead of giving the logs. One that took too long may give fewer in time. */
function answerIn(error: unknown): string | undefined {
  if (!(error instanceof BaseError)) return undefined
  const lost = error.walk((cause) =>
    [HttpRequestError, SocketClosedError, WebSocketRequestError].some((kind) => cause instanceof kind),
  )
  const isTooMuch = lost instanceof HttpRequestError && TOO_MUCH.includes(lost.status ?? 0)
  if (lost !== null && !isTooMuch) return undefined
  const timeout = error.walk((cause) => cause instanceof TimeoutError)
  if (timeout instanceof TimeoutError) return timeout.shortMessage
  return error.details || error.shortMessage
}

/** Asking for less does not help then. */
function isRateLimit(answer: string): boolean {
  return /rate.?limit|too many requests|per second|daily|quota/i.test(answer)
}
