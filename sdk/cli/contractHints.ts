/** What to do next where a contract refuses, by the name of its error. */
export const contractHints: Readonly<Record<string, string>> = {
  // Currencies
  CurrencyExists: 'Use that currency, or change one of the terms.',
  ERC20InvalidReceiver: 'Name the address of somebody.',
  InvalidContractURI: 'Give a --uri of at most 128 bytes.',
  InvalidDecimals: 'Give at most 18 --decimals.',
  InvalidFee: 'Give a --fee-bps of at most 1000.',
  InvalidMaxSupply: 'Give a --max-supply above 0.',
  InvalidName: 'Give a name of 1 to 64 bytes.',
  InvalidSymbol: 'Give a symbol of 1 to 16 bytes.',
  OnlyIssuer: 'Only the issuer mints: use the key of the second address.',
  SupplyCapExceeded: 'Mint less: the most that may exist was fixed when the currency was created.',
  // Channels
  ChannelExiting: 'The channel is being left: open another one.',
  DepositSpent: 'Claim again when the payer has funded the channel.',
  ExitNotDue: 'Run it again when the delay is over; `scrip channels` says when.',
  NothingToClaim: 'Everything was claimed.',
  OnlyPayer: 'Only the payer can leave the channel: use its key.',
  // History and admission
  NoPolicy: 'Its steward has to set a policy before anybody can be admitted or expelled.',
  NoWeight: 'The network does not value this currency; its steward can give it a weight.',
  NotAdmitted: 'There is nothing to end.',
  NotEligible: 'See what is missing with `scrip admission show`.',
  StillEligible: 'Only who is no longer eligible can be expelled.',
  UnknownNetwork: 'Check --network: networks are counted from 1.',
}
