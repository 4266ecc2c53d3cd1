import type { HardhatEthers } from '@nomicfoundation/hardhat-ethers/types'
import {
  AbiCoder,
  type Addressable,
  getAddress,
  id,
  type Signer,
  type TransactionResponse,
  Wallet,
  ZeroAddress,
} from 'ethers'
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
import { settleGraph } from '../../test/support/settledGraph.ts'
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
  const proofs = await measureProofs(world)
  const admission = { ...(await measureAdmission(world)), ...(await measureFlowAdmission(world)) }
  return { ...currency, ...channels, ...sync, ...receipts, ...proofs, ...admission }
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
  return { ethers, ...contracts, contracts, ...peers, dollar, charging, plain }
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

/**
 * A network in which a flow goes over paths of three hops (of two for the smallest), which fill what the target provided: a
 * cut around the target alone shows that there is no more.
 */
async function settleFlow({ ethers, contracts }: World, name: string, edgeCount: number) {
  const peer = (role: string) => getAddress(`0x${id(`${name} ${role}`).slice(26)}`)
  const [source, target] = [peer('source'), peer('target')]
  const hops = edgeCount === 2 ? 2 : 3
  const paths = Array.from({ length: edgeCount / hops }, (_, path) => [
    source,
    ...Array.from({ length: hops - 1 }, (_, hop) => peer(`${path} ${hop}`)),
    target,
  ])
  const edges = paths.flatMap((path) => path.slice(1).map((to, hop) => [path[hop] as string, to, 30n * UNIT] as const))
  const { networkId, epoch } = await settleGraph(ethers, contracts, edges)
  const flow = edges
    .map(([from, to, amount]) => ({ from, to, amount }))
    .sort((a, b) => (BigInt(a.from + a.to.slice(2)) < BigInt(b.from + b.to.slice(2)) ? -1 : 1))
  return { networkId, epoch, source, target, flow }
}

/** Each in a transaction of its own, though it only reads. */
async function measureProofs(world: World) {
  const { verifier, payer } = world
  const prove = async (edgeCount: number) => {
    const { networkId, epoch, source, target, flow } = await settleFlow(world, `${edgeCount}`, edgeCount)
    const question: [bigint, number, string[], string] = [networkId, epoch, [source], target]
    const send = (data: string) => gasOf(payer.sendTransaction({ to: verifier, data }))
    return {
      lowerBound: await send(verifier.interface.encodeFunctionData('lowerBound', [...question, flow])),
      bounds: await send(verifier.interface.encodeFunctionData('bounds', [...question, flow, [target], false, []])),
    }
  }
  const [two, six, fifteen, thirty] = [await prove(2), await prove(6), await prove(15), await prove(30)]
  return {
    lowerBound6: six.lowerBound,
    bounds2: two.bounds,
    bounds6: six.bounds,
    bounds15: fifteen.bounds,
    bounds30: thirty.bounds,
  }
}

/** By the flow alone, and by the policy that is recommended: of a peer that provided, with a proof of six edges. */
async function measureFlowAdmission(world: World) {
  const { issuer, controller, ratioPolicy, flowPolicy, allOfPolicy } = world
  const admit = async (policy: Addressable) => {
    const name = await policy.getAddress()
    const { networkId, epoch, source, target, flow } = await settleFlow(world, name, 6)
    const ratio = { admitRatio: WEIGHT_ONE, keepRatio: WEIGHT_ONE / 2n, admissionPeriod: 86_400 }
    const none = { allowance: 0, budget: 0, claimPolicy: ZeroAddress }
    await ratioPolicy.connect(issuer).setTerms(networkId, { ...ratio, ...none })
    const least = { admitFlow: 60n * UNIT, keepFlow: UNIT, admissionPeriod: 86_400 }
    await flowPolicy.connect(issuer).setTerms(networkId, { seeds: [source], ...least })
    await allOfPolicy.connect(issuer).setChildren(networkId, [ratioPolicy, flowPolicy])
    await controller.connect(issuer).setPolicy(networkId, policy)
    const edges = 'tuple(address from, address to, uint96 amount)[]'
    const witness = AbiCoder.defaultAbiCoder().encode(['uint32', edges], [epoch, flow])
    const all = AbiCoder.defaultAbiCoder().encode(['bytes[]'], [['0x', witness]])
    return gasOf(controller.connect(issuer).admit(networkId, target, policy === allOfPolicy ? all : witness))
  }
  return { admitFlow: await admit(flowPolicy), admitRecommended: await admit(allOfPolicy) }
}

/** In the network that the syncs were counted in, by peers that it knows nothing of but what is said here. */
async function measureAdmission(world: World) {
  const { ethers, issuer, steward, payee, dollar } = world
  const { history, controller, ratioPolicy, bondPolicy, allOfPolicy, anyOfPolicy } = world
  const parts = [ratioPolicy, bondPolicy]
  const ratio = { admitRatio: WEIGHT_ONE, keepRatio: WEIGHT_ONE / 2n, admissionPeriod: 86_400 }
  const terms = { ...ratio, allowance: UNIT, budget: 10n * UNIT, claimPolicy: ZeroAddress }
  await ratioPolicy.connect(steward).setTerms(1, terms)
  await bondPolicy.connect(steward).setTerms(1, { token: dollar, amount: UNIT, admissionPeriod: 86_400 })
  await allOfPolicy.connect(steward).setChildren(1, parts)
  await anyOfPolicy.connect(steward).setChildren(1, parts)

  const [first, second, third, fourth, guest] = (await fundedWallets(world, 'member', 5)) as [
    Wallet,
    Wallet,
    Wallet,
    Wallet,
    Wallet,
  ]
  const { timestamp } = (await ethers.provider.getBlock('latest')) ?? { timestamp: 0 }
  // No byte of it is zero: such a byte would cost less, and the hour of the day is nothing to measure.
  const lockedUntil = (timestamp + 2 * 86_400) | 0x01_01_01
  const claims: number[] = []
  const bonds: number[] = []
  // Somebody came before: what is measured is everybody after.
  for (const member of [guest, first, second, third, fourth]) {
    await dollar.connect(member).approve(bondPolicy, UNIT)
    claims.push(await gasOf(ratioPolicy.connect(member).claimAllowance(1, '0x')))
    bonds.push(await gasOf(bondPolicy.connect(member).fundBond(1, dollar, UNIT, lockedUntil)))
  }
  const admit = async (policy: Addressable, peer: Wallet, proof = '0x') => {
    await controller.connect(steward).setPolicy(1, policy)
    return gasOf(controller.connect(issuer).admit(1, peer, proof))
  }
  const proofs = AbiCoder.defaultAbiCoder().encode(['bytes[]'], [['0x', '0x']])
  const admitRatio = await admit(ratioPolicy, first)
  const figures = {
    claimAllowance: claims[1] as number,
    fundBond: bonds[1] as number,
    admitRatio,
    admitBond: await admit(bondPolicy, second),
    admitAllOf: await admit(allOfPolicy, third, proofs),
    admitAnyOf: await admit(anyOfPolicy, fourth, proofs),
    renew: await admit(ratioPolicy, first),
  }
  await history.sync(1, await settle(world, [[first, payee]]))
  return { ...figures, expel: await gasOf(controller.expel(1, first, '0x')) }
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

async function gasOf(sent: Promise<TransactionResponse>): Promise<number> {
  const receipt = await (await sent).wait()
  if (receipt === null) throw new Error('The transaction was not mined.')
  return Number(receipt.gasUsed)
}
