/** What a code means and what to do about it: the HTTP status that fits, a title, and the next step. */
type Entry = { status: number; title: string; hint: string }

/** Every error code of the package. Codes are stable: programs match them. */
export const errorCodes = {
  // Setting
  KEY_MISSING: {
    status: 400,
    title: 'No private key was given',
    hint: 'Pass --key <0x… or a key file>, or set SCRIP_KEY.',
  },
  KEY_INVALID: {
    status: 400,
    title: 'The private key is not 32 bytes of hexadecimal',
    hint: 'Give 0x and 64 hexadecimal digits, or the path of a file that holds them.',
  },
  PASSWORD_MISSING: {
    status: 400,
    title: 'The key file is encrypted, and no password was given',
    hint: 'Set SCRIP_PASSWORD, or pass --password-file <file>.',
  },
  PASSWORD_WRONG: {
    status: 400,
    title: 'The password does not open the key file',
    hint: 'Correct SCRIP_PASSWORD or the file that --password-file names.',
  },
  INVALID_ARGUMENT: {
    status: 400,
    title: 'An argument cannot be used',
    hint: 'Correct the named argument and try again.',
  },
  FILE_NOT_FOUND: {
    status: 404,
    title: 'There is no such file',
    hint: 'Check the path.',
  },
  FILE_UNWRITABLE: {
    status: 400,
    title: 'The file cannot be written',
    hint: 'Check the folder, its permissions, and the space on the disk.',
  },
  UNSAFE_CONFIGURATION: {
    status: 400,
    title: 'So configured, somebody else could take money or secrets',
    hint: 'Change what the message names.',
  },
  NOT_INSTALLED: {
    status: 503,
    title: 'A program that this needs is not installed',
    hint: 'Install it as the message says.',
  },
  PROGRAM_FAILED: {
    status: 503,
    title: 'A program that this runs ended by itself',
    hint: 'Run that program by hand to see why.',
  },
  PORT_IN_USE: {
    status: 503,
    title: 'The port is taken',
    hint: 'Stop what listens there, or choose another with --port.',
  },
  STOPPED: {
    status: 499,
    title: 'It was stopped',
    hint: 'Run the same again to go on.',
  },
  // Chain
  RPC_UNREACHABLE: {
    status: 503,
    title: 'No chain answers at the RPC address',
    hint: 'Start one with `scrip dev`, or pass --rpc <url>.',
  },
  WRONG_CHAIN: {
    status: 400,
    title: 'The RPC serves another chain than expected',
    hint: 'Point --rpc at the expected chain, or correct the expected chain id.',
  },
  NOT_DEPLOYED: {
    status: 503,
    title: 'Scrip is not deployed on this chain',
    hint: 'Run `scrip deploy`, or use a chain that has it.',
  },
  DEPLOYMENT_MISMATCH: {
    status: 409,
    title: 'Other code than this package’s is at an address of the deployment',
    hint: 'Do not use this chain with this package: something else was put where its contracts belong.',
  },
  UNKNOWN_CURRENCY: {
    status: 404,
    title: 'There is no such currency',
    hint: 'Check the address; `scrip currency create` makes a new one.',
  },
  FEEDBACK_UNBACKED: {
    status: 409,
    title: 'Nothing was settled that backs the feedback',
    hint: 'Pay the agent through a channel, have that claimed and synced into the network, and give feedback then.',
  },
  INSUFFICIENT_GAS: {
    status: 402,
    title: 'The account cannot pay for the transaction',
    hint: 'Send some of the chain’s native coin to the account.',
  },
  INSUFFICIENT_BALANCE: {
    status: 402,
    title: 'The account does not hold enough',
    hint: 'Earn or buy more of the currency, or lower the amount.',
  },
  LOG_MALFORMED: {
    status: 502,
    title: 'What should be a log of a contract is none',
    hint: 'Use another node; make a file of logs anew from what eth_getLogs answers.',
  },
  LOGS_REFUSED: {
    status: 502,
    title: 'The node does not give the logs of the contract',
    hint: 'Pass a node with --rpc that answers eth_getLogs for these blocks; what was read until then stays.',
  },
  RPC_INCONSISTENT: {
    status: 503,
    title: 'The node contradicts itself',
    hint: 'Try again, and wait for confirmations: behind one address may be several nodes that do not agree yet.',
  },
  TRANSACTION_PENDING: {
    status: 504,
    title: 'The transaction is sent and not mined yet',
    hint: 'Wait until it is mined, then run the same again: what is done already is found.',
  },
  TRANSACTION_REPLACED: {
    status: 409,
    title: 'Another transaction took the place of this one',
    hint: 'Somebody with the same key sent it: look at the state and repeat the call where it is still needed.',
  },
  TRANSACTION_REVERTED: {
    status: 409,
    title: 'The chain refused the transaction',
    hint: 'Read the named contract error; its NatSpec says when it occurs.',
  },
  VERIFICATION_FAILED: {
    status: 502,
    title: 'The sources are not published',
    hint: 'Run it again later, or upload the written files by hand.',
  },
  // Channels
  PAYMENT_MALFORMED: {
    status: 400,
    title: 'The payment cannot be read',
    hint: 'Send the bytes that a payer of this package made, unchanged.',
  },
  WRONG_CHANNEL: {
    status: 400,
    title: 'The payment is for another channel',
    hint: 'Open a channel to this payee on its chain and pay through it.',
  },
  INVALID_VOUCHER: {
    status: 400,
    title: 'The voucher is not signed by the channel’s signer',
    hint: 'Sign with the key that the channel was opened with.',
  },
  INVALID_TICK: {
    status: 400,
    title: 'The tick does not belong to the voucher’s hash chain',
    hint: 'Send ticks of the newest voucher only.',
  },
  STALE_PAYMENT: {
    status: 409,
    title: 'The payment states less than the payee already holds',
    hint: 'Take up the state that came with this error and pay from there.',
  },
  UNKNOWN_CHANNEL: {
    status: 409,
    title: 'The payee does not know the channel',
    hint: 'Send the first payment together with the channel’s descriptor.',
  },
  DEPOSIT_EXCEEDED: {
    status: 402,
    title: 'The channel’s deposit does not cover the payment',
    hint: 'Top the channel up and pay again.',
  },
  CHANNEL_EXITING: {
    status: 409,
    title: 'The channel is being left',
    hint: 'Open another channel.',
  },
  CREDIT_EXCEEDED: {
    status: 402,
    title: 'The peer would owe more than it is trusted with',
    hint: 'Pay what is missing, or serve in return, and ask again.',
  },
  // HTTP
  PAYMENT_REQUIRED: {
    status: 402,
    title: 'This costs money',
    hint: 'Pay as the quote says; `scrip fetch` and payingFetch do it.',
  },
  PAYMENT_REFUSED: {
    status: 402,
    title: 'The server did not take the payment',
    hint: 'Read its reason. What was signed by `exact` may still be carried out within ten minutes: do not pay twice.',
  },
  QUOTE_EXPIRED: {
    status: 402,
    title: 'The quote does not hold, or not any more',
    hint: 'Pay by the quote that came with this error.',
  },
  BODY_TOO_SLOW: {
    status: 408,
    title: 'The body of the request does not come',
    hint: 'Send the request again over a better connection, or less of it at a time.',
  },
  PAYMENT_REPLAYED: {
    status: 402,
    title: 'The payment adds nothing to what was paid before',
    hint: 'Pay at least one tick more: the credit that is left is kept.',
  },
  ADMISSION_REFUSED: {
    status: 403,
    title: 'The network does not serve this peer',
    hint: 'Serve other peers of the network until the ratio holds again.',
  },
  CURRENCY_NOT_ACCEPTED: {
    status: 402,
    title: 'The payer does not pay in what the peer asks for',
    hint: 'Add the currency and its rate to `currencies`, or buy elsewhere.',
  },
  PAYEE_NOT_TRUSTED: {
    status: 402,
    title: 'The payee’s reputation is below what this payer asks for',
    hint: 'Buy elsewhere, or ask for less in `trust.least`.',
  },
  LIMIT_EXCEEDED: {
    status: 402,
    title: 'The price is above the limit that was set',
    hint: 'Raise the limit, or buy elsewhere.',
  },
  PEER_UNREACHABLE: {
    status: 503,
    title: 'No peer answers at this address',
    hint: 'Check the address and whether the peer runs.',
  },
  TRANSFER_INTERRUPTED: {
    status: 502,
    title: 'The peer hung up before the end',
    hint: 'Fetch again: what arrived is kept and only the rest is paid for.',
  },
  PEER_STOPPING: {
    status: 503,
    title: 'The peer is about to stop',
    hint: 'Ask again when it has started anew: nothing was charged.',
  },
  UPSTREAM_FAILED: {
    status: 502,
    title: 'The server behind this one failed',
    hint: 'Try again later: nothing was charged for what was not served.',
  },
  NOT_FOUND: {
    status: 404,
    title: 'There is nothing at this path',
    hint: 'Check the path.',
  },
  PROTOCOL_VIOLATION: {
    status: 502,
    title: 'The peer does not keep to the protocol',
    hint: 'Check that the address is a Scrip peer of a fitting version.',
  },
  INTERNAL: {
    status: 500,
    title: 'Something went wrong that this package did not expect',
    hint: 'Nothing was charged for the failed part; try again, and report it if it stays.',
  },
  // Issuer's gateway
  BODY_TOO_LARGE: {
    status: 413,
    title: 'The request is longer than any that fits',
    hint: 'Send one message at a time.',
  },
  INVALID_SIGNATURE: {
    status: 400,
    title: 'The message is not signed by its payer',
    hint: 'Sign the message as it is sent, for this currency and its chain, with the payer’s key.',
  },
  ISSUER_UNAVAILABLE: {
    status: 503,
    title: 'The issuer cannot act on the message now',
    hint: 'Send the same message again a little later: it is carried out once.',
  },
  MESSAGE_CONFLICT: {
    status: 409,
    title: 'The payer signed another message under this counter',
    hint: 'Give every message a counter of its own.',
  },
  MESSAGE_EXPIRED: {
    status: 410,
    title: 'The message’s time is over',
    hint: 'Sign it again with a later validBefore.',
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    title: 'The path does not take this method',
    hint: 'Use the method that the Allow header names.',
  },
  TOO_MANY_REQUESTS: {
    status: 429,
    title: 'That was too much in a short time',
    hint: 'Wait as long as Retry-After says, then send the same again.',
  },
  // Storage market
  AGREEMENT_ALTERED: {
    status: 400,
    title: 'The agreement is not what its sides signed',
    hint: 'Use the agreement as both signed it, or make a new one.',
  },
  AGREEMENT_CONFLICT: {
    status: 409,
    title: 'The buyer used the nonce for other terms',
    hint: 'Give every agreement a nonce of its own.',
  },
  AGREEMENT_EXCEEDED: {
    status: 413,
    title: 'The agreement is for less space',
    hint: 'Make another agreement for what does not fit.',
  },
  AGREEMENT_EXPIRED: {
    status: 410,
    title: 'The agreement’s period is over',
    hint: 'Make a new agreement, and store again what is still needed.',
  },
  AGREEMENT_MALFORMED: {
    status: 400,
    title: 'The agreement cannot be read, or is not what the offer says',
    hint: 'Take the terms from the offer, within its bounds.',
  },
  AGREEMENT_UNKNOWN: {
    status: 404,
    title: 'There is no such agreement here',
    hint: 'Check the address and the agreement’s id; an agreement that is over is forgotten.',
  },
  BACKUP_LOST: {
    status: 502,
    title: 'Too few pieces of the backup can be read now',
    hint: 'Try again later: sellers that do not answer may come back; what was read is kept.',
  },
  CHALLENGE_FAILED: {
    status: 502,
    title: 'A seller failed to prove that it holds what it was paid to hold',
    hint: 'Store it elsewhere from another copy; the evidence is kept in the store.',
  },
  CLOCK_SKEW: {
    status: 409,
    title: 'The two sides’ clocks differ too much',
    hint: 'Set the clock that is wrong: an agreement’s period would mean two things.',
  },
  DISK_FULL: {
    status: 507,
    title: 'The seller’s disk is full',
    hint: 'Store it with another seller: what was not kept is not charged.',
  },
  DURABILITY_UNREACHABLE: {
    status: 409,
    title: 'No set of these sellers keeps a file as surely as was asked',
    hint: 'Name more sellers of other operators, allow more pieces, or ask for less.',
  },
  IDENTITY_INVALID: {
    status: 400,
    title: 'The identity file holds no key that can be used',
    hint: 'Name the file with the line AGE-SECRET-KEY-1… that the data was stored with.',
  },
  IDENTITY_WRONG: {
    status: 400,
    title: 'The identity does not open what was stored',
    hint: 'Name the identity that it was stored with: --identity <file>.',
  },
  OFFER_ALTERED: {
    status: 400,
    title: 'The offer is not signed by its seller',
    hint: 'Do not buy here: somebody changed the offer on its way, or made it up.',
  },
  OFFER_EXPIRED: {
    status: 410,
    title: 'The offer’s time is over',
    hint: 'Ask the seller for its newest offer.',
  },
  OFFER_MALFORMED: {
    status: 400,
    title: 'The offer cannot be read',
    hint: 'Correct the named field; amounts are whole base units from 1 to 2^96−1.',
  },
  OFFER_OVERSOLD: {
    status: 409,
    title: 'The seller has not so much space left',
    hint: 'Ask for less, buy elsewhere, or come back when agreements have ended.',
  },
  OFFER_REPLAYED: {
    status: 409,
    title: 'The offer is another seller’s, or was withdrawn',
    hint: 'Ask the seller for its newest offer.',
  },
  PIECE_ALTERED: {
    status: 422,
    title: 'The bytes are not those that their name stands for',
    hint: 'Get them from another seller, or send them again as they were.',
  },
  PIECE_MISPLACED: {
    status: 409,
    title: 'The part does not begin where the last one ended',
    hint: 'Go on from where the seller has it.',
  },
  PIECE_UNKNOWN: {
    status: 404,
    title: 'There is no such piece under the agreement',
    hint: 'Check the name: 0x and the 64 hexadecimal digits of its root.',
  },
  SELLER_DUPLICATED: {
    status: 409,
    title: 'Two sellers use one key',
    hint: 'Do not buy there: one of them, or both, would be paid twice with one payment.',
  },
  STORAGE_IN_USE: {
    status: 409,
    title: 'The folder is the storage of another seller',
    hint: 'Give every seller a folder of its own.',
  },
  // Store
  STORE_CONFLICT: {
    status: 503,
    title: 'Another process changed the record first',
    hint: 'Read the record again, and decide again; nothing of this write was kept.',
  },
  STORE_FAILED: {
    status: 500,
    title: 'The store did not take the record',
    hint: 'Check disk space and permissions; nothing was acknowledged.',
  },
  STORE_UNCERTAIN: {
    status: 503,
    title: 'The database was lost before it said whether it wrote the record',
    hint: 'Ask again what is there once the database answers: nothing was acknowledged, but it may have been kept.',
  },
} as const satisfies Record<string, Entry>

/** The code of a `ScripError`. */
export type ErrorCode = keyof typeof errorCodes
