import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { walkTicks } from '@scrip/sdk/channels'
import { toHex } from 'viem'
import type { Contestant } from './contest.ts'

const source = fileURLToPath(new URL('limit.c', import.meta.url))
const HASHES = 300_000

/** The hash in C, and the compiler that was found. */
export type Limit = { readonly compiler: string; readonly hashing: Contestant }

/** Compiles `limit.c`; nothing where no compiler is. */
export function compileLimit(): Limit | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'scrip-limit-'))
  process.on('exit', () => rmSync(folder, { recursive: true }))
  const program = join(folder, 'limit')
  const compiler = ['gcc', 'clang', 'cc'].find((name) => {
    try {
      execFileSync(name, ['-O3', '-o', program, source])
      return true
    } catch {
      return false
    }
  })
  if (compiler === undefined) return undefined
  const expected = toHex(walkTicks(new Uint8Array(32), HASHES)).slice(2)
  return {
    compiler,
    hashing: () => {
      const [rate, last] = execFileSync(program, [`${HASHES}`], { encoding: 'utf8' })
        .trim()
        .split(' ')
      if (last !== expected) throw new Error('limit.c does not compute what the SDK does.')
      return Number(rate)
    },
  }
}
