import { newStrangerRecord, type StrangerRecord } from '@scrip/sdk/reputation'
import type { Strategy } from './settings.ts'

type Address = `0x${string}`

export type Player = {
  address: Address
  strategy: Strategy
  /** How strangers behaved to this player. */
  strangers: StrangerRecord
  /** Points of the round so far. */
  score: number
}

/** Addresses one after another, as many as are wanted: they cost nothing. */
export function addressSource(): () => Address {
  let count = 0
  return () => `0x${(++count).toString(16).padStart(40, '0')}`
}

/** Players of which a part defects, the rest cooperates and reciprocates, half and half, in an order that says nothing. */
export function makePlayers(count: number, defectors: number, newAddress: () => Address): Player[] {
  const defecting = Math.round(count * defectors)
  const cooperating = Math.round((count - defecting) / 2)
  return Array.from({ length: count }, (_, index): Player => {
    const strategy = index < defecting ? 'defect' : index < defecting + cooperating ? 'cooperate' : 'reciprocate'
    return { address: newAddress(), strategy, strangers: newStrangerRecord, score: 0 }
  })
}
