import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Graph } from '@scrip/sdk/reputation'

const source = fileURLToPath(new URL('limit.c', import.meta.url))

/** EigenTrust in C on one graph. */
export type Limit = {
  readonly compiler: string
  run(): { readonly seconds: number; readonly rounds: number; readonly squares: number }
}

/** Compiles `limit.c` and writes the graph where it finds it; nothing where no compiler is. */
export function compileLimit(graph: Graph, seeds: readonly `0x${string}`[]): Limit | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'scrip-limit-'))
  process.on('exit', () => rmSync(folder, { recursive: true }))
  const program = join(folder, 'limit')
  const compiler = ['gcc', 'clang', 'cc'].find((name) => {
    try {
      execFileSync(name, ['-O3', '-o', program, source, '-lm'])
      return true
    } catch {
      return false
    }
  })
  if (compiler === undefined) return undefined
  const file = join(folder, 'graph')
  writeGraph(file, graph, seeds)
  return {
    compiler,
    run: () => {
      const [seconds, rounds, squares] = execFileSync(program, [file], { encoding: 'utf8' })
        .trim()
        .split(' ')
        .map(Number)
      return { seconds: seconds as number, rounds: rounds as number, squares: squares as number }
    },
  }
}

function writeGraph(file: string, graph: Graph, seeds: readonly `0x${string}`[]): void {
  const { rows, byProvider, outTotals } = graph
  const count = graph.peers.length
  const starts = new Uint32Array(count + 1)
  for (let peer = 0; peer < count; peer++) starts[peer + 1] = byProvider.ends[peer] as number
  const shares = new Float32Array(graph.edgeCount)
  const next = starts.slice()
  for (let consumer = 0; consumer < count; consumer++) {
    for (let slot = rows.starts[consumer] as number; slot < (rows.ends[consumer] as number); slot++) {
      const provider = rows.peers[slot] as number
      const place = next[provider] as number
      shares[place] = (rows.weights.rounded[slot] as number) / (outTotals.rounded[consumer] as number)
      next[provider] = place + 1
    }
  }
  const trusted = new Set(seeds)
  const idles = Uint8Array.from(graph.peers, (_, peer) => (outTotals.rounded[peer] === 0 ? 1 : 0))
  const preTrust = Float64Array.from(graph.peers, (peer) => (trusted.has(peer) ? 1 / trusted.size : 0))
  const handle = openSync(file, 'w')
  const lists = [Uint32Array.of(count, graph.edgeCount), starts, byProvider.peers, shares, idles, preTrust]
  for (const list of lists) writeSync(handle, new Uint8Array(list.buffer, list.byteOffset, list.byteLength))
  closeSync(handle)
}
