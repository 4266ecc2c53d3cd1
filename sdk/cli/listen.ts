import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ScripError } from '../errors/ScripError.ts'

/** Listens, and says where. @throws `PORT_IN_USE`, `INVALID_ARGUMENT` where nobody can listen at that host and port */
export async function listen(server: Server, port: number, host: string): Promise<string> {
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'EADDRINUSE')
      throw new ScripError('PORT_IN_USE', { detail: `Port ${port} is taken.`, values: { port }, cause })
    throw new ScripError('INVALID_ARGUMENT', {
      detail: `Nothing can listen at ${host}, port ${port}: ${code}.`,
      hint: 'Name an address of this machine with --host, and a port that is yours to use with --port.',
      values: { host, port },
      cause,
    })
  }
  const { port: taken, family, address } = server.address() as AddressInfo
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${taken}`
}

/** Ends a server and all its connections at once. */
export async function close(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}
