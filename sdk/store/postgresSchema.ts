import type { Sql } from 'postgres'
import { ScripError } from '../errors/ScripError.ts'

/** What a batch that does not follow the writer's last one is answered with, as a SQLSTATE. */
export const OUT_OF_TURN = 'SC001'

/** The channel on which batches tell what they changed. */
export const CHANGES = 'scrip_changes'

/**
 * What makes a store of each version out of one of the version before, the first out of nothing. Stores are out there: a
 * step that was once published never changes; a new one is added below it.
 *
 * `scrip_write` carries out a batch of writes. A writer counts its batches: whether one was carried out can be told, and a
 * connection that was given up can do nothing any more once `scrip_settle` closed its batch. Rows are locked in one order,
 * so that batches wait for each other instead of dying in a deadlock. What a write needs is compared before anything of it
 * is done; only a record that appears in between is found out later, and then the whole batch is tried again.
 */
export const STEPS: readonly string[] = [
  `CREATE TABLE scrip_records (
     tab text COLLATE "C",
     key text COLLATE "C",
     record text NOT NULL,
     version text NOT NULL DEFAULT '',
     PRIMARY KEY (tab, key)
   ) WITH (fillfactor = 60);

   CREATE TABLE scrip_writers (
     id text PRIMARY KEY,
     batch bigint NOT NULL DEFAULT 0,
     refused int[] NOT NULL DEFAULT '{}',
     owns text UNIQUE,
     seen timestamptz NOT NULL DEFAULT now()
   ) WITH (fillfactor = 60);

   CREATE FUNCTION scrip_write(
     me text, mine text, number bigint,
     writes int[], kinds text[], tabs text[], keys text[], records text[], befores text[], afters text[]
   ) RETURNS int[] LANGUAGE plpgsql AS $$
   DECLARE
     step record;
     late int[] := '{}';
     changed text[] := '{}';
   BEGIN
     -- Whatever the server's setting is: what is acknowledged survives a power loss.
     IF current_setting('synchronous_commit') NOT IN ('on', 'remote_apply') THEN
       PERFORM set_config('synchronous_commit', 'on', true);
     END IF;
     UPDATE scrip_writers SET batch = number, refused = '{}', seen = now()
       WHERE id = me AND batch = number - 1 AND owns IS NOT DISTINCT FROM mine;
     IF NOT FOUND THEN
       RAISE EXCEPTION 'This is not the writer''s next batch.' USING ERRCODE = '${OUT_OF_TURN}';
     END IF;
     PERFORM 1 FROM scrip_records AS r WHERE (r.tab, r.key) IN (SELECT * FROM unnest(tabs, keys))
       ORDER BY r.tab, r.key FOR UPDATE OF r;
     FOR step IN
       SELECT * FROM unnest(writes, kinds, tabs, keys, records, befores, afters)
         WITH ORDINALITY AS s(write, kind, tab, key, record, before, after, place) ORDER BY place
     LOOP
       CONTINUE WHEN step.write = ANY (late);
       CASE step.kind
         WHEN 'put' THEN
           INSERT INTO scrip_records (tab, key, record) VALUES (step.tab, step.key, step.record)
             ON CONFLICT (tab, key) DO UPDATE SET record = excluded.record;
         WHEN 'remove' THEN
           DELETE FROM scrip_records WHERE tab = step.tab AND key = step.key;
         WHEN 'clear' THEN
           DELETE FROM scrip_records WHERE tab = step.tab;
         WHEN 'check' THEN
           IF step.before <> coalesce((SELECT version FROM scrip_records WHERE tab = step.tab AND key = step.key), '') THEN
             late := late || step.write;
           END IF;
         ELSE
           IF step.before = '' THEN
             INSERT INTO scrip_records AS r VALUES (step.tab, step.key, step.record, step.after)
               ON CONFLICT (tab, key) DO UPDATE SET record = excluded.record, version = excluded.version
               WHERE r.version = '';
           ELSE
             UPDATE scrip_records SET record = step.record, version = step.after
               WHERE tab = step.tab AND key = step.key AND version = step.before;
           END IF;
           IF FOUND THEN
             changed := changed || ARRAY[step.tab, step.key, step.after];
           ELSIF step.kind = 'checked' THEN
             RAISE EXCEPTION 'A record appeared.' USING ERRCODE = 'serialization_failure';
           ELSE
             late := late || step.write;
           END IF;
       END CASE;
     END LOOP;
     IF late <> '{}' THEN
       UPDATE scrip_writers SET refused = late WHERE id = me;
     END IF;
     IF changed <> '{}' THEN
       -- A message has less than 8,000 bytes.
       IF octet_length(changed::text) > 7000 THEN
         changed := '{}';
       END IF;
       PERFORM pg_notify('${CHANGES}', json_build_array(me, changed)::text);
     END IF;
     RETURN late;
   END $$;

   -- Nothing where the batch was not carried out, and now never will be; else the writes that were refused in it.
   CREATE FUNCTION scrip_settle(me text, number bigint) RETURNS int[] LANGUAGE plpgsql AS $$
   BEGIN
     -- Waits for the batch where a connection that was given up still carries it out.
     UPDATE scrip_writers SET batch = number WHERE id = me AND batch = number - 1;
     IF FOUND THEN
       RETURN NULL;
     END IF;
     RETURN (SELECT refused FROM scrip_writers WHERE id = me AND batch = number);
   END $$`,
]

/**
 * Brings a store to the newest version, one transaction a step, also where several processes start at once.
 * @throws `STORE_FAILED` where it is of a newer version
 */
export async function migrate(sql: Sql, place: string, steps: readonly string[] = STEPS): Promise<void> {
  if ((await versionOf(sql, place, steps.length)) === steps.length) return
  await sql.begin(async (transaction) => {
    await transaction.unsafe("SELECT pg_advisory_xact_lock(hashtextextended('scrip ' || current_schema(), 0))")
    await transaction.unsafe('CREATE TABLE IF NOT EXISTS scrip_version (version int NOT NULL)')
    const version = await versionOf(transaction, place, steps.length)
    if (version === steps.length) return
    for (const step of steps.slice(version)) await transaction.unsafe(step)
    await transaction.unsafe('DELETE FROM scrip_version')
    await transaction.unsafe(`INSERT INTO scrip_version VALUES (${steps.length})`)
  })
}

/** @throws `STORE_FAILED` where there is no store, or one of another version */
export async function checkCurrent(sql: Sql, place: string): Promise<void> {
  const version = await versionOf(sql, place, STEPS.length)
  if (version === STEPS.length) return
  throw new ScripError('STORE_FAILED', {
    detail:
      version === 0
        ? `There is no store in ${place}.`
        : `The store in ${place} has version ${version}; this program reads ${STEPS.length}.`,
    hint: 'Start what owns the store once with this version of the program: that makes it, and brings it up to date.',
    values: { place, version, newest: STEPS.length },
  })
}

/** The version of a store, 0 where there is none. @throws `STORE_FAILED` where it is newer than `newest` */
async function versionOf(sql: Pick<Sql, 'unsafe'>, place: string, newest: number): Promise<number> {
  const [there] = await sql.unsafe("SELECT to_regclass('scrip_version') IS NOT NULL AS yes")
  if (!there?.['yes']) return 0
  const [row] = await sql.unsafe('SELECT version FROM scrip_version')
  const version = Number(row?.['version'] ?? 0)
  if (version > newest) {
    throw new ScripError('STORE_FAILED', {
      detail: `The store in ${place} has version ${version}; this program knows ${newest} at most.`,
      hint: 'Use the version of @scrip/sdk that wrote it, or a newer one; the store was left as it is.',
      values: { place, version, newest },
    })
  }
  return version
}
