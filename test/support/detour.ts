import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A way to a server that a test can break as networks break. */
export type Detour = {
  readonly port: number
  /** What clients send from now on waits; the return value lets it go on to the server. */
  holdRequests(): () => void
  /** What the server answers from now on is lost. */
  loseAnswers(): void
  /** Cuts the clients off. What they sent and the server does not have yet stays under way where it is held. */
  cut(): void
  /** Takes no new connections until `open`. */
  close(): Promise<void>
  open(): Promise<void>
  /** Ends everything. */
  remove(): Promise<void>
}

type Line = { client: Socket; server: Socket; held?: Buffer[]; isMute: boolean }

/** A way to a port of this machine. */
export async function startDetour(target: number): Promise<Detour> {
  const lines = new Set<Line>()
  const listener = createServer((client) => {
    const line: Line = { client, server: connect(target, '127.0.0.1'), isMute: false }
    lines.add(line)
    client.on('data', (data: Buffer) => {
      if (line.held) line.held.push(data)
      else line.server.write(data)
    })
    line.server.on('data', (data: Buffer) => {
      if (!line.isMute) client.write(data)
    })
    client.on('error', () => {}).on('close', () => line.held ?? line.server.end())
    line.server
      .on('error', () => {})
      .on('close', () => {
        lines.delete(line)
        client.destroy()
      })
  })
  const open = async (port = 0) => {
    listener.listen(port, '127.0.0.1')
    await once(listener, 'listening')
    return (listener.address() as AddressInfo).port
  }
  const port = await open()
  const close = async () => {
    if (!listener.listening) return
    const closed = once(listener, 'close')
    listener.close()
    for (const { client } of lines) client.destroy()
    await closed
  }
  return {
    port,
    holdRequests: () => {
      const present = [...lines]
      for (const line of present) line.held = []
      return () => {
        for (const line of present) {
          for (const data of line.held ?? []) line.server.write(data)
          line.server.end()
        }
      }
    },
    loseAnswers: () => {
      for (const line of lines) line.isMute = true
    },
    cut: () => {
      for (const { client } of lines) client.destroy()
    },
    close,
    open: async () => void (await open(port)),
    remove: async () => {
      await close()
      for (const { server } of lines) server.destroy()
    },
  }
}
