import { ScripError } from '../errors/ScripError.ts'

/** Who asked: until the answer is over its signal counts, and what it came with must not be collected before. */
export type Caller = { readonly signal: AbortSignal | undefined; readonly input: unknown }

/**
 * Fetches. The signal comes apart from the request: Node ties a request to the signal that it was made with so loosely that
 * a garbage collection ends the tie, and an abort would be lost.
 * @throws `PEER_UNREACHABLE` where nobody answers; an abort stays an abort.
 */
export async function reach(request: Request, signal: AbortSignal = request.signal): Promise<Response> {
  try {
    return await fetch(request, { signal })
  } catch (cause) {
    if (signal.aborted) throw cause
    const { origin } = new URL(request.url)
    throw new ScripError('PEER_UNREACHABLE', { detail: `No peer answers at ${origin}.`, values: { origin }, cause })
  }
}
