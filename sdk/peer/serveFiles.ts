import type { RequestListener, ServerResponse } from 'node:http'
import send from 'send'
import { ScripError } from '../errors/ScripError.ts'
import { PROBLEM_TYPE } from '../http/problem.ts'

/**
 * A handler of `node:http` that serves the files below a folder, ranges and validators included. Nothing outside of the
 * folder and nothing whose name starts with a dot is served. Symbolic links are followed: who makes one publishes what it
 * leads to.
 */
export function serveFiles(folder: string): RequestListener {
  return (request, response) => {
    const path = pathOf(request.url ?? '/')
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD')
      fail(response, path, 405)
      return
    }
    send(request, path, { root: folder, dotfiles: 'ignore', index: false })
      .on('error', (error: { status?: number }) => fail(response, path, error.status ?? 500))
      .on('directory', () => fail(response, path, 404))
      .pipe(response)
  }
}

/** The path in a request's target, as it was sent: what it means is for the one place to decide that also checks it. */
function pathOf(target: string): string {
  const address = target.startsWith('/') || !URL.canParse(target) ? target : new URL(target).pathname
  return address.replace(/[?#].*$/s, '')
}

function fail(response: ServerResponse, path: string, status: number): void {
  // A file that fails in the middle: its length was announced, and cannot be reached.
  if (response.headersSent) {
    response.destroy()
    return
  }
  response.writeHead(status, { 'content-type': PROBLEM_TYPE })
  response.end(JSON.stringify({ ...describe(path, status).toProblem(), status }))
}

function describe(path: string, status: number): ScripError {
  const values = { path }
  if (status === 404) return new ScripError('NOT_FOUND', { detail: `There is no file at ${path}.`, values })
  if (status >= 500) return new ScripError('INTERNAL', { detail: `The file at ${path} cannot be read.`, values })
  return new ScripError('INVALID_ARGUMENT', { detail: `The request cannot be served: status ${status}.`, values })
}
