import { type Graph, reciprocity, relativeGenerosity, type StrangerRecord, strangerRatio } from '@scrip/sdk/reputation'
import type { History, StrangerPolicy } from './settings.ts'

/** Histories from which the SDK computes a ratio of what a client gave to what it took. */
export type RatioHistory = Exclude<History, 'none' | 'admission'>

type Address = `0x${string}`

/** What part of the times `server` serves `client`, as the SDK computes it; undefined for a stranger. */
export function ratioOf(graph: Graph, server: Address, client: Address, history: RatioHistory): number | undefined {
  if (history === 'objective') return relativeGenerosity(graph, server, client)
  return reciprocity(graph, server, client, { view: history }).ratio
}

/** Whether `peer` has neither given nor taken in the eyes of `server`. */
export function isStranger(graph: Graph, server: Address, peer: Address, history: RatioHistory): boolean {
  // The nearest dealings first, because most pairs have some.
  if (reciprocity(graph, server, peer, { view: 'private' }).ratio !== undefined) return false
  if (history === 'full' && reciprocity(graph, server, peer, { view: 'twoHop' }).ratio !== undefined) return false
  return ratioOf(graph, server, peer, history) === undefined
}

/** The probability with which a stranger is served. */
export function strangerChance(policy: StrangerPolicy, record: StrangerRecord): number {
  if (policy === 'adaptive') return strangerRatio(record)
  return policy === 'always' ? 1 : 0
}
