/**
 * One of the servers that are compared, in a process of its own: `server.ts <terms as JSON>`. Sends its port when it listens,
 * and the processor's microseconds that it took so far whenever it is asked.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { listeners, type Terms } from './listeners.ts'

const { kind, ...terms } = JSON.parse(process.argv[2] ?? '{}') as Terms & { kind: keyof typeof listeners }
const server = createServer(await listeners[kind](terms)).listen(0, '127.0.0.1')
await once(server, 'listening')
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send?.(user + system)
})
process.on('disconnect', () => process.exit())
process.send?.((server.address() as AddressInfo).port)
