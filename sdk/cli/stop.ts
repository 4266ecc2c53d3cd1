import { once } from 'node:events'

/** How a terminal and a service manager ask a process to stop. */
export const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Aborts when the process is asked to stop, with the signal's name as its reason. Asked once more, it ends at once. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController()
  for (const signal of STOP_SIGNALS) process.once(signal, () => controller.abort(signal))
  return controller.signal
}

/** Resolves when the signal aborts. */
export async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort')
}
