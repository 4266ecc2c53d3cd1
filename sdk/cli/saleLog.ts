import { getAddress } from 'viem'
import type { Sold } from '../peer/createPaywall.ts'
import { harmless } from './output.ts'
import { amountOf, type Unit } from './units.ts'

/** Prints a line for a paid request: what was asked for, by whom, and what its channel has paid in all. */
export function logSale({ resource, status, isComplete, channel, accepted }: Sold, unit: Unit): void {
  const path = URL.parse(resource.replace(/^\S+ /, ''), 'http://peer')?.pathname
  const outcome = isComplete ? status : `${status}, cut off`
  const line = `  ${outcome}  ${path}  to ${getAddress(channel.payer)}, who has paid ${amountOf(accepted, unit)} in all`
  process.stdout.write(`${harmless(line)}\n`)
}
