/** What a peer does when it is asked to serve. What it wants of others is the same: everything. */
export type Strategy = 'cooperate' | 'defect' | 'reciprocate'

export const strategies: readonly Strategy[] = ['cooperate', 'defect', 'reciprocate']

/**
 * What the decision of a reciprocating peer is computed from: nothing, so that it serves everybody; its own dealings; the sums over
 * everybody's (objective); flows of two hops or of any number (subjective); or service and usage reputation (admission control).
 */
export type History = 'none' | 'private' | 'objective' | 'twoHop' | 'full' | 'admission'

/** Whether a stranger is served: always, never, or as strangers behaved so far. */
export type StrangerPolicy = 'always' | 'never' | 'adaptive'

/**
 * Who lies: nobody; those who defect from the first round on; all who defect, those too whom others remember as honest (traitors);
 * or all of them, whose lies moreover stand when they turn honest, as what was settled on chain does.
 */
export type Collusion = 'none' | 'original' | 'traitors' | 'lasting'

/** One run. */
export type Settings = {
  readonly players: number
  readonly rounds: number
  readonly seed: number
  readonly history: History
  readonly strangers: StrangerPolicy
  readonly collusion: Collusion
  /** What part of the players defects at first; the others cooperate or reciprocate, half and half. */
  readonly defectors: number
  /** The probability in each round that a player leaves and another one of the same strategy comes. */
  readonly turnover: number
  /** Whether who defects comes back under a new address after each service. */
  readonly whitewashing: boolean
  /** How many players, reciprocating at first, the network trusts beforehand under admission control; 0 trusts all alike. */
  readonly seedPeers: number
}

/** What holds where an experiment says nothing else. */
export const usual: Settings = {
  players: 100,
  rounds: 1000,
  seed: 1,
  history: 'twoHop',
  strangers: 'always',
  collusion: 'none',
  defectors: 1 / 3,
  turnover: 1e-4,
  whitewashing: false,
  seedPeers: 5,
}

/** What a client gains by a service, and what it costs the server. */
export const GAIN = 7
export const COST = 1

/** Points of each player in a round in which everybody serves. */
export const BEST = GAIN - COST
