import { Command, Option } from 'commander'
import { type Address, formatUnits, type Hex, isHex } from 'viem'
import { getBlock } from 'viem/actions'
import { admit } from '../../chain/actions/admit.ts'
import { fundBond, getBondTerms, withdrawBond } from '../../chain/actions/bond.ts'
import { claimAllowance } from '../../chain/actions/claimAllowance.ts'
import { expel } from '../../chain/actions/expel.ts'
import { getAdmission, type Standing } from '../../chain/actions/getAdmission.ts'
import type { Proofs } from '../../chain/actions/policyProof.ts'
import { guarded, type ScripClient, type Transaction } from '../../chain/transact.ts'
import { ScripError } from '../../errors/ScripError.ts'
import { command, networkOption, run } from '../command.ts'
import { type AccountClient, accountFor, type CommonOptions, connect, connectReader } from '../context.ts'
import { proofsToAdmit, proofsToExpel, proveFromSeeds } from '../flowProof.ts'
import { isSame, type NetworkView, readNetwork } from '../network.ts'
import { cost, costData, count, time } from '../output.ts'
import { FACTOR_DECIMALS, parseAddress, parseAmount, parseNetwork, parseWhole } from '../parse.ts'
import { amountOf, inUnit, readUnit, type Unit, unitReader } from '../units.ts'
import { admissionTermsCommands } from './admissionTerms.ts'

type AdmissionOptions = CommonOptions & { network: string }
type ProofOptions = AdmissionOptions & { proof: Proofs }
type BondOptions = AdmissionOptions & { days: string }

const DAY = 86_400
const MOST_DAYS = 366

/** `scrip admission`: how one stands with a network. */
export function admissionCommand(): Command {
  const group = new Command('admission').description("see and change a network's admissions")
  group.addCommand(
    command('show', 'show how a peer stands')
      .argument('[peer]', 'address; you where nobody is named')
      .addOption(networkOption())
      .action(run<AdmissionOptions>(show)),
  )
  group.addCommand(
    command(
      'join',
      "have yourself, or another eligible peer, admitted; claims a newcomer's allowance for you if need be",
    )
      .argument('[peer]', 'address; you where nobody is named')
      .addOption(networkOption())
      .addOption(proofOption())
      .action(run<ProofOptions>(join)),
  )
  group.addCommand(
    command('expel', 'end the admission of a peer that is no longer eligible')
      .argument('<peer>', 'address')
      .addOption(networkOption())
      .addOption(proofOption())
      .action(run<ProofOptions>(remove)),
  )
  group.addCommand(
    command('bond', "lock what the network's bond policy asks for; nobody can take it, you neither before its time")
      .argument('<amount>', "in the token's own unit; 0 only prolongs the lock")
      .addOption(networkOption())
      .requiredOption('--days <number>', 'how long all of the bond stays locked from now on')
      .action(run<BondOptions>(bond)),
  )
  group.addCommand(
    command('unbond', 'take back what is no longer locked')
      .argument('<amount>', "in the token's own unit")
      .addOption(networkOption())
      .action(run<AdmissionOptions>(unbond)),
  )
  for (const one of admissionTermsCommands()) group.addCommand(one)
  return group
}

function proofOption(): Option {
  return new Option('--proof <policy=proof>', 'what a policy asks for, by its address; can be given several times')
    .argParser(addProof)
    .default({}, 'none')
}

/** @throws `INVALID_ARGUMENT` */
function addProof(value: string, before: Proofs): Proofs {
  const [policy = '', proof = ''] = value.split('=')
  if (isHex(proof) && proof.length % 2 === 0) return { ...before, [parseAddress(policy, 'policy')]: proof as Hex }
  throw new ScripError('INVALID_ARGUMENT', {
    detail: `This is no proof: ${value}.`,
    hint: 'Give the address of a policy, =, and its proof in hexadecimal digits: 0x…=0x….',
    values: { proof: value },
  })
}

async function show(options: AdmissionOptions, name?: string) {
  const networkId = parseNetwork(options)
  const peer = accountFor(options, name === undefined ? undefined : parseAddress(name, 'peer'), '')
  const client = await connectReader(options)
  const network = await readNetwork(client, networkId)
  const admission = await getAdmission(client, { networkId, peer })
  const { admitted, validUntil, eligible, standing } = admission
  const lines = [
    admitted
      ? `${peer} is admitted until ${time(validUntil)}`
      : `${peer} is not admitted; it is ${eligible ? '' : 'not '}eligible now`,
  ]
  if (standing !== undefined) lines.push(...(await standingLines(standing, network, unitReader(client), '  ')))
  const seen = await proveFromSeeds(client, networkId, peer)
  if (seen === undefined) return { lines, data: { networkId, peer, ...admission } }
  const { least } = seen.proof
  const { admitFlow, keepFlow } = seen.terms
  lines.push(
    `  is worth ${network.value(least)} in the eyes of the network's seed peers, as of the last closed epoch`,
    `  needs ${network.value(admitFlow)} to be admitted, ${network.value(keepFlow)} to stay`,
  )
  return { lines, data: { networkId, peer, ...admission, flow: { value: least, admitFlow, keepFlow } } }
}

/** How a peer stands by a policy and its parts, each a step further in. */
async function standingLines(
  standing: Standing,
  network: NetworkView,
  unitOf: (token: Address) => Promise<Unit>,
  indent: string,
): Promise<string[]> {
  switch (standing.kind) {
    case 'ratio': {
      const { headroom, claimable, admitRatio, shortfall } = standing
      const isNewcomer = claimable > 0n
      const lacks = isNewcomer ? '' : `; lacks ${network.value(shortfall)}`
      return [
        `${indent}may consume ${network.value(headroom)} more before it has to provide`,
        ...(isNewcomer ? [`${indent}as a newcomer it may claim ${network.value(claimable)} when it joins`] : []),
        `${indent}has to provide ${formatUnits(admitRatio, FACTOR_DECIMALS)} for each unit beyond that${lacks}`,
      ]
    }
    case 'bond': {
      const { amount, bonded, lockedUntil, token } = standing
      if (amount === 0n) return [`${indent}the steward has not said what to lock`]
      const unit = await unitOf(token)
      const until = bonded > 0n ? `, until ${time(lockedUntil)}` : ''
      return [`${indent}has ${amountOf(bonded, unit)} of ${amountOf(amount, unit)} locked${until}`]
    }
    case 'flow': {
      const { admitFlow, seeds, eligible } = standing
      const from = count(seeds.length, 'seed')
      return [`${indent}${eligible ? 'has' : 'has to show'} a flow of ${network.value(admitFlow)} from ${from}`]
    }
    case 'other':
      return [`${indent}${standing.eligible ? 'satisfies' : 'needs a proof for'} the policy ${standing.policy}`]
    default: {
      const parts = await Promise.all(standing.parts.map((part) => standingLines(part, network, unitOf, `${indent}  `)))
      return [`${indent}${standing.kind === 'allOf' ? 'all of' : 'one of'}`, ...parts.flat()]
    }
  }
}

async function join(options: ProofOptions, name?: string) {
  const networkId = parseNetwork(options)
  const named = name === undefined ? undefined : parseAddress(name, 'peer')
  const client = await connect(options)
  const peer = named ?? client.account.address
  const network = await readNetwork(client, networkId)
  const proofs = { ...(await proofsToAdmit(client, networkId, peer)), ...options.proof }
  const claimed = isSame(peer, client.account.address) ? await claimIfNewcomer(client, networkId, proofs) : undefined
  const { validUntil, ...transaction } = await admit(client, { networkId, peer, proofs })
  return {
    lines: [
      ...(claimed ? [`You may consume ${network.value(claimed.allowance)} before you provide.`, cost(claimed)] : []),
      `${peer} is admitted to network ${networkId} until ${time(validUntil)}.`,
      cost(transaction),
    ],
    data: {
      networkId,
      peer,
      validUntil,
      ...(claimed && { allowance: claimed.allowance, claim: costData(claimed) }),
      transaction: costData(transaction),
    },
  }
}

/** Claims the account's allowance where its ratio lacks just that. */
async function claimIfNewcomer(
  client: AccountClient,
  networkId: bigint,
  proofs: Proofs,
): Promise<(Transaction & { allowance: bigint }) | undefined> {
  const { standing } = await getAdmission(client, { networkId, proofs })
  const ratio = standing && ratioIn(standing)
  if (ratio === undefined || ratio.eligible || ratio.claimable === 0n) return undefined
  const { claimPolicy } = ratio
  return claimAllowance(client, { networkId, proof: (claimPolicy && proofFor(proofs, claimPolicy)) ?? '0x' })
}

function proofFor(proofs: Proofs, policy: Address): Hex | undefined {
  return Object.entries(proofs).find(([address]) => isSame(address as Address, policy))?.[1]
}

/** The standing by the ratio policy, wherever it is. */
function ratioIn(standing: Standing): (Standing & { kind: 'ratio' }) | undefined {
  if (standing.kind === 'ratio') return standing
  if (standing.kind !== 'allOf' && standing.kind !== 'anyOf') return undefined
  return standing.parts.map(ratioIn).find((found) => found !== undefined)
}

async function remove(options: ProofOptions, name = '') {
  const networkId = parseNetwork(options)
  const peer = parseAddress(name, 'peer')
  const client = await connect(options)
  await readNetwork(client, networkId)
  const proofs = { ...(await proofsToExpel(client, networkId, peer)), ...options.proof }
  const transaction = await expel(client, { networkId, peer, proofs })
  return {
    lines: [`${peer} is no longer admitted to network ${networkId}.`, cost(transaction)],
    data: { networkId, peer, transaction: costData(transaction) },
  }
}

async function bond(options: BondOptions, value = '') {
  const networkId = parseNetwork(options)
  const days = parseWhole(options.days, 'days', MOST_DAYS)
  const client = await connect(options)
  const { token, unit } = await readBond(client, networkId)
  const amount = value === '0' ? 0n : parseAmount(value, unit.decimals)
  const { timestamp } = await guarded([], () => getBlock(client))
  const lockedUntil = Number(timestamp) + days * DAY
  const { bond: locked, ...transaction } = await inUnit(unit, () =>
    fundBond(client, { networkId, token, amount, lockedUntil }),
  )
  return {
    lines: [
      `${amountOf(locked.amount, unit)} of yours are locked for network ${networkId} until ${time(lockedUntil)}.`,
      cost(transaction),
    ],
    data: { networkId, token, ...locked, transaction: costData(transaction) },
  }
}

async function unbond(options: AdmissionOptions, value = '') {
  const networkId = parseNetwork(options)
  const client = await connect(options)
  const { token, unit } = await readBond(client, networkId)
  const amount = parseAmount(value, unit.decimals)
  const { left, ...transaction } = await withdrawBond(client, { networkId, token, amount })
  return {
    lines: [`${amountOf(amount, unit)} are in your wallet again; ${amountOf(left, unit)} stay.`, cost(transaction)],
    data: { networkId, token, amount, left, transaction: costData(transaction) },
  }
}

/** What a network asks to lock, and the unit of that. @throws `INVALID_ARGUMENT` where it asks for nothing */
async function readBond(client: ScripClient, networkId: bigint): Promise<{ token: Address; unit: Unit }> {
  await readNetwork(client, networkId)
  const terms = await getBondTerms(client, { networkId })
  if (terms === undefined) {
    throw new ScripError('INVALID_ARGUMENT', {
      detail: `Network ${networkId} asks for no bond.`,
      hint: 'Look with `scrip admission show` at what it asks for.',
      values: { networkId },
    })
  }
  return { token: terms.token, unit: await readUnit(client, terms.token) }
}
