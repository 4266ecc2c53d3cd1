/** One line of the gas table. */
export interface Row {
  readonly operation: string
  /** The most that the operation may cost, in gas. */
  readonly ceiling: number
  /** What the best others cost, measured on the same EVM from receipts in the same way. */
  readonly peers: string
  /** Digits after the point; for what is a share of a transaction. */
  readonly digits?: number
}

/** Whole transactions, intrinsic gas and calldata included, by the key under which `measure` returns them. */
export const rows = {
  create: {
    operation: 'create a currency (13-byte name, 66-byte URI)',
    ceiling: 110_000,
    peers: 'Circles 118,932; OpenZeppelin clone + mint 184,152; CLC voucher 248,956',
  },
  transferToHolder: {
    operation: 'transfer to a holder',
    ceiling: 37_500,
    peers: 'bare OpenZeppelin clone 36,751; Sarafu CLC 40,999; Circles 44,043',
  },
  transferToNewHolder: {
    operation: 'transfer to a new holder',
    ceiling: 55_000,
    peers: 'bare OpenZeppelin clone 53,851; Sarafu CLC 58,099; Circles 62,424',
  },
  transferFunds: {
    operation: 'transferFunds to a holder, no fee',
    ceiling: 41_000,
    peers: 'nobody has it',
  },
  transferFundsWithFee: {
    operation: 'transferFunds to a holder, with fee',
    ceiling: 52_000,
    peers: 'nobody has it',
  },
  open: {
    operation: 'open and fund a channel from the wallet',
    ceiling: 75_000,
    peers: 'x402 batch-settlement 81,583 after an approve; 137,449 by ERC-3009',
  },
  openPlain: {
    operation: 'the same in an OpenZeppelin ERC-20',
    ceiling: 75_000,
    peers: 'as above',
  },
  openFromBalance: {
    operation: 'the same from the balance in the contract',
    ceiling: 59_500,
    peers: 'nobody has it',
  },
  openByAuthorization: {
    operation: 'the same by the payer’s ERC-3009 authorization, relayed',
    ceiling: 116_000,
    peers: 'x402 batch-settlement 137,449',
  },
  claimFirst: {
    operation: 'claim, the first of a payee in a token',
    ceiling: 63_000,
    peers: 'x402 65,500',
  },
  claimLater: {
    operation: 'claim, later',
    ceiling: 46_000,
    peers: 'x402 48,400',
  },
  claimBatch: {
    operation: 'claim in a batch of 25 of one payee, each, without ticks',
    ceiling: 20_500,
    peers: 'x402 22,300',
  },
  claimBatchTick: {
    operation: 'the same, each with one tick',
    ceiling: 22_000,
    peers: 'x402 22,300, and has no ticks',
  },
  claimPurse: {
    operation: 'claim from a purse',
    ceiling: 54_000,
    peers: 'Swarm chequebook 71,600',
  },
  claimTo: {
    operation: 'claim to a wallet',
    ceiling: 66_000,
    peers: 'TIP-1034 59,500; x402 48,400, then 46,300 to sweep',
  },
  close: {
    operation: 'close with the last claim',
    ceiling: 54_000,
    peers: 'TIP-1034 63,600; x402 74,300',
  },
  leave: {
    operation: 'request an exit, and exit',
    ceiling: 70_000,
    peers: 'TIP-1034 71,400; x402 103,300',
  },
  withdraw: {
    operation: 'withdraw',
    ceiling: 49_000,
    peers: 'x402 46,300, of a token that costs 2,700 less than a clone',
  },
  tick: {
    operation: 'each tick beyond the first',
    ceiling: 55,
    peers: 'plain Solidity 257',
    digits: 1,
  },
  sync: {
    operation: 'sync one known edge',
    ceiling: 60_000,
    peers: 'ERC-8004 88,263; EAS 222,308',
  },
  syncOneProvider: {
    operation: 'sync a batch of 50, one provider, each',
    ceiling: 27_000,
    peers: 'ERC-8004 88,263; EAS 191,654 in a batch of 10',
  },
  syncDistinctPairs: {
    operation: 'sync a batch of 50, distinct pairs, each',
    ceiling: 31_500,
    peers: 'as above',
  },
  record: {
    operation: 'record a co-signed receipt, known edge',
    ceiling: 62_000,
    peers: 'ERC-8004 88,263; EAS 222,308',
  },
  recordOneProvider: {
    operation: 'record a batch of 50, one provider, each',
    ceiling: 35_000,
    peers: 'ERC-8004 88,263; EAS 191,654 in a batch of 10',
  },
  recordDistinctPairs: {
    operation: 'record a batch of 50, distinct pairs, each',
    ceiling: 39_500,
    peers: 'as above',
  },
  stateFaults: {
    operation: 'state faults, known edge',
    ceiling: 35_000,
    peers: 'ERC-8004 88,263',
  },
} as const satisfies Record<string, Row>

export type Figures = Record<keyof typeof rows, number>
