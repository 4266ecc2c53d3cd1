import { basename } from 'node:path'
import type { Command } from 'commander'
import { erc20Abi } from 'viem'
import { readContract } from 'viem/actions'
import { payingFetch } from '../../client/payingFetch.ts'
import { reach } from '../../client/reach.ts'
import { ScripError } from '../../errors/ScripError.ts'
import { QUOTE_HEADER } from '../../http/headers.ts'
import { readQuote } from '../../http/quote.ts'
import { command, parseAmount, run } from '../command.ts'
import { type CommonOptions, connect, openStore } from '../context.ts'
import { amountOf, type Output } from '../output.ts'
import { download } from '../download.ts'
import { createProgress } from '../progress.ts'

type FetchOptions = CommonOptions & { output?: string; limit: string; deposit?: string }

/** `scrip fetch`: buys a file. */
export function fetchCommand(): Command {
  return command('fetch', 'buy what is at an address, paying as it arrives')
    .argument('<url>')
    .option('-o, --output <file>', 'where to write it; the name in the address where nothing is said')
    .option('--limit <amount>', "the most to spend, in the currency's own unit", '100')
    .option('--deposit <amount>', 'what to open a channel with; the limit where nothing is said')
    .action(run<FetchOptions>(fetchFile))
}

async function fetchFile(options: FetchOptions, url = ''): Promise<Output> {
  const address = parseUrl(url)
  const output = options.output ?? (basename(address.pathname) || 'index')
  const client = await connect(options)
  const { currency, decimals, symbol } = await priceOf(address)
  const limit = parseAmount(options.limit, decimals)
  const store = await openStore(options, client)
  const progress = createProgress(output)
  let payments = 0
  let spent = 0n
  const fetchPaid = payingFetch({
    client,
    signer: client.account,
    store,
    limits: { perRequest: limit },
    ...(options.deposit !== undefined && { deposit: parseAmount(options.deposit, decimals) }),
    onPayment: ({ amount, perKilobyte }) => {
      payments += Number(amount / perKilobyte)
      spent += amount
    },
  })
  try {
    const bytes = await download({
      fetch: fetchPaid,
      url: address,
      output,
      onProgress: (done, total) =>
        progress.update({
          bytes: done,
          ...(total !== undefined && { total }),
          payments,
          spent: amountOf(spent, { decimals, symbol }),
        }),
    })
    progress.finish()
    return {
      lines: [`Bought ${output}: ${bytes} bytes for ${amountOf(spent, { decimals, symbol })} in ${payments} payments.`],
      data: { output, bytes, spent, payments, currency },
    }
  } finally {
    await store.close()
  }

  async function priceOf({ href }: URL) {
    const answer = await reach(new Request(href))
    await answer.body?.cancel()
    if (answer.status !== 402) throw new ScripError('INVALID_ARGUMENT', { detail: `Nothing is for sale at ${href}.` })
    const { currency } = readQuote(answer.headers.get(QUOTE_HEADER))
    const contract = { address: currency, abi: erc20Abi } as const
    const [decimals, symbol] = await Promise.all([
      readContract(client, { ...contract, functionName: 'decimals' }),
      readContract(client, { ...contract, functionName: 'symbol' }),
    ])
    return { currency, decimals, symbol }
  }
}

function parseUrl(url: string): URL {
  if (URL.canParse(url) && /^https?:/.test(url)) return new URL(url)
  throw new ScripError('INVALID_ARGUMENT', { detail: `${url} is no address of the web.`, hint: 'Give http://… or https://….', values: { url } })
}
