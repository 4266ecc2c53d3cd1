import { ScripError } from '../errors/ScripError.ts'

/** @throws `PEER_UNREACHABLE` where nobody answers; an abort stays an abort. */
export async function reach(request: Request): Promise<Response> {
  try {
    return await fetch(request)
  } catch (cause) {
    if (request.signal.aborted) throw cause
    const { origin } = new URL(request.url)
    throw new ScripError('PEER_UNREACHABLE', { detail: `No peer answers at ${origin}.`, values: { origin }, cause })
  }
}
