import type { ServerResponse } from 'node:http'
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Address } from 'viem'
import type { ScripError } from '../../errors/ScripError.ts'
import type { Settled } from '../../settlement/index.ts'

/** What a peer counts. Amounts are base units, which lose precision beyond 2^53: they are for graphs, not for books. */
export type Metrics = {
  /** Counts a request when its answer is over, and while it is not. */
  request(response: ServerResponse): void
  /** Counts what was sold. */
  sold(bytes: number, charged: bigint): void
  settled(settled: Settled): void
  trouble(error: ScripError): void
  /** Everything in Prometheus's text format. */
  text(): Promise<string>
  readonly contentType: string
}

/** What `createMetrics` takes. */
export type MetricsParameters = {
  currency: Address
  /** Base units that were accepted and not yet claimed, over all channels. */
  unclaimed: () => Promise<bigint>
}

/** A registry of its own: whoever runs two peers in one process gets two. */
export function createMetrics({ currency, unclaimed }: MetricsParameters): Metrics {
  const registers = [new Registry()]
  const [registry] = registers as [Registry]
  registry.setDefaultLabels({ currency })
  collectDefaultMetrics({ register: registry })
  const requests = new Counter({
    name: 'scrip_requests_total',
    help: 'Requests, by the status of their answers',
    labelNames: ['status'],
    registers,
  })
  const open = new Gauge({ name: 'scrip_requests_open', help: 'Requests whose answers are not over', registers })
  const bytes = new Counter({ name: 'scrip_sold_bytes_total', help: 'Bytes of bodies that were paid for', registers })
  const charged = new Counter({ name: 'scrip_charged_units_total', help: 'Base units charged', registers })
  const claimed = new Counter({ name: 'scrip_claimed_units_total', help: 'Base units claimed on chain', registers })
  const claims = new Counter({ name: 'scrip_claim_transactions_total', help: 'Transactions that claimed', registers })
  const gas = new Counter({ name: 'scrip_claim_gas_total', help: 'Gas of the transactions that claimed', registers })
  const troubles = new Counter({
    name: 'scrip_troubles_total',
    help: 'What went wrong at this end, by error code',
    labelNames: ['code'],
    registers,
  })
  new Gauge({
    name: 'scrip_unclaimed_units',
    help: 'Base units accepted and not yet claimed on chain',
    registers,
    async collect() {
      this.set(Number(await unclaimed()))
    },
  })

  return {
    request: (response) => {
      open.inc()
      response.on('close', () => {
        open.dec()
        requests.inc({ status: response.headersSent ? response.statusCode : 'none' })
      })
    },
    sold: (sent, amount) => {
      if (amount === 0n) return
      bytes.inc(sent)
      charged.inc(Number(amount))
    },
    settled: ({ paid, gasUsed }) => {
      claims.inc()
      gas.inc(Number(gasUsed))
      claimed.inc(Number([...paid.values()].reduce((sum, amount) => sum + amount, 0n)))
    },
    trouble: ({ code }) => troubles.inc({ code }),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  }
}
