// A network's history: what is settled, what peers state together, and what a consumer takes back. Start a chain first:
// `npx scrip dev`.
// #region connect
import { receiptTypedData, recoverReceiptSigner, type SignedReceipt, scripActions } from '@scrip/sdk'
import { createPayer, decodePayment } from '@scrip/sdk/channels'
import { memoryStore } from '@scrip/sdk/store'
import { createWalletClient, http, pad, publicActions } from 'viem'
import { mnemonicToAccount } from 'viem/accounts'

const words = 'test test test test test test test test test test test junk'
const connect = (addressIndex: number) => {
  const account = mnemonicToAccount(words, { addressIndex })
  const transport = http('http://127.0.0.1:8545')
  return createWalletClient({ account, transport }).extend(publicActions).extend(scripActions())
}
const [steve, bob, carol, agent] = [connect(0), connect(1), connect(2), connect(3)]
const [consumer, provider] = [bob.account.address, carol.account.address]
// #endregion

// #region network
const { currency } = await steve.createCurrency({ name: `Hours of ${Date.now()}`, symbol: 'HRS', decimals: 0 })
const { networkId } = await steve.createNetwork({ epochLength: 24 * 3600 })
await steve.setWeight({ networkId, currency })
// #endregion

// #region settle
await steve.mint({ currency, to: consumer, amount: 100n })
const { transaction, funded, ...channel } = await bob.openChannel({ payee: provider, currency, deposit: 100n })
const payer = createPayer({ channel: { ...channel, funded }, signer: bob.account, store: memoryStore() })
const { voucher } = decodePayment(await payer.pay(40n))
if (voucher === undefined) throw new Error('The first payment on a channel is a voucher.')
await carol.claim({ claim: { channel, ...voucher, ticks: 0, preimage: pad('0x') } })

await steve.sync({ networkId, channels: [channel] })
const edge = { networkId, consumer, provider }
const { served, servedLastEpoch } = await bob.getEdge(edge)
console.log(`Carol served ${served}, ${servedLastEpoch} of it before this epoch`)
// #endregion

// #region receipt
const receipt = { ...edge, served: 12n, count: 1 }
const providerSig = await carol.signReceipt({ receipt })
if (!(await bob.verifyReceipt({ receipt, by: 'provider', signature: providerSig }))) throw new Error('not Carol’s')
const consumerSig = await bob.signReceipt({ receipt })

const signed: SignedReceipt = { receipt, consumerSig, providerSig }
await steve.recordReceipt({ signed })
// #endregion

// #region offline
const chainId = await bob.getChainId()
const typedData = receiptTypedData({ chainId, receipt })
const signature = await carol.account.signTypedData(typedData)
console.log(await recoverReceiptSigner({ chainId, receipt, signature }), 'signed')
// #endregion

// #region agent
const validUntil = Math.floor(Date.now() / 1000) + 30 * 24 * 3600
await bob.setReceiptSigner({ signer: agent.account.address, validUntil })
const later = { ...receipt, served: 20n, count: 3 }
const second = {
  receipt: later,
  consumerSig: await agent.signReceipt({ receipt: later }),
  providerSig: await carol.signReceipt({ receipt: later }),
}
const { skipped } = await steve.recordReceipts({ signed: [signed, second] })
console.log(
  skipped.map(({ reason }) => reason),
  await steve.getReceipt(edge),
)
await bob.setReceiptSigner({ signer: agent.account.address, validUntil: 0 })
// #endregion

// #region faults
await bob.stateFaults({ networkId, provider, faulted: 5n })
const faults = await bob.signFaults({ networkId, provider, faulted: 8n })
await steve.stateFaults(faults)
console.log(await steve.getEdge(edge))
// #endregion

// #region steward
await steve.transferSteward({ networkId, next: provider })
await carol.acceptSteward({ networkId })
await carol.sync({ networkId, channels: [channel] })
await carol.retireToken({ networkId, currency })
// #endregion
