import { Command } from 'commander'
import { type Address, formatUnits, zeroAddress } from 'viem'
import { getContractEvents, readContract } from 'viem/actions'
import { admissionControllerAbi } from '../../abi/admissionController.ts'
import { interactionHistoryAbi } from '../../abi/interactionHistory.ts'
import { createNetwork } from '../../chain/actions/createNetwork.ts'
import { getNetwork } from '../../chain/actions/getNetwork.ts'
import { type PolicyTree, readPolicy } from '../../chain/actions/policyProof.ts'
import { setWeight } from '../../chain/actions/setWeight.ts'
import { addresses } from '../../chain/addresses.ts'
import { guarded, type ScripClient } from '../../chain/transact.ts'
import { command, networkOption, run } from '../command.ts'
import { type CommonOptions, connect, connectReader } from '../context.ts'
import { firstBlock } from '../firstBlock.ts'
import { readNetwork } from '../network.ts'
import { cost, costData, duration } from '../output.ts'
import { FACTOR_DECIMALS, parseAddress, parseFactor, parseNetwork, parseTime } from '../parse.ts'
import { policyWords } from '../policies.ts'
import { readUnit } from '../units.ts'
import { stewardshipCommands } from './stewardship.ts'

type CreateOptions = CommonOptions & { epoch: string; about: string }
type NetworkOptions = CommonOptions & { network: string }
type WeighOptions = NetworkOptions & { weight: string }

/** `scrip network`: what counts in a history, and who decides that. */
export function networkCommand(): Command {
  const group = new Command('network').description('make a network, and say what counts in it, as its steward')
  group.addCommand(
    command('create', 'make a network, of which you are the steward')
      .option('--epoch <time>', 'after how long what was settled counts for policies that look at closed epochs', '1d')
      .option('--about <uri>', 'where it describes itself', '')
      .action(run<CreateOptions>(create)),
  )
  group.addCommand(
    command('weigh', 'have a currency count in your network, once and for all')
      .argument('<currency>', 'its address')
      .addOption(networkOption())
      .option('--weight <number>', 'units of value that a base unit of it counts, with at most 18 decimals', '1')
      .action(run<WeighOptions>(weigh)),
  )
  group.addCommand(
    command('show', 'show who decides in a network, what counts, and by what it admits')
      .addOption(networkOption())
      .action(run<NetworkOptions>(show)),
  )
  for (const one of stewardshipCommands()) group.addCommand(one)
  return group
}

async function create({ epoch, about, ...options }: CreateOptions) {
  const epochLength = parseTime(epoch, 'epoch')
  const client = await connect(options)
  const { networkId, ...transaction } = await createNetwork(client, { epochLength, metadataURI: about })
  return {
    lines: [
      `Network ${networkId} is there, and you are its steward; an epoch lasts ${duration(epochLength)}.`,
      `Say next what counts in it: \`scrip network weigh <currency> --network ${networkId}\`.`,
      cost(transaction),
    ],
    data: { networkId, steward: client.account.address, epochLength, transaction: costData(transaction) },
  }
}

async function weigh(options: WeighOptions, name = '') {
  const networkId = parseNetwork(options)
  const currency = parseAddress(name, 'currency')
  const weight = parseFactor(options.weight, 'weight')
  const client = await connect(options)
  await readNetwork(client, networkId)
  const { symbol } = await readUnit(client, currency)
  const transaction = await setWeight(client, { networkId, currency, weight })
  return {
    lines: [`A base unit of ${symbol} counts ${factor(weight)} in network ${networkId}.`, cost(transaction)],
    data: { networkId, currency, weight, transaction: costData(transaction) },
  }
}

async function show(options: NetworkOptions) {
  const networkId = parseNetwork(options)
  const client = await connectReader(options)
  await readNetwork(client, networkId)
  const [{ steward, epoch, epochLength }, weights, policy] = await Promise.all([
    getNetwork(client, { networkId }),
    readWeights(client, networkId),
    findPolicy(client, networkId),
  ])
  const lines = [
    `Network ${networkId} of the steward ${steward}`,
    `  is in epoch ${epoch}; one lasts ${duration(epochLength)}`,
    policy === undefined ? '  admits nobody: it has no policy' : `  admits by ${policyWords(policy)}`,
    ...(weights.length === 0 ? ['  counts no currency yet'] : []),
  ]
  for (const { currency, weight, isRetired } of weights) {
    const { symbol } = await readUnit(client, currency)
    lines.push(`  counts ${factor(weight)} for a base unit of ${symbol} ${currency}${isRetired ? ', no more' : ''}`)
  }
  return { lines, data: { networkId, steward, epoch, epochLength, ...(policy && { policy: policy.policy }), weights } }
}

function factor(weight: bigint): string {
  return formatUnits(weight, FACTOR_DECIMALS)
}

type Weight = { currency: Address; weight: bigint; isRetired: boolean }

/** The currencies that a network ever gave a weight, in that order. */
async function readWeights(client: ScripClient, networkId: bigint): Promise<Weight[]> {
  const contract = { address: addresses.interactionHistory, abi: interactionHistoryAbi } as const
  const fromBlock = await firstBlock(client)
  const terms = { ...contract, args: { networkId }, fromBlock, strict: true } as const
  const [set, retired] = await guarded(contract.abi, () =>
    Promise.all([
      getContractEvents(client, { ...terms, eventName: 'WeightSet' }),
      getContractEvents(client, { ...terms, eventName: 'TokenRetired' }),
    ]),
  )
  const gone = new Set(retired.map(({ args }) => args.token))
  return set.map(({ args: { token, weight } }) => ({ currency: token, weight, isRetired: gone.has(token) }))
}

async function findPolicy(client: ScripClient, networkId: bigint): Promise<PolicyTree | undefined> {
  const contract = { address: addresses.admissionController, abi: admissionControllerAbi } as const
  const policy = await guarded(contract.abi, () =>
    readContract(client, { ...contract, functionName: 'policyOf', args: [networkId] }),
  )
  return policy === zeroAddress ? undefined : readPolicy(client, { networkId, policy })
}
