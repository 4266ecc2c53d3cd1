import { type Hex, http, type Transport } from 'viem'
import type { Patience } from './patience.ts'

/** What is told of a client's calls. */
export type TransportEvents = {
  patience: Patience
  /** Told of every transaction that was sent. */
  onSent?: (hash: Hex) => void
}

/** JSON-RPC over HTTP that says what it waits for: an answer, or the block with a transaction that it sent. */
export function patientHttp(url: string, { patience, onSent }: TransportEvents): Transport {
  const origin = new URL(url).origin
  const unmined = new Set<Hex>()
  let calls = 0

  const text = () => {
    const [hash] = unmined
    return hash === undefined ? `Waiting for the chain at ${origin}` : `Waiting for the transaction ${hash}`
  }

  const note = (method: string, parameters: unknown, result: unknown) => {
    if (method === 'eth_sendRawTransaction') {
      unmined.add(result as Hex)
      onSent?.(result as Hex)
    }
    if (method === 'eth_getTransactionReceipt' && result !== null) unmined.delete((parameters as [Hex])[0])
  }

  const watch = async (method: string, parameters: unknown, call: () => Promise<unknown>): Promise<unknown> => {
    calls++
    patience.begin(text)
    try {
      const result = await call()
      note(method, parameters, result)
      return result
    } finally {
      calls--
      if (calls === 0 && unmined.size === 0) patience.end()
    }
  }

  const transport = http(url, { retryCount: 1 })
  return (parameters) => {
    const inner = transport(parameters)
    const request = (call: { method: string; params?: unknown }) =>
      watch(call.method, call.params, () => inner.request(call as never))
    return { ...inner, request: request as typeof inner.request }
  }
}
