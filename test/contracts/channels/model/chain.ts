import type { HardhatEthers } from '@nomicfoundation/hardhat-ethers/types'
import { issuerCurrencyAbi, paymentChannelsAbi } from '@scrip/sdk/abi'
import {
  type Address,
  decodeErrorResult,
  decodeEventLog,
  decodeFunctionResult,
  encodeFunctionData,
  type Hex,
  keccak256,
  numberToHex,
  parseAbi,
  stringToHex,
  toFunctionSelector,
} from 'viem'
import { createCurrency, deployContracts, MAX_UINT96 as WHOLE_SUPPLY } from '../../../support/contracts.ts'
import { type Call, moods, type Step, said, text } from './calls.ts'
import { domainOf, idOf, word } from './hashes.ts'
import type { Books, Model } from './model.ts'
import { createSignatures, type Signer, signerOf } from './signatures.ts'
import { balanceOf, NO_REASON, type Token } from './tokens.ts'

/** What the chain made of a step, in the model's words. */
export type Observed = { result: string; events: string[] } | { refusal: string }

type Provider = { request(request: { method: string; params?: unknown[] }): Promise<unknown> }
type Log = { address: Address; data: Hex; topics: [Hex, ...Hex[]] }

const tokenAbi = parseAbi([
  'function approve(address, uint256)',
  'function transfer(address, uint256)',
  'function balanceOf(address)',
  'function setMood(uint8)',
  'function setReentry(address, bytes)',
  'function shrink(address, uint256)',
  'error Refused()',
  'error ERC20InsufficientAllowance(address, uint256, uint256)',
])
const errors = [...paymentChannelsAbi, ...issuerCurrencyAbi, ...tokenAbi].filter((item) => item.type === 'error')
const GAS = numberToHex(3_000_000)
/** What an account of a token that anyone mints has: enough to fill every balance twice over. */
const PLENTY = 2n ** 98n

const lower = (address: string) => address.toLowerCase() as Address

/** The contract with its tokens and actors, all ready to deal. */
export async function createChain(ethers: HardhatEthers, provider: Provider) {
  const signatures = await createSignatures()
  const [deployer] = await ethers.getSigners()
  if (deployer === undefined) throw new Error('The chain has no account')
  const contracts = await deployContracts(ethers)
  const contract = lower(await contracts.channels.getAddress())
  const chainId = Number(await provider.request({ method: 'eth_chainId' }))

  const owner = signerOf('the owner of a wallet')
  const wallet = await ethers.deployContract('Wallet1271', [owner.address])
  const people: Signer[] = ['alice', 'bob', 'carol', 'dave'].map(signerOf)
  const actors = [...people, { ...owner, name: 'wallet', address: lower(await wallet.getAddress()), isWallet: true }]
  const agent = signerOf('agent')

  const dollar = await createCurrency(ethers, contracts, deployer)
  const plain = await ethers.deployContract('PlainToken')
  const credulous = await ethers.deployContract('HostileToken')
  await credulous.getFunction('setDomain')(keccak256(stringToHex('credulous')))
  const reader = lower(await (await ethers.deployContract('Reader')).getAddress())
  const tokens = new Map<Address, Token>()
  const addToken = async (kind: Token['kind'], deployed: { getAddress(): Promise<string> }, domain?: Hex) => {
    const address = lower(await deployed.getAddress())
    const each = kind === 'currency' ? WHOLE_SUPPLY / 8n : PLENTY
    const token: Token = {
      kind,
      ...(domain !== undefined && { domain }),
      balances: new Map(actors.map((actor) => [actor.address, each])),
      pretended: new Map(),
      allowances: new Map(),
      used: new Set(),
      mood: 'Honest',
    }
    tokens.set(address, token)
    return { address, token, each }
  }
  const added = [
    { deployed: dollar, ...(await addToken('currency', dollar, (await dollar.DOMAIN_SEPARATOR()) as Hex)) },
    { deployed: plain, ...(await addToken('plain', plain)) },
    {
      deployed: credulous,
      ...(await addToken('credulous', credulous, (await credulous.getFunction('DOMAIN_SEPARATOR')()) as Hex)),
    },
  ]
  for (const { address: from } of actors) {
    await provider.request({ method: 'hardhat_impersonateAccount', params: [from] })
    await provider.request({ method: 'hardhat_setBalance', params: [from, numberToHex(10n ** 24n)] })
    for (const { deployed, each } of added) await deployed.mint(from, each)
  }
  // An issuer's currency has approved the channels for everybody.
  const approve = encodeFunctionData({ abi: tokenAbi, functionName: 'approve', args: [contract, 2n ** 256n - 1n] })
  for (const { address, token } of added.slice(1)) {
    for (const { address: from } of actors) {
      await provider.request({ method: 'eth_sendTransaction', params: [{ from, to: address, data: approve }] })
      token.allowances.set(from, 2n ** 256n - 1n)
    }
  }
  const block = (await provider.request({ method: 'eth_getBlockByNumber', params: ['latest', false] })) as {
    timestamp: Hex
  }
  let snapshot = await provider.request({ method: 'evm_snapshot' })
  const domain = domainOf('Scrip Payment Channels', chainId, contract)

  /** Undoes everything since the actors were ready. */
  async function restart(): Promise<void> {
    await provider.request({ method: 'evm_revert', params: [snapshot] })
    snapshot = await provider.request({ method: 'evm_snapshot' })
  }

  function transactionOf(step: Step): { from: Address; to: Address; data: Hex; gas: Hex } {
    if (!('token' in step)) return { from: step.from, to: contract, data: encode(step.call), gas: GAS }
    const { call } = step
    const parameters =
      call.name === 'approve'
        ? { functionName: call.name, args: [contract, call.amount] as const }
        : call.name === 'transfer'
          ? { functionName: call.name, args: [call.to, call.amount] as const }
          : call.name === 'setMood'
            ? { functionName: call.name, args: [moods.indexOf(call.mood)] as const }
            : call.name === 'setReentry'
              ? { functionName: call.name, args: [contract, encode(call.call)] as const }
              : { functionName: call.name, args: [call.account, call.amount] as const }
    return { from: step.from, to: step.token, data: encodeFunctionData({ abi: tokenAbi, ...parameters }), gas: GAS }
  }

  /** Carries a step out in a block of its own. What returns something is asked for it before. */
  async function carryOut(step: Step): Promise<Observed> {
    await provider.request({ method: 'evm_setNextBlockTimestamp', params: [step.at] })
    const transaction = transactionOf(step)
    try {
      const result = returns(step)
        ? await provider.request({ method: 'eth_call', params: [transaction, 'pending'] })
        : '0x'
      const hash = await provider.request({ method: 'eth_sendTransaction', params: [transaction] })
      const receipt = await provider.request({ method: 'eth_getTransactionReceipt', params: [hash] })
      const { logs } = receipt as { logs: Log[] }
      return {
        result: 'token' in step ? '' : text(resultOf(step.call, result as Hex) ?? ''),
        events: logs.filter(({ address }) => address === contract).map(eventOf),
      }
    } catch (error) {
      return { refusal: refusalOf(error) }
    }
  }

  /** Where chain and model differ, in words: in all that the model knows, or in what changed there since. */
  async function differences(model: Model, since?: Books): Promise<string[]> {
    const queries: { name: string; target: Address; data: Hex; expected: string }[] = []
    const ask = (name: string, target: Address, selector: Hex, args: Hex[], ...expected: (bigint | number)[]) =>
      queries.push({
        name: said(name, ...args),
        target,
        data: `${selector}${args.map((value) => word(value).slice(2)).join('')}`,
        expected: expected.map((value) => word(value).slice(2)).join(''),
      })
    const { accounts, balances, purses } = model.books
    for (const [id, account] of accounts) {
      if (since?.accounts.get(id) === account) continue
      const { claimed, deposit, exitAt, opened } = account
      ask('state', contract, selectors.state, [id], claimed, deposit, exitAt, Number(opened))
    }
    for (const [key, purse] of purses) {
      if (since?.purses.get(key) === purse) continue
      const { balance, opened } = purse
      ask('purseOf', contract, selectors.purseOf, key.split(' ') as Hex[], balance, Number(opened))
    }
    for (const [key, balance] of balances) {
      if (since?.balances.get(key) === balance) continue
      ask('balanceOf', contract, selectors.balanceOf, key.split(' ') as Hex[], balance)
    }
    for (const [token, state] of model.books.tokens) {
      const before = since?.tokens.get(token)
      for (const holder of [contract, ...actors.map(({ address }) => address)]) {
        const held = balanceOf(state, holder)
        if (before !== undefined && balanceOf(before, holder) === held) continue
        ask(`${token}.balanceOf`, token, selectors.held, [holder], held)
      }
    }
    const data = queries.map(({ target, data: call }) => {
      const length = numberToHex((call.length - 2) / 2, { size: 1 })
      return `${target.slice(2)}${length.slice(2)}${call.slice(2)}`
    })
    const call = { to: reader, data: `0x${data.join('')}`, gas: numberToHex(25_000_000) }
    const answer = (await provider.request({ method: 'eth_call', params: [call, 'latest'] })) as Hex
    let at = 2
    const found: string[] = []
    for (const { name, expected } of queries) {
      const actual = answer.slice(at, at + expected.length)
      at += expected.length
      if (actual !== expected) found.push(`${name} is ${numbers(actual)}, and ${numbers(expected)} in the model`)
    }
    return found
  }

  return {
    contract,
    domain,
    signatures,
    actors,
    agent,
    tokens,
    /** The second of the block from which every sequence starts. */
    startsAt: Number(block.timestamp),
    restart,
    carryOut,
    differences,
    idOf: (channel: Parameters<typeof idOf>[1]) => idOf(domain, channel),
  }
}

export type Chain = Awaited<ReturnType<typeof createChain>>

const selectors = {
  state: toFunctionSelector('state(bytes32)'),
  purseOf: toFunctionSelector('purseOf(address,address,address)'),
  balanceOf: toFunctionSelector('balanceOf(address,address)'),
  held: toFunctionSelector('balanceOf(address)'),
}

const numbers = (words: string) => text((words.match(/.{64}/g) ?? []).map((digits) => BigInt(`0x${digits}`)))

function encode(call: Call): Hex {
  const { name } = call
  if (name === 'multicall') {
    return encodeFunctionData({ abi: paymentChannelsAbi, functionName: name, args: [call.calls.map(encode)] })
  }
  return encodeFunctionData({ abi: paymentChannelsAbi, functionName: name, args: call.args } as Parameters<
    typeof encodeFunctionData<typeof paymentChannelsAbi, typeof name>
  >[0])
}

function resultOf(call: Call, data: Hex): unknown {
  if (data === '0x') return undefined
  const result = decodeFunctionResult({ abi: paymentChannelsAbi, functionName: call.name, data })
  if (call.name !== 'multicall') return result
  return (result as readonly Hex[]).map((part, i) => resultOf(call.calls[i] as Call, part))
}

/** The functions that return something. */
const returning = new Set<string>(['claim', 'claimTo', 'claimBatch', 'multicall'])
const returns = (step: Step) => !('token' in step) && returning.has(step.call.name)

/** The error that a contract reverted with. Anything else that goes wrong is none of its. */
function refusalOf(error: unknown): string {
  if (!(error instanceof Error && 'data' in error && /revert|invalid opcode/.test(error.message))) throw error
  const { data: outer } = error
  const data = typeof outer === 'object' && outer !== null && 'data' in outer ? outer.data : outer
  if (typeof data !== 'string' || data === '0x') return NO_REASON
  const { errorName, args = [] } = decodeErrorResult({ abi: errors, data: data as Hex })
  return said(errorName, ...args)
}

const inputsOf = new Map(
  paymentChannelsAbi.filter((item) => item.type === 'event').map(({ name, inputs }) => [name as string, inputs]),
)

function eventOf({ data, topics }: Log): string {
  const { eventName, args } = decodeEventLog({ abi: paymentChannelsAbi, data, topics })
  const values = args as Record<string, unknown>
  return said(eventName, ...(inputsOf.get(eventName) ?? []).map(({ name }) => values[name as string]))
}
