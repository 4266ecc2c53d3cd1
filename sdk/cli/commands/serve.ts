import { once } from 'node:events'
import { statSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { getAddress } from 'viem'
import { getChainId } from 'viem/actions'
import { createGate } from '../../admission/createGate.ts'
import { getCurrency } from '../../chain/actions/getCurrency.ts'
import { addresses } from '../../chain/addresses.ts'
import { createPayee } from '../../channels/Payee.ts'
import { ScripError } from '../../errors/ScripError.ts'
import { paywall } from '../../peer/paywall.ts'
import { serveFiles } from '../../peer/serveFiles.ts'
import { command, run, storeOption } from '../command.ts'
import { type CommonOptions, connect, openStore, type StoreOptions } from '../context.ts'
import { readNetwork } from '../network.ts'
import { print } from '../output.ts'
import { parseAddress, parseAmount, parseNetwork, parseWhole } from '../parse.ts'
import { logSale } from '../saleLog.ts'
import { aborted, stopSignal } from '../stop.ts'
import { amountOf } from '../units.ts'

type ServeOptions = CommonOptions &
  StoreOptions & { currency: string; price: string; network?: string; port: string; host: string }

const MOST_PORT = 65_535

/** `scrip serve`: sells the files of a folder. */
export function serveCommand(): Command {
  return command('serve', 'sell the files of a folder, by the kilobyte')
    .argument('<folder>', 'what is below it is for sale, but for names that start with a dot')
    .requiredOption('--currency <address>', 'what to be paid in')
    .requiredOption('--price <amount>', "price of 1,024 bytes, in the currency's own unit")
    .option('--network <id>', 'serve only whom this network admits')
    .addOption(storeOption())
    .option('--port <number>', 'where to listen; 0 takes a free port', '4020')
    .option('--host <address>', 'where to listen; 0.0.0.0 for everybody', '127.0.0.1')
    .action(run<ServeOptions>(serve))
}

async function serve(options: ServeOptions, name = ''): Promise<undefined> {
  const folder = requireFolder(name)
  const port = parseWhole(options.port, 'port', MOST_PORT)
  const networkId = options.network === undefined ? undefined : parseNetwork({ network: options.network })
  const client = await connect(options)
  const terms = await getCurrency(client, { currency: parseAddress(options.currency, 'currency') })
  const perKilobyte = parseAmount(options.price, terms.decimals, 'price')
  if (networkId !== undefined) await readNetwork(client, networkId)

  const stopped = stopSignal()
  const store = await openStore(options, client, 'earning')
  try {
    const chainId = await getChainId(client)
    const accept = { chainId, contract: addresses.paymentChannels, currencies: [terms.address], maxExposure: 0n }
    const payee = createPayee({ account: client.account, store, accept })
    const admission = networkId === undefined ? undefined : createGate({ client, networkId })
    const selling = paywall(
      {
        payee,
        client,
        price: { perKilobyte },
        currency: terms.address,
        ...(admission && { admission }),
        ...(!options.json && { onSale: (sale) => logSale(sale, terms) }),
      },
      serveFiles(folder),
    )
    const server = createServer(selling)
    const url = await listen(server, port, options.host)
    print(
      {
        lines: [
          `Selling ${folder} at ${url}`,
          `  ${amountOf(perKilobyte, terms)} a kilobyte, paid to ${getAddress(payee.address)}`,
          networkId === undefined ? '  to everybody who pays' : `  to whom network ${networkId} admits`,
          'Ctrl-C stops; `scrip claim` settles what was earned.',
        ],
        data: { url, folder, payee: payee.address, currency: terms.address, perKilobyte, networkId },
      },
      options.json,
    )
    await aborted(stopped)
    await close(server)
    if (!options.json) print({ lines: ['Stopped.'], data: {} }, false)
  } finally {
    await store.close()
  }
}

/** @throws `PORT_IN_USE`, `INVALID_ARGUMENT` where nobody can listen at that host and port */
export async function listen(server: Server, port: number, host: string): Promise<string> {
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'EADDRINUSE')
      throw new ScripError('PORT_IN_USE', { detail: `Port ${port} is taken.`, values: { port }, cause })
    throw new ScripError('INVALID_ARGUMENT', {
      detail: `Nothing can listen at ${host}, port ${port}: ${code}.`,
      hint: 'Name an address of this machine with --host, and a port that is yours to use with --port.',
      values: { host, port },
      cause,
    })
  }
  const { port: taken, family, address } = server.address() as AddressInfo
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${taken}`
}

export async function close(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}

/** @throws `FILE_NOT_FOUND` */
function requireFolder(name: string): string {
  const isFolder = statSync(name, { throwIfNoEntry: false })?.isDirectory() ?? false
  if (!isFolder)
    throw new ScripError('FILE_NOT_FOUND', { detail: `There is no folder ${name}.`, values: { folder: name } })
  return resolve(name)
}
