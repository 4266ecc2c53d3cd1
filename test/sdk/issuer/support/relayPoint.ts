import { request as forward, type IncomingMessage, type ServerResponse } from 'node:http'
import { listen } from '../../../support/market.ts'

/** What passes a relay point: the methods of JSON-RPC, or the path. */
export type Passage = { readonly path: string; readonly methods: readonly string[] }

type Fate = 'pass' | 'lose' | 'lose answer'

/** A server in the middle that forwards everything to another, and does to it what networks do. */
export type RelayPoint = {
  readonly url: string
  /** How often each method of JSON-RPC passed. */
  readonly counts: Map<string, number>
  /** What to do with a request, at once or later: let it pass, cut it off before it arrives, or cut the answer off. */
  fate: (passage: Passage) => Fate | Promise<Fate>
  close(): Promise<void>
}

/** Puts a relay point in front of a server. */
export async function startRelayPoint(target: string): Promise<RelayPoint> {
  const counts = new Map<string, number>()
  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    const methods = methodsIn(body.toString())
    for (const method of methods) counts.set(method, (counts.get(method) ?? 0) + 1)
    const fate = await point.fate({ path: incoming.url ?? '', methods })
    if (fate === 'lose') return outgoing.destroy()
    const { method, headers } = incoming
    const onward = forward(new URL(incoming.url ?? '/', target), { method: method ?? 'GET', headers })
    outgoing.on('close', () => onward.destroy())
    onward.on('error', () => outgoing.destroy())
    onward.on('response', (answer) => {
      if (fate === 'lose answer') {
        answer.resume().on('end', () => outgoing.destroy())
        return
      }
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    })
    onward.end(body)
  }
  const { url, close } = await listen((incoming, outgoing) => void handle(incoming, outgoing))
  const point: RelayPoint = { url, counts, fate: () => 'pass', close }
  return point
}

function methodsIn(body: string): string[] {
  try {
    const parsed: unknown = JSON.parse(body)
    return (Array.isArray(parsed) ? parsed : [parsed]).flatMap(({ method }) =>
      typeof method === 'string' ? method : [],
    )
  } catch {
    return []
  }
}
