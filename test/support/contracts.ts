import type { HardhatEthers, HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/types'
import {
  AbiCoder,
  type Addressable,
  encodeBytes32String,
  id,
  keccak256,
  Signature,
  type Signer,
  ZeroHash,
} from 'ethers'
import type { IPaymentChannels, PaymentChannels } from '../../sdk/typechain/channels/PaymentChannels.ts'
import type { CurrencyConfigStruct } from '../../sdk/typechain/currency/CurrencyFactory.ts'
import type { IssuerCurrency } from '../../sdk/typechain/currency/IssuerCurrency.ts'
import type { IInteractionHistory, InteractionHistory } from '../../sdk/typechain/history/InteractionHistory.ts'

export type Channel = IPaymentChannels.ChannelStruct
export type Claim = IPaymentChannels.ClaimStruct
export type SignedReceipt = IInteractionHistory.SignedReceiptStruct

export const MAX_UINT96 = 2n ** 96n - 1n

/** Half an hour, in seconds: how long leaving a channel takes in these tests. */
export const EXIT_DELAY = 1_800n

/** The weight that counts one unit of value for one base unit. */
export const WEIGHT_ONE = 10n ** 18n

/** Accounts with ether to spend, under the names that a test gives them. */
export async function accounts<Name extends string>(
  ethers: HardhatEthers,
  ...names: Name[]
): Promise<Record<Name, HardhatEthersSigner>> {
  const signers = await ethers.getSigners()
  return Object.fromEntries(names.map((name, i) => [name, signers[i]])) as Record<Name, HardhatEthersSigner>
}

/** Every contract, deployed as on a live chain. */
export async function deployContracts(ethers: HardhatEthers) {
  const channels = await ethers.deployContract('PaymentChannels')
  const factory = await ethers.deployContract('CurrencyFactory', [channels])
  const history = await ethers.deployContract('InteractionHistory', [channels])
  const controller = await ethers.deployContract('AdmissionController', [history])
  const ratioPolicy = await ethers.deployContract('RatioPolicy', [history])
  return { channels, factory, history, controller, ratioPolicy }
}

export type Contracts = Awaited<ReturnType<typeof deployContracts>>

/** The terms of a currency without fees, changed where a test cares. */
export function terms(changes: Partial<CurrencyConfigStruct> = {}): CurrencyConfigStruct {
  return {
    name: 'Claire dollar',
    symbol: 'CLD',
    decimals: 6,
    maxSupply: MAX_UINT96,
    feeFlat: 0,
    feeBps: 0,
    redemptionWindow: 7 * 86_400,
    contractURI: 'ipfs://bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi',
    ...changes,
  }
}

/** Creates a currency and returns it connected to its issuer. */
export async function createCurrency(
  ethers: HardhatEthers,
  { factory }: Pick<Contracts, 'factory'>,
  issuer: Signer,
  changes: Partial<CurrencyConfigStruct> = {},
) {
  const address = await factory.predictCurrency(issuer, terms(changes), ZeroHash)
  await factory.connect(issuer).createCurrency(terms(changes), ZeroHash)
  return ethers.getContractAt('IssuerCurrency', address, issuer)
}

/** The descriptor of a channel whose payer signs its own vouchers, changed where a test cares. */
export async function descriptor(
  { payer, payee, token }: { payer: Addressable; payee: Addressable; token: Addressable },
  changes: Partial<Channel> = {},
): Promise<Channel> {
  return {
    payer: await payer.getAddress(),
    payee: await payee.getAddress(),
    token: await token.getAddress(),
    signer: await payer.getAddress(),
    exitDelay: EXIT_DELAY,
    flags: 0,
    salt: id('salt'),
    ...changes,
  }
}

/** A chain of hashes: the element at `n` is the preimage that pays for n ticks, the first one the root. */
export function tickChain(length: number, seed = encodeBytes32String('seed')): string[] {
  const chain = [seed]
  for (let preimage = seed; chain.length <= length; ) {
    preimage = keccak256(preimage)
    chain.push(preimage)
  }
  return chain.reverse()
}

export const VOUCHER_TYPES = {
  Voucher: [
    { name: 'channelId', type: 'bytes32' },
    { name: 'total', type: 'uint96' },
    { name: 'tickRoot', type: 'bytes32' },
    { name: 'tickAmount', type: 'uint96' },
    { name: 'maxTicks', type: 'uint32' },
  ],
}

/** The domain of a contract, as it states it itself (ERC-5267). */
export async function domainOf(contract: Pick<PaymentChannels, 'eip712Domain'>) {
  const { name, version, chainId, verifyingContract } = await contract.eip712Domain()
  return { name, version, chainId, verifyingContract }
}

/** A claim as the payer's signer hands it over: a signed total and, where there is a chain, `shown` ticks of it. */
export async function voucher(
  channels: PaymentChannels,
  signer: Signer,
  channel: Channel,
  total: bigint,
  ticks?: { chain: readonly string[]; amount: bigint; shown: number },
): Promise<Claim> {
  const signed = {
    total,
    tickRoot: ticks?.chain[0] ?? ZeroHash,
    tickAmount: ticks?.amount ?? 0n,
    maxTicks: ticks === undefined ? 0 : ticks.chain.length - 1,
  }
  const message = { channelId: await channels.channelId(channel), ...signed }
  const { r, yParityAndS } = Signature.from(
    await signer.signTypedData(await domainOf(channels), VOUCHER_TYPES, message),
  )
  const preimage = ticks?.chain[ticks.shown] ?? ZeroHash
  return { channel, ...signed, ticks: ticks?.shown ?? 0, preimage, r, vs: yParityAndS }
}

const RECEIVE_TYPES = {
  ReceiveWithAuthorization: [
    { name: 'from', type: 'address' },
    { name: 'to', type: 'address' },
    { name: 'value', type: 'uint256' },
    { name: 'validAfter', type: 'uint256' },
    { name: 'validBefore', type: 'uint256' },
    { name: 'nonce', type: 'bytes32' },
  ],
}

/** What `fundWithAuthorization` takes, signed by the payer in the token's domain and good for this channel only. */
export async function fundingAuthorization(
  channels: PaymentChannels,
  token: IssuerCurrency,
  payer: Signer,
  channel: Channel,
  amount: bigint,
): Promise<Parameters<PaymentChannels['fundWithAuthorization']['staticCall']>> {
  const [validAfter, validBefore, salt] = [0n, 2n ** 40n, id('funding')]
  const coder = AbiCoder.defaultAbiCoder()
  const nonce = keccak256(coder.encode(['bytes32', 'bytes32'], [await channels.channelId(channel), salt]))
  const message = {
    from: channel.payer,
    to: await channels.getAddress(),
    value: amount,
    validAfter,
    validBefore,
    nonce,
  }
  const signature = await payer.signTypedData(await domainOf(token), RECEIVE_TYPES, message)
  return [channel, amount, validAfter, validBefore, salt, signature]
}

const RECEIPT_TYPES = {
  Receipt: [
    { name: 'networkId', type: 'uint256' },
    { name: 'consumer', type: 'address' },
    { name: 'provider', type: 'address' },
    { name: 'served', type: 'uint96' },
    { name: 'count', type: 'uint32' },
  ],
}

/** What `record` takes: that `provider` served `served` to `consumer` in network 1, in `count` times, signed by both. */
export async function signedReceipt(
  history: InteractionHistory,
  consumer: Signer,
  provider: Signer,
  served: bigint,
  count = 1n,
): Promise<SignedReceipt> {
  const [from, to] = [await consumer.getAddress(), await provider.getAddress()]
  const receipt = { networkId: 1n, consumer: from, provider: to, served, count }
  const domain = await domainOf(history)
  const [consumerSig, providerSig] = await Promise.all(
    [consumer, provider].map((peer) => peer.signTypedData(domain, RECEIPT_TYPES, receipt)),
  )
  return { receipt, consumerSig: consumerSig as string, providerSig: providerSig as string }
}
