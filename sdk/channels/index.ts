export {
  type Channel,
  type ChannelState,
  type Claim,
  MAX_TICKS,
  MAX_TOTAL,
  paidTotal,
  type Tick,
  type Voucher,
  type VoucherTerms,
} from './Channel.ts'
export type { Gap, Gaps } from './gaps.ts'
export { channelId, voucherDigest } from './hashes.ts'
export type { Statement } from './judge.ts'
export {
  type Acceptance,
  type AcceptancePolicy,
  type AcceptOptions,
  createPayee,
  type Payee,
  type PayeeParameters,
  type Standing,
} from './Payee.ts'
export type { PayeeRecord } from './PayeeRecord.ts'
export { createPayer, type Payer, type PayerParameters, type PayerRecord } from './Payer.ts'
export { decodePayment, encodePayment, type Payment } from './payment.ts'
export {
  type CompactSignature,
  compactSignature,
  privateKeySigner,
  recoverSigner,
  signatureProvider,
  type VoucherSigner,
} from './signatures.ts'
export { createTab, type Tab, type TabParameters, type TabRecord } from './Tab.ts'
export { isPreimage, tickChain, walkTicks } from './ticks.ts'
