#!/usr/bin/env node
import { enableCompileCache } from 'node:module'

// Much of a short command's time is the compiling of what it imports: that is kept for the next one.
enableCompileCache()
const { main } = await import('./main.ts')
await main()
