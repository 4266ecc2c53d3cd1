import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import solc from 'solc'
import type { Abi, Address, Hex } from 'viem'
import type { Person } from './world.ts'

type Output = {
  contracts: Record<string, Record<string, { abi: Abi; evm: { bytecode: { object: string } } }>>
  errors?: { severity: string; formattedMessage: string }[]
}

const source = 'ContractWallets.sol'
const require = createRequire(import.meta.url)
let compiled: Output['contracts'][string] | undefined

/** Deploys one of the contracts of `ContractWallets.sol`, for an owner where it takes one. */
export async function deployWallet(
  person: Person,
  name: 'NestingWallet' | 'PlainWallet' | 'NestingCode' | 'PlainCode',
  ...owner: Address[]
): Promise<Address> {
  compiled ??= compile()
  const contract = compiled[name]
  if (contract === undefined) throw new Error(`${source} has no ${name}`)
  const bytecode: Hex = `0x${contract.evm.bytecode.object}`
  const hash = await person.deployContract({ abi: contract.abi, bytecode, args: owner })
  const { contractAddress } = await person.waitForTransactionReceipt({ hash })
  if (!contractAddress) throw new Error(`${name} was not deployed`)
  return contractAddress
}

/** Hardhat compiles only what is deployed, and this is small. */
function compile(): Output['contracts'][string] {
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
