import type { Command } from 'commander'
import type { Address } from 'viem'
import { setBondTerms } from '../../chain/actions/bond.ts'
import { setFlowTerms } from '../../chain/actions/setFlowTerms.ts'
import { setAllOf, setAnyOf } from '../../chain/actions/setParts.ts'
import { setPolicy } from '../../chain/actions/setPolicy.ts'
import { setRatioTerms } from '../../chain/actions/setRatioTerms.ts'
import { addresses } from '../../chain/addresses.ts'
import type { Transaction } from '../../chain/transact.ts'
import { command, networkOption, run } from '../command.ts'
import { type CommonOptions, connect } from '../context.ts'
import { readNetwork } from '../network.ts'
import { cost, costData, count } from '../output.ts'
import { parseAddress, parseAmount, parseFactor, parseNetwork, parseWhole } from '../parse.ts'
import { policyAddress } from '../policies.ts'
import { amountOf, readUnit } from '../units.ts'

type PolicyOptions = CommonOptions & { network: string; any?: boolean }
type TermsOptions = CommonOptions & { network: string; days: string }
type RatioOptions = TermsOptions & { admit: string; keep?: string; budget: string; claims?: string }
type FlowOptions = TermsOptions & { admit: string; keep?: string }
type BondOptions = TermsOptions & { currency: string }

const DAY = 86_400
const MOST_DAYS = 366

const LASTS = ['--days <number>', 'how long an admission lasts at most', '30'] as const
const KEEPS = [
  '--keep <number>',
  'below this a peer can be expelled; as much as --admit where nothing is said',
] as const

/** What the steward of a network does in `scrip admission`: says by what it admits. */
export function admissionTermsCommands(): Command[] {
  return [
    command('policy', "set the network's policy, as its steward: one policy, or all of several")
      .argument('<policies...>', 'ratio, flow, bond, or the address of a policy')
      .addOption(networkOption())
      .option('--any', 'one of several is enough')
      .action(run<PolicyOptions>(policy)),
    command('ratio-terms', 'say what peers have to provide for what they consume, as the steward')
      .argument('<allowance>', "what a newcomer may consume before it has to provide, in the network's unit of value")
      .addOption(networkOption())
      .requiredOption('--admit <number>', 'what admits: units provided for each unit consumed beyond the allowance')
      .option(...KEEPS)
      .requiredOption('--budget <amount>', 'what newcomers may claim in an epoch together')
      .option('--claims <policy>', 'what newcomers have to satisfy to claim: bond, or the address of a policy')
      .option(...LASTS)
      .action(run<RatioOptions>(ratioTerms)),
    command('flow-terms', 'say whose view counts and what a peer has to be worth in it, as the steward')
      .argument('<seeds...>', 'addresses of the peers that others are measured from')
      .addOption(networkOption())
      .requiredOption('--admit <amount>', "the flow from the seeds that admits, in the network's unit of value")
      .option(...KEEPS)
      .option(...LASTS)
      .action(run<FlowOptions>(flowTerms)),
    command('bond-terms', 'say what peers have to lock, as the steward')
      .argument('<amount>', "in the token's own unit")
      .addOption(networkOption())
      .requiredOption('--currency <address>', 'the token')
      .option(...LASTS)
      .action(run<BondOptions>(bondTerms)),
  ]
}

async function policy(options: PolicyOptions, names: readonly string[] = []) {
  const networkId = parseNetwork(options)
  const policies = names.map(policyAddress)
  const client = await connect(options)
  await readNetwork(client, networkId)
  const transactions: Transaction[] = []
  let chosen = policies[0] as Address
  if (policies.length > 1) {
    const parts = { networkId, policies }
    chosen = options.any ? addresses.anyOfPolicy : addresses.allOfPolicy
    transactions.push(await (options.any ? setAnyOf(client, parts) : setAllOf(client, parts)))
  }
  transactions.push(await setPolicy(client, { networkId, policy: chosen }))
  const words = names.join(options.any ? ' or ' : ' and ')
  return {
    lines: [`Network ${networkId} admits by ${words}; standing admissions keep their end.`, ...transactions.map(cost)],
    data: { networkId, policy: chosen, policies, transactions: transactions.map(costData) },
  }
}

async function ratioTerms(options: RatioOptions, value = '') {
  const networkId = parseNetwork(options)
  const admitRatio = parseFactor(options.admit, 'admit')
  const keepRatio = parseFactor(options.keep ?? options.admit, 'keep')
  const admissionPeriod = parsePeriod(options)
  const claimPolicy = options.claims === undefined ? undefined : policyAddress(options.claims)
  const client = await connect(options)
  const network = await readNetwork(client, networkId)
  const allowance = network.parse(value, 'allowance')
  const budget = network.parse(options.budget, 'budget')
  const terms = { admitRatio, keepRatio, allowance, budget, admissionPeriod, ...(claimPolicy && { claimPolicy }) }
  const transaction = await setRatioTerms(client, { networkId, ...terms })
  const newcomers = `newcomers may consume ${network.value(allowance)} before, ${network.value(budget)} an epoch together`
  return {
    lines: [
      `Network ${networkId} asks for ${options.admit} provided for each unit consumed; ${newcomers}.`,
      cost(transaction),
    ],
    data: { networkId, ...terms, transaction: costData(transaction) },
  }
}

async function flowTerms(options: FlowOptions, names: readonly string[] = []) {
  const networkId = parseNetwork(options)
  const seeds = names.map((name) => parseAddress(name, 'seed'))
  const admissionPeriod = parsePeriod(options)
  const client = await connect(options)
  const network = await readNetwork(client, networkId)
  const admitFlow = network.parse(options.admit, 'admit')
  const keepFlow = network.parse(options.keep ?? options.admit, 'keep')
  const terms = { seeds, admitFlow, keepFlow, admissionPeriod }
  const transaction = await setFlowTerms(client, { networkId, ...terms })
  return {
    lines: [
      `Network ${networkId} asks for a flow of ${network.value(admitFlow)} from ${count(seeds.length, 'seed')}.`,
      cost(transaction),
    ],
    data: { networkId, ...terms, transaction: costData(transaction) },
  }
}

async function bondTerms(options: BondOptions, value = '') {
  const networkId = parseNetwork(options)
  const token = parseAddress(options.currency, 'currency')
  const admissionPeriod = parsePeriod(options)
  const client = await connect(options)
  await readNetwork(client, networkId)
  const unit = await readUnit(client, token)
  const amount = parseAmount(value, unit.decimals)
  const transaction = await setBondTerms(client, { networkId, token, amount, admissionPeriod })
  return {
    lines: [`Network ${networkId} asks for a bond of ${amountOf(amount, unit)}.`, cost(transaction)],
    data: { networkId, token, amount, admissionPeriod, transaction: costData(transaction) },
  }
}

function parsePeriod({ days }: TermsOptions): number {
  return parseWhole(days, 'days', MOST_DAYS) * DAY
}
