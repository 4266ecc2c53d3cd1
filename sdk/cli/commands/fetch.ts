import { statSync } from 'node:fs'
import type { Command } from 'commander'
import { getAddress, type Hex, isAddressEqual } from 'viem'
import { getChainId } from 'viem/actions'
import { getHoldings } from '../../chain/actions/getHoldings.ts'
import { addresses } from '../../chain/addresses.ts'
import { payingFetch } from '../../client/payingFetch.ts'
import { reach } from '../../client/reach.ts'
import { ScripError } from '../../errors/ScripError.ts'
import { QUOTE_HEADER } from '../../http/headers.ts'
import { type Quote, readQuote } from '../../http/quote.ts'
import type { Store } from '../../store/Store.ts'
import { command, run, storeOption } from '../command.ts'
import { type AccountClient, type CommonOptions, connect, openStore, type StoreOptions } from '../context.ts'
import { download } from '../download.ts'
import { describeFunding, readTransactions, type SentTransaction } from '../funding.ts'
import { costData, count, print } from '../output.ts'
import { fileName, requireWritable, unwritable } from '../outputFile.ts'
import { parseAmount, parseUrl } from '../parse.ts'
import { createProgress } from '../progress.ts'
import { aborted, stopSignal } from '../stop.ts'
import { amountOf, inUnit, readUnit, type Unit } from '../units.ts'

type FetchOptions = CommonOptions & StoreOptions & { output?: string; limit: string; deposit?: string }

/** What is bought, from whom, and within which bounds. */
type Order = { url: URL; output: string; quote: Quote; unit: Unit; limit: bigint; deposit: bigint }

/** `scrip fetch`: buys a file. */
export function fetchCommand(): Command {
  return command('fetch', 'buy what is at an address, paying as it arrives; what is there already is not bought again')
    .argument('<url>', 'http:// or https://')
    .option('-o, --output <file>', 'where to write it; the name in the address where nothing is said')
    .option('--limit <amount>', "the most to spend, in the currency's own unit", '100')
    .option('--deposit <amount>', 'what to open a channel with; the limit, or all you have, where nothing is said')
    .addOption(storeOption())
    .action(run<FetchOptions>(fetchFile))
}

async function fetchFile(options: FetchOptions, address = ''): Promise<undefined> {
  const url = parseUrl(address, 'url')
  const output = requireWritable(options.output ?? fileName(url))
  const sent: Hex[] = []
  const client = await connect(options, (hash) => sent.push(hash))
  const quote = await askPrice(client, url)
  const unit = await readUnit(client, quote.currency)
  const limit = parseAmount(options.limit, unit.decimals, 'limit')
  const deposit = options.deposit === undefined ? undefined : parseAmount(options.deposit, unit.decimals, 'deposit')
  const order = { url, output, quote, unit, limit, deposit: deposit ?? (await affordable(client, quote, limit)) }
  const store = await openStore(options, client, 'paying')
  let transactions: SentTransaction[] = []
  try {
    const bought = await buy(client, store, order).finally(async () => {
      transactions = await readTransactions(client, sent)
      const lines = describeFunding(transactions, unit)
      if (!options.json && lines.length > 0) print({ lines, data: {} }, false)
    })
    const { bytes, payments, spent } = bought
    const price = `${amountOf(spent, unit)} in ${count(payments, 'payment')}`
    print(
      {
        lines: [`Bought ${output}, ${count(bytes, 'byte')}, for ${price}`],
        data: {
          output,
          ...bought,
          currency: quote.currency,
          seller: quote.payee,
          transactions: transactions.flatMap(({ hash, receipt }) => (receipt ? [costData({ hash, receipt })] : [])),
        },
      },
      options.json,
    )
  } finally {
    await store.close()
  }
}

/** What the peer asks for, if that can be paid here. @throws `INVALID_ARGUMENT`, `PEER_UNREACHABLE`, `WRONG_CHAIN` */
async function askPrice(client: AccountClient, { href }: URL): Promise<Quote> {
  const answer = await reach(new Request(href))
  await answer.body?.cancel()
  if (answer.status !== 402) {
    throw new ScripError('INVALID_ARGUMENT', {
      detail: `Nothing is for sale at ${href}: it answers ${answer.status} without a payment.`,
      hint: 'Give the address of a file that `scrip serve` sells.',
      values: { url: href, status: answer.status },
    })
  }
  const quote = readQuote(answer.headers.get(QUOTE_HEADER))
  const chainId = await getChainId(client)
  if (quote.chainId === chainId && isAddressEqual(quote.contract, addresses.paymentChannels)) return quote
  throw new ScripError('WRONG_CHAIN', {
    detail: `The peer is paid on chain ${quote.chainId} through ${getAddress(quote.contract)}, not on chain ${chainId} through ${addresses.paymentChannels}.`,
    hint: 'Pass the --rpc of the chain on which the peer is paid.',
    values: { expected: quote.chainId, chainId, contract: quote.contract },
  })
}

/** What a channel can be opened with: the limit, or all that is there. */
async function affordable(client: AccountClient, { currency }: Quote, limit: bigint): Promise<bigint> {
  const { wallet } = await getHoldings(client, { currency })
  return wallet > 0n && wallet < limit ? wallet : limit
}

/** @throws what the peer answers, `STOPPED`, `FILE_UNWRITABLE`; what arrived stays beside the output. */
async function buy(client: AccountClient, store: Store, { url, output, unit, limit, deposit }: Order) {
  const progress = createProgress(output)
  let payments = 0
  let spent = 0n
  const fetchPaid = payingFetch({
    client,
    signer: client.account,
    store,
    limits: { perRequest: limit },
    deposit,
    onPayment: ({ amount, price }) => {
      payments += Number(amount / price)
      spent += amount
    },
  })
  const onProgress = (bytes: number, total: number | undefined) =>
    progress.update({ bytes, ...(total !== undefined && { total }), payments, spent: amountOf(spent, unit) })
  // Not by the request's signal: what waits for an answer must end at once, and what is being paid must not be cut in two.
  const stopped = aborted(stopSignal()).then(() => {
    throw wasStopped(output)
  })
  try {
    const work = inUnit(unit, () => download({ fetch: fetchPaid, url, output, onProgress }))
    const bytes = await Promise.race([work, stopped])
    progress.finish()
    return { bytes, payments, spent }
  } catch (error) {
    throw unwritable(output, error)
  }
}

function wasStopped(output: string): ScripError {
  const bytes = statSync(`${output}.part`, { throwIfNoEntry: false })?.size ?? 0
  return new ScripError('STOPPED', {
    detail: `You stopped it after ${count(bytes, 'byte')}.`,
    hint: 'Run the same again: what arrived is kept, and only the rest is paid for.',
    values: { bytes },
  })
}
