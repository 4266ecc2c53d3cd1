import type { Channel } from '../channels/Channel.ts'

const channels = new WeakMap<object, Channel>()

/** The channel by which a request was paid, for the handler behind a paywall; nothing where it is free. */
export function payerOf(request: object): Channel | undefined {
  return channels.get(request)
}

/** Notes by which channel a request was paid. */
export function notePayer(request: object, channel: Channel): void {
  channels.set(request, channel)
}
