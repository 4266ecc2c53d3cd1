export { acceptIssuer } from './actions/acceptIssuer.ts'
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
export { claim } from './actions/claim.ts'
export { type CreateCurrencyParameters, createCurrency } from './actions/createCurrency.ts'
export { type CreateNetworkParameters, createNetwork } from './actions/createNetwork.ts'
export { exit } from './actions/exit.ts'
export { expel } from './actions/expel.ts'
export { type Admission, getAdmission, type RatioStanding } from './actions/getAdmission.ts'
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
export { getRecord, type IssuerRecord } from './actions/getRecord.ts'
export { getRedemption, type Redemption, redemptionStatuses } from './actions/getRedemption.ts'
export { getTotals, type Totals } from './actions/getTotals.ts'
export { type ListedCurrency, listCurrencies } from './actions/listCurrencies.ts'
export { mint } from './actions/mint.ts'
export { mintMany } from './actions/mintMany.ts'
export { type OpenChannelParameters, type OpenChannelReturnType, openChannel } from './actions/openChannel.ts'
export { permit } from './actions/permit.ts'
export { redeem } from './actions/redeem.ts'
export { relayTransferFunds } from './actions/relayTransferFunds.ts'
export { requestExit } from './actions/requestExit.ts'
export { setPolicy } from './actions/setPolicy.ts'
export { RATIO_UNIT, type RatioTerms, setRatioTerms } from './actions/setRatioTerms.ts'
export { setWeight, WEIGHT_UNIT } from './actions/setWeight.ts'
export { type Permit, signPermit } from './actions/signPermit.ts'
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
export { sync } from './actions/sync.ts'
export { topUp } from './actions/topUp.ts'
export { type TransferFundsParameters, transferFunds } from './actions/transferFunds.ts'
export { transferIssuer } from './actions/transferIssuer.ts'
export { useTransferAuthorization } from './actions/useTransferAuthorization.ts'
export { withdraw } from './actions/withdraw.ts'
export { addresses } from './addresses.ts'
export { currencyDomain, currencyMessages } from './currencyMessages.ts'
export { checkDeployment } from './deploy/checkDeployment.ts'
export { type DeploymentStep, deployContracts } from './deploy/deployContracts.ts'
export { createIndexer, type IndexedEdge, type Indexer, type IndexerParameters } from './indexer.ts'
export { type ScripActions, scripActions } from './scripActions.ts'
export type { ScripClient, Transaction } from './transact.ts'
