import { once } from 'node:events'
import { statSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { getChainId } from 'viem/actions'
import { createGate } from '../../admission/createGate.ts'
import { getCurrency } from '../../chain/actions/getCurrency.ts'
import { addresses } from '../../chain/addresses.ts'
import { createPayee } from '../../channels/Payee.ts'
import { ScripError } from '../../errors/ScripError.ts'
import { paywall } from '../../peer/paywall.ts'
import { serveFiles } from '../../peer/serveFiles.ts'
import { command, parseAddress, parseAmount, parseWhole, run } from '../command.ts'
import { type CommonOptions, connect, openStore } from '../context.ts'
import { amountOf, print } from '../output.ts'
import { untilStopped } from '../untilStopped.ts'

type ServeOptions = CommonOptions & { currency: string; price: string; network?: string; port: string; host: string }

/** `scrip serve`: sells the files of a folder. */
export function serveCommand(): Command {
  return command('serve', 'sell the files of a folder, by the kilobyte')
    .argument('<folder>')
    .requiredOption('--currency <currency>', 'what to be paid in')
    .requiredOption('--price <amount>', "price of a kilobyte, in the currency's own unit")
    .option('--network <id>', 'serve only whom this network admits')
    .option('--port <number>', 'where to listen; 0 takes a free port', '4020')
    .option('--host <address>', 'where to listen', '127.0.0.1')
    .action(run<ServeOptions>(serve))
}

async function serve(options: ServeOptions, folder = ''): Promise<undefined> {
  requireFolder(folder)
  const client = await connect(options)
  const terms = await getCurrency(client, { currency: parseAddress(options.currency, 'currency') })
  const perKilobyte = parseAmount(options.price, terms.decimals)
  if (perKilobyte === 0n) throw new ScripError('INVALID_ARGUMENT', { detail: 'A price of nothing needs no paywall.' })
  const port = parseWhole(options.port, 'port')
  const store = await openStore(options, client)
  const payee = createPayee({
    account: client.account,
    store,
    accept: {
      chainId: await getChainId(client),
      contract: addresses.paymentChannels,
      currencies: [terms.address],
      maxExposure: 0n,
    },
  })
  const admission =
    options.network === undefined ? undefined : createGate({ client, networkId: BigInt(parseWhole(options.network, 'network')) })
  const server = createServer(
    paywall(
      { payee, client, price: { perKilobyte }, currency: terms.address, ...(admission && { admission }) },
      serveFiles(resolve(folder)),
    ),
  )
  try {
    await listen(server, port, options.host)
  } catch (error) {
    await store.close()
    throw error
  }
  const url = `http://${options.host}:${(server.address() as AddressInfo).port}`
  print(
    {
      lines: [
        `Selling ${resolve(folder)} at ${url}`,
        `  ${amountOf(perKilobyte, terms)} a kilobyte, paid to ${payee.address}`,
        options.network === undefined ? '  to everybody who pays' : `  to whom network ${options.network} admits`,
        '  Ctrl-C stops; `scrip claim` settles what was earned',
      ],
      data: { url, payee: payee.address, currency: terms.address, perKilobyte },
    },
    options.json,
  )
  await untilStopped()
  server.close()
  server.closeAllConnections()
  await once(server, 'close')
  await store.close()
}

/** @throws `PORT_IN_USE` */
async function listen(server: Server, port: number, host: string): Promise<void> {
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (cause) {
    if ((cause as { code?: string }).code !== 'EADDRINUSE') throw cause
    throw new ScripError('PORT_IN_USE', { detail: `Port ${port} is taken.`, values: { port }, cause })
  }
}

function requireFolder(folder: string): void {
  const isFolder = statSync(folder, { throwIfNoEntry: false })?.isDirectory() ?? false
  if (!isFolder) throw new ScripError('FILE_NOT_FOUND', { detail: `There is no folder at ${folder}.`, values: { folder } })
}
