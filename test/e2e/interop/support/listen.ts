import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

const listening: Server[] = []

/** Serves at a free port and returns the address. */
export async function listen(app: RequestListener): Promise<string> {
  const server = createServer(app).listen(0, '127.0.0.1')
  listening.push(server)
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Ends everything that listens, and the connections that clients kept. */
export function stopListening(): void {
  for (const server of listening.splice(0)) server.close().closeAllConnections()
}
