import { errorCodes } from '../errors/codes.ts'
import { CURRENCIES_PATH, GET_DEPOSITS_PATH, LONGEST_WAIT, TRANSFER_FUNDS_PATH } from '../http/gatewayMessages.ts'
import { PROBLEM_TYPE } from '../http/problem.ts'

const address = {
  type: 'string',
  pattern: '^0x[0-9a-fA-F]{40}$',
  description: 'An address: in lower case, or with the checksum of EIP-55.',
}
const hash = { type: 'string', pattern: '^0x[0-9a-fA-F]{64}$' }
const number = {
  type: 'string',
  pattern: '^(0|[1-9][0-9]{0,77})$',
  description: 'A whole number from 0 to 2^256 - 1, decimal. Amounts are in base units.',
}

const schemas = {
  Address: address,
  Hash: hash,
  Number: number,
  TransferFundsRequest: {
    type: 'object',
    description:
      'The transferFundsRequest, signed by the payer with EIP-712: domain (name of the currency, version 1, chainId, verifyingContract = currency), ' +
      'type TransferFunds(address from,address recipient,uint256 amount,bytes32 transactionId,uint256 messageCounter,uint256 validBefore).',
    required: [
      'currency',
      'from',
      'recipient',
      'amount',
      'transactionId',
      'messageCounter',
      'validBefore',
      'signature',
    ],
    properties: {
      currency: { $ref: '#/components/schemas/Address' },
      from: { $ref: '#/components/schemas/Address' },
      recipient: { $ref: '#/components/schemas/Address' },
      amount: {
        allOf: [{ $ref: '#/components/schemas/Number' }, { not: { const: '0' } }],
        description: 'At least 1. The recipient gets exactly this; the payer is debited the fee on top.',
      },
      transactionId: {
        allOf: [{ $ref: '#/components/schemas/Hash' }],
        description: 'What the recipient recognizes the payment by.',
      },
      messageCounter: {
        allOf: [{ $ref: '#/components/schemas/Number' }],
        description: "Tells the payer's messages apart: one message a counter, in any order.",
      },
      validBefore: { allOf: [{ $ref: '#/components/schemas/Number' }], description: 'Unix seconds.' },
      signature: {
        type: 'string',
        pattern: '^0x([0-9a-fA-F]{2})*$',
        description: '65 bytes r, s, v; or what the wallet takes (ERC-1271), where the payer is a contract.',
      },
    },
  },
  TransferFundsResponse: {
    type: 'object',
    required: ['success', 'fee', 'transactionId', 'hash'],
    properties: {
      success: { const: true },
      fee: {
        allOf: [{ $ref: '#/components/schemas/Number' }],
        description: 'What the payer was debited beyond the amount.',
      },
      transactionId: { $ref: '#/components/schemas/Hash' },
      hash: { allOf: [{ $ref: '#/components/schemas/Hash' }], description: 'The transaction that carried it out.' },
    },
    additionalProperties: false,
  },
  GetDepositsRequest: {
    type: 'object',
    required: ['currency', 'recipient'],
    properties: {
      currency: { $ref: '#/components/schemas/Address' },
      recipient: { $ref: '#/components/schemas/Address' },
      cursor: {
        type: 'string',
        description: 'The cursor of an earlier answer, unchanged; absent for the first question.',
      },
      millisecondsWait: {
        type: 'integer',
        minimum: 0,
        default: 0,
        description: `How long to wait for a deposit where none is there; more than ${LONGEST_WAIT} counts as that.`,
      },
    },
  },
  GetDepositsResponse: {
    type: 'object',
    required: ['deposits', 'fee', 'balance', 'cursor'],
    properties: {
      deposits: { type: 'array', items: { $ref: '#/components/schemas/Deposit' } },
      fee: { const: '0', description: 'What the issuer charges for this answer: nothing.' },
      balance: { $ref: '#/components/schemas/Number' },
      cursor: { type: 'string', description: 'What to ask with next: each deposit comes once.' },
    },
    additionalProperties: false,
  },
  Deposit: {
    type: 'object',
    required: ['from', 'amount', 'fee', 'transactionId', 'blockNumber', 'hash'],
    properties: {
      from: { $ref: '#/components/schemas/Address' },
      amount: { $ref: '#/components/schemas/Number' },
      fee: {
        allOf: [{ $ref: '#/components/schemas/Number' }],
        description: 'What the payer paid to the issuer on top.',
      },
      transactionId: { $ref: '#/components/schemas/Hash' },
      blockNumber: { $ref: '#/components/schemas/Number' },
      hash: { $ref: '#/components/schemas/Hash' },
    },
    additionalProperties: false,
  },
  CurrencyTerms: {
    type: 'object',
    required: ['currency', 'issuer', 'chainId', 'name', 'symbol', 'decimals', 'feeFlat', 'feeBps'],
    properties: {
      currency: { $ref: '#/components/schemas/Address' },
      issuer: { $ref: '#/components/schemas/Address' },
      chainId: { type: 'integer', minimum: 1 },
      name: { type: 'string' },
      symbol: { type: 'string' },
      decimals: { type: 'integer', minimum: 0, maximum: 18 },
      feeFlat: { $ref: '#/components/schemas/Number' },
      feeBps: { type: 'integer', minimum: 0, maximum: 1_000, description: 'Ten-thousandths of the amount.' },
    },
    additionalProperties: false,
  },
  Health: {
    type: 'object',
    required: ['chainId', 'issuer', 'relayer', 'block', 'unsettled', 'waiting'],
    properties: {
      chainId: { type: 'integer', minimum: 1 },
      issuer: { $ref: '#/components/schemas/Address' },
      relayer: { allOf: [{ $ref: '#/components/schemas/Address' }], description: 'Pays for the gas.' },
      block: { $ref: '#/components/schemas/Number' },
      unsettled: { type: 'integer', minimum: 0, description: 'Transactions on their way.' },
      waiting: { type: 'integer', minimum: 0, description: 'Holders that wait for deposits.' },
    },
    additionalProperties: false,
  },
  Problem: {
    type: 'object',
    description: 'Problem details (RFC 9457). The code is stable; further members hold the values at fault.',
    required: ['type', 'title', 'status', 'detail', 'code', 'hint'],
    properties: {
      type: { type: 'string', format: 'uri' },
      title: { type: 'string' },
      status: { type: 'integer' },
      detail: { type: 'string' },
      code: { type: 'string', enum: Object.keys(errorCodes) },
      hint: { type: 'string', description: 'What to do next.' },
    },
  },
  TransferFundsFailure: {
    allOf: [
      { $ref: '#/components/schemas/Problem' },
      { type: 'object', required: ['success'], properties: { success: { const: false } } },
    ],
  },
}

const json = (schema: string) => ({ 'application/json': { schema: { $ref: `#/components/schemas/${schema}` } } })
const problem = (description: string, schema = 'Problem') => ({
  description,
  content: { [PROBLEM_TYPE]: { schema: { $ref: `#/components/schemas/${schema}` } } },
})
const retry = { 'retry-after': { description: 'Seconds to wait.', schema: { type: 'integer', minimum: 1 } } }
const failure = (description: string) => problem(description, 'TransferFundsFailure')

const common = {
  405: { ...problem('METHOD_NOT_ALLOWED'), headers: { allow: { schema: { type: 'string' } } } },
  429: { ...problem('TOO_MANY_REQUESTS'), headers: retry },
  500: problem('INTERNAL'),
  503: { ...problem('ISSUER_UNAVAILABLE: ask again.'), headers: retry },
}

/** What the gateway of an issuer answers, as OpenAPI 3.1. */
export const openApi: { readonly [member: string]: unknown } = {
  openapi: '3.1.0',
  info: {
    title: 'Scrip: the gateway of an issuer',
    version: '1.0.0',
    description:
      'The four messages of the Lightweight Currency Protocol (Turner & Ross 2003) over HTTP, for holders without gas and without a node.',
    license: { name: 'MIT', identifier: 'MIT' },
  },
  paths: {
    [TRANSFER_FUNDS_PATH]: {
      post: {
        operationId: 'transferFunds',
        summary:
          'Pays. The same message may come any number of times: it is carried out once, and gets the first answer.',
        description:
          'Answers of 2xx and 4xx, but for 429, are final. After 429, 5xx or no answer at all, send the very same message again.',
        requestBody: { required: true, content: json('TransferFundsRequest') },
        responses: {
          200: { description: 'The payment is in a block.', content: json('TransferFundsResponse') },
          400: failure('INVALID_ARGUMENT, INVALID_SIGNATURE'),
          402: failure('INSUFFICIENT_BALANCE. Final: pay with another counter once there is enough.'),
          404: failure('UNKNOWN_CURRENCY: not issued here.'),
          409: failure(
            'MESSAGE_CONFLICT: another message has this counter. TRANSACTION_REVERTED: the contract refuses.',
          ),
          410: failure('MESSAGE_EXPIRED'),
          413: failure('BODY_TOO_LARGE'),
          ...common,
          429: { ...failure('TOO_MANY_REQUESTS'), headers: retry },
          500: failure('INTERNAL'),
          503: { ...failure('ISSUER_UNAVAILABLE: send the same message again.'), headers: retry },
          504: {
            ...failure('TRANSACTION_PENDING: it is on its way into a block. Send the same message again.'),
            headers: retry,
          },
        },
      },
    },
    [GET_DEPOSITS_PATH]: {
      post: {
        operationId: 'getDeposits',
        summary: 'Tells what arrived since the cursor; waits for it where nothing is there.',
        requestBody: { required: true, content: json('GetDepositsRequest') },
        responses: {
          200: { description: 'Deposits, each once for each cursor.', content: json('GetDepositsResponse') },
          400: problem('INVALID_ARGUMENT'),
          404: problem('UNKNOWN_CURRENCY: not issued here.'),
          413: problem('BODY_TOO_LARGE'),
          ...common,
        },
      },
    },
    [`${CURRENCIES_PATH}/{currency}`]: {
      get: {
        operationId: 'getCurrency',
        summary: 'Tells what a holder needs to sign for a currency, and its fee.',
        parameters: [
          { name: 'currency', in: 'path', required: true, schema: { $ref: '#/components/schemas/Address' } },
        ],
        responses: {
          200: { description: 'The terms.', content: json('CurrencyTerms') },
          400: problem('INVALID_ARGUMENT'),
          404: problem('UNKNOWN_CURRENCY: not issued here.'),
          ...common,
        },
      },
    },
    '/health': {
      get: {
        operationId: 'getHealth',
        summary: 'Tells whether the chain answers, and how much is under way.',
        responses: { 200: { description: 'It does.', content: json('Health') }, ...common },
      },
    },
    '/openapi.json': {
      get: {
        operationId: 'getDescription',
        summary: 'This document.',
        responses: {
          200: { description: 'It.', content: { 'application/json': { schema: { type: 'object' } } } },
          ...common,
        },
      },
    },
  },
  components: { schemas },
}
