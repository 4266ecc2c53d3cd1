import { type Address, type Hex, isAddress } from 'viem'
import type { ErrorCode } from '../errors/codes.ts'
import { ScripError } from '../errors/ScripError.ts'

/** Where an issuer's gateway takes transferFundsRequests: `POST`. */
export const TRANSFER_FUNDS_PATH = '/transferFunds'

/** Where it takes getDepositsRequests: `POST`. */
export const GET_DEPOSITS_PATH = '/getDeposits'

/** Below this path it tells the terms of each of its currencies: `GET`, followed by a slash and the address. */
export const CURRENCIES_PATH = '/currencies'

/** The longest wait for a deposit, in milliseconds. */
export const LONGEST_WAIT = 60_000

/** A transferFundsRequest as it travels; the chain's actions call it `TransferFundsRequest`. Amount in base units. */
export type SignedTransfer = {
  readonly currency: Address
  readonly from: Address
  readonly recipient: Address
  readonly amount: bigint
  readonly transactionId: Hex
  readonly messageCounter: bigint
  /** Unix seconds. */
  readonly validBefore: bigint
  readonly signature: Hex
}

/** A transferFundsResponse of success. The fee in base units. */
export type TransferReceipt = { readonly fee: bigint; readonly transactionId: Hex; readonly hash: Hex }

/** A getDepositsRequest. */
export type DepositsQuery = {
  readonly currency: Address
  readonly recipient: Address
  readonly cursor?: string
  /** 0 to `LONGEST_WAIT`. */
  readonly millisecondsWait: number
}

/** A deposit in a getDepositsResponse. Amounts in base units. */
export type DepositNotice = {
  readonly from: Address
  readonly amount: bigint
  readonly fee: bigint
  readonly transactionId: Hex
  readonly blockNumber: bigint
  readonly hash: Hex
}

/** A getDepositsResponse. The balance in base units. */
export type DepositsAnswer = {
  readonly deposits: DepositNotice[]
  readonly balance: bigint
  readonly cursor: string
}

/** What a holder needs to know of a currency to sign for it and to know its fee. Amounts in base units. */
export type CurrencyTerms = {
  readonly currency: Address
  readonly issuer: Address
  readonly chainId: number
  readonly name: string
  readonly symbol: string
  readonly decimals: number
  readonly feeFlat: bigint
  /** Ten-thousandths. */
  readonly feeBps: number
}

/** The JSON of a message: numbers beyond 2^53 are decimal strings. */
export function writeMessage(message: object): string {
  return JSON.stringify(message, (_, value) => (typeof value === 'bigint' ? value.toString() : value))
}

/** @throws `INVALID_ARGUMENT` that names the field */
export function readTransferFunds(body: string): SignedTransfer {
  const read = reader(body, 'INVALID_ARGUMENT')
  return {
    currency: read.address('currency'),
    from: read.address('from'),
    recipient: read.address('recipient'),
    amount: read.number('amount', 1n),
    transactionId: read.hash('transactionId'),
    messageCounter: read.number('messageCounter'),
    validBefore: read.number('validBefore'),
    signature: read.bytes('signature'),
  }
}

/** @throws `INVALID_ARGUMENT` that names the field */
export function readGetDeposits(body: string): DepositsQuery {
  const read = reader(body, 'INVALID_ARGUMENT')
  const cursor = read.optional('cursor', read.text)
  return {
    currency: read.address('currency'),
    recipient: read.address('recipient'),
    ...(cursor !== undefined && { cursor }),
    millisecondsWait: Math.min(read.optional('millisecondsWait', read.count) ?? 0, LONGEST_WAIT),
  }
}

/** @throws `PROTOCOL_VIOLATION` */
export function readTransferReceipt(body: string): TransferReceipt {
  const read = reader(body, 'PROTOCOL_VIOLATION')
  return { fee: read.number('fee'), transactionId: read.hash('transactionId'), hash: read.hash('hash') }
}

/** @throws `PROTOCOL_VIOLATION` */
export function readDepositsAnswer(body: string): DepositsAnswer {
  const read = reader(body, 'PROTOCOL_VIOLATION')
  return {
    deposits: read.list('deposits').map((deposit) => ({
      from: deposit.address('from'),
      amount: deposit.number('amount'),
      fee: deposit.number('fee'),
      transactionId: deposit.hash('transactionId'),
      blockNumber: deposit.number('blockNumber'),
      hash: deposit.hash('hash'),
    })),
    balance: read.number('balance'),
    cursor: read.text('cursor'),
  }
}

/** @throws `PROTOCOL_VIOLATION` */
export function readCurrencyTerms(body: string): CurrencyTerms {
  const read = reader(body, 'PROTOCOL_VIOLATION')
  return {
    currency: read.address('currency'),
    issuer: read.address('issuer'),
    chainId: read.count('chainId'),
    name: read.text('name'),
    symbol: read.text('symbol'),
    decimals: read.count('decimals'),
    feeFlat: read.number('feeFlat'),
    feeBps: read.count('feeBps'),
  }
}

const MOST = 2n ** 256n - 1n

/** Reads the fields of a JSON object; what does not fit is named, and not repeated: it may be long. */
type Reader = {
  address(field: string): Address
  bytes(field: string): Hex
  /** A whole number below 2^53, as a JSON number. */
  count(field: string): number
  /** 32 bytes. */
  hash(field: string): Hex
  list(field: string): Reader[]
  /** A whole number below 2^256, as a decimal string. */
  number(field: string, least?: bigint): bigint
  optional<Value>(field: string, read: (field: string) => Value): Value | undefined
  text(field: string): string
}

function reader(body: string, code: ErrorCode): Reader {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch (cause) {
    throw new ScripError(code, { detail: 'The body is no JSON.', cause })
  }
  return fieldsOf(value, code, '')
}

function fieldsOf(value: unknown, code: ErrorCode, place: string): Reader {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ScripError(code, { detail: `${place === '' ? 'The body' : place} is no JSON object.` })
  }
  const fields = new Map<string, unknown>(Object.entries(value))
  const read = <Value>(field: string, what: string, parse: (value: unknown) => Value | undefined): Value => {
    const parsed = parse(fields.get(field))
    if (parsed !== undefined) return parsed
    const name = `${place}${field}`
    throw new ScripError(code, { detail: `${name} is no ${what}.`, values: { field: name } })
  }
  const matching = (pattern: RegExp) => (value: unknown) =>
    typeof value === 'string' && pattern.test(value) ? (value as Hex) : undefined

  return {
    address: (field) =>
      read(field, 'address: 0x and 40 hexadecimal digits, in lower case or with the right checksum', (value) =>
        typeof value === 'string' && isAddress(value) ? value : undefined,
      ),
    bytes: (field) => read(field, 'hexadecimal string of whole bytes with 0x', matching(/^0x([0-9a-f]{2})*$/i)),
    count: (field) =>
      read(field, 'whole number from 0', (value) =>
        Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined,
      ),
    hash: (field) => read(field, '0x and 64 hexadecimal digits', matching(/^0x[0-9a-f]{64}$/i)),
    list: (field) =>
      read(field, 'list', (value) => (Array.isArray(value) ? value : undefined)).map((item, index) =>
        fieldsOf(item, code, `${place}${field}[${index}].`),
      ),
    number: (field, least = 0n) =>
      read(field, `whole number from ${least} to 2^256 - 1 in a decimal string`, (value) => {
        if (typeof value !== 'string' || !/^(0|[1-9]\d{0,77})$/.test(value)) return undefined
        const number = BigInt(value)
        return number >= least && number <= MOST ? number : undefined
      }),
    optional: (field, parse) => (fields.get(field) === undefined ? undefined : parse(field)),
    text: (field) => read(field, 'string', (value) => (typeof value === 'string' ? value : undefined)),
  }
}
