import type { HardhatEthers } from '@nomicfoundation/hardhat-ethers/types'
import { type ContractTransactionResponse, id, type Signer, Wallet } from 'ethers'
import {
  accounts,
  type Channel,
  createCurrency,
  deployContracts,
  descriptor,
  terms,
  tickChain,
  voucher,
  WEIGHT_ONE,
} from '../../test/support/contracts.ts'
import type { Figures } from './rows.ts'

/** One unit of a currency with six decimals, in base units. */
const UNIT = 1_000_000n

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
  return { ...currency, ...channels, ...sync }
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

async function measureChannels({ channels, dollar, plain, payer, payee }: World) {
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
  return { open, openPlain, claimFirst, claimLater, tick: (allTicks - oneTick) / (MAX_TICKS - 1) }
}

async function measureSync(world: World) {
  const { ethers, history, dollar, issuer, payer, payee, steward } = world
  await history.createNetwork(steward, 86_400, '')
  await history.connect(steward).setWeight(1, dollar, WEIGHT_ONE)

  /** Syncs once to know the edges, settles more, and measures the sync of that. */
  async function resync(pairs: [Signer, Signer][]): Promise<number> {
    await history.sync(1, await settle(world, pairs))
    return gasOf(history.sync(1, await settle(world, pairs)))
  }
  const wallets = Array.from({ length: 2 * BATCH }, (_, i) => new Wallet(id(`peer ${i}`), ethers.provider))
  const consumers = wallets.slice(0, BATCH)
  const providers = wallets.slice(BATCH)
  for (const consumer of consumers) {
    await issuer.sendTransaction({ to: consumer, value: 10n ** 18n })
    await dollar.mint(consumer, 100n * UNIT)
  }
  return {
    sync: await resync([[payer, payee]]),
    syncOneProvider: (await resync(consumers.map((consumer) => [consumer, payee]))) / BATCH,
    syncDistinctPairs: (await resync(consumers.map((consumer, i) => [consumer, providers[i] as Signer]))) / BATCH,
  }
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
