/**
 * `npm test`: runs every group of tests, and closes with one line over all of them. `npm test -- sdk` runs one group; what
 * follows the names of groups goes to the runner, as in `npm test -- sdk --grep voucher`.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { parseReport, type Report } from './parseReport.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
/** How long a runner may take to end after it has closed its report. It waits for whatever its tests left open. */
const graceToEnd = 120_000

const hardhat = 'node_modules/hardhat/dist/src/cli.js'
const mocha = 'node_modules/mocha/bin/mocha.js'
const groups: Record<string, () => string[]> = {
  solidity: () => [hardhat, 'test', 'solidity'],
  contracts: () => [hardhat, 'test', 'mocha', ...files('test/contracts'), ...files('test/sdk').filter(importsHardhat)],
  sdk: () => [mocha, ...files('test/sdk').filter((file) => !importsHardhat(file))],
  e2e: () => [mocha, ...files('test/e2e')],
  package: () => [mocha, ...files('test/package')],
}

// A test that has Hardhat behind a helper would be run as one that has not.
for (const file of globSync('test/**/support/**/*.ts', { cwd: root }).filter(importsHardhat)) {
  console.error(`${file} imports hardhat: leave that to the tests that use it.`)
  process.exit(2)
}

const names = process.argv.slice(2)
const rest = names.findIndex((name) => groups[name] === undefined)
const runnerArguments = rest === -1 ? [] : names.splice(rest)
if (runnerArguments.length > 0 && names.length !== 1) {
  console.error(`Usage: npm test -- [${Object.keys(groups).join(' | ')}]…; after one group, arguments for its runner`)
  process.exit(2)
}

const total = { passed: 0, failed: 0, skipped: 0 }
const failures: string[] = []
const running = new Set<ChildProcess>()
let stoppedBy: NodeJS.Signals | undefined
// A runner and its children are a group of processes, so that they end together.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    stoppedBy = signal
    for (const child of running) signalGroup(child, signal)
  })
}

// The compiler of the Solidity tests keeps one processor busy for minutes; no two groups that compile run at once.
const stages =
  names.length > 0 ? names.map((name) => [name]) : [['solidity', 'sdk'], ['contracts'], ['e2e'], ['package']]
for (const stage of stages) {
  const started = stage.map((name) => {
    const page = createPage()
    return { name, page, counted: runGroup(name, page.print) }
  })
  for (const { name, page, counted } of started) {
    console.log(`\n${name}`)
    page.open()
    const report = await counted
    if (stoppedBy !== undefined) process.exit(128 + constants.signals[stoppedBy])
    total.passed += report.passed
    total.failed += report.failed
    total.skipped += report.skipped
    if (report.failures !== '') failures.push(`\n${name}\n${report.failures}`)
  }
}

// Said again: what failed is the first that a reader of a long log looks for, and looks for it at the end.
for (const failure of failures) console.log(failure)
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : ''
console.log(`\n${total.passed} passed, ${total.failed} failed${skipped}`)
process.exitCode = total.failed > 0 ? 1 : 0

/** Runs a group. One that crashes, hangs, runs no test or ends against its own report counts as a failure more. */
async function runGroup(name: string, print: (text: string) => void): Promise<Report> {
  const { output, status } = await run([...(groups[name]?.() ?? []), ...runnerArguments], print)
  const report = parseReport(output)
  const wrong = whatIsWrong(report, status)
  const { passed, failed, skipped, failures } = report ?? { passed: 0, failed: 0, skipped: 0, failures: '' }
  if (wrong === undefined) return { passed, failed, skipped, failures }
  return { passed, failed: failed + 1, skipped, failures: `${failures}\n  ${wrong}` }
}

function whatIsWrong(report: Report | undefined, status: number | NodeJS.Signals): string | undefined {
  if (report === undefined) return `the runner ended (${status}) without a report`
  if (report.passed + report.failed === 0) return 'no test ran'
  if (report.failed === 0 && status !== 0) return `all tests passed, but the runner ended with ${status}`
  return undefined
}

/** What a group prints: it waits until those before it are printed. */
function createPage() {
  let kept: string | undefined = ''
  return {
    print: (text: string) => {
      if (kept === undefined) process.stdout.write(text)
      else kept += text
    },
    open: () => {
      process.stdout.write(kept ?? '')
      kept = undefined
    },
  }
}

/** Runs Node, prints what it prints, and returns it without colours. */
function run(
  command: string[],
  print: (text: string) => void,
): Promise<{ output: string; status: number | NodeJS.Signals }> {
  const child = spawn(process.execPath, command, {
    cwd: root,
    env: {
      ...process.env,
      NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --conditions=source`.trim(),
      HARDHAT_DISABLE_TELEMETRY: 'true',
      ...(process.stdout.isTTY && { FORCE_COLOR: '1' }),
    },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  let output = ''
  let closed = false
  let deadline: NodeJS.Timeout | undefined
  child.stderr.pipe(process.stderr, { end: false })
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    print(chunk)
    const text = stripVTControlCharacters(chunk)
    output += text
    closed ||= parseReport(text) !== undefined
    if (!closed) return
    clearTimeout(deadline)
    deadline = setTimeout(() => {
      console.error('\nThe tests have ended, and something they left open keeps the runner alive.')
      signalGroup(child, 'SIGKILL')
    }, graceToEnd)
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(deadline)
      running.delete(child)
      resolve({ output, status: signal ?? code ?? 1 })
    })
  })
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** The tests below a folder. */
function files(folder: string): string[] {
  return globSync(`${folder}/**/*.test.ts`, { cwd: root }).sort()
}

/** Whether a test runs under Hardhat's runner: its plugins change chai for every test in the process. */
function importsHardhat(file: string): boolean {
  return readFileSync(join(root, file), 'utf8').includes("from 'hardhat'")
}
