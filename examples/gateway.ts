// The four messages of the Lightweight Currency Protocol through an issuer's gateway. Start a chain first: `npx scrip dev`.
// #region currency
import { createServer } from 'node:http'
import { scripActions } from '@scrip/sdk'
import {
  gatewayClient,
  getDepositsVia,
  relayTransferFundsVia,
  signTransferFundsVia,
  transferFundsVia,
} from '@scrip/sdk/client'
import { ScripError } from '@scrip/sdk/errors'
import { createIssuerGateway, gatewayListener } from '@scrip/sdk/issuer'
import { sqliteStore } from '@scrip/sdk/store'
import { bytesToHex, createWalletClient, http, parseGwei, publicActions } from 'viem'
import { generatePrivateKey, mnemonicToAccount, privateKeyToAccount } from 'viem/accounts'

const account = mnemonicToAccount('test test test test test test test test test test test junk')
const node = { transport: http('http://127.0.0.1:8545'), pollingInterval: 250 }
const claire = createWalletClient({ account, ...node })
  .extend(publicActions)
  .extend(scripActions())
const [bob, carol] = [privateKeyToAccount(generatePrivateKey()), privateKeyToAccount(generatePrivateKey())]

const salt = bytesToHex(crypto.getRandomValues(new Uint8Array(32)))
const { currency } = await claire.createCurrency({ name: 'Claire hour', symbol: 'CLH', decimals: 2, feeBps: 120, salt })
await claire.mint({ currency, to: bob.address, amount: 300_00n })
// #endregion

// #region serve
const store = sqliteStore('gateway.db')
const gateway = await createIssuerGateway({
  client: claire,
  store,
  maxFeePerGas: parseGwei('30'),
  onTrouble: ({ code, message }) => console.error(`${code}: ${message}`),
})
const timeouts = { requestTimeout: 30_000, headersTimeout: 10_000 }
const server = createServer(timeouts, gatewayListener(gateway))
const url = await new Promise<string>((resolve) => {
  server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as { port: number }).port}`))
})
// #endregion

// #region pay
const bobs = gatewayClient({ url, account: bob, chainId: await claire.getChainId() })
const { fee, hash } = await transferFundsVia(bobs, { currency, recipient: carol.address, amount: 100_00n })
console.log(`paid 10000 and a fee of ${fee}, in ${hash}`)
// #endregion

// #region resend
const request = await signTransferFundsVia(bobs, { currency, recipient: carol.address, amount: 10_00n })
// Keep the request here: whatever happens from now on, sending it again pays nothing twice.
const first = await relayTransferFundsVia(bobs, { request })
const again = await relayTransferFundsVia(gatewayClient({ url }), { request })
console.log(`one payment: ${first.hash === again.hash}`)
// #endregion

// #region conflict
const { messageCounter } = request
const other = await signTransferFundsVia(bobs, { currency, recipient: carol.address, amount: 20_00n, messageCounter })
await relayTransferFundsVia(bobs, { request: other }).catch((error) => {
  if (!(error instanceof ScripError) || error.code !== 'MESSAGE_CONFLICT') throw error
  console.log(error.hint)
})
// #endregion

// #region deposits
const carols = gatewayClient({ url })
const { deposits, balance, cursor } = await getDepositsVia(carols, { currency, recipient: carol.address })
for (const { from, amount, transactionId } of deposits) console.log(`${amount} from ${from} for ${transactionId}`)
const later = await getDepositsVia(carols, { currency, recipient: carol.address, cursor, wait: 1_000 })
console.log(`${later.deposits.length} since, ${balance} in all`)
// #endregion

// #region stop
await gateway.close()
server.close()
await store.close()
// #endregion
