/**
 * `npm run deploy -- --network <name>`: deploys what the network lacks, writes its address book to
 * `deployments/<chainId>.json` (`--out <folder>`: elsewhere), and hands the book to the SDK.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { formatEther } from 'viem'
import { type DeploymentStep, deployContracts } from '../sdk/chain/deploy/deployContracts.ts'
import { onNetwork, openDeployer, readInvocation, rpcUrl } from './support/networks.ts'
import { run } from './support/run.ts'

const home = fileURLToPath(new URL('../deployments', import.meta.url))

/** What `deployments/<chainId>.json` holds. */
type AddressBook = { chainId: number; block: number; addresses: Record<string, string> }

await run(async () => {
  const invocation = readInvocation(process.argv.slice(2))
  const { name, network, out: folder = home } = invocation
  const client = openDeployer(invocation, process.env)
  const { origin } = new URL(rpcUrl(invocation, process.env))
  console.log(`Deploying to ${name} (chain ${network.chainId}, ${origin}) from ${client.account.address}`)

  const { chainId, addresses, block, transactions, gasUsed, cost } = await onNetwork(invocation, () =>
    deployContracts(client, { chainId: network.chainId, onStep: (step) => console.log(line(step)) }),
  )
  console.log(
    transactions.length === 0
      ? 'Everything was there: nothing sent.'
      : `${transactions.length} transactions, ${gasUsed.toLocaleString('en')} gas, ${formatEther(cost)} ether.`,
  )

  // A local chain begins anew with every start, so a block noted now would be wrong for the next one.
  const file = writeBook(folder, { chainId, block: network.local ? 0 : Number(block), addresses })
  console.log(`The addresses are in ${relative(process.cwd(), file)}.`)
  // Imported for its effect, which is to write what the SDK knows of deployments/.
  if (folder === home) await import('./generate.ts')
})

function line(step: DeploymentStep): string {
  const { contract, address } = step
  if (step.step === 'found') return `  found     ${contract} at ${address}`
  if (step.step === 'sent') return `  sent      ${contract}: ${step.hash}`
  return `  deployed  ${contract} at ${address} in block ${step.block}, ${step.gasUsed.toLocaleString('en')} gas`
}

/** Writes the book, with the block that is known already where the node no longer knows it. Returns the file. */
function writeBook(folder: string, book: AddressBook): string {
  const file = join(folder, `${book.chainId}.json`)
  if (book.block === 0 && existsSync(file)) {
    const known = JSON.parse(readFileSync(file, 'utf8')) as AddressBook
    if (JSON.stringify(known.addresses) === JSON.stringify(book.addresses)) book = { ...book, block: known.block }
  }
  mkdirSync(folder, { recursive: true })
  writeFileSync(file, `${JSON.stringify(book, null, 2)}\n`)
  return file
}
