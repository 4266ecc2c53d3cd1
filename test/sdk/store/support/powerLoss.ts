import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'

/** A call that a process made and that returned: what it wrote to a file or said, or a file that it flushed. */
export type Call =
  | { readonly kind: 'write'; readonly file: string; readonly bytes: Buffer; readonly at: number }
  | { readonly kind: 'truncate'; readonly file: string; readonly length: number }
  | { readonly kind: 'flush' | 'unlink'; readonly file: string }
  | { readonly kind: 'say'; readonly text: string }

/** The system calls that change files. */
export const TRACED = 'pwrite64,write,fsync,fdatasync,ftruncate,unlink'

const SECTOR = 512

/** The calls of a process's main thread, in order, as `strace -f -y -xx -e trace=<TRACED>` notes them. */
export function readTrace(trace: string): Call[] {
  const lines = readFileSync(trace, 'latin1').split('\n')
  const main = lines[0]?.split(' ')[0]
  let begun = ''
  return lines.flatMap((line) => {
    if (main === undefined || !line.startsWith(`${main} `)) return []
    const text = line.slice(main.length + 1).trim()
    if (text.endsWith('<unfinished ...>')) {
      begun = text.slice(0, -'<unfinished ...>'.length)
      return []
    }
    return toCall(text.startsWith('<...') ? begun + text.slice(text.indexOf('>') + 1) : text)
  })
}

function toCall(text: string): Call[] {
  const [, name, number, path = '', rest = ''] = /^(\w+)\((?:(\d+)<([^>]*)>)?(.*)$/s.exec(text) ?? []
  const file = basename(decode(path).toString())
  const bytes = decode(/"([^"]*)"/.exec(rest)?.[1] ?? '')
  const [, last = '0', result = ''] = /(\d*)\)\s*= (-?\d+)/.exec(rest) ?? []
  if (result.startsWith('-')) return []
  if (name === 'write') return number === '1' ? [{ kind: 'say', text: bytes.toString() }] : []
  if (name === 'pwrite64') return [{ kind: 'write', file, bytes: bytes.subarray(0, Number(result)), at: Number(last) }]
  if (name === 'ftruncate') return [{ kind: 'truncate', file, length: Number(last) }]
  if (name === 'fsync' || name === 'fdatasync') return [{ kind: 'flush', file }]
  return name === 'unlink' ? [{ kind: 'unlink', file: basename(bytes.toString()) }] : []
}

function decode(text: string): Buffer {
  return Buffer.from(text.replaceAll('\\x', ''), 'hex')
}

/** What a loss of power leaves of the writes that were not flushed, sector by sector. */
export type Fate = 'dropped' | 'torn'

/**
 * The files after some calls and a loss of power, put into a folder. What was flushed is there, and what was in the files
 * `before` the first call.
 */
export function losePower(
  before: ReadonlyMap<string, Buffer>,
  calls: readonly Call[],
  fate: Fate,
  folder: string,
  random: () => number,
): void {
  const files = new Map<string, Buffer>([...before].map(([file, content]) => [file, Buffer.from(content)]))
  const loose = new Map<string, Call[]>()
  const change = (call: Call, keep: () => boolean) => {
    if (call.kind === 'truncate') {
      if (keep()) files.set(call.file, resized(files.get(call.file), call.length))
    } else if (call.kind === 'write') {
      for (let from = 0; from < call.bytes.length; from += SECTOR) {
        if (!keep()) continue
        const sector = call.bytes.subarray(from, from + SECTOR)
        const end = call.at + from + sector.length
        const before = files.get(call.file)
        const file = resized(before, Math.max(end, before?.length ?? 0))
        sector.copy(file, call.at + from)
        files.set(call.file, file)
      }
    }
  }
  for (const call of calls) {
    if (call.kind === 'say') continue
    if (call.kind === 'unlink') {
      files.delete(call.file)
      loose.delete(call.file)
    } else if (call.kind === 'flush') {
      for (const one of loose.get(call.file) ?? []) change(one, () => true)
      loose.delete(call.file)
    } else loose.set(call.file, [...(loose.get(call.file) ?? []), call])
  }
  if (fate === 'torn') for (const left of loose.values()) for (const one of left) change(one, () => random() < 0.5)
  mkdirSync(folder)
  for (const [file, content] of files) writeFileSync(join(folder, file), content)
}

function resized(file: Buffer | undefined, length: number): Buffer {
  const next = Buffer.alloc(length)
  file?.copy(next)
  return next
}
