/**
 * `npm start`: Alice buys a file from Bob with Claire's currency, on real parts: a chain, peers and HTTP in processes of
 * their own. `npm start -- <file>` buys that file, `--chain anvil` takes anvil instead of Hardhat's node.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type LocalChainKind, startLocalChain } from '../sdk/cli/localChain.ts'
import { fail } from '../sdk/cli/output.ts'
import { ScripError } from '../sdk/errors/ScripError.ts'
import { stopPeers } from './demo/peers.ts'
import { playStory } from './demo/story.ts'

const folder = mkdtempSync(join(tmpdir(), 'scrip-demo-'))

// However the demo ends, no peer and no file of it stay behind. The chain ends by its own such hook.
process.on('exit', () => {
  stopPeers()
  rmSync(folder, { recursive: true, force: true })
})
process.on('SIGINT', () => process.exit(130))
process.on('SIGTERM', () => process.exit(143))

try {
  const { file, kind } = readArguments()
  const { url: rpc } = await startLocalChain({ kind, port: 0 })
  await playStory({ file, rpc, chainName: kind === 'hardhat' ? "Hardhat's node" : 'anvil', folder })
  process.exit(0)
} catch (error) {
  process.exit(fail(error, false))
}

function readArguments(): { file: string; kind: LocalChainKind } {
  const { values, positionals } = parse()
  const kind = values.chain
  if (kind !== 'hardhat' && kind !== 'anvil') {
    throw new ScripError('INVALID_ARGUMENT', { detail: `There is no chain ${kind}.`, hint: 'Choose hardhat or anvil.' })
  }
  const file = resolve(positionals[0] ?? createRequire(import.meta.url).resolve('solc/soljson.js'))
  const found = statSync(file, { throwIfNoEntry: false })
  if (!found?.isFile()) {
    throw new ScripError('FILE_NOT_FOUND', { detail: `There is no file at ${file}.`, values: { file } })
  }
  if (found.size === 0) {
    throw new ScripError('INVALID_ARGUMENT', {
      detail: `${file} is empty: there is nothing to sell.`,
      hint: 'Name another file.',
    })
  }
  return { file, kind }
}

function parse() {
  try {
    return parseArgs({ options: { chain: { type: 'string', default: 'hardhat' } }, allowPositionals: true })
  } catch (cause) {
    throw new ScripError('INVALID_ARGUMENT', {
      detail: cause instanceof Error ? cause.message : String(cause),
      hint: 'Use `npm start -- [file] [--chain hardhat|anvil]`.',
      cause,
    })
  }
}
