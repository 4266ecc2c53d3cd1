import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import postgres, { type Sql } from 'postgres'
import { ScripError } from '../errors/ScripError.ts'
import { createBatch, escapeName, type Row, toArray, unescapeName } from './createBatch.ts'
import { decode, encode } from './encoding.ts'
import { conflict, uncertain } from './outcomes.ts'
import { fateOf, hasLost, postgresFailed } from './postgresFailed.ts'
import { CHANGES, checkCurrent, migrate, OUT_OF_TURN } from './postgresSchema.ts'
import type { Change, Changed, Store } from './Store.ts'

/** Settings of `postgresStore`. */
export type PostgresStoreOptions = {
  /**
   * Takes the part of the store with this name for one process, as a store in a file is taken: for what is written without
   * revisions, such as a payer's channels. Where nothing is said, any number of processes share it.
   */
  owner?: string
  /** Only reads. */
  readOnly?: boolean
  /** Milliseconds to wait for a database that was lost before what is under way fails; 3 seconds where nothing is said. */
  patience?: number
}

const PATIENCE = 3_000

/** Milliseconds that the server gives a statement, and that this end waits for its answer. */
const STATEMENT_TIMEOUT = 10_000
const ANSWER_TIMEOUT = STATEMENT_TIMEOUT + 2_000
const CONNECT_TIMEOUT_SECONDS = 5

/** Milliseconds between attempts to reach a database that was lost. */
const PAUSE = 100

/** Writes that share one transaction at most. */
const MOST_WRITES = 1_000

/** How often a batch that lost against another one is carried out again: each time somebody else's went through. */
const MOST_LOST = 50

const WRITE = `SELECT array_to_json(scrip_write($1::text, $2::text, $3::bigint,
  $4::int[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[]))::text AS refused`
const SETTLE = 'SELECT array_to_json(scrip_settle($1::text, $2::bigint))::text AS refused'
const TAKE = 'INSERT INTO scrip_writers (id, owns) VALUES ($1::text, $2::text)'
/** Whoever had that part writes nothing more; this waits for what it is writing. */
const TAKE_OVER = 'UPDATE scrip_writers SET owns = NULL WHERE owns = $1::text'
const LEAVE = 'DELETE FROM scrip_writers WHERE id = $1::text'
const SWEEP = "DELETE FROM scrip_writers WHERE seen < now() - interval '30 days' AND owns IS NULL"
const LOCK = 'SELECT pg_try_advisory_lock(hashtextextended(current_schema() || $1::text, 0)) AS taken'
const GET = 'SELECT record, version FROM scrip_records WHERE tab = $1::text AND key = $2::text'
/** `x` has the place of each key. */
const GET_MANY = `SELECT x.place::int AS place, r.record FROM unnest($2::text[]) WITH ORDINALITY AS x(key, place)
  JOIN scrip_records AS r ON r.tab = $1::text AND r.key = x.key COLLATE "C"`
const ALL = 'SELECT record FROM scrip_records WHERE tab = $1::text'

/** A write that waits for its turn; one whose records cannot be written only waits for its turn to fail. */
type Pending = {
  readonly rows: readonly Row[]
  readonly failure?: ScripError
  readonly resolve: () => void
  readonly reject: (error: ScripError) => void
}

type Answer = { readonly [column: string]: unknown } | undefined

/**
 * A store in a PostgreSQL database, or in one that understands its dialect with PL/pgSQL, advisory locks and LISTEN. Several
 * processes may share it: records that are put with revisions stay right. A write resolves after the server flushed it,
 * whatever the server's `synchronous_commit` says; writes that arrive while another is under way share the next flush.
 *
 * A connection that is lost comes back by itself. What was under way then is settled first: each batch of writes leaves a
 * mark in the database, which tells whether it was carried out, and the old connection can do nothing any more. Where the
 * database stays away longer than `patience`, writes fail: with `STORE_UNCERTAIN` where they were on their way, with
 * `STORE_FAILED` where they were not.
 *
 * @param url `postgres://user:password@host:port/database`; `?search_path=<schema>` names a schema of its own
 * @throws `STORE_FAILED` where the database cannot be reached or used, does not flush what it writes, was made by a newer
 * version of this program, or has another owner
 */
export async function postgresStore(url: string, options: PostgresStoreOptions = {}): Promise<Store> {
  const { owner, readOnly = false, patience = PATIENCE } = options
  const place = placeOf(url)
  const writer = createLink(url, 1)
  const reader = createLink(url, 2)
  const links = [writer, reader]
  /** Keeps the part of the store that this process owns from others, for as long as it is connected. */
  const guard = owner === undefined ? undefined : createGuard(url, owner)
  const ending = new AbortController()
  let isClosed = false

  let id = randomUUID()
  let number = 0
  const pending: Pending[] = []
  let draining: Promise<void> | undefined
  /** The last failure, as long as the database is away and nobody waits for it any more. */
  let down: ScripError | undefined
  /** Settles when it is known what became of a batch. */
  let doubt: Promise<unknown> | undefined
  const watchers: { table: string; changed: Changed }[] = []
  let listener: Sql | undefined

  const fail = (cause: unknown) => postgresFailed(place, cause)
  const closed = () =>
    new ScripError('STORE_FAILED', { detail: `The store in ${place} was closed.`, values: { place } })
  /** Until when a database that is away is waited for: not again once that was in vain. */
  const deadline = () => (down === undefined ? Date.now() + patience : 0)
  const wait = () => pause(PAUSE, undefined, { signal: ending.signal }).catch(() => {})
  const timeout = <Value>(until: number, value: Value) => pause(Math.max(until - Date.now(), 0), value, { ref: false })

  const register = async () => {
    number = 0
    id = randomUUID()
    await writer.ask(TAKE, [id, owner ?? null])
  }

  /**
   * What became of the batch that was under way when the connection was lost: the writes that were refused, if it was
   * carried out. Never resolves where the store is closed before that is known.
   */
  const settled = async (): Promise<number[] | undefined> => {
    while (!ending.signal.aborted) {
      try {
        return refusedIn(await writer.ask(SETTLE, [id, `${number}`]))
      } catch {
        await wait()
      }
    }
    return new Promise(() => {})
  }

  /**
   * Carries out a batch, and says it where the database stays away for too long.
   * @returns The numbers of the writes that came too late; nothing where none was carried out
   */
  const carryOut = async (
    parameters: readonly string[],
    giveUp: (cause: unknown, outcome?: Promise<number[] | undefined>) => void,
  ): Promise<number[] | undefined> => {
    const until = deadline()
    for (let lost = 0; ; ) {
      try {
        number++
        return refusedIn(await writer.ask(WRITE, [id, owner ?? null, `${number}`, ...parameters]))
      } catch (error) {
        const fate = fateOf(error)
        if (fate !== 'doubt') number--
        if (fate === 'never') {
          if (Date.now() >= until || ending.signal.aborted) return void giveUp(error)
          await wait()
        } else if (fate === 'aborted') {
          const isStranger = (error as { code?: unknown }).code === OUT_OF_TURN
          if (isStranger && owner !== undefined) throw evicted(place, owner)
          if (!isStranger && !hasLost(error)) throw error
          if (++lost > MOST_LOST) throw error
          if (isStranger) await register()
          else await pause(Math.random() * 10)
        } else {
          const outcome = settled()
          doubt = outcome
          const refused = await Promise.race([outcome, timeout(until, 'unknown' as const)])
          if (refused === 'unknown') {
            giveUp(error, outcome)
            // Nothing else is written before it is known what was.
            const known = await outcome
            down = undefined
            return known
          }
          doubt = undefined
          // It was not carried out, and never will be: it comes again.
          if (refused !== undefined) return refused
        }
      }
    }
  }

  const flush = async (writes: readonly Pending[]): Promise<void> => {
    const { parameters, numbers } = createBatch(writes.map(({ rows }) => rows))
    const settle = (errorOf: (write: Pending, number: number) => ScripError | undefined) => {
      for (const [index, write] of writes.entries()) {
        const error = write.failure ?? errorOf(write, numbers[index] as number)
        if (error === undefined) write.resolve()
        else write.reject(error)
      }
    }
    const isIn = (refused: readonly number[] | undefined, number: number) =>
      refused !== undefined && !refused.includes(number)
    try {
      const refused = await carryOut(parameters, (cause, outcome) => {
        down = new ScripError('STORE_FAILED', {
          detail: `The store in ${place} is out of reach.`,
          hint: 'Start the database, or check its address in --store; this goes on once it is back.',
          values: { place },
          cause,
        })
        const lost = `The connection to ${place} was lost before it answered.`
        // Those who wait are told now, and those who come later at once.
        settle((_, number) =>
          outcome === undefined
            ? down
            : uncertain(
                lost,
                cause,
                outcome.then((refused) => isIn(refused, number)),
              ),
        )
        for (const write of pending.splice(0)) write.reject(down)
      })
      settle((write, number) => (isIn(refused, number) ? undefined : lateIn(write)))
      if (refused !== undefined) down = undefined
    } catch (error) {
      settle(() => fail(error))
    } finally {
      doubt = undefined
    }
  }

  /** Writes what waits, until nothing does. */
  const drain = async () => {
    await new Promise((resolve) => setImmediate(resolve))
    while (pending.length > 0) await flush(pending.splice(0, MOST_WRITES))
    draining = undefined
  }

  /** Reads; what was in doubt is settled before. */
  const read = async (text: string, parameters: readonly string[]): Promise<Answer[]> => {
    const until = deadline()
    for (;;) {
      if (isClosed) throw closed()
      if (doubt !== undefined && (await Promise.race([doubt, timeout(until, 'unknown')])) === 'unknown') {
        throw down ?? fail(new Error('its connection was lost'))
      }
      try {
        return await reader.askAll(text, parameters)
      } catch (error) {
        if (fateOf(error) === 'aborted' || Date.now() >= until) throw fail(error)
        await wait()
      }
    }
  }

  const listen = async () => {
    listener = connect(url, 1)
    const told = (message: string) => {
      const [from, names] = JSON.parse(message) as [string, string[]]
      if (from === id) return
      if (names.length === 0) for (const { changed } of watchers) changed()
      for (let index = 0; index < names.length; index += 3) {
        const [table = '', key = '', version = ''] = names.slice(index, index + 3)
        for (const watcher of watchers)
          if (watcher.table === unescapeName(table)) watcher.changed(unescapeName(key), version)
      }
    }
    // What happened while nobody listened is not told again.
    const begun = () => {
      for (const { changed } of watchers) changed()
    }
    await listener.listen(CHANGES, told, begun)
  }

  const end = async () => {
    ending.abort()
    const open = [...(listener ? [listener.end({ timeout: 1 })] : []), ...(guard ? [guard.close()] : [])]
    await Promise.all([...links.map((link) => link.close()), ...open])
  }

  try {
    await prepare(connect(url, 1), place, readOnly)
    if (guard !== undefined) await guard.take(place)
    if (owner !== undefined) await writer.ask(TAKE_OVER, [owner])
    if (!readOnly) {
      await writer.ask(SWEEP, [])
      await register()
      if (owner === undefined) await listen()
    }
  } catch (error) {
    await end()
    throw fail(error)
  }

  const versioned = async <Record extends object>(table: string, key: string) => {
    const [row] = await read(GET, [escapeName(table), escapeName(key)])
    if (row === undefined) return { version: '' }
    return { record: decode(String(row['record'])) as Record, version: String(row['version']) }
  }

  return {
    get: async <Record extends object>(table: string, key: string) => (await versioned<Record>(table, key)).record,
    getMany: async <Record extends object>(table: string, keys: readonly string[]) => {
      const records = new Array<Record | undefined>(keys.length).fill(undefined)
      for (const row of await read(GET_MANY, [escapeName(table), toArray(keys.map(escapeName))])) {
        records[Number(row?.['place']) - 1] = decode(String(row?.['record'])) as Record
      }
      return records
    },
    read: versioned,
    all: async <Record extends object>(table: string) => {
      const rows = await read(ALL, [escapeName(table)])
      return rows.map((row) => decode(String(row?.['record'])) as Record)
    },
    write: (changes) =>
      new Promise((resolve, reject) => {
        if (isClosed || readOnly) return reject(isClosed ? closed() : fail(new Error('it is only read')))
        // While the database is away, one write at a time tries whether it is back.
        if (down !== undefined && draining !== undefined) return reject(down)
        try {
          pending.push({ rows: changes.map(toRow), resolve, reject })
        } catch (cause) {
          pending.push({ rows: [], failure: fail(cause), resolve, reject })
        }
        draining ??= drain()
      }),
    ...(owner === undefined && {
      watch: (table: string, changed: Changed) => {
        watchers.push({ table, changed })
      },
    }),
    close: async () => {
      if (isClosed) return
      isClosed = true
      // A database that is away is not waited for.
      await Promise.race([draining, timeout(Date.now() + patience, undefined)])
      if (!readOnly) await writer.ask(LEAVE, [id]).catch(() => {})
      await end()
    },
  }
}

/** Makes the store where there is none, and looks whether what it writes would last. */
async function prepare(sql: Sql, place: string, readOnly: boolean): Promise<void> {
  try {
    const [row] = await sql.unsafe("SELECT current_setting('fsync', true) AS fsync")
    if (row?.['fsync'] === 'off') {
      throw new ScripError('STORE_FAILED', {
        detail: `The database ${place} does not flush what it writes: fsync is off.`,
        hint: 'Set fsync = on: what was acknowledged must survive a power loss.',
        values: { place },
      })
    }
    if (readOnly) await checkCurrent(sql, place)
    else await migrate(sql, place)
  } finally {
    await sql.end({ timeout: 1 })
  }
}

/** Connections on which one statement is one transaction. */
type Link = {
  askAll(text: string, parameters: readonly (string | null)[]): Promise<Answer[]>
  ask(text: string, parameters: readonly (string | null)[]): Promise<Answer>
  close(): Promise<void>
}

function createLink(url: string, size: number): Link {
  let sql = connect(url, size)
  const askAll = async (text: string, parameters: readonly (string | null)[]) => {
    const present = sql
    // A network that swallows everything says nothing: all that is under way there is given up.
    const timer = setTimeout(() => {
      if (sql === present) sql = connect(url, size)
      present.end({ timeout: 0 }).catch(() => {})
    }, ANSWER_TIMEOUT)
    try {
      return [...(await present.unsafe(text, [...parameters], { prepare: true }))]
    } finally {
      clearTimeout(timer)
    }
  }
  return {
    askAll,
    ask: async (text, parameters) => (await askAll(text, parameters))[0],
    close: () => sql.end({ timeout: 1 }),
  }
}

/** Holds a lock for as long as its connection lasts, and takes it again after that. */
function createGuard(url: string, owner: string): { take(place: string): Promise<void>; close(): Promise<void> } {
  let isOpen = true
  const lock = async (): Promise<boolean> => {
    const [row] = await sql.unsafe(LOCK, [` ${owner}`])
    return row?.['taken'] === true
  }
  const sql: Sql = connect(url, 1, {
    max_lifetime: null,
    onclose: () => {
      // Whoever was quicker owns it now, and this process writes nothing more.
      if (isOpen) setTimeout(() => isOpen && lock().catch(() => {}), PAUSE).unref()
    },
  })
  return {
    take: async (place) => {
      if (!(await lock())) throw evicted(place, owner)
    },
    close: async () => {
      isOpen = false
      await sql.end({ timeout: 1 })
    },
  }
}

function connect(url: string, size: number, more: postgres.Options<Record<string, never>> = {}): Sql {
  return postgres(url, {
    max: size,
    fetch_types: false,
    onnotice: () => {},
    connect_timeout: CONNECT_TIMEOUT_SECONDS,
    backoff: () => PAUSE / 1_000,
    ...more,
    connection: {
      application_name: 'scrip',
      statement_timeout: STATEMENT_TIMEOUT,
    },
  }) as Sql
}

/** The address without user, password and parameters. @throws `STORE_FAILED` */
function placeOf(url: string): string {
  const place = /^postgres(?:ql)?:\/\/(?:.*@)?([^?]+)/.exec(url)?.[1]
  if (place !== undefined) return place
  throw new ScripError('STORE_FAILED', {
    detail: 'The address of the database cannot be read.',
    hint: 'Write postgres://user:password@host:port/database, with % and two digits for what is special in a password.',
  })
}

function evicted(place: string, owner: string): ScripError {
  return new ScripError('STORE_FAILED', {
    detail: `Another process uses ${owner} in the store ${place}.`,
    hint: 'Stop it, or give this one a store of its own with --store.',
    values: { place, owner },
  })
}

function refusedIn(row: Answer): number[] | undefined {
  const text = row?.['refused']
  return typeof text === 'string' ? JSON.parse(text) : undefined
}

function lateIn({ rows }: Pending): ScripError {
  const change = rows.find(({ change }) => 'record' in change && change.revision)?.change
  return conflict(change?.table ?? '', change && 'key' in change ? change.key : '')
}

function toRow(change: Change): Row {
  return 'record' in change ? { change, text: encode(change.record) } : { change }
}
