import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { GraphEdge } from '@scrip/sdk/reputation'
import { peer } from './oracle.ts'

/**
 * The positive ratings of Bitcoin OTC, a real web of trust: 5,881 users, 32,029 ratings from 1 to 10 (Kumar et al. 2016,
 * SNAP's `soc-sign-bitcoinotc.csv` with columns rater, rated, rating, time). The data is not ours to publish: SCRIP_DATA names
 * the folder it lies in, and undefined stands for no such folder.
 */
export function bitcoinOtc(): GraphEdge[] | undefined {
  const folder = process.env['SCRIP_DATA']
  if (folder === undefined) return undefined
  const edges: GraphEdge[] = []
  for (const line of readFileSync(join(folder, 'soc-sign-bitcoinotc.csv'), 'utf8').split('\n')) {
    const [rater, rated, rating] = line.split(',').map(Number)
    if (rater !== undefined && rated !== undefined && rating !== undefined && rating > 0) {
      edges.push([peer(rater), peer(rated), rating])
    }
  }
  return edges
}
