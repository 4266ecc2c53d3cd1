import {
  type Abi,
  AbiEncodingBytesSizeMismatchError,
  BaseError,
  ContractFunctionZeroDataError,
  decodeErrorResult,
  type Hex,
  HttpRequestError,
  InsufficientFundsError,
  IntegerOutOfRangeError,
  InvalidAddressError,
  parseAbi,
  SocketClosedError,
  TimeoutError,
  WaitForTransactionReceiptTimeoutError,
  WebSocketRequestError,
} from 'viem'
import { ScripError } from '../errors/ScripError.ts'

const unreachable = [HttpRequestError, SocketClosedError, TimeoutError, WebSocketRequestError]
const unfit = [AbiEncodingBytesSizeMismatchError, IntegerOutOfRangeError, InvalidAddressError]

/** viem's error as one of ours; `abi` names the errors of the contract that was called. Everything else stays as it is. */
export function chainError(error: unknown, abi: Abi = []): unknown {
  if (!(error instanceof BaseError)) return error
  const has = (kind: abstract new (...parameters: never[]) => Error) =>
    error.walk((cause) => cause instanceof kind) !== null
  if (unreachable.some(has)) return unreachableError(error)
  const argument = error.walk((cause) => unfit.some((kind) => cause instanceof kind))
  if (argument instanceof BaseError) {
    return new ScripError('INVALID_ARGUMENT', { detail: argument.shortMessage, cause: error })
  }
  if (has(ContractFunctionZeroDataError)) return new ScripError('NOT_DEPLOYED', { cause: error })
  if (has(InsufficientFundsError)) return new ScripError('INSUFFICIENT_GAS', { cause: error })
  if (has(WaitForTransactionReceiptTimeoutError)) return new ScripError('TRANSACTION_PENDING', { cause: error })
  const data = revertData(error)
  if (data !== undefined) return revertError(abi, data, error)
  // A node words a lack of gas money as it likes; viem knows the wordings of most.
  if (/insufficient funds|doesn't have enough funds/i.test(error.message)) {
    return new ScripError('INSUFFICIENT_GAS', { cause: error })
  }
  return new ScripError('TRANSACTION_REVERTED', { detail: `The chain answers: ${reason(error)}`, cause: error })
}

/** Only the RPC's origin is named: the rest of the address is often somebody's API key. */
function unreachableError(error: BaseError): ScripError {
  const { url, status } = (error.walk((cause) => 'url' in (cause as object)) ?? {}) as { url?: string; status?: number }
  const rpc = url === undefined ? 'the provider' : new URL(url).origin
  return new ScripError('RPC_UNREACHABLE', {
    detail: status === undefined ? `No chain answers at ${rpc}.` : `${rpc} answers with HTTP status ${status}.`,
    values: { rpc, ...(status !== undefined && { httpStatus: status }) },
  })
}

function reason(error: BaseError): string {
  const deepest = error.walk()
  const text = deepest instanceof BaseError ? deepest.details || deepest.shortMessage : deepest.message
  return text.split('\n', 1)[0] ?? ''
}

/** The bytes that a contract reverted with, wherever the node or viem put them; nothing where it gave none. */
function revertData(error: BaseError): Hex | undefined {
  let found: Hex | undefined
  error.walk((cause) => {
    const { raw, data } = cause as { raw?: unknown; data?: unknown }
    const nested = (data as { data?: unknown } | null | undefined)?.data
    found = [raw, data, nested].find((value) => typeof value === 'string' && /^0x./.test(value)) as Hex | undefined
    return found !== undefined
  })
  return found
}

function revertError(abi: Abi, data: Hex, cause: BaseError): ScripError {
  const { errorName, args = [] } = decode(abi, data)
  const values = { error: errorName, args: args.map(String) }
  if (errorName === 'ERC20InsufficientBalance') {
    const [account, balance, needed] = values.args
    return new ScripError('INSUFFICIENT_BALANCE', {
      detail: `${account} holds ${balance} base units and needs ${needed}.`,
      values,
      cause,
    })
  }
  return new ScripError('TRANSACTION_REVERTED', {
    detail: `The contract refused: ${errorName}(${values.args.join(', ')}).`,
    values,
    cause,
  })
}

/**
 * What a contract says that the called one asked, as the called one's ABI does not have it: a token (ERC-6093, ERC-3009),
 * the history, a policy.
 */
const foreignErrors = parseAbi([
  'error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed)',
  'error AuthorizationNotYetValid(uint256 validAfter)',
  'error AuthorizationExpired(uint256 validBefore)',
  'error AuthorizationAlreadyUsed(address authorizer, bytes32 nonce)',
  'error UnknownNetwork(uint256 networkId)',
  'error ProofCountMismatch(uint256 count, uint256 expected)',
])

function decode(abi: Abi, data: Hex): { errorName: string; args?: readonly unknown[] | undefined } {
  try {
    return decodeErrorResult({ abi: [...abi, ...foreignErrors], data })
  } catch {
    // Not an error of this contract: a token's own.
    return { errorName: data }
  }
}
