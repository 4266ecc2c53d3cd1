/**
 * `npm run verify -- --network <name>`: checks the code on chain, writes what explorers need to show its sources to
 * `build/verify/<chainId>` (`--out <folder>`: elsewhere), and publishes it. Needs no key of an account.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkDeployment } from '../sdk/chain/deploy/checkDeployment.ts'
import { ScripError } from '../sdk/errors/ScripError.ts'
import { onNetwork, openReader, readInvocation, rpcUrl } from './support/networks.ts'
import { type Publication, preparePublications } from './support/publications.ts'
import { etherscan, etherscanForm, type Publisher, sourcify, sourcifyBody } from './support/publishers.ts'
import { run } from './support/run.ts'

await run(async () => {
  const invocation = readInvocation(process.argv.slice(2))
  const { name, network, out } = invocation
  const client = openReader(invocation, process.env)
  const { origin } = new URL(rpcUrl(invocation, process.env))
  console.log(`Verifying Scrip on ${name} (chain ${network.chainId}, ${origin})`)
  const { chainId } = await onNetwork(invocation, () => checkDeployment(client, { chainId: network.chainId }))
  console.log('  The code on chain is that of this version. Compiling its sources once more …')

  const publications = preparePublications(chainId)
  const folder = out ?? fileURLToPath(new URL(`../build/verify/${chainId}`, import.meta.url))
  for (const publication of publications) write(folder, publication)
  console.log(`  The inputs are in ${relative(process.cwd(), folder)}.`)

  const failures = await publishAll(publishers(network.local, process.env), publications)
  if (failures.length > 0) {
    throw new ScripError('VERIFICATION_FAILED', { detail: `${failures.length} publications failed: ${failures[0]}` })
  }
})

/** The services to publish to. A local chain is published only where a service for it is named. */
function publishers(local: boolean, environment: NodeJS.ProcessEnv): Publisher[] {
  const sourcifyUrl = environment['SOURCIFY_URL'] ?? (local ? '' : 'https://sourcify.dev/server')
  const etherscanUrl = environment['ETHERSCAN_URL'] || 'https://api.etherscan.io/v2/api'
  const key = environment['ETHERSCAN_API_KEY'] ?? ''
  return [
    ...(sourcifyUrl === '' ? [] : [sourcify(sourcifyUrl.replace(/\/$/, ''))]),
    ...(key === '' ? [] : [etherscan(etherscanUrl, key)]),
  ]
}

/** Publishes everything everywhere, one after the other as the services ask for, and returns what went wrong. */
async function publishAll(services: readonly Publisher[], publications: readonly Publication[]): Promise<string[]> {
  const failures: string[] = []
  for (const service of services) {
    for (const publication of publications) {
      try {
        const verdict = await service.publish(publication)
        console.log(`  ${service.name}  ${publication.contract} at ${publication.address}: ${verdict}`)
      } catch (error) {
        if (!(error instanceof ScripError)) throw error
        console.log(`  ${service.name}  ${publication.contract} at ${publication.address}: failed`)
        failures.push(error.message)
      }
    }
  }
  if (services.length === 0) console.log('  Published nowhere: SOURCIFY_URL and ETHERSCAN_API_KEY are empty.')
  return failures
}

/** Writes one contract's inputs, each in the form that the service takes. */
function write(folder: string, publication: Publication): void {
  const files = {
    'standard-input.json': json(publication.input),
    'metadata.json': publication.metadata,
    'sourcify.json': json(sourcifyBody(publication)),
    'etherscan.json': json(etherscanForm(publication)),
  }
  mkdirSync(join(folder, publication.contract), { recursive: true })
  for (const [file, content] of Object.entries(files)) writeFileSync(join(folder, publication.contract, file), content)
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
