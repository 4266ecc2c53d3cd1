import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import solc from 'solc'
import { type Address, getContractAddress, type Hex } from 'viem'
import { bytecode } from '../../sdk/abi/bytecode.ts'
import { type DeployedContract, type PlannedContract, planDeployment } from '../../sdk/chain/deploy/plan.ts'
import { ScripError } from '../../sdk/errors/ScripError.ts'

const artifacts = fileURLToPath(new URL('../../artifacts', import.meta.url))

/** What the compiler is given: solc's standard JSON input. */
export type StandardInput = {
  language: string
  sources: Record<string, { content: string }>
  settings: { outputSelection: object; [setting: string]: unknown }
}

/** Everything that a service needs to compile one contract again and compare it with the chain. */
export type Publication = {
  contract: string
  chainId: number
  address: Address
  /** `<source>:<contract>`, by the source's name in the input. */
  identifier: string
  /** The compiler's whole version, such as `0.8.37+commit.f401782d`. */
  compilerVersion: string
  input: StandardInput
  /** The compiler's metadata, as it writes it. */
  metadata: string
  /** The constructor's arguments, ABI-encoded. */
  constructorArguments: Hex
}

type BuildInfo = { solcLongVersion: string; input: StandardInput }
type Artifact = { inputSourceName: string; buildInfoId: string }
type Compiled = { evm: { bytecode: { object: string } }; metadata: string }
type Output = {
  contracts?: Record<string, Record<string, Compiled>>
  errors?: { severity: string; formattedMessage: string }[]
}

/**
 * The publications of a chain's deployment, from Hardhat's build. Every input is compiled here first, so what a service
 * is sent is known to give the code that was deployed.
 *
 * @throws ScripError `DEPLOYMENT_MISMATCH` where the build's sources give other code
 */
export function preparePublications(chainId: number): Publication[] {
  const outputs = new Map<string, Output>()
  return planDeployment(bytecode)
    .flatMap(withCreated)
    .map((created) => {
      const { contract, address, constructorArguments } = created
      const { inputSourceName, buildInfoId } = readArtifact(contract)
      const { solcLongVersion, input } = readBuildInfo(buildInfoId)
      const output = outputs.get(buildInfoId) ?? compile(input)
      outputs.set(buildInfoId, output)
      const compiled = output.contracts?.[inputSourceName]?.[contract]
      if (compiled === undefined || !isDeployed(created, compiled)) throw otherCode(contract)
      return {
        contract,
        chainId,
        address,
        identifier: `${inputSourceName}:${contract}`,
        compilerVersion: solcLongVersion,
        input,
        metadata: compiled.metadata,
        constructorArguments,
      }
    })
}

/** A contract on chain, and the planned contract whose creation code made it. */
type Created = { contract: string; createdBy: DeployedContract; address: Address; constructorArguments: Hex }

/** The planned contract and, for the factory, the one that it makes for every currency to be a clone of. */
function withCreated({ key, contract, address, constructorArguments }: PlannedContract): Created[] {
  const created = { contract, createdBy: contract, address, constructorArguments }
  if (key !== 'currencyFactory') return [created]
  // The factory hands its own constructor argument on.
  return [
    created,
    { ...created, contract: 'IssuerCurrency', address: getContractAddress({ from: address, nonce: 1n }) },
  ]
}

/** Whether the compiled code is what made the contract on chain: what the proxy was sent, or a part that this carried. */
function isDeployed({ contract, createdBy }: Created, { evm }: Compiled): boolean {
  const code = evm.bytecode.object
  return contract === createdBy
    ? `0x${code}` === bytecode[createdBy]
    : code !== '' && bytecode[createdBy].includes(code)
}

function otherCode(contract: string): ScripError {
  return new ScripError('DEPLOYMENT_MISMATCH', {
    detail: `The sources of the last build give other code than ${contract} has on chain.`,
    hint: 'Run `npm run build`, then this again.',
    values: { contract },
  })
}

function compile(input: StandardInput): Output {
  return JSON.parse(solc.compile(JSON.stringify(input))) as Output
}

function readArtifact(contract: string): Artifact {
  const file = readdirSync(artifacts, { recursive: true, encoding: 'utf8' }).find((path) =>
    path.replaceAll('\\', '/').endsWith(`/${contract}.sol/${contract}.json`),
  )
  if (file === undefined) {
    throw new ScripError('FILE_NOT_FOUND', {
      detail: `There is no build of ${contract}.`,
      hint: 'Run `npm run build`, then this again.',
    })
  }
  return readJson(file) as Artifact
}

/** The compiler's input and version, asking for what the services compare. The selection does not change the code. */
function readBuildInfo(id: string): BuildInfo {
  const { solcLongVersion, input } = readJson(join('build-info', `${id}.json`)) as BuildInfo
  const outputSelection = { '*': { '*': ['abi', 'evm.bytecode.object', 'evm.deployedBytecode.object', 'metadata'] } }
  return { solcLongVersion, input: { ...input, settings: { ...input.settings, outputSelection } } }
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(join(artifacts, path), 'utf8'))
}
