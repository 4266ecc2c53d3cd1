export {
  type AgreedTerms,
  type Agreement,
  type Proposal,
  type SignedAgreement,
  termsFor,
  type Wish,
} from './Agreement.ts'
export {
  type Candidate,
  type Choice,
  type ChooseSellersParameters,
  chooseSellers,
  survivalOf,
} from './backup/chooseSellers.ts'
export { createErasureCode, type ErasureCode } from './backup/erasureCode.ts'
export {
  believed,
  type Experience,
  estimateFailure,
  learnPrior,
  type Prior,
  pooled,
  unknownSellers,
} from './backup/estimateFailure.ts'
export { experienceOf, type Testimony } from './backup/experienceOf.ts'
export { pieceSize } from './backup/pieceSize.ts'
export type {
  Buyer,
  BuyerAgreement,
  BuyerPiece,
  ChallengeOutcome,
  Failure,
  FailureKind,
  OnProgress,
} from './buyer/Buyer.ts'
export type { Backup, BackupPlace, BackupPlan, Backups, Repair, Told } from './buyer/backups/Backups.ts'
export { type BackupsParameters, createBackups } from './buyer/backups/createBackups.ts'
export { costOf } from './buyer/createAgreeing.ts'
export { type BuyerParameters, createBuyer } from './buyer/createBuyer.ts'
export { decryptFile, encryptFile, type FileWork, type Identity, openIdentity } from './buyer/encryption.ts'
export type { StatedFailures } from './buyer/stateFailures.ts'
export { createRootBuilder, isProved, LEAF, leavesIn, type Proof, type RootBuilder, rootOf } from './merkle.ts'
export type { Offer, OfferPrice, SignedOffer } from './Offer.ts'
export type { Challenge } from './paths.ts'
export { readAgreement, writeAgreement } from './readAgreement.ts'
export { MOST_SKEW, readOffer, requireInForce, writeOffer } from './readOffer.ts'
export { createSeller, type Seller, type SellerParameters } from './seller/createSeller.ts'
export {
  agreementDigest,
  type ChallengeAnswer,
  challengeAnswerDigest,
  isSigned,
  type MarketDomain,
  marketTypes,
  offerDigest,
  type StoredPiece,
  storedPieceDigest,
} from './statements.ts'
