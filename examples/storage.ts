// Space on a disk, sold and bought: an offer, an agreement, a file in it, and proof that it is there. Start a chain first: `npx
// scrip dev`.
// #region connect
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { scripActions } from '@scrip/sdk'
import { addresses } from '@scrip/sdk/abi'
import { createPayee } from '@scrip/sdk/channels'
import { createBuyer, createSeller, decryptFile, encryptFile, openIdentity } from '@scrip/sdk/market'
import { memoryStore, sqliteStore } from '@scrip/sdk/store'
import { createWalletClient, http, publicActions } from 'viem'
import { mnemonicToAccount } from 'viem/accounts'

const words = 'test test test test test test test test test test test junk'
const connect = (addressIndex: number) => {
  const account = mnemonicToAccount(words, { addressIndex })
  const transport = http('http://127.0.0.1:8545')
  return createWalletClient({ account, transport }).extend(publicActions).extend(scripActions())
}
const [alice, bob, claire] = [connect(0), connect(1), connect(2)]
const { currency } = await claire.createCurrency({ name: 'Claire dollar', symbol: 'CLD', decimals: 0 })
await claire.mint({ currency, to: alice.account.address, amount: 10_000n })
// #endregion

// #region sell
const accept = {
  chainId: await bob.getChainId(),
  contract: addresses.paymentChannels,
  currencies: [currency],
  maxExposure: 0n,
}
const seller = await createSeller({
  payee: createPayee({ account: bob.account, store: sqliteStore('earnings.db'), accept }),
  client: bob,
  signer: bob.account,
  folder: 'disk',
  capacity: 1_000_000_000,
  // A megabyte for two weeks for 10, into which a kilobyte is written for 1 and out of which one is read for 4.
  prices: [{ currency, block: 10n, perKilobyteWritten: 1n, perKilobyteRead: 4n, perLeaf: 4n }],
  endpoints: () => ['http://127.0.0.1:8403'],
  region: 'under the stairs',
})
const server = createServer(seller.listener).listen(8403, '127.0.0.1')
await once(server, 'listening')
// #endregion

// #region agree
const url = 'http://127.0.0.1:8403'
const buyer = createBuyer({ client: alice, signer: alice.account, store: memoryStore() })
const offer = await buyer.readOffer(url)
const agreement = await buyer.agree({ offer, url, size: 2 ** 20, seconds: 14 * 86_400 })
console.log(`${agreement.agreement.price} for ${agreement.agreement.size} bytes, signed by both`)
// #endregion

// #region store
await writeFile('letter.txt', 'What nobody else should read. '.repeat(1_000))
const identity = await openIdentity('identity.txt', { isNew: true })
await encryptFile({ source: 'letter.txt', target: 'letter.age', identity })
const { root } = await buyer.storePiece({
  agreement: agreement.id,
  path: 'letter.age',
  onProgress: (done, total) => console.log(`${done} of ${total} bytes stored`),
})
// #endregion

// #region verify
const outcome = await buyer.challenge({ agreement: agreement.id, root, leaves: 8 })
if (outcome.isHeld) console.log(`Held: leaves ${outcome.challenge.leaves.join(', ')} were proved`)
else console.log(`Failed: ${outcome.failure.kind}`, await buyer.failures())
// #endregion

// #region fetch
await buyer.fetchPiece({ agreement: agreement.id, root, path: 'back.age' })
await decryptFile({ source: 'back.age', target: 'back.txt', identity })
console.log(`${(await readFile('back.txt')).length} bytes came back`)
// #endregion

server.close()
await seller.close()
process.exit()
