import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { listeners } from './listeners.ts'
import { type Market, payeeNamed } from './market.ts'

/** A server in a process of its own. */
export type Server = {
  readonly port: number
  /** Where its store lies. */
  readonly folder: string
  /** Microseconds of the processor that it took so far. */
  busy(): Promise<number>
}

/** Starts servers that keep their stores in a folder, and end with this process. */
export function startServers(folder: string, { rpc, currency }: Market) {
  const children: ChildProcess[] = []
  return {
    start: async (kind: keyof typeof listeners, name: string = kind): Promise<Server> => {
      const own = join(folder, name)
      mkdirSync(own)
      const terms = { kind, rpc, currency, payee: payeeNamed(name), folder: own }
      const child = fork(join(import.meta.dirname, 'server.ts'), [JSON.stringify(terms)], {
        execArgv: ['--conditions=source', '--disable-warning=ExperimentalWarning'],
      })
      children.push(child)
      child.on('exit', (code) => code && console.error(`The server ${name} ended with ${code}.`))
      const [port] = await once(child, 'message')
      const busy = async () => {
        child.send('busy')
        const [microseconds] = await once(child, 'message')
        return microseconds as number
      }
      return { port, folder: own, busy }
    },
    stop: () => {
      for (const child of children) child.kill()
    },
  }
}
