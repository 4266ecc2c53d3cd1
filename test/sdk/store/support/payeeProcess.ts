/**
 * A payee that takes payments until it is killed. Loads all it needs, then waits for `start <store> <point> <passage>
 * <fault>` on its standard input, and opens the store; payments follow, a line each: `<number> <use> <amount> <bytes>`.
 * Kills itself when it passes that point for that time. Notes every point in `<store>.box`, which outlives it.
 */
import { openSync, readSync, writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import type { PayeeRecord } from '@scrip/sdk/channels'
import { ScripError } from '@scrip/sdk/errors'
import { type Change, put, type Store, sqliteStore } from '@scrip/sdk/store'
import { hexToBytes } from 'viem'
import { channelTo, payeeOn } from '../../channels/support/channels.ts'
import { type Fault, type Point, points, type Use } from './points.ts'

const tell = (line: string) => writeSync(1, `${line}\n`)

/** The first line of the input, and not a byte more: what follows stays in the pipe until the payee reads it. */
function readLine(): string {
  const byte = Buffer.alloc(1)
  let line = ''
  while (readSync(0, byte) === 1 && byte[0] !== 10) line += byte.toString('latin1')
  return line
}

const [, path = '', last, passage, fault] = readLine().split(' ') as [string, string, Point, string, Fault]
const box = openSync(`${path}.box`, 'w')
let left = Number(passage)

function pass(point: Point): void {
  writeSync(box, Buffer.of(points.indexOf(point)), 0, 1, 0)
  if (point === last && --left === 0) process.kill(process.pid, 'SIGKILL')
}

// The store's own statements show where it is.
const { exec } = DatabaseSync.prototype
DatabaseSync.prototype.exec = function (this: DatabaseSync, sql: string) {
  if (sql === 'COMMIT') pass('commit')
  exec.call(this, fault === 'lazy' ? sql.replace('synchronous = FULL', 'synchronous = NORMAL') : sql)
  if (sql === 'BEGIN IMMEDIATE') pass('transaction')
  if (sql === 'COMMIT') pass('committed')
}

pass('opening')
const file = sqliteStore(path)
let newest: string | undefined
const store: Store = {
  ...file,
  write: async (changes) => {
    pass('accepted')
    if (last === 'checkpoint') fill()
    if (fault === 'forgetful' && isChargeOnly(changes)) return
    const written = file.write(changes)
    if (fault !== 'hasty') return written
    written.catch(() => {})
  },
}
const payee = payeeOn(store)
const channel = channelTo({}, 2n ** 90n)
const reader = new DatabaseSync(path, { readOnly: true })
const integrity = reader.prepare('PRAGMA integrity_check').get()?.['integrity_check']
reader.close()
const { accepted, charged, credit } = await payee.standing(channel.id)
tell(`open ${integrity} ${accepted} ${charged} ${credit}`)
pass('unread')

for await (const line of createInterface({ input: process.stdin })) {
  pass('read')
  const [number, use, amount, bytes] = line.split(' ') as [string, Use, string, `0x${string}`]
  serve(number, use, Number(amount), hexToBytes(bytes)).catch((error) => tell(`failed ${number} ${error}`))
}

/** Takes a payment. One that is sent again after a newer one was accepted is in that one's total, and adds nothing. */
async function accept(bytes: Uint8Array, use: Use): Promise<{ accepted: bigint; added: bigint; held: bigint }> {
  try {
    return await payee.accept(bytes, use === 'later' ? {} : { hold: 'added' })
  } catch (error) {
    if (!(error instanceof ScripError) || error.code !== 'STALE_PAYMENT') throw error
    return { accepted: (await payee.standing(channel.id)).accepted, added: 0n, held: 0n }
  }
}

async function serve(number: string, use: Use, amount: number, bytes: Uint8Array): Promise<void> {
  const { accepted, added, held } = await accept(bytes, use)
  tell(`ack ${number} ${accepted} ${added} ${held}`)
  pass('acknowledged')
  if (use === 'later') tell(`charged ${number} ${await payee.charge(channel.id, 1n, amount)}`)
  if (use === 'failing' && held > 0n) {
    await payee.giveBack(channel.id, held)
    tell(`returned ${number} ${held}`)
  }
}

/** Whether a write of the payee's brings no payment. */
function isChargeOnly([change]: readonly Change[]): boolean {
  const { voucher, tick } = (change as { record: PayeeRecord }).record
  const before = newest
  newest = `${voucher?.r} ${tick?.count}`
  return before === newest
}

/** Writes so many pages beside a payment that the log has to be brought into the file. */
function fill(): void {
  const text = 'x'.repeat(3_500)
  const records = Array.from({ length: 1_100 }, (_, i) => put('filler', String(i), { text, at: Math.random() }))
  file.write(records).catch((error) => tell(`failed filler ${error}`))
}
