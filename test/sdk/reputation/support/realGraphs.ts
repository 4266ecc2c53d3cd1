import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { GraphEdge } from '@scrip/sdk/reputation'
import { peer } from './oracle.ts'

// The data is not ours to publish: SCRIP_DATA names the folder it lies in.
const folder = process.env['SCRIP_DATA']

/**
 * The positive ratings of Bitcoin OTC, a real web of trust: 5,881 users, 32,029 ratings from 1 to 10 (Kumar et al. 2016,
 * SNAP's `soc-sign-bitcoinotc.csv` with columns rater, rated, rating, time). Undefined where SCRIP_DATA names no folder.
 */
export function bitcoinOtc(): GraphEdge[] | undefined {
  return readEdges('soc-sign-bitcoinotc.csv', ',', 1)
}

/**
 * The certifications of Advogato, a community of programmers: 6,539 members, weights .6, .8 and 1 (Massa, Salvetti and Tomasoni
 * 2009, KONECT's `advogato` with columns from, to, weight). Weights are times ten here. Undefined where SCRIP_DATA names no
 * folder.
 */
export function advogato(): GraphEdge[] | undefined {
  return readEdges('advogato.txt', ' ', 10)
}

/** `it` where the data is there; else a test that is skipped and says why. */
export function itWith(edges: GraphEdge[] | undefined): (title: string, test: () => void) => void {
  return (title, test) => {
    if (edges === undefined) it.skip(`${title} (set SCRIP_DATA to the folder of the data)`, test)
    else it(title, test)
  }
}

function readEdges(file: string, separator: string, scale: number): GraphEdge[] | undefined {
  if (folder === undefined) return undefined
  const edges: GraphEdge[] = []
  for (const line of readFileSync(join(folder, file), 'utf8').split('\n')) {
    const [from, to, weight] = line.split(separator).map(Number)
    // A title is not a number, and distrust is no edge.
    if (from !== undefined && to !== undefined && weight !== undefined && weight > 0) {
      edges.push([peer(from), peer(to), Math.round(weight * scale)])
    }
  }
  return edges
}
