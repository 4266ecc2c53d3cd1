/**
 * Writes what the SDK takes from compilers: `sdk/abi` (ABIs, creation bytecode, addresses, address books),
 * `sdk/typechain` (the ethers types) and what `wasm.ts` compiles: the hash for ticks and the inner loop of EigenTrust. All
 * are ignored by git. A file is only written where its content changes.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Address, getAddress, type Hex } from 'viem'
import { type DeploymentBytecode, deploymentAddresses, deploymentPlan } from '../sdk/chain/deploy/plan.ts'
import { compileWasm, wasmModules } from './wasm.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/** The contracts whose ABIs the SDK has, and the folders of their sources. */
const contracts = {
  IssuerCurrency: 'currency',
  CurrencyFactory: 'currency',
  PaymentChannels: 'channels',
  InteractionHistory: 'history',
  FlowVerifier: 'reputation',
  AdmissionController: 'admission',
  RatioPolicy: 'admission/policies',
  BondPolicy: 'admission/policies',
  AllOfPolicy: 'admission/policies',
  AnyOfPolicy: 'admission/policies',
  FlowPolicy: 'admission/policies',
}

type Artifact = { abi: readonly unknown[]; bytecode: Hex; linkReferences: object }

/** File contents by path. */
type Files = Map<string, string>

const artifacts = new Map(Object.entries(contracts).map(([name, folder]) => [name, readArtifact(name, folder)]))
writeFolder('sdk/abi', abiFiles())
writeFolder('sdk/typechain', typechainFiles())
for (const name of ['keccak', 'gather'] as const) {
  write(wasmModules[name].module, wasmModule(name, await compileWasm(name)))
}

function abiFiles(): Files {
  const bytecode = Object.fromEntries(
    Object.values(deploymentPlan).map(({ contract }) => [contract, artifact(contract).bytecode]),
  ) as DeploymentBytecode
  const addresses = deploymentAddresses(bytecode)
  const modules: Files = new Map()
  for (const [name, { abi }] of artifacts) {
    const camelName = `${name[0]?.toLowerCase()}${name.slice(1)}`
    modules.set(`${camelName}.ts`, `/** The ABI of ${name}. */\nexport const ${camelName}Abi = ${json(abi)} as const\n`)
  }
  modules.set(
    'addresses.ts',
    `/** Where a deployment's contracts are, on every chain: they are created by CREATE2. */\nexport const addresses = ${json(addresses)} as const\n`,
  )
  modules.set(
    'bytecode.ts',
    `/** Creation bytecode by contract name, without constructor arguments. */\nexport const bytecode = ${json(bytecode)} as const\n`,
  )
  modules.set('deployments.ts', deploymentsModule(Object.keys(addresses)))
  const barrel = [...modules.keys()].sort().map((file) => `export * from './${file}'\n`)
  return new Map([...modules, ['index.ts', barrel.join('')]])
}

/** The address books in `deployments/`, by chain id. */
function deploymentsModule(keys: readonly string[]): string {
  const books = list('deployments')
    .filter((file) => /^\d+\.json$/.test(file))
    .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
    .map((file) => readBook(file, keys))
  return `import type { addresses } from './addresses.ts'

/** What is known of a chain's deployment. */
export type Deployment = {
  readonly chainId: number
  readonly addresses: Readonly<Record<keyof typeof addresses, \`0x\${string}\`>>
  /** The block of the first contract: where an indexer starts. */
  readonly block: number
}

/** The deployments that this version knows, by chain id. */
export const deployments: Readonly<Record<number, Deployment | undefined>> = ${json(
    Object.fromEntries(books.map((book) => [book.chainId, book])),
  )}
`
}

function readBook(file: string, keys: readonly string[]) {
  const { chainId, addresses, block } = JSON.parse(readFileSync(join(root, 'deployments', file), 'utf8')) as {
    chainId?: unknown
    addresses?: Record<string, Address>
    block?: unknown
  }
  if (`${chainId}.json` !== file) throw new Error(`deployments/${file}: chainId must be the number in the file's name`)
  if (typeof block !== 'number') throw new Error(`deployments/${file}: block must be a number`)
  const missing = keys.filter((key) => addresses?.[key] === undefined)
  if (addresses === undefined || missing.length > 0) throw new Error(`deployments/${file} lacks ${missing.join(', ')}`)
  return {
    chainId: Number(chainId),
    addresses: Object.fromEntries(keys.map((key) => [key, getAddress(addresses[key] as Address)])),
    block,
  }
}

/**
 * TypeChain's files, made fit for Node's type stripping and the SDK's own build: relative imports name the `.ts` file,
 * and no empty statement turns a namespace of types into one that exists at run time.
 */
function typechainFiles(): Files {
  const files: Files = new Map()
  for (const file of list('build/typechain')) {
    if (!file.endsWith('.ts')) continue
    const source = readFileSync(join(root, 'build/typechain', file), 'utf8')
    const code = source
      .replaceAll(/(from ["']\.[^"']*)\.js(["'])/g, '$1.ts$2')
      .replaceAll(/^(\s*export interface .*\});$/gm, '$1')
    files.set(file, `${code.trimEnd()}\n`)
  }
  if (files.size === 0) throw new Error('build/typechain is empty: run `hardhat build` first')
  return files
}

function wasmModule(name: string, wasm: Uint8Array): string {
  const base64 = Buffer.from(wasm).toString('base64')
  return `/** WebAssembly of \`${name}/${name}.ts\`, in base64. */\nexport const ${name}Wasm =\n  '${base64}'\n`
}

function readArtifact(name: string, folder: string): Artifact {
  const path = join('artifacts/contracts', folder, `${name}.sol`, `${name}.json`)
  const found = JSON.parse(readFileSync(join(root, path), 'utf8')) as Artifact
  if (Object.keys(found.linkReferences).length > 0) throw new Error(`${name} needs libraries linked into it`)
  return found
}

function artifact(name: string): Artifact {
  const found = artifacts.get(name)
  if (found === undefined) throw new Error(`${name} is missing in the list of contracts`)
  return found
}

/** The files below a folder, by their paths within it. None where there is no such folder. */
function list(folder: string): string[] {
  try {
    return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(join(root, folder), join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
      .sort()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** Makes the folder hold these files and no other. */
function writeFolder(folder: string, files: Files): void {
  const present = new Set(list(folder))
  for (const [file, content] of files) write(join(folder, file), content)
  for (const file of present) if (!files.has(file)) rmSync(join(root, folder, file))
}

function write(file: string, content: string): void {
  const path = join(root, file)
  if (existsSync(path) && readFileSync(path, 'utf8') === content) return
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
}

function json(value: unknown): string {
  return JSON.stringify(value, null, 2)
}
