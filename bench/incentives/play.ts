import { Graph, newStrangerRecord, recordStranger, type StrangerRecord } from '@scrip/sdk/reputation'
import { mulberry32 } from '../random.ts'
import { isStranger, ratioOf, strangerChance } from './decisions.ts'
import { Gate } from './Gate.ts'
import { Learning } from './learning.ts'
import { addressSource, makePlayers, type Player } from './players.ts'
import { Ring } from './Ring.ts'
import { COST, GAIN, type Settings, type Strategy, strategies } from './settings.ts'

export type Outcome = {
  /** Points a player and round, over the whole run; at best `BEST`. */
  readonly score: number
  /** The same, round by round. */
  readonly rounds: readonly number[]
  /** How many players each strategy has in the end. */
  readonly players: Readonly<Record<Strategy, number>>
}

/**
 * Plays the generalized prisoner's dilemma: in each round each player asks another one, drawn at random, for a service, and the other
 * serves or not, by its strategy. Then players learn, and some leave.
 */
export function play(settings: Settings): Outcome {
  const { history, collusion } = settings
  const random = mulberry32(settings.seed)
  const newAddress = addressSource()
  const graph = Graph.fromEdges([])
  const players = makePlayers(settings.players, settings.defectors, newAddress)
  const seedPeers = players.filter(({ strategy }) => strategy === 'reciprocate').slice(0, settings.seedPeers)
  const gate =
    history === 'admission'
      ? new Gate(
          graph,
          seedPeers.map(({ address }) => address),
          players.length,
        )
      : undefined
  const ring = new Ring(graph, newAddress())
  const learning = new Learning()
  // Where all share one history, all know how strangers behaved to everybody.
  const common = { strangers: newStrangerRecord }
  const memoryOf = (player: Player): { strangers: StrangerRecord } => (history === 'objective' ? common : player)
  if (collusion !== 'none') for (const { strategy, address } of players) if (strategy === 'defect') ring.join(address)

  /** Whether the server serves, and what it learns of strangers. */
  const serves = (server: Player, client: Player): boolean => {
    if (server.strategy !== 'reciprocate') return server.strategy === 'cooperate'
    if (history === 'none') return true
    if (history === 'admission') return gate?.admits(client.address) === true
    const ratio = ratioOf(graph, server.address, client.address, history)
    const knows = memoryOf(server)
    const isServed = random() < (ratio ?? strangerChance(settings.strangers, knows.strangers))
    if (isServed && ratio === undefined) knows.strangers = recordStranger(knows.strangers, 'consumed')
    return isServed
  }

  const request = (client: Player, server: Player): void => {
    const isByStranger =
      settings.strangers === 'adaptive' &&
      history !== 'none' &&
      history !== 'admission' &&
      client.strategy === 'reciprocate' &&
      isStranger(graph, client.address, server.address, history)
    if (!serves(server, client)) return
    client.score += GAIN
    server.score -= COST
    if (isByStranger) {
      const knows = memoryOf(client)
      knows.strangers = recordStranger(knows.strangers, 'provided')
    }
    graph.add(client.address, server.address, 1)
    if (settings.whitewashing && client.strategy === 'defect') client.address = newAddress()
  }

  const rounds: number[] = []
  for (let round = 0; round < settings.rounds; round++) {
    for (const player of players) player.score = 0
    for (const [place, client] of players.entries()) {
      const other = Math.floor(random() * (players.length - 1))
      request(client, players[other < place ? other : other + 1] as Player)
    }
    rounds.push(players.reduce((sum, { score }) => sum + score, 0) / players.length)

    learning.learn(players)
    for (const player of players) {
      const { best, probability } = learning.lure(player.strategy)
      if (probability > 0 && random() < probability) {
        player.strategy = best
        if (best === 'defect' && (collusion === 'traitors' || collusion === 'lasting')) ring.join(player.address)
        if (best !== 'defect' && collusion !== 'lasting') ring.leave(player.address)
      }
      if (random() < settings.turnover) {
        ring.leave(player.address)
        Object.assign(player, { address: newAddress(), strangers: newStrangerRecord })
        if (player.strategy === 'defect' && collusion !== 'none') ring.join(player.address)
      }
    }
    gate?.refresh()
  }
  return {
    score: rounds.reduce((sum, score) => sum + score, 0) / rounds.length,
    rounds,
    players: Object.fromEntries(
      strategies.map((strategy) => [strategy, players.filter((player) => player.strategy === strategy).length]),
    ) as Record<Strategy, number>,
  }
}
