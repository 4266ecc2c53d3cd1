#!/usr/bin/env node
// The npm compiler behind the two options of `solc` that Slither uses: `--version` and `--standard-json`.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const solc = createRequire(import.meta.url)('solc')

/** @param {string} path */
function source(path) {
  try {
    return { contents: readFileSync(join('node_modules', path), 'utf8') }
  } catch (error) {
    return { error: String(error) }
  }
}

if (process.argv.includes('--version')) console.log(`Version: ${solc.version()}`)
else console.log(solc.compile(readFileSync(0, 'utf8'), { import: source }))
