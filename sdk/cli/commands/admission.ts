import { Command } from 'commander'
import { formatUnits } from 'viem'
import { admit } from '../../chain/actions/admit.ts'
import { expel } from '../../chain/actions/expel.ts'
import { getAdmission } from '../../chain/actions/getAdmission.ts'
import { command, networkOption, run } from '../command.ts'
import { accountFor, type CommonOptions, connect, connectReader } from '../context.ts'
import { proofToAdmit, proofToExpel, proveFromSeeds } from '../flowProof.ts'
import { readNetwork } from '../network.ts'
import { cost, costData, time } from '../output.ts'
import { parseAddress, parseNetwork } from '../parse.ts'

type AdmissionOptions = CommonOptions & { network: string }

const RATIO_DECIMALS = 18

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
    command('join', 'have yourself, or another eligible peer, admitted')
      .argument('[peer]', 'address; you where nobody is named')
      .addOption(networkOption())
      .action(run<AdmissionOptions>(join)),
  )
  group.addCommand(
    command('expel', 'end the admission of a peer that is no longer eligible')
      .argument('<peer>', 'address')
      .addOption(networkOption())
      .action(run<AdmissionOptions>(remove)),
  )
  return group
}

async function show(options: AdmissionOptions, name?: string) {
  const networkId = parseNetwork(options)
  const peer = accountFor(options, name === undefined ? undefined : parseAddress(name, 'peer'), '')
  const client = await connectReader(options)
  const network = await readNetwork(client, networkId)
  const standing = await getAdmission(client, { networkId, peer })
  const { admitted, validUntil, eligible, ratio } = standing
  const lines = [
    admitted
      ? `${peer} is admitted until ${time(validUntil)}`
      : `${peer} is not admitted; it is ${eligible ? '' : 'not '}eligible now`,
  ]
  if (ratio !== undefined) {
    lines.push(`  may consume ${network.value(ratio.headroom)} more before it has to provide`)
    lines.push(
      `  has to provide ${formatUnits(ratio.admitRatio, RATIO_DECIMALS)} for each unit beyond that; lacks ${network.value(ratio.shortfall)}`,
    )
  }
  const seen = await proveFromSeeds(client, networkId, peer)
  if (seen === undefined) return { lines, data: { networkId, peer, ...standing } }
  const { least } = seen.proof
  const { admitFlow, keepFlow } = seen.terms
  lines.push(
    `  is worth ${network.value(least)} in the eyes of the network's seed peers, as of the last closed epoch`,
    `  needs ${network.value(admitFlow)} to be admitted, ${network.value(keepFlow)} to stay`,
  )
  return { lines, data: { networkId, peer, ...standing, flow: { value: least, admitFlow, keepFlow } } }
}

async function join(options: AdmissionOptions, name?: string) {
  const networkId = parseNetwork(options)
  const named = name === undefined ? undefined : parseAddress(name, 'peer')
  const client = await connect(options)
  const peer = named ?? client.account.address
  await readNetwork(client, networkId)
  const proof = await proofToAdmit(client, networkId, peer)
  const { validUntil, ...transaction } = await admit(client, { networkId, peer, proof })
  return {
    lines: [`${peer} is admitted to network ${networkId} until ${time(validUntil)}.`, cost(transaction)],
    data: { networkId, peer, validUntil, transaction: costData(transaction) },
  }
}

async function remove(options: AdmissionOptions, name = '') {
  const networkId = parseNetwork(options)
  const peer = parseAddress(name, 'peer')
  const client = await connect(options)
  await readNetwork(client, networkId)
  const proof = await proofToExpel(client, networkId, peer)
  const transaction = await expel(client, { networkId, peer, proof })
  return {
    lines: [`${peer} is no longer admitted to network ${networkId}.`, cost(transaction)],
    data: { networkId, peer, transaction: costData(transaction) },
  }
}
