export { acceptIssuer } from './actions/acceptIssuer.ts'
export { acceptSteward } from './actions/acceptSteward.ts'
export { admit } from './actions/admit.ts'
export {
  acceptRedemption,
  confirmRedemption,
  disputeRedemption,
  fulfillRedemption,
  type RedemptionParameters,
  settleRedemption,
} from './actions/answerRedemption.ts'
export { cancelAuthorization } from './actions/cancelAuthorization.ts'
export { cancelExit } from './actions/cancelExit.ts'
export { claim } from './actions/claim.ts'
export { claimBatch, type SkippedClaim } from './actions/claimBatch.ts'
export { claimTo } from './actions/claimTo.ts'
export { type CloseReturnType, close, release } from './actions/close.ts'
export { type CreateCurrencyParameters, createCurrency } from './actions/createCurrency.ts'
export { type CreateNetworkParameters, createNetwork } from './actions/createNetwork.ts'
export { type DescribeChannelParameters, describeChannel } from './actions/describeChannel.ts'
export { exit } from './actions/exit.ts'
export { expel } from './actions/expel.ts'
export { type Admission, getAdmission, type RatioStanding } from './actions/getAdmission.ts'
export { getCapacities } from './actions/getCapacities.ts'
export { getChannelState } from './actions/getChannelState.ts'
export { type Currency, getCurrency } from './actions/getCurrency.ts'
export {
  type Deposit,
  type GetDepositsParameters,
  type GetDepositsReturnType,
  getDeposits,
} from './actions/getDeposits.ts'
export { type Edge, getEdge } from './actions/getEdge.ts'
export { getHoldings } from './actions/getHoldings.ts'
export { getNetwork, type Network } from './actions/getNetwork.ts'
export { getReceipt } from './actions/getReceipt.ts'
export { getRecord, type IssuerRecord } from './actions/getRecord.ts'
export { getRedemption, type Redemption, redemptionStatuses } from './actions/getRedemption.ts'
export { getTotals, type Totals } from './actions/getTotals.ts'
export { type ListedCurrency, listCurrencies } from './actions/listCurrencies.ts'
export { mint } from './actions/mint.ts'
export { mintMany } from './actions/mintMany.ts'
export { type OpenChannelParameters, type OpenChannelReturnType, openChannel } from './actions/openChannel.ts'
export { permit } from './actions/permit.ts'
export { fundPurse, getPurse, type PurseParameters, withdrawPurse } from './actions/purse.ts'
export { recordReceipt } from './actions/recordReceipt.ts'
export { recordReceipts, type SkippedReceipt } from './actions/recordReceipts.ts'
export { redeem } from './actions/redeem.ts'
export { relayExitRequest } from './actions/relayExitRequest.ts'
export { relayFunding } from './actions/relayFunding.ts'
export { relayTransferFunds } from './actions/relayTransferFunds.ts'
export { relayWithdrawal } from './actions/relayWithdrawal.ts'
export { requestExit } from './actions/requestExit.ts'
export { retireToken } from './actions/retireToken.ts'
export { setPolicy } from './actions/setPolicy.ts'
export { RATIO_UNIT, type RatioTerms, setRatioTerms } from './actions/setRatioTerms.ts'
export { setReceiptSigner } from './actions/setReceiptSigner.ts'
export { setWeight, WEIGHT_UNIT } from './actions/setWeight.ts'
export { type ExitRequest, signExitRequest } from './actions/signExitRequest.ts'
export { type Faults, signFaults } from './actions/signFaults.ts'
export { type Funding, type SignFundingParameters, signFunding } from './actions/signFunding.ts'
export { type Permit, signPermit } from './actions/signPermit.ts'
export { signReceipt } from './actions/signReceipt.ts'
export {
  type SignTransferAuthorizationParameters,
  signTransferAuthorization,
  type TransferAuthorization,
} from './actions/signTransferAuthorization.ts'
export {
  type SignTransferFundsParameters,
  signTransferFunds,
  type TransferFundsRequest,
} from './actions/signTransferFunds.ts'
export { type SignWithdrawalParameters, signWithdrawal, type Withdrawal } from './actions/signWithdrawal.ts'
export { type StateFaultsParameters, stateFaults } from './actions/stateFaults.ts'
export { sync } from './actions/sync.ts'
export { topUp } from './actions/topUp.ts'
export { type TransferFundsParameters, transferFunds } from './actions/transferFunds.ts'
export { transferIssuer } from './actions/transferIssuer.ts'
export { transferSteward } from './actions/transferSteward.ts'
export { useTransferAuthorization } from './actions/useTransferAuthorization.ts'
export { verifyReceipt } from './actions/verifyReceipt.ts'
export { withdraw } from './actions/withdraw.ts'
export { addresses } from './addresses.ts'
export { channelMessages } from './channelMessages.ts'
export { currencyDomain, currencyMessages } from './currencyMessages.ts'
export { checkDeployment } from './deploy/checkDeployment.ts'
export { type DeploymentStep, deployContracts } from './deploy/deployContracts.ts'
export { historyDomain, historyMessages } from './historyMessages.ts'
export { createIndexer, type IndexedEdge, type Indexer, type IndexerParameters } from './indexer.ts'
export { type Receipt, receiptTypedData, recoverReceiptSigner, type SignedReceipt } from './Receipt.ts'
export { type ScripActions, scripActions } from './scripActions.ts'
export type { ScripClient, Transaction } from './transact.ts'
