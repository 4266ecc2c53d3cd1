import { acceptIssuer } from './actions/acceptIssuer.ts'
import { acceptSteward } from './actions/acceptSteward.ts'
import { admit } from './actions/admit.ts'
import {
  acceptRedemption,
  confirmRedemption,
  disputeRedemption,
  fulfillRedemption,
  settleRedemption,
} from './actions/answerRedemption.ts'
import { cancelAuthorization } from './actions/cancelAuthorization.ts'
import { cancelExit } from './actions/cancelExit.ts'
import { claim } from './actions/claim.ts'
import { claimBatch } from './actions/claimBatch.ts'
import { claimTo } from './actions/claimTo.ts'
import { close, release } from './actions/close.ts'
import { createCurrency } from './actions/createCurrency.ts'
import { createNetwork } from './actions/createNetwork.ts'
import { describeChannel } from './actions/describeChannel.ts'
import { exit } from './actions/exit.ts'
import { expel } from './actions/expel.ts'
import { getAdmission } from './actions/getAdmission.ts'
import { getCapacities } from './actions/getCapacities.ts'
import { getChannelState } from './actions/getChannelState.ts'
import { getCurrency } from './actions/getCurrency.ts'
import { getDeposits } from './actions/getDeposits.ts'
import { getEdge } from './actions/getEdge.ts'
import { getHoldings } from './actions/getHoldings.ts'
import { getNetwork } from './actions/getNetwork.ts'
import { getReceipt } from './actions/getReceipt.ts'
import { getRecord } from './actions/getRecord.ts'
import { getRedemption } from './actions/getRedemption.ts'
import { getTotals } from './actions/getTotals.ts'
import { listCurrencies } from './actions/listCurrencies.ts'
import { mint } from './actions/mint.ts'
import { mintMany } from './actions/mintMany.ts'
import { openChannel } from './actions/openChannel.ts'
import { permit } from './actions/permit.ts'
import { fundPurse, getPurse, withdrawPurse } from './actions/purse.ts'
import { recordReceipt } from './actions/recordReceipt.ts'
import { recordReceipts } from './actions/recordReceipts.ts'
import { redeem } from './actions/redeem.ts'
import { relayExitRequest } from './actions/relayExitRequest.ts'
import { relayFunding } from './actions/relayFunding.ts'
import { relayTransferFunds } from './actions/relayTransferFunds.ts'
import { relayWithdrawal } from './actions/relayWithdrawal.ts'
import { requestExit } from './actions/requestExit.ts'
import { retireToken } from './actions/retireToken.ts'
import { setPolicy } from './actions/setPolicy.ts'
import { setRatioTerms } from './actions/setRatioTerms.ts'
import { setReceiptSigner } from './actions/setReceiptSigner.ts'
import { setWeight } from './actions/setWeight.ts'
import { signExitRequest } from './actions/signExitRequest.ts'
import { signFaults } from './actions/signFaults.ts'
import { signFunding } from './actions/signFunding.ts'
import { signPermit } from './actions/signPermit.ts'
import { signReceipt } from './actions/signReceipt.ts'
import { signTransferAuthorization } from './actions/signTransferAuthorization.ts'
import { signTransferFunds } from './actions/signTransferFunds.ts'
import { signWithdrawal } from './actions/signWithdrawal.ts'
import { stateFaults } from './actions/stateFaults.ts'
import { sync } from './actions/sync.ts'
import { topUp } from './actions/topUp.ts'
import { transferFunds } from './actions/transferFunds.ts'
import { transferIssuer } from './actions/transferIssuer.ts'
import { transferSteward } from './actions/transferSteward.ts'
import { useTransferAuthorization } from './actions/useTransferAuthorization.ts'
import { verifyReceipt } from './actions/verifyReceipt.ts'
import { withdraw } from './actions/withdraw.ts'
import type { ScripClient } from './transact.ts'

type Action = (client: ScripClient, ...rest: never[]) => unknown

type Bound<Function extends Action> = Function extends (client: ScripClient, ...rest: infer Rest) => infer Result
  ? (...rest: Rest) => Result
  : never

function bind<Function extends Action>(client: ScripClient, action: Function): Bound<Function> {
  return ((...rest: never[]) => action(client, ...rest)) as Bound<Function>
}

/** Every action of this package, bound to a client. Each is described where it is defined. */
export type ScripActions = {
  createCurrency: Bound<typeof createCurrency>
  mint: Bound<typeof mint>
  transferFunds: Bound<typeof transferFunds>
  mintMany: Bound<typeof mintMany>
  signPermit: Bound<typeof signPermit>
  permit: Bound<typeof permit>
  signTransferAuthorization: Bound<typeof signTransferAuthorization>
  useTransferAuthorization: Bound<typeof useTransferAuthorization>
  cancelAuthorization: Bound<typeof cancelAuthorization>
  signTransferFunds: Bound<typeof signTransferFunds>
  relayTransferFunds: Bound<typeof relayTransferFunds>
  redeem: Bound<typeof redeem>
  getRedemption: Bound<typeof getRedemption>
  getRecord: Bound<typeof getRecord>
  transferIssuer: Bound<typeof transferIssuer>
  acceptIssuer: Bound<typeof acceptIssuer>
  listCurrencies: Bound<typeof listCurrencies>
  acceptRedemption: Bound<typeof acceptRedemption>
  fulfillRedemption: Bound<typeof fulfillRedemption>
  confirmRedemption: Bound<typeof confirmRedemption>
  disputeRedemption: Bound<typeof disputeRedemption>
  settleRedemption: Bound<typeof settleRedemption>
  getDeposits: Bound<typeof getDeposits>
  getCurrency: Bound<typeof getCurrency>
  getHoldings: Bound<typeof getHoldings>
  openChannel: Bound<typeof openChannel>
  topUp: Bound<typeof topUp>
  getChannelState: Bound<typeof getChannelState>
  claim: Bound<typeof claim>
  requestExit: Bound<typeof requestExit>
  exit: Bound<typeof exit>
  withdraw: Bound<typeof withdraw>
  describeChannel: Bound<typeof describeChannel>
  signFunding: Bound<typeof signFunding>
  relayFunding: Bound<typeof relayFunding>
  claimTo: Bound<typeof claimTo>
  claimBatch: Bound<typeof claimBatch>
  close: Bound<typeof close>
  release: Bound<typeof release>
  signExitRequest: Bound<typeof signExitRequest>
  relayExitRequest: Bound<typeof relayExitRequest>
  cancelExit: Bound<typeof cancelExit>
  signWithdrawal: Bound<typeof signWithdrawal>
  relayWithdrawal: Bound<typeof relayWithdrawal>
  fundPurse: Bound<typeof fundPurse>
  withdrawPurse: Bound<typeof withdrawPurse>
  getPurse: Bound<typeof getPurse>
  createNetwork: Bound<typeof createNetwork>
  getNetwork: Bound<typeof getNetwork>
  transferSteward: Bound<typeof transferSteward>
  acceptSteward: Bound<typeof acceptSteward>
  setWeight: Bound<typeof setWeight>
  retireToken: Bound<typeof retireToken>
  sync: Bound<typeof sync>
  getTotals: Bound<typeof getTotals>
  getEdge: Bound<typeof getEdge>
  getCapacities: Bound<typeof getCapacities>
  signReceipt: Bound<typeof signReceipt>
  verifyReceipt: Bound<typeof verifyReceipt>
  recordReceipt: Bound<typeof recordReceipt>
  recordReceipts: Bound<typeof recordReceipts>
  getReceipt: Bound<typeof getReceipt>
  setReceiptSigner: Bound<typeof setReceiptSigner>
  signFaults: Bound<typeof signFaults>
  stateFaults: Bound<typeof stateFaults>
  setPolicy: Bound<typeof setPolicy>
  setRatioTerms: Bound<typeof setRatioTerms>
  admit: Bound<typeof admit>
  expel: Bound<typeof expel>
  getAdmission: Bound<typeof getAdmission>
}

/**
 * A viem decorator: `createWalletClient({ … }).extend(publicActions).extend(scripActions())` gives a client all actions of
 * this package.
 */
export function scripActions(): (client: ScripClient) => ScripActions {
  return (client) => ({
    createCurrency: bind(client, createCurrency),
    mint: bind(client, mint),
    transferFunds: bind(client, transferFunds),
    mintMany: bind(client, mintMany),
    signPermit: bind(client, signPermit),
    permit: bind(client, permit),
    signTransferAuthorization: bind(client, signTransferAuthorization),
    useTransferAuthorization: bind(client, useTransferAuthorization),
    cancelAuthorization: bind(client, cancelAuthorization),
    signTransferFunds: bind(client, signTransferFunds),
    relayTransferFunds: bind(client, relayTransferFunds),
    redeem: bind(client, redeem),
    getRedemption: bind(client, getRedemption),
    getRecord: bind(client, getRecord),
    transferIssuer: bind(client, transferIssuer),
    acceptIssuer: bind(client, acceptIssuer),
    listCurrencies: bind(client, listCurrencies),
    acceptRedemption: bind(client, acceptRedemption),
    fulfillRedemption: bind(client, fulfillRedemption),
    confirmRedemption: bind(client, confirmRedemption),
    disputeRedemption: bind(client, disputeRedemption),
    settleRedemption: bind(client, settleRedemption),
    getDeposits: bind(client, getDeposits),
    getCurrency: bind(client, getCurrency),
    getHoldings: bind(client, getHoldings),
    openChannel: bind(client, openChannel),
    topUp: bind(client, topUp),
    getChannelState: bind(client, getChannelState),
    claim: bind(client, claim),
    requestExit: bind(client, requestExit),
    exit: bind(client, exit),
    withdraw: bind(client, withdraw),
    describeChannel: bind(client, describeChannel),
    signFunding: bind(client, signFunding),
    relayFunding: bind(client, relayFunding),
    claimTo: bind(client, claimTo),
    claimBatch: bind(client, claimBatch),
    close: bind(client, close),
    release: bind(client, release),
    signExitRequest: bind(client, signExitRequest),
    relayExitRequest: bind(client, relayExitRequest),
    cancelExit: bind(client, cancelExit),
    signWithdrawal: bind(client, signWithdrawal),
    relayWithdrawal: bind(client, relayWithdrawal),
    fundPurse: bind(client, fundPurse),
    withdrawPurse: bind(client, withdrawPurse),
    getPurse: bind(client, getPurse),
    createNetwork: bind(client, createNetwork),
    getNetwork: bind(client, getNetwork),
    transferSteward: bind(client, transferSteward),
    acceptSteward: bind(client, acceptSteward),
    setWeight: bind(client, setWeight),
    retireToken: bind(client, retireToken),
    sync: bind(client, sync),
    getTotals: bind(client, getTotals),
    getEdge: bind(client, getEdge),
    getCapacities: bind(client, getCapacities),
    signReceipt: bind(client, signReceipt),
    verifyReceipt: bind(client, verifyReceipt),
    recordReceipt: bind(client, recordReceipt),
    recordReceipts: bind(client, recordReceipts),
    getReceipt: bind(client, getReceipt),
    setReceiptSigner: bind(client, setReceiptSigner),
    signFaults: bind(client, signFaults),
    stateFaults: bind(client, stateFaults),
    setPolicy: bind(client, setPolicy),
    setRatioTerms: bind(client, setRatioTerms),
    admit: bind(client, admit),
    expel: bind(client, expel),
    getAdmission: bind(client, getAdmission),
  })
}
