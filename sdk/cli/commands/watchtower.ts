import { createServer } from 'node:http'
import type { Command } from 'commander'
import { getChainId } from 'viem/actions'
import type { Claim } from '../../channels/Channel.ts'
import { watchtowerListener } from '../../peer/index.ts'
import { createWatchtower } from '../../settlement/index.ts'
import { command, run, storeOption } from '../command.ts'
import { withConfigFile } from '../configFile.ts'
import { type CommonOptions, connect, openStore, type StoreOptions } from '../context.ts'
import { close, listen } from '../listen.ts'
import { count, fail, print } from '../output.ts'
import { parseGasPrice, parseUrl, parseWhole } from '../parse.ts'
import { requireSafe } from '../serving/requireSafe.ts'
import { aborted, stopSignal } from '../stop.ts'

type WatchtowerOptions = CommonOptions &
  StoreOptions & { port: string; host: string; behindProxy?: boolean; maxGasPrice?: string }

const MOST_PORT = 65_535
const HEADERS_TIMEOUT = 10_000
const REQUEST_TIMEOUT = 30_000
const MOST_CONNECTIONS = 1_024

/** `scrip watchtower`: claims for payees that are away when their payers leave. */
export function watchtowerCommand(): Command {
  const created = command('watchtower', 'claim for payees that are away when their payers leave')
    .option('--port <number>', 'where to listen; 0 takes a free port', '4040')
    .option('--host <address>', 'where to listen; 0.0.0.0 for everybody', '127.0.0.1')
    .option('--behind-proxy', 'a proxy with TLS stands before it: it may listen for everybody')
    .option('--max-gas-price <gwei>', 'the most to pay for a unit of gas')
    .addOption(storeOption())
  return withConfigFile(created).action(run<WatchtowerOptions>(keep))
}

async function keep(options: WatchtowerOptions): Promise<undefined> {
  const port = parseWhole(options.port, 'port', MOST_PORT)
  const maxFeePerGas = options.maxGasPrice === undefined ? undefined : parseGasPrice(options.maxGasPrice)
  const client = await connect(options)
  requireSafe({
    chainId: await getChainId(client),
    account: client.account.address,
    rpc: parseUrl(options.rpc, 'rpc'),
    host: options.host,
    behindProxy: options.behindProxy === true,
    folder: undefined,
    secrets: [],
    upstream: undefined,
  })
  const stopped = stopSignal()
  const store = await openStore(options, client, 'watching')
  try {
    const tower = createWatchtower({
      client,
      store,
      ...(maxFeePerGas !== undefined && { maxFeePerGas }),
      onTrouble: (error) => fail(error, options.json),
      onSettled: ({ hash, paid }) =>
        print(
          { lines: [`  claimed from ${count(paid.size, 'channel')}, transaction ${hash}`], data: { hash } },
          options.json,
        ),
    })
    const watch = async (claim: Claim) => {
      await tower.watch(claim)
      const { id, payee } = claim.channel
      print({ lines: [`  watching ${id} for ${payee}`], data: { channelId: id, payee } }, options.json)
    }
    const server = createServer(
      { headersTimeout: HEADERS_TIMEOUT, requestTimeout: REQUEST_TIMEOUT },
      watchtowerListener({ watch }),
    )
    server.maxConnections = MOST_CONNECTIONS
    try {
      const url = await listen(server, port, options.host)
      tower.start()
      print(
        {
          lines: [
            `Watching for whom tells it by \`scrip serve --watchtower ${url}\``,
            `  ${client.account.address} pays for the gas; ${count((await tower.watched()).length, 'channel')} watched`,
            'Ctrl-C stops; what is watched is kept.',
          ],
          data: { url, account: client.account.address },
        },
        options.json,
      )
      await aborted(stopped)
    } finally {
      await tower.close()
      if (server.listening) await close(server)
    }
    if (!options.json) print({ lines: ['Stopped.'], data: {} }, false)
  } finally {
    await store.close()
  }
}
