// A file that survives its sellers: who is worth how much, the cheapest set of them, pieces, restoring and repairing. Start a chain
// first: `npx scrip dev`.
// #region connect
import { once } from 'node:events'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { scripActions } from '@scrip/sdk'
import { addresses } from '@scrip/sdk/abi'
import { createPayee } from '@scrip/sdk/channels'
import {
  believed,
  chooseSellers,
  createBackups,
  createBuyer,
  createSeller,
  estimateFailure,
  learnPrior,
  pooled,
} from '@scrip/sdk/market'
import { memoryStore } from '@scrip/sdk/store'
import { createWalletClient, http, publicActions } from 'viem'
import { mnemonicToAccount } from 'viem/accounts'

const words = 'test test test test test test test test test test test junk'
const connect = (addressIndex: number) => {
  const account = mnemonicToAccount(words, { addressIndex })
  const transport = http('http://127.0.0.1:8545')
  return createWalletClient({ account, transport }).extend(publicActions).extend(scripActions())
}
const alice = connect(0)
const { currency } = await alice.createCurrency({ name: 'Disk dollar', symbol: 'DSK', decimals: 0 })
await alice.mint({ currency, to: alice.account.address, amount: 1_000_000n })
// #endregion

// #region choose
const candidate = (number: number, failure: number, price: bigint) => ({
  seller: connect(number).account.address,
  operator: `operator ${number}`,
  failure,
  price: () => price,
})
const [ann, ben, cem] = [candidate(1, 0.25, 10n), candidate(2, 0.5, 4n), candidate(3, 0.5, 5n)]
const choice = chooseSellers([ann, ben, cem], { bytes: 1_000_000, target: 0.75 })
// Two that fail with .5 are worth one that fails with .25, and here they are cheaper.
console.log(`${choice.sellers.length} copies for ${choice.price}; nothing below ${choice.leastPrice} does`)
// #endregion

// #region estimate
const days = 86_400
const seen = [
  { seconds: 300 * days, losses: 0 },
  { seconds: 250 * days, losses: 1 },
  { seconds: 20 * days, losses: 2 },
]
const prior = learnPrior(seen)
const told = believed({ seconds: 400 * days, losses: 1 }, 0.5)
console.log(`unknown: ${estimateFailure({ seconds: 0, losses: 0 }, 14 * days, prior).toFixed(3)}`)
console.log(`somebody half believed says so: ${estimateFailure(told, 14 * days, prior).toFixed(3)}`)
console.log(
  `and what I saw: ${estimateFailure(pooled([told, { seconds: 90 * days, losses: 0 }]), 14 * days, prior).toFixed(3)}`,
)
// #endregion

// #region sellers
const chainId = await alice.getChainId()
const contract = addresses.paymentChannels
const openSeller = async (number: number) => {
  const client = connect(number)
  const accept = { chainId, contract, currencies: [currency], maxExposure: 0n }
  const url = `http://127.0.0.1:${8_410 + number}`
  const seller = await createSeller({
    payee: createPayee({ account: client.account, store: memoryStore(), accept }),
    client,
    signer: client.account,
    folder: `disk-${number}`,
    capacity: 100_000_000,
    prices: [{ currency, block: 10n, perKilobyteWritten: 1n, perKilobyteRead: 4n, perLeaf: 1n }],
    endpoints: () => [url],
    region: 'somewhere',
    operator: `operator ${number}`,
  })
  const server = createServer(seller.listener).listen(8_410 + number, '127.0.0.1')
  await once(server, 'listening')
  return { url, seller, server }
}
const sellers = await Promise.all([1, 2, 3, 4, 5, 6, 7].map(openSeller))
const urls = sellers.map(({ url }) => url)
// #endregion

// #region backup
await writeFile('archive.age', 'Encrypt what only you may read. '.repeat(5_000))
const store = memoryStore()
const buyer = createBuyer({ client: alice, signer: alice.account, store })
const backups = createBackups({ buyer, store, folder: 'pieces' })
const backup = await backups.backUp({
  name: 'archive',
  version: 'today',
  path: 'archive.age',
  sellers: urls,
  target: 0.99,
  seconds: 86_400,
  onPlan: ({ needed, pieces, price, survival }) =>
    console.log(`${pieces} pieces, any ${needed} of which are enough, for ${price}: it survives with ${survival}`),
})
// #endregion

// #region repair
const [first] = backup.places
await rm(`disk-${urls.indexOf(first?.url ?? '') + 1}/pieces`, { recursive: true })
const { failures, replaced } = await backups.repair({ name: 'archive', sellers: urls })
console.log(`${failures.length} failed, ${replaced.length} stored anew`)
// #endregion

// #region restore
await backups.restore({ name: 'archive', target: 'restored.age' })
console.log(`${(await readFile('restored.age')).length} bytes came back`)
// #endregion

for (const { seller, server } of sellers) {
  server.close()
  await seller.close()
}
