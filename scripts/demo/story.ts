import { createHash, randomBytes } from 'node:crypto'
import { createReadStream, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import {
  type Address,
  createWalletClient,
  encodeFunctionData,
  erc20Abi,
  formatUnits,
  http,
  parseEther,
  parseUnits,
} from 'viem'
import { mnemonicToAccount } from 'viem/accounts'
import { getBlockNumber, sendTransaction, waitForTransactionReceipt } from 'viem/actions'
import { admit } from '../../sdk/chain/actions/admit.ts'
import { claim } from '../../sdk/chain/actions/claim.ts'
import { claimAllowance } from '../../sdk/chain/actions/claimAllowance.ts'
import { getChannelState } from '../../sdk/chain/actions/getChannelState.ts'
import { sync } from '../../sdk/chain/actions/sync.ts'
import { addresses } from '../../sdk/chain/addresses.ts'
import { deployContracts } from '../../sdk/chain/deploy/deployContracts.ts'
import { createIndexer } from '../../sdk/chain/indexer.ts'
import { transact } from '../../sdk/chain/transact.ts'
import { paidTotal } from '../../sdk/channels/Channel.ts'
import { createPayee } from '../../sdk/channels/Payee.ts'
import { download } from '../../sdk/cli/download.ts'
import { DEV_MNEMONIC } from '../../sdk/cli/localChain.ts'
import { createProgress } from '../../sdk/cli/progress.ts'
import { seedNetwork } from '../../sdk/cli/seedNetwork.ts'
import { payingFetch } from '../../sdk/client/payingFetch.ts'
import { ScripError } from '../../sdk/errors/ScripError.ts'
import { KILOBYTE, kilobytes } from '../../sdk/http/price.ts'
import { eigenTrust } from '../../sdk/reputation/eigenTrust.ts'
import { Graph } from '../../sdk/reputation/Graph.ts'
import { twoHopFlow } from '../../sdk/reputation/twoHopFlow.ts'
import { memoryStore } from '../../sdk/store/memoryStore.ts'
import { sqliteStore } from '../../sdk/store/sqliteStore.ts'
import { paymentCost } from './ledger.ts'
import { newPerson, openShop, type Person } from './peers.ts'
import { table } from './table.ts'

const CHAIN_ID = 31_337
const SYMBOL = 'CLD'
const DECIMALS = 6
/** Of a kilobyte. */
const PRICE = '0.001'
export const PER_KILOBYTE = parseUnits(PRICE, DECIMALS)

/** What `playStory` takes. */
export type StoryParameters = {
  /** What Alice buys. */
  file: string
  /** A fresh local chain, and what runs it. */
  rpc: string
  chainName: string
  /** An empty folder where the story keeps its files. */
  folder: string
}

/** What downloads came to, the interrupted ones included. */
type Tally = { bytes: number; payments: number }

/** How the story ended. */
export type Ending = Tally & {
  currency: Address
  networkId: bigint
  people: { claire: Person; alice: Person; bob: Person; frank: Person }
  /** What Frank was told at the door. */
  refusal: ScripError
  /** Kilobytes sold by whom to whom, as the story means it. */
  sold: readonly (readonly [consumer: Address, provider: Address, kilobytes: number])[]
}

/** The Lightweight Currency Paradigm's own story, from the issuer's mint to a free rider's return. */
export async function playStory({ file, rpc, chainName, folder }: StoryParameters): Promise<Ending> {
  const size = statSync(file).size
  const whole = Math.max(kilobytes(size), 4)
  const quarters = (count: number) => Math.ceil((whole * count) / 4)
  const started = performance.now()

  step(1, `A chain (${chainName}) in a process of its own, the contracts on it`)
  const faucet = createWalletClient({
    account: mnemonicToAccount(DEV_MNEMONIC),
    transport: http(rpc),
    pollingInterval: 20,
  })
  const { transactions, gasUsed } = await deployContracts(faucet)
  say(
    `${Object.keys(addresses).length} contracts in ${transactions.length} transactions, ${gas(gasUsed)} gas; channels at ${addresses.paymentChannels}`,
  )
  const meet = async (name: string): Promise<Person> => {
    const person = newPerson(name, rpc, folder)
    const hash = await sendTransaction(faucet, { chain: null, to: person.account.address, value: parseEther('10') })
    await waitForTransactionReceipt(faucet, { hash })
    return person
  }
  const people = {
    claire: await meet('Claire'),
    alice: await meet('Alice'),
    bob: await meet('Bob'),
    frank: await meet('Frank'),
  }
  const { claire, alice, bob, frank } = people

  step(2, 'Claire issues a currency; Alice and Frank receive some; a network is born')
  const grant = BigInt(2 * whole) * PER_KILOBYTE
  const allowance = BigInt(quarters(1)) * PER_KILOBYTE
  const { currency, networkId } = await seedNetwork({
    issuer: claire.client,
    name: 'Claire dollar',
    symbol: SYMBOL,
    decimals: DECIMALS,
    grants: [claire, alice, frank].map(({ account }) => ({ to: account.address, amount: grant })),
    allowance,
  })
  say(`${units(grant)} each; a kilobyte costs ${PRICE} ${SYMBOL}`)
  say(`Network ${networkId}: a newcomer may consume ${units(allowance)}, then provides half of what it consumes`)
  const transferGas = await measureTransfer(claire, alice, currency)
  const firstBlock = (await getBlockNumber(faucet, { cacheTime: 0 })) + 1n

  const settle = (seller: Person) => claimAndSync(seller, currency, networkId)
  const openGated = (seller: Person, stock: string) =>
    openShop({ seller, rpc, folder: stock, currency, price: PRICE, networkId })
  const tally: Tally = { bytes: 0, payments: 0 }
  const buy = (buyer: Person, url: string, name: string) =>
    purchaseFile({ buyer, url: new URL(url), output: join(folder, name), limit: grant, tally })

  step(3, 'Alice earns her standing: she sells to Claire, who puts her currency into circulation')
  const aliceShop = await openShop({
    seller: alice,
    rpc,
    folder: stock(folder, 'alice', quarters(3)),
    currency,
    price: PRICE,
  })
  await buy(claire, `${aliceShop.url}/file`, 'claire-bought')
  await settle(alice)
  await aliceShop.close()

  step(4, `Bob's peer sells ${basename(file)} by the kilobyte, and asks everybody to pay`)
  const bobShop = await openGated(bob, shelf(folder, 'bob', file))
  const goods = `${bobShop.url}/file`
  const unpaid = await fetch(goods)
  say(`Without a payment it answers ${unpaid.status}: ${((await unpaid.json()) as { detail: string }).detail}`)

  step(5, `Alice buys it: ${size.toLocaleString('en')} bytes, one payment a kilobyte`)
  await claimAllowance(alice.client, { networkId })
  await admit(alice.client, { networkId })
  const rate = await buy(alice, goods, 'alice-bought')
  await requireSame(file, join(folder, 'alice-bought'))

  step(6, 'Bob settles all of it with one transaction, and the history takes note')
  await settle(bob)
  await printReputations([claire, alice, bob], claire, networkId)

  step(7, 'Frank only consumes: he gets what a newcomer may have, then nothing')
  await claimAllowance(frank.client, { networkId })
  await admit(frank.client, { networkId })
  const { refusal, copies } = await buyUntilRefused((name) => buy(frank, goods, name))
  await settle(bob)

  step(8, 'Frank serves Alice, who is in good standing; the network admits him again, and he gets the rest')
  const frankShop = await openGated(frank, stock(folder, 'frank', quarters(2)))
  await buy(alice, `${frankShop.url}/file`, 'alice-mirror')
  await settle(frank)
  await frankShop.close()
  await admit(frank.client, { networkId })
  await buy(frank, goods, copyName(copies))
  await requireSame(file, join(folder, copyName(copies)))
  await settle(bob)
  await printReputations([claire, alice, bob, frank], claire, networkId)
  await bobShop.close()

  const onChain = await paymentCost(faucet, firstBlock)
  console.log('\nWhat it came to')
  console.log(
    table([
      ['bytes sold', tally.bytes.toLocaleString('en')],
      ['payments', tally.payments.toLocaleString('en')],
      ['transactions for them', `${onChain.transactions} (channels opened, claimed, synced)`],
      ['gas for them', gas(onChain.gas)],
      [
        'gas a payment',
        `${(Number(onChain.gas) / tally.payments).toFixed(1)}, against ${gas(transferGas)} for one transfer on chain each`,
      ],
      ["payments a second, Alice's download", Math.round(rate).toLocaleString('en')],
      ['time', `${((performance.now() - started) / 1_000).toFixed(1)} s`],
    ]),
  )
  return {
    ...tally,
    currency,
    networkId,
    people,
    refusal,
    sold: [
      [claire.account.address, alice.account.address, quarters(3)],
      [alice.account.address, bob.account.address, kilobytes(size)],
      [alice.account.address, frank.account.address, quarters(2)],
      [frank.account.address, bob.account.address, copies * kilobytes(size)],
    ],
  }
}

/** What `purchaseFile` takes. */
type PurchaseParameters = {
  buyer: Person
  url: URL
  output: string
  /** Base units at most. */
  limit: bigint
  /** Counts what arrives and what is paid, also where the download is cut off. */
  tally: Tally
}

/** Downloads a file, paying as it arrives. Returns the payments a second. */
async function purchaseFile({ buyer, url, output, limit, tally }: PurchaseParameters): Promise<number> {
  const progress = createProgress(`   ${buyer.name}`)
  const started = performance.now()
  let payments = 0
  let spent = 0n
  let arrived = statSync(`${output}.part`, { throwIfNoEntry: false })?.size ?? 0
  const fetchPaid = payingFetch({
    client: buyer.client,
    signer: buyer.account,
    store: buyer.wallet,
    limits: { perRequest: limit },
    deposit: limit / 2n,
    onPayment: ({ amount, price }) => {
      payments += Number(amount / price)
      tally.payments += Number(amount / price)
      spent += amount
    },
  })
  const onProgress = (bytes: number, total: number | undefined) => {
    tally.bytes += bytes - arrived
    arrived = bytes
    progress.update({ bytes, ...(total !== undefined && { total }), payments, spent: units(spent) })
  }
  try {
    await download({ fetch: fetchPaid, url, output, onProgress })
  } finally {
    progress.finish()
  }
  const seconds = (performance.now() - started) / 1_000
  say(
    `${buyer.name} has ${arrived.toLocaleString('en')} bytes; paid ${units(spent)} in ${payments.toLocaleString('en')} payments, ${seconds.toFixed(1)} s`,
  )
  return payments / seconds
}

/** Claims what a seller earned, channel by channel, and pulls it into the history. */
async function claimAndSync(seller: Person, currency: Address, networkId: bigint): Promise<void> {
  const store = sqliteStore(seller.till, { readOnly: true })
  const accept = { chainId: CHAIN_ID, contract: addresses.paymentChannels, currencies: [currency], maxExposure: 0n }
  const claims = await createPayee({ account: seller.account, store, accept }).claimable()
  await store.close()
  for (const item of claims) {
    const { claimed } = await getChannelState(seller.client, { channelId: item.channel.id })
    if (paidTotal(item, item.ticks) <= claimed) continue
    const { paid, receipt } = await claim(seller.client, { claim: item })
    const synced = await sync(seller.client, { networkId, channels: [item.channel] })
    say(
      `${seller.name} claims ${units(paid)} in one transaction, ${gas(receipt.gasUsed)} gas; history synced, ${gas(synced.receipt.gasUsed)} gas`,
    )
  }
}

/** Scores from nothing but the chain's events. */
async function printReputations(people: readonly Person[], observer: Person, networkId: bigint): Promise<void> {
  const indexer = createIndexer({ client: observer.client, store: memoryStore(), networkId })
  await indexer.sync()
  const graph = Graph.fromEdges(await indexer.edges())
  const { scores } = eigenTrust(graph, { seeds: [observer.account.address], alpha: 0.15, tolerance: 1e-6 })
  for (const { name, account } of people) {
    const score = scores.get(account.address) ?? 0
    const isObserver = name === observer.name
    const flow = isObserver ? undefined : twoHopFlow(graph, observer.account.address, account.address)
    say(
      `Reputation of ${name}: EigenTrust ${score.toFixed(3)}${flow === undefined ? '' : `, flow from ${observer.name} ${units(flow)}`}`,
    )
  }
}

/** Gas of one ordinary transfer to somebody who holds the currency already, measured by making one. */
async function measureTransfer(from: Person, to: Person, currency: Address): Promise<bigint> {
  const data = encodeFunctionData({ abi: erc20Abi, functionName: 'transfer', args: [to.account.address, PER_KILOBYTE] })
  const { receipt } = await transact(from.client, { to: currency, abi: erc20Abi, data })
  return receipt.gasUsed
}

/** Buys copies of a file, again where one was cut off, until the network refuses. The last copy is the one refused. */
async function buyUntilRefused(
  buyCopy: (name: string) => Promise<unknown>,
): Promise<{ refusal: ScripError; copies: number }> {
  for (let copies = 1; ; ) {
    try {
      await buyCopy(copyName(copies))
      copies += 1
    } catch (error) {
      if (!(error instanceof ScripError)) throw error
      say(`${error.code}: ${error.message} ${error.hint}`)
      if (error.code === 'ADMISSION_REFUSED') return { refusal: error, copies }
      if (error.code !== 'TRANSFER_INTERRUPTED') throw error
    }
  }
}

function copyName(copy: number): string {
  return `frank-bought-${copy}`
}

/** A folder with one file of so many random kilobytes, named `file`. */
function stock(folder: string, owner: string, count: number): string {
  const shelfFolder = join(folder, owner)
  mkdirSync(shelfFolder)
  writeFileSync(join(shelfFolder, 'file'), randomBytes(count * KILOBYTE))
  return shelfFolder
}

/** A folder that shows one file, and nothing beside it, under the name `file`. */
function shelf(folder: string, owner: string, file: string): string {
  const shelfFolder = join(folder, owner)
  mkdirSync(shelfFolder)
  symlinkSync(file, join(shelfFolder, 'file'))
  return shelfFolder
}

async function requireSame(original: string, copy: string): Promise<void> {
  const [expected, actual] = await Promise.all([hashOf(original), hashOf(copy)])
  if (expected !== actual) throw new Error(`The bytes differ: ${expected} and ${actual}.`)
  say(`SHA-256 of both files: ${actual}`)
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file)) hash.update(chunk as Uint8Array)
  return hash.digest('hex')
}

function step(number: number, title: string): void {
  console.log(`\n${number}. ${title}`)
}

function say(text: string): void {
  console.log(`   ${text}`)
}

function units(amount: bigint): string {
  return `${formatUnits(amount, DECIMALS)} ${SYMBOL}`
}

function gas(amount: bigint): string {
  return amount.toLocaleString('en')
}
