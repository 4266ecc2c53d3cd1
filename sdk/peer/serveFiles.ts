import type { RequestListener } from 'node:http'
import send from 'send'
import { ScripError } from '../errors/ScripError.ts'
import { PROBLEM_TYPE } from '../http/problem.ts'

/**
 * A handler of `node:http` that serves the files below a folder, ranges and validators included. Nothing outside of the
 * folder and no file whose name starts with a dot is served.
 */
export function serveFiles(folder: string): RequestListener {
  return (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://peer')
    send(request, pathname, { root: folder, dotfiles: 'ignore', index: false })
      .on('error', (error: { status?: number }) => fail(error.status ?? 500))
      .on('directory', () => fail(404))
      .pipe(response)

    const fail = (status: number) => {
      const error =
        status === 404
          ? new ScripError('NOT_FOUND', { detail: `There is no file at ${pathname}.`, values: { pathname } })
          : new ScripError('INVALID_ARGUMENT', {
              detail: `The request cannot be served: status ${status}.`,
              values: { pathname },
            })
      response.writeHead(status, { 'content-type': PROBLEM_TYPE })
      response.end(JSON.stringify({ ...error.toProblem(), status }))
    }
  }
}
