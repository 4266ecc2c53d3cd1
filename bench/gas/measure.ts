import type { HardhatEthers } from '@nomicfoundation/hardhat-ethers/types'
import { type ContractTransactionResponse, id, type Signer, Wallet } from 'ethers'
import {
  accounts,
  type Channel,
  createCurrency,
  deployContracts,
  descriptor,
  fundingAuthorization,
  signedReceipt,
  terms,
  tickChain,
  voucher,
  WEIGHT_ONE,
} from '../../test/support/contracts.ts'
import type { Figures } from './rows.ts'

/** One unit of a currency with six decimals, in base units. */
const UNIT = 1_000_000n

const CLAIMS = 25
const BATCH = 50
const MAX_TICKS = 1_024

/**
 * Plays the transactions and reads their receipts. Payer, payee, issuer and the channels contract hold the token before,
 * as they do after their first minute; only a row that says so measures that minute.
 */
export async function measure(ethers: HardhatEthers): Promise<Figures> {
  const world = await prepare(ethers)
  const currency = await measureCurrency(world)
  const channels = await measureChannels(world)
  const sync = await measureSync(world)
  const receipts = await measureReceipts(world)
  return { ...currency, ...channels, ...sync, ...receipts }
}

async function prepare(ethers: HardhatEthers) {
  const peers = await accounts(ethers, 'issuer', 'payer', 'payee', 'newcomer', 'steward')
  const contracts = await deployContracts(ethers)
  const dollar = await createCurrency(ethers, contracts, peers.issuer)
  const charging = await createCurrency(ethers, contracts, peers.issuer, { feeFlat: UNIT / 5n, feeBps: 100 })
  const plain = await ethers.deployContract('PlainToken')
  for (const token of [dollar, charging, plain]) {
    for (const holder of [peers.issuer, peers.payer, peers.payee, contracts.channels]) {
      await token.getFunction('mint')(holder, 1_000_000n * UNIT)
    }
  }
  return { ethers, ...contracts, ...peers, dollar, charging, plain }
}

type World = Awaited<ReturnType<typeof prepare>>

async function measureCurrency({ factory, dollar, charging, issuer, payer, payee, newcomer }: World) {
  const [mine, charged] = [dollar.connect(payer), charging.connect(payer)]
  return {
    create: await gasOf(factory.connect(issuer).createCurrency(terms(), id('another'))),
    transferToHolder: await gasOf(mine.transfer(payee, 250n * UNIT)),
    transferToNewHolder: await gasOf(mine.transfer(newcomer, 250n * UNIT)),
    transferFunds: await gasOf(mine.transferFunds(payee, 100n * UNIT, id('invoice 1'))),
    transferFundsWithFee: await gasOf(charged.transferFunds(payee, 100n * UNIT, id('invoice 2'))),
  }
}

async function measureChannels(world: World) {
  const { channels, dollar, plain, payer, payee } = world
  const channel = await descriptor({ payer, payee, token: dollar })
  const plainChannel = await descriptor({ payer, payee, token: plain })
  await plain.connect(payer).getFunction('approve')(channels, 2n ** 256n - 1n)
  const chain = tickChain(MAX_TICKS)
  const claim = async (total: bigint, shown?: number) => {
    const ticks = shown === undefined ? undefined : { chain, amount: 1_000n, shown }
    return gasOf(channels.claim(await voucher(channels, payer, channel, total, ticks)))
  }
  const open = await gasOf(channels.connect(payer).fund(channel, 100n * UNIT))
  const openPlain = await gasOf(channels.connect(payer).fund(plainChannel, 100n * UNIT))
  const claimFirst = await claim(2n * UNIT)
  const claimLater = await claim(3n * UNIT)
  const oneTick = await claim(4n * UNIT, 1)
  const allTicks = await claim(5n * UNIT, MAX_TICKS)
  const openings = { open, openPlain, ...(await measureOpenings(world)) }
  const claims = { claimFirst, claimLater, ...(await measureBatches(world)), claimPurse: await measurePurse(world) }
  return { ...openings, ...claims, ...(await measureWaysOut(world)), tick: (allTicks - oneTick) / (MAX_TICKS - 1) }
}

async function measureOpenings({ channels, dollar, payer, payee, steward }: World) {
  // Something stays in the balance, as it does for who opens channels from it.
  const filled = await descriptor({ payer, payee, token: dollar }, { salt: id('filled') })
  await channels.connect(payer).fund(filled, 30n * UNIT)
  await channels.connect(payee).release(filled)
  const fromBalance = await descriptor({ payer, payee, token: dollar }, { salt: id('from balance') })
  const authorized = await descriptor({ payer, payee, token: dollar }, { salt: id('authorized') })
  const authorization = await fundingAuthorization(channels, dollar, payer, authorized, 10n * UNIT)
  return {
    openFromBalance: await gasOf(channels.connect(payer).fundFromBalance(fromBalance, 10n * UNIT)),
    openByAuthorization: await gasOf(channels.connect(steward).fundWithAuthorization(...authorization)),
  }
}

async function measureBatches(world: World) {
  const { channels, dollar, payee } = world
  const payers = await fundedWallets(world, 'claims', CLAIMS)
  const opened = await Promise.all(payers.map((payer) => descriptor({ payer, payee, token: dollar })))
  for (const [index, channel] of opened.entries()) {
    await channels.connect(payers[index] as Wallet).fund(channel, 100n * UNIT)
  }
  const chain = tickChain(MAX_TICKS)
  const batch = async (total: bigint, shown?: number) => {
    const ticks = shown === undefined ? undefined : { chain, amount: 1_000n, shown }
    const claims = opened.map((channel, i) => voucher(channels, payers[i] as Wallet, channel, total, ticks))
    return (await gasOf(channels.claimBatch(await Promise.all(claims)))) / CLAIMS
  }
  await batch(2n * UNIT)
  return { claimBatch: await batch(3n * UNIT), claimBatchTick: await batch(4n * UNIT, 1) }
}

async function measurePurse({ channels, dollar, payer, payee }: World) {
  const channel = await descriptor({ payer, payee, token: dollar }, { flags: 1, salt: id('purse') })
  await channels.connect(payer).fundPurse(dollar, payer, 100n * UNIT)
  await channels.claim(await voucher(channels, payer, channel, 2n * UNIT))
  return gasOf(channels.claim(await voucher(channels, payer, channel, 3n * UNIT)))
}

async function measureWaysOut({ ethers, channels, dollar, payer, payee }: World) {
  const channel = await descriptor({ payer, payee, token: dollar }, { salt: id('ways out') })
  const fund = () => channels.connect(payer).fund(channel, 10n * UNIT)
  await fund()
  const mine = channels.connect(payee)
  const claimTo = await gasOf(mine.claimTo(await voucher(channels, payer, channel, 2n * UNIT), payee))
  const close = await gasOf(mine.close(await voucher(channels, payer, channel, 3n * UNIT)))
  await fund()
  const request = await gasOf(channels.connect(payer).requestExit(channel))
  await ethers.provider.send('evm_increaseTime', [Number(channel.exitDelay)])
  const leave = request + (await gasOf(channels.connect(payer).exit(channel)))
  return { claimTo, close, leave, withdraw: await gasOf(mine.withdraw(dollar, UNIT, payee)) }
}

async function measureSync(world: World) {
  const { ethers, history, dollar, payer, payee, steward } = world
  await history.createNetwork(steward, 86_400, '')
  await history.connect(steward).setWeight(1, dollar, WEIGHT_ONE)

  /** Syncs once to know the edges, settles more, and measures the sync of that. */
  async function resync(pairs: [Signer, Signer][]): Promise<number> {
    await history.sync(1, await settle(world, pairs))
    return gasOf(history.sync(1, await settle(world, pairs)))
  }
  const consumers = await fundedWallets(world, 'consumer', BATCH)
  const providers = Array.from({ length: BATCH }, (_, i) => new Wallet(id(`provider ${i}`), ethers.provider))
  return {
    sync: await resync([[payer, payee]]),
    syncOneProvider: (await resync(consumers.map((consumer) => [consumer, payee]))) / BATCH,
    syncDistinctPairs: (await resync(consumers.map((consumer, i) => [consumer, providers[i] as Signer]))) / BATCH,
  }
}

/** Each edge has a receipt, and faults where they are stated; what is measured is the next one. */
async function measureReceipts({ ethers, history, payer, payee }: World) {
  const peers = (name: string) =>
    Array.from({ length: BATCH }, (_, i) => new Wallet(id(`${name} ${i}`), ethers.provider))
  const [consumers, providers] = [peers('consumer'), peers('provider')]
  const record = async (served: bigint) =>
    gasOf(history.record(await signedReceipt(history, payer, payee, served, served)))
  const batch = async (served: bigint, providerOf: (index: number) => Signer) => {
    const rows = consumers.map((consumer, i) => signedReceipt(history, consumer, providerOf(i), served, served))
    return (await gasOf(history.recordBatch(await Promise.all(rows)))) / BATCH
  }
  const stateFaults = (faulted: bigint) => gasOf(history.connect(payer).stateFaults(1, payer, payee, faulted, '0x'))
  await record(5n)
  await batch(5n, () => payee)
  await batch(5n, (index) => providers[index] as Signer)
  await stateFaults(1n)
  return {
    record: await record(6n),
    recordOneProvider: await batch(6n, () => payee),
    recordDistinctPairs: await batch(6n, (index) => providers[index] as Signer),
    stateFaults: await stateFaults(2n),
  }
}

async function fundedWallets({ ethers, issuer, dollar }: World, name: string, count: number): Promise<Wallet[]> {
  const wallets = Array.from({ length: count }, (_, i) => new Wallet(id(`${name} ${i}`), ethers.provider))
  for (const wallet of wallets) {
    await issuer.sendTransaction({ to: wallet, value: 10n ** 18n })
    await dollar.mint(wallet, 200n * UNIT)
  }
  return wallets
}

/** Lets each pair's first settle five more with its second, on a channel of their own. */
async function settle({ channels, dollar }: World, pairs: [Signer, Signer][]): Promise<Channel[]> {
  const settled: Channel[] = []
  for (const [payer, payee] of pairs) {
    const channel = await descriptor({ payer, payee, token: dollar }, { salt: id('synced') })
    const { claimed } = await channels.state(await channels.channelId(channel))
    await channels.connect(payer).fund(channel, 5n * UNIT)
    await channels.claim(await voucher(channels, payer, channel, claimed + 5n * UNIT))
    settled.push(channel)
  }
  return settled
}

async function gasOf(sent: Promise<ContractTransactionResponse>): Promise<number> {
  const receipt = await (await sent).wait()
  if (receipt === null) throw new Error('The transaction was not mined.')
  return Number(receipt.gasUsed)
}
