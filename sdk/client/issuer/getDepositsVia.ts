import type { Address } from 'viem'
import type { GetDepositsParameters, GetDepositsReturnType } from '../../chain/actions/getDeposits.ts'
import { ScripError } from '../../errors/ScripError.ts'
import { GET_DEPOSITS_PATH, LONGEST_WAIT, readDepositsAnswer, writeMessage } from '../../http/gatewayMessages.ts'
import { ask } from './ask.ts'
import type { GatewayClient } from './gatewayClient.ts'

/** Milliseconds between two questions of one wait. */
const PAUSE = 1_000

/**
 * What arrived through the issuer's service since the cursor: `getDeposits` for holders without a node. A cursor of the one
 * is good for the other. Where nothing is there the gateway holds the question for as long as `wait` says.
 * @throws `UNKNOWN_CURRENCY`, `INVALID_ARGUMENT` for a cursor that is none, `KEY_MISSING` where no recipient is known,
 * `PEER_UNREACHABLE`, `TRANSFER_INTERRUPTED`, `ISSUER_UNAVAILABLE`, `TOO_MANY_REQUESTS`, `PROTOCOL_VIOLATION`
 */
export async function getDepositsVia(
  gateway: GatewayClient,
  { currency, recipient, cursor, wait = 0, signal }: GetDepositsParameters & { signal?: AbortSignal },
): Promise<GetDepositsReturnType> {
  const whose = recipient ?? accountOf(gateway)
  const deadline = performance.now() + wait
  let since = cursor
  for (;;) {
    const left = Math.max(0, Math.ceil(deadline - performance.now()))
    const query = {
      currency,
      recipient: whose,
      ...(since !== undefined && { cursor: since }),
      millisecondsWait: Math.min(left, LONGEST_WAIT),
    }
    const answer = readDepositsAnswer(await ask(gateway, GET_DEPOSITS_PATH, writeMessage(query), signal))
    if (answer.deposits.length > 0 || left <= LONGEST_WAIT) return answer
    since = answer.cursor
    // A gateway that does not wait as it was asked to must not be asked without end.
    await new Promise((resolve) => setTimeout(resolve, PAUSE))
    signal?.throwIfAborted()
  }
}

function accountOf({ account }: GatewayClient): Address {
  if (account !== undefined) return account.address
  throw new ScripError('KEY_MISSING', { hint: 'Name a recipient, or give the gateway client an account.' })
}
