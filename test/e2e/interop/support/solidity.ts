import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import solc from 'solc'
import type { Abi, Address, Hex } from 'viem'
import type { Person } from './world.ts'

type Output = {
  contracts: Record<string, Record<string, { abi: Abi; evm: { bytecode: { object: string } } }>>
  errors?: { severity: string; formattedMessage: string }[]
}

const require = createRequire(import.meta.url)
const compiled = new Map<string, Output['contracts'][string]>()

/** Deploys a contract of a Solidity file in this folder. Hardhat compiles only what is deployed, and these are small. */
export async function deploySource(person: Person, source: string, name: string, args: unknown[]): Promise<Address> {
  const contracts = compiled.get(source) ?? compile(source)
  compiled.set(source, contracts)
  const contract = contracts?.[name]
  if (contract === undefined) throw new Error(`${source} has no ${name}`)
  const bytecode: Hex = `0x${contract.evm.bytecode.object}`
  const hash = await person.deployContract({ abi: contract.abi, bytecode, args })
  const { contractAddress } = await person.waitForTransactionReceipt({ hash })
  if (!contractAddress) throw new Error(`${name} was not deployed`)
  return contractAddress
}

function compile(source: string): Output['contracts'][string] {
  const input = {
    language: 'Solidity',
    sources: { [source]: { content: readFileSync(new URL(source, import.meta.url), 'utf8') } },
    settings: { evmVersion: 'cancun', outputSelection: { [source]: { '*': ['abi', 'evm.bytecode.object'] } } },
  }
  const read = (path: string) => ({ contents: readFileSync(require.resolve(path), 'utf8') })
  const { contracts, errors = [] } = JSON.parse(solc.compile(JSON.stringify(input), { import: read })) as Output
  const failures = errors.filter(({ severity }) => severity === 'error')
  if (failures.length > 0) throw new Error(failures.map(({ formattedMessage }) => formattedMessage).join('\n'))
  return contracts[source] ?? {}
}
