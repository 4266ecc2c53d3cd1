import { pino } from 'pino'
import { getAddress } from 'viem'
import type { ScripError } from '../../errors/ScripError.ts'
import type { Sold } from '../../peer/createPaywall.ts'
import type { Settled } from '../../settlement/index.ts'
import { count, fail, harmless } from '../output.ts'
import { amountOf, type Unit } from '../units.ts'

/** What a peer tells while it runs. */
export type Journal = {
  sold(sale: Sold): void
  settled(settled: Settled): void
  trouble(error: ScripError): void
  note(text: string, data?: object): void
}

/** Lines for a person at a terminal. What went wrong goes to the standard error. */
export function createLines(unit: Unit): Journal {
  const line = (text: string) => void process.stdout.write(`${harmless(text)}\n`)
  return {
    sold: ({ resource, status, isComplete, channel, accepted }) => {
      const path = URL.parse(resource.replace(/^\S+ /, ''), 'http://peer')?.pathname
      const outcome = isComplete ? status : `${status}, cut off`
      line(`  ${outcome}  ${path}  to ${getAddress(channel.payer)}, who has paid ${amountOf(accepted, unit)} in all`)
    },
    settled: (settled) => line(`  ${claimed(settled, unit)}, transaction ${settled.hash}`),
    trouble: (error) => void fail(error, false),
    note: line,
  }
}

/** Lines of JSON for programs, each with a time and a level. */
export function createLog(unit: Unit): Journal {
  // Written at once: what is still in a buffer when a process is killed is what one wants to know.
  const log = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination({ sync: true }))
  return {
    sold: ({ resource, status, isComplete, channel, accepted, bytes, charged }) => {
      const { id: channelId, payer } = channel
      const amounts = { charged: `${charged}`, accepted: `${accepted}` }
      log.info({ event: 'sale', resource, status, isComplete, bytes, ...amounts, payer, channelId })
    },
    settled: (settled) => {
      const paid = Object.fromEntries([...settled.paid].map(([id, amount]) => [id, `${amount}`]))
      log.info({ event: 'claim', hash: settled.hash, gas: `${settled.gasUsed}`, paid }, claimed(settled, unit))
    },
    trouble: (error) => log.error({ event: 'trouble', ...error.toProblem() }, error.message),
    note: (text, data) => log.info({ ...data }, text),
  }
}

function claimed({ paid }: Settled, unit: Unit): string {
  const total = [...paid.values()].reduce((sum, amount) => sum + amount, 0n)
  return `claimed ${amountOf(total, unit)} from ${count(paid.size, 'channel')}`
}
