import {
  BaseError,
  type Client,
  HttpRequestError,
  InsufficientFundsError,
  SocketClosedError,
  TimeoutError,
  WaitForTransactionReceiptTimeoutError,
  WebSocketRequestError,
} from 'viem'
import { ScripError } from '../../errors/ScripError.ts'

const unreachable = [HttpRequestError, SocketClosedError, TimeoutError, WebSocketRequestError]

/**
 * viem's error as one of ours. Only the RPC's origin is named: the rest of the address is often somebody's API key.
 */
export function deploymentError(error: unknown, client: Client): unknown {
  if (!(error instanceof BaseError)) return error
  if (error.walk((cause) => unreachable.some((kind) => cause instanceof kind)) !== null) {
    const request = error.walk((cause) => cause instanceof HttpRequestError)
    const status = request instanceof HttpRequestError ? request.status : undefined
    const rpc = rpcOrigin(client)
    return new ScripError('RPC_UNREACHABLE', {
      detail: status === undefined ? `No chain answers at ${rpc}.` : `${rpc} answers with HTTP status ${status}.`,
      values: { rpc, ...(status === undefined ? {} : { httpStatus: status }) },
    })
  }
  if (error.walk((cause) => cause instanceof InsufficientFundsError) !== null) {
    return new ScripError('INSUFFICIENT_GAS', { cause: error })
  }
  if (error.walk((cause) => cause instanceof WaitForTransactionReceiptTimeoutError) !== null) {
    return new ScripError('TRANSACTION_PENDING', { cause: error })
  }
  return new ScripError('TRANSACTION_REVERTED', { detail: `The chain answers: ${reason(error)}`, cause: error })
}

function rpcOrigin(client: Client): string {
  const { url } = client.transport as { url?: string }
  return url === undefined ? 'the provider' : new URL(url).origin
}

function reason(error: BaseError): string {
  const deepest = error.walk()
  const text = deepest instanceof BaseError ? deepest.details || deepest.shortMessage : deepest.message
  return text.split('\n', 1)[0] ?? ''
}
