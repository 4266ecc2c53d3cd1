/**
 * Writes pairs of records to a store and prints the number of each pair once it is acknowledged: `writer.ts <path> <first
 * number> <bytes a record> [<user id>]`. Ends when a write fails, and prints the code.
 */
import { writeSync } from 'node:fs'
import { ScripError } from '@scrip/sdk/errors'
import { put, sqliteStore } from '@scrip/sdk/store'

const [path = '', first = '0', size = '0', user] = process.argv.slice(2)
const print = (line: string) => writeSync(1, `${line}\n`)

if (user !== undefined) {
  // Only now that all modules are loaded: the other user may not be able to read them.
  process.setgid?.(Number(user))
  process.setuid?.(Number(user))
}

try {
  const store = sqliteStore(path)
  print('open')
  const text = 'x'.repeat(Number(size))
  const writePair = async (number: number) => {
    await store.write([put('left', String(number), { number, text }), put('right', String(number), { number, text })])
    print(String(number))
  }
  for (let number = Number(first); ; ) {
    // Some at once, so that they share a flush, and now and then one alone.
    const together = number % 5 === 0 ? 1 : 7
    const writes = Array.from({ length: together }, () => writePair(number++))
    await Promise.all(writes)
  }
} catch (error) {
  print(error instanceof ScripError ? error.code : String(error))
}
