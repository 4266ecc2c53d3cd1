/**
 * What a promise gives, or a failure where it takes too long or the signal aborts. The promise itself goes on.
 * @throws the result of `late`, the signal's reason, and what the promise rejects with
 */
export async function within<Value>(
  promise: Promise<Value>,
  { milliseconds, signal, late }: { milliseconds: number; signal: AbortSignal; late: () => Error },
): Promise<Value> {
  signal.throwIfAborted()
  const { promise: ended, reject } = Promise.withResolvers<never>()
  const abort = () => reject(signal.reason)
  const timer = setTimeout(() => reject(late()), milliseconds)
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([promise, ended])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
  }
}
