import { ScripError } from '../errors/ScripError.ts'

/**
 * What became of what was sent: `never` reached the server, was `aborted` by it, or nobody knows (`doubt`), because the
 * connection was lost before the answer came.
 */
export type Fate = 'never' | 'aborted' | 'doubt'

/** What Node says where no connection came about. */
const UNCONNECTED = [
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
  'EACCES',
  'CONNECT_TIMEOUT',
]

/** SQLSTATEs of a server that takes no connection: it starts, is full, or does not know who asks for what. */
const UNWELCOME = /^(57P03|53300|3D000|28...)$/

/** SQLSTATEs by which transactions lose against each other: carried out again, they go through. */
const LOST = /^(40001|40P01|55P03)$/

const hints: readonly [RegExp, string][] = [
  [/^(28...|42501)$/, 'Check the user and the password in --store, and what that user may do in the database.'],
  [/^3D000$/, 'Create the database, or name another one in --store.'],
  [/^3F000$/, 'Create the schema that search_path names in --store.'],
  [/^(53100|53200|58...)$/, 'Give the database room; nothing of the last write was kept.'],
  [/^53300$/, 'Allow more connections in the database (max_connections): each process takes up to four.'],
  [/^25006$/, 'Name the primary in --store: this server only reads.'],
  [/^57014$/, 'The database was too slow: see what it waits for; nothing of the last write was kept.'],
  [
    /^(E[A-Z]+|CONN.*|57P..|08...)$/,
    'Start the database, or check its address in --store; this goes on once it is back.',
  ],
]

export function fateOf(cause: unknown): Fate {
  const { code, severity } = cause as { code?: string; severity?: string }
  if (code === undefined) return 'doubt'
  if (UNCONNECTED.includes(code) || UNWELCOME.test(code)) return 'never'
  // An error, and not the end of the connection, is the server's word that it rolled back; 40003 says that it does not know.
  return severity === 'ERROR' && code !== '40003' && !code.startsWith('08') ? 'aborted' : 'doubt'
}

/** Whether a transaction lost against another one. */
export function hasLost(cause: unknown): boolean {
  return LOST.test(String((cause as { code?: unknown }).code))
}

/** The failure of a store in a database, with what to do about it where that is known. */
export function postgresFailed(place: string, cause: unknown): ScripError {
  if (cause instanceof ScripError) return cause
  const { code } = cause as { code?: unknown }
  const hint = hints.find(([pattern]) => pattern.test(String(code)))?.[1]
  return new ScripError('STORE_FAILED', {
    detail: `The store in ${place} failed: ${cause instanceof Error ? cause.message : String(cause)}.`,
    values: { place },
    cause,
    ...(hint !== undefined && { hint }),
  })
}
