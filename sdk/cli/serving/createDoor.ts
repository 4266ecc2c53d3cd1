import type { RequestListener } from 'node:http'
import { ScripError } from '../../errors/ScripError.ts'
import { PAYMENT_PATH, PROBLEM_TYPE } from '../../http/index.ts'

/** The way in for customers, which can be closed while those who are in are served. */
export type Door = {
  readonly listener: RequestListener
  isOpen(): boolean
  /** Lets nobody in any more; resolves when all who were in are served, or when that takes too long. */
  close(milliseconds: number): Promise<void>
}

const RETRY_SECONDS = '10'

/** Puts a door before a listener. What is paid for an answer under way comes in through a closed one, too. */
export function createDoor(listener: RequestListener): Door {
  let open = true
  let inside = 0
  let emptied = () => {}

  return {
    isOpen: () => open,
    listener: (request, response) => {
      const isPayment = request.url === PAYMENT_PATH
      if (!open && !isPayment) {
        const error = new ScripError('PEER_STOPPING')
        const headers = { 'content-type': PROBLEM_TYPE, 'retry-after': RETRY_SECONDS, connection: 'close' }
        response.writeHead(error.status, headers).end(JSON.stringify(error.toProblem()))
        return
      }
      if (!isPayment) {
        inside++
        response.on('close', () => {
          inside--
          if (inside === 0) emptied()
        })
      }
      listener(request, response)
    },
    close: (milliseconds) => {
      open = false
      return new Promise((resolve) => {
        const timer = setTimeout(resolve, milliseconds)
        emptied = () => {
          clearTimeout(timer)
          resolve()
        }
        if (inside === 0) emptied()
      })
    },
  }
}
