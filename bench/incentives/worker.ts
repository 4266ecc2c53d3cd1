import { parentPort } from 'node:worker_threads'
import { play } from './play.ts'
import type { Settings } from './settings.ts'

/** Plays each run that it is sent, and answers with its score. */
parentPort?.on('message', (settings: Settings) => parentPort?.postMessage(play(settings).score))
