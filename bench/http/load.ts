import { connect, type Socket } from 'node:net'

/** What is sent on each connection, one request after another. */
export type Requests = {
  /** The next request for a connection; nothing where there is none left. */
  take(connection: number): Uint8Array | undefined
  /** Told that the answer to the connection's request came. */
  answered?(connection: number): void
}

const HEAD_END = Buffer.from('\r\n\r\n')
const READ_BYTES = 65_536

/**
 * Sends requests over so many connections that are kept, one in flight on each, and throws away the answers: less work than
 * any client of HTTP, so that the server is what is measured. @returns How many were answered a second
 */
export async function load(port: number, connections: number, requests: Requests): Promise<number> {
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(port)))
  try {
    const start = performance.now()
    const counts = await Promise.all(sockets.map((socket, connection) => drive(socket, connection, requests)))
    return counts.reduce((sum, count) => sum + count) / ((performance.now() - start) / 1_000)
  } finally {
    for (const { socket } of sockets) socket.destroy()
  }
}

/** The same request, again and again. */
export function repeated(request: Uint8Array, count: number): Requests {
  let left = count
  return { take: () => (left-- > 0 ? request : undefined) }
}

/** A request without a body. */
export function requestWith(headers: { [name: string]: string } = {}, path = '/'): Uint8Array {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n${lines.join('')}\r\n`)
}

type Connection = { readonly socket: Socket; read: (chunk: Buffer) => void }

function open(port: number): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const connection: Connection = { socket: undefined as unknown as Socket, read: () => {} }
    const onread = {
      buffer: Buffer.alloc(READ_BYTES),
      callback: (size: number, buffer: Uint8Array) => {
        connection.read((buffer as Buffer).subarray(0, size))
        return true
      },
    }
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, onread })
    socket.once('connect', () => resolve(Object.assign(connection, { socket })))
    socket.once('error', reject)
  })
}

/** Sends a connection's requests. @returns How many were answered */
function drive(connection: Connection, index: number, requests: Requests): Promise<number> {
  return new Promise((resolve, reject) => {
    const { socket } = connection
    let answered = 0
    let kept: Buffer | undefined
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('The server hung up.')))
    const next = () => {
      const request = requests.take(index)
      if (request === undefined) resolve(answered)
      else socket.write(request)
    }
    connection.read = (chunk) => {
      const bytes = kept === undefined ? chunk : Buffer.concat([kept, chunk])
      const length = answerLength(bytes)
      if (length === undefined || bytes.length < length) {
        // The buffer is read into again.
        kept = kept === undefined ? Buffer.from(chunk) : bytes
        return
      }
      kept = undefined
      if (bytes.toString('latin1', 9, 12) !== '200') return reject(new Error(`Answered: ${bytes.toString()}`))
      answered++
      requests.answered?.(index)
      next()
    }
    next()
  })
}

/** Bytes of an answer with its head; nothing where the head is not complete. */
function answerLength(bytes: Buffer): number | undefined {
  const end = bytes.indexOf(HEAD_END)
  if (end < 0) return undefined
  const head = bytes.toString('latin1', 0, end + 2)
  const at = head.search(/content-length: /i)
  if (at < 0) return bytes.length
  return end + HEAD_END.length + Number.parseInt(head.slice(at + 16), 10)
}
