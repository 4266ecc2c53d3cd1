/**
 * Makes a fresh clone ready: installs the packages of the lockfile, compiles the contracts and generates `sdk/abi`,
 * `sdk/typechain` and the WebAssembly of `sdk/channels`. npm runs it before every script that needs them; where all is
 * there it returns in a few milliseconds, and it needs no network then.
 *
 * Plain JavaScript that runs on Node 20: Hardhat needs a newer Node, and its native package is silently left out by an
 * install under an older one. So the install runs under the Node that package.json names where the machine's own is too
 * old, and brings that Node into node_modules/.bin, where npm's scripts find it first.
 */
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
/** What this script remembers. It lies in node_modules so that it goes with it. */
const stampPath = join(root, 'node_modules', '.scrip-bootstrap.json')
const node = join(root, 'node_modules', '.bin', 'node')
/** What the generated code is made from. */
const sources = [
  'contracts',
  'deployments',
  'sdk/chain/deploy',
  'sdk/channels/crypto/keccak',
  'sdk/reputation/gather',
  'scripts/generate.ts',
  'scripts/wasm.ts',
  'hardhat.config.ts',
  'package-lock.json',
]
const generated = [
  'sdk/abi/index.ts',
  'sdk/typechain/index.ts',
  'sdk/channels/crypto/keccakWasm.ts',
  'sdk/reputation/gatherWasm.ts',
]

/** @typedef {{ lock?: string, missing?: string[], sources?: string }} Stamp */
/** @typedef {{ version?: string, optional?: boolean, os?: string[], cpu?: string[], libc?: string[] }} LockEntry */

const installed = await install()
const compiled = await compile()
if (!installed && !compiled && process.env['npm_lifecycle_event'] === 'setup') say('everything is in place')

/** Installs what the lockfile names where node_modules does not hold it. Returns whether it did. */
async function install() {
  const lock = hash(['package-lock.json'])
  const missing = missingPackages()
  const stamp = readStamp()
  if (missing.length === 0 && existsSync(node)) return false
  // A package that npm could not install for this machine and may leave out is no reason to try again every time.
  if (stamp.lock === lock && stamp.missing?.join() === missing.join() && existsSync(node)) return false

  const version = readJson('package.json').devDependencies.node
  const hint = 'Check that npm reaches its registry, then run `npm run setup`.'
  const env = { ...process.env }
  if (!isAtLeast(process.versions.node, 22, 13)) {
    const binary = await fetchNode(version, hint)
    env['PATH'] = `${dirname(binary)}${delimiter}${env['PATH']}`
  }
  const count = Object.keys(readJson('package-lock.json').packages).length - 1
  const ci = ['npm', 'ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--no-update-notifier']
  await run(`installing the packages of the lockfile (up to ${count})`, ci, hint, { env, stderr: 'inherit' })

  const ran = spawnSync(node, ['--version'], { encoding: 'utf8' })
  if (ran.stdout?.trim() !== `v${version}`) {
    fail(
      `node_modules/.bin has no Node ${version} after the install`,
      'Its package has an install script: `npm config get ignore-scripts` must say false. Then run `npm run setup`.',
    )
  }
  const lacking = missingPackages()
  const needed = lacking.filter((path) => !readJson('package-lock.json').packages[path].optional)
  if (needed.length > 0) fail(`npm left out ${needed.join(', ')}`, 'Remove node_modules and run `npm run setup`.')
  writeStamp({ lock, missing: lacking })
  return true
}

/** Has npm bring a Node into its cache, and returns the path of the binary. */
async function fetchNode(/** @type {string} */ version, /** @type {string} */ hint) {
  const env = { ...process.env }
  // Away from this project: npx would take its `node` package, which an interrupted install leaves without the binary.
  delete env['npm_config_local_prefix']
  // The flag lets npm 12 run the install script that puts the binary in place. `npm ci` refuses it and needs it not:
  // package.json names the install scripts.
  const npx = ['npx', '--yes', '--allow-scripts=node', '--package', `node@${version}`, '--', 'node', '-p']
  const what = `fetching Node ${version}, as Node ${process.versions.node} is too old`
  const printed = await run(what, [...npx, 'process.version + process.execPath'], hint, { cwd: tmpdir(), env })
  const binary = printed.slice(printed.indexOf('/')).trim()
  if (printed.startsWith(`v${version}/`)) return binary
  fail(`npm brought ${printed.trim()} in place of Node ${version}`, hint)
}

/** Compiles the contracts and generates code where something it is made from has changed. Returns whether it did. */
async function compile() {
  const current = hash(sources)
  const stamp = readStamp()
  if (stamp.sources === current && generated.every((file) => existsSync(join(root, file)))) return false
  const hardhat = join('node_modules', 'hardhat', 'dist', 'src', 'cli.js')
  const hint = 'Correct what the messages above name, then run `npm run setup`.'
  await run('compiling the contracts', [node, hardhat, 'build', '--no-tests', '--quiet'], hint)
  await run('generating code of the SDK', [node, '--conditions=source', join('scripts', 'generate.ts')], hint)
  writeStamp({ ...stamp, sources: current })
  return true
}

/** Packages that the lockfile names for this machine and that node_modules lacks or has in another version. */
function missingPackages() {
  const hidden = join('node_modules', '.package-lock.json')
  /** @type {Record<string, LockEntry>} */
  const present = existsSync(join(root, hidden)) ? readJson(hidden).packages : {}
  /** @type {[string, LockEntry][]} */
  const wanted = Object.entries(readJson('package-lock.json').packages)
  return wanted
    .filter(([path, entry]) => path !== '' && (!entry.optional || fits(entry)))
    .filter(([path, { version }]) => present[path]?.version !== version || !existsSync(join(root, path)))
    .map(([path]) => path)
}

/** Whether a package is for this machine. */
function fits(/** @type {LockEntry} */ { os, cpu, libc }) {
  return allows(os, process.platform) && allows(cpu, process.arch) && (libc === undefined || allows(libc, cLibrary()))
}

function allows(/** @type {string[] | undefined} */ list, /** @type {string} */ value) {
  if (list === undefined || list.includes(value)) return true
  return list.every((item) => item.startsWith('!')) && !list.includes(`!${value}`)
}

function cLibrary() {
  if (process.platform !== 'linux') return ''
  const { header } = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (process.report.getReport())
  return header.glibcVersionRuntime === undefined ? 'musl' : 'glibc'
}

/**
 * Runs a command, says what it is for and how long it took, and returns its standard output. What it printed is shown
 * where it failed only: a compiler's warnings about other people's code are no news to somebody who wants to start. npm
 * keeps its standard error, for its progress.
 */
async function run(
  /** @type {string} */ what,
  /** @type {string[]} */ [command = '', ...args],
  /** @type {string} */ hint,
  { cwd = root, env = process.env, stderr = /** @type {'pipe' | 'inherit'} */ ('pipe') } = {},
) {
  say(`${what} …`)
  const start = performance.now()
  const child = spawn(command, args, {
    cwd,
    env: { ...env, HARDHAT_DISABLE_TELEMETRY: 'true' },
    stdio: ['ignore', 'pipe', stderr],
  })
  // Ctrl-C must end npm at once: it goes on writing node_modules otherwise, in the way of the next attempt.
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.once(signal, () => {
      child.kill('SIGKILL')
      process.exit(128 + constants.signals[signal])
    })
  }
  let stdout = ''
  let messages = ''
  child.stdout?.setEncoding('utf8').on('data', (text) => (stdout += text))
  child.stderr?.setEncoding('utf8').on('data', (text) => (messages += text))
  const status = await new Promise((resolve) => {
    child.on('error', ({ message }) => fail(`${what} could not start: ${message}`, hint))
    child.on('close', (code, signal) => resolve(code ?? signal))
  })
  if (status !== 0) {
    process.stderr.write(`${stdout}${messages}`)
    fail(`${what} failed: ${command} ended with ${status}`, hint)
  }
  say(`${what}: done in ${((performance.now() - start) / 1000).toFixed(1)} s`)
  return stdout
}

/** A digest of files and of all files below folders. One that does not exist counts as empty. */
function hash(/** @type {string[]} */ paths) {
  const digest = createHash('sha256')
  const add = (/** @type {string} */ path) => {
    if (!existsSync(join(root, path))) return
    digest
      .update(`${path}\0`)
      .update(readFileSync(join(root, path)))
      .update('\0')
  }
  for (const path of paths) {
    if (/\.\w+$/.test(path)) add(path)
    else for (const file of filesBelow(path)) add(file)
  }
  return digest.digest('hex')
}

/** @returns {string[]} */
function filesBelow(/** @type {string} */ folder) {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => (entry.isDirectory() ? filesBelow(join(folder, entry.name)) : [join(folder, entry.name)]))
}

function isAtLeast(/** @type {string} */ version, /** @type {number} */ major, /** @type {number} */ minor) {
  const [a = 0, b = 0] = version.split('.').map(Number)
  return a > major || (a === major && b >= minor)
}

function readJson(/** @type {string} */ path) {
  return JSON.parse(readFileSync(join(root, path), 'utf8'))
}

/** @returns {Stamp} */
function readStamp() {
  try {
    return JSON.parse(readFileSync(stampPath, 'utf8'))
  } catch {
    return {}
  }
}

function writeStamp(/** @type {Stamp} */ stamp) {
  writeFileSync(stampPath, JSON.stringify(stamp))
}

function say(/** @type {string} */ text) {
  process.stderr.write(`setup: ${text}\n`)
}

/** @returns {never} */
function fail(/** @type {string} */ text, /** @type {string} */ hint) {
  say(`${text}. ${hint}`)
  process.exit(1)
}
