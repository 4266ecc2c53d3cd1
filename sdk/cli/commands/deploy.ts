import type { Command } from 'commander'
import { formatEther } from 'viem'
import { type DeploymentStep, deployContracts } from '../../chain/deploy/deployContracts.ts'
import { command, run } from '../command.ts'
import { type CommonOptions, connect } from '../context.ts'
import { count } from '../output.ts'

/** `scrip deploy`: brings the contracts to a chain. */
export function deployCommand(): Command {
  return command(
    'deploy',
    'bring the contracts to a chain, at the same addresses as everywhere; what is there stays',
  ).action(run(deploy))
}

async function deploy(options: CommonOptions) {
  const client = await connect(options)
  const onStep = (step: DeploymentStep) => {
    if (!options.json) console.log(line(step))
  }
  const { chainId, addresses, block, transactions, gasUsed, cost } = await deployContracts(client, { onStep })
  const sum = `${count(transactions.length, 'transaction')}, ${gasUsed.toLocaleString('en')} gas, ${formatEther(cost)} of the chain's coin.`
  return {
    lines: [transactions.length === 0 ? `Everything was there on chain ${chainId}: nothing sent.` : sum],
    data: { chainId, addresses, block, transactions, gas: gasUsed, fee: cost },
  }
}

function line(step: DeploymentStep): string {
  const { contract, address } = step
  if (step.step === 'found') return `  found     ${contract} at ${address}`
  if (step.step === 'sent') return `  sent      ${contract}: ${step.hash}`
  return `  deployed  ${contract} at ${address}, ${step.gasUsed.toLocaleString('en')} gas`
}
