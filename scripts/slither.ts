/**
 * `npm run slither`: analyses the contracts with Slither and compares what it finds with the table in
 * `docs/security.md`. A finding without an explanation there fails, and so does an explanation without a finding. Where
 * Slither is not on the path it is installed with Python into `cache/slither`; where that cannot be done, says so and
 * ends well.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
/** Another version finds other things. */
const version = '0.11.6'
const packages = [`slither-analyzer==${version}`, 'crytic-compile==0.4.2']
const environment = join(root, 'cache/slither')

type Finding = { check: string; description: string }

const slither = findSlither() ?? install()
if (slither === undefined) {
  console.log(`Skipped: there is no Slither here and no Python that installs it (pip install ${packages.join(' ')}).`)
} else {
  const found = placesOf(analyse(slither))
  const explained = readTable(readFileSync(join(root, 'docs/security.md'), 'utf8'))
  const unexplained = [...found].filter((place) => !explained.has(place))
  const outdated = [...explained].filter((place) => !found.has(place))
  console.log(
    `Slither finds ${found.size} places; docs/security.md explains ${found.size - unexplained.length} of them.`,
  )
  for (const place of unexplained) console.error(`Not explained: ${place}`)
  for (const place of outdated) console.error(`Explained, but not found: ${place}`)
  if (unexplained.length + outdated.length > 0) process.exitCode = 1
}

function findSlither(): string | undefined {
  const installed = join(environment, 'bin/slither')
  const versionOf = (command: string) => spawnSync(command, ['--version'], { encoding: 'utf8' }).stdout?.trim()
  return ['slither', installed].find((command) => versionOf(command) === version)
}

function install(): string | undefined {
  const quietly = { stdio: ['ignore', 'ignore', 'ignore'] as 'ignore'[] }
  if (spawnSync('python3', ['-m', 'venv', environment], quietly).status !== 0) return undefined
  const pip = spawnSync(join(environment, 'bin/pip'), ['install', ...packages], quietly)
  return pip.status === 0 ? join(environment, 'bin/slither') : undefined
}

/** Runs Slither over all contracts with the compiler and its settings from npm. */
function analyse(command: string): Finding[] {
  const folder = mkdtempSync(join(tmpdir(), 'slither-'))
  try {
    const [input, output] = [join(folder, 'contracts.json'), join(folder, 'findings.json')]
    writeFileSync(input, JSON.stringify(compilerInput()))
    const compiler = ['--compile-force-framework', 'solc-json', '--solc', 'scripts/slither/solc.mjs']
    const { stderr } = spawnSync(command, [input, ...compiler, '--filter-paths', '@openzeppelin', '--json', output], {
      cwd: root,
      encoding: 'utf8',
    })
    if (!existsSync(output)) throw new Error(`Slither does not run:\n${stderr}`)
    const { success, error, results } = JSON.parse(readFileSync(output, 'utf8')) as {
      success: boolean
      error: string | null
      results: { detectors?: Finding[] }
    }
    if (!success) throw new Error(`Slither does not run:\n${error}`)
    return results.detectors ?? []
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** The contracts as the compiler's standard JSON. Slither reads syntax trees: what is optimised is nothing to it. */
function compilerInput() {
  const files = globSync('contracts/**/*.sol', { cwd: root }).sort()
  const sources = files.map((file) => [file, { content: readFileSync(join(root, file), 'utf8') }])
  return {
    language: 'Solidity',
    sources: Object.fromEntries(sources),
    settings: { evmVersion: 'cancun', viaIR: true, optimizer: { enabled: true } },
  }
}

/** The findings as `detector Contract.function`. */
function placesOf(findings: Finding[]): Set<string> {
  return new Set(findings.map(({ check, description }) => `${check} ${description.match(/\w+\.\w+/)?.[0]}`))
}

/** The same from the rows of the document's table: a detector, the places, the reason. */
function readTable(text: string): Set<string> {
  const rows = text.matchAll(/^\| `([\w-]+)` \| (`[^|]+`) \| [^|]+ \|$/gm)
  return new Set(
    [...rows].flatMap(([, check, places]) =>
      [...(places ?? '').matchAll(/`([^`]+)`/g)].map(([, place]) => `${check} ${place}`),
    ),
  )
}
