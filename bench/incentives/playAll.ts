import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Settings } from './settings.ts'

/**
 * Plays runs on all cores and returns their scores, in the order of the runs.
 * @param progress Called after each run with how many are done.
 */
export async function playAll(runs: readonly Settings[], progress: (done: number) => void): Promise<number[]> {
  const scores: number[] = []
  // The longest runs first, so that no core is left with one in the end.
  const queue = [...runs.entries()].sort(([, a], [, b]) => effort(a) - effort(b))
  let done = 0
  const drain = (worker: Worker): Promise<void> =>
    new Promise((resolve, reject) => {
      let current = -1
      const next = (): void => {
        const run = queue.pop()
        if (run === undefined) {
          resolve()
          return
        }
        current = run[0]
        worker.postMessage(run[1])
      }
      worker.on('error', reject)
      worker.on('message', (score: number) => {
        scores[current] = score
        progress(++done)
        next()
      })
      next()
    })
  const workers = Array.from(
    { length: availableParallelism() },
    () => new Worker(new URL('worker.ts', import.meta.url), { execArgv: ['--conditions=source'] }),
  )
  try {
    await Promise.all(workers.map(drain))
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
  return scores
}

/** A number that is larger for a run that takes longer. */
function effort({ history, players }: Settings): number {
  return players ** 2 * (history === 'full' ? 10_000 : history === 'twoHop' ? players : 1)
}
