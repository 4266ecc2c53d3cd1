#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import { hideSqliteWarning } from './hideSqliteWarning.ts'

// Much of a short command's time is the compiling of what it imports: that is kept for the next one.
enableCompileCache()
hideSqliteWarning()
const { main } = await import('./main.ts')
await main()
