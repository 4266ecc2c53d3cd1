import { createServer, type IncomingMessage } from 'node:http'
import { Command, Option } from 'commander'
import { gatewayClient } from '../../client/issuer/gatewayClient.ts'
import { getCurrencyVia } from '../../client/issuer/getCurrencyVia.ts'
import { getDepositsVia } from '../../client/issuer/getDepositsVia.ts'
import { signTransferFundsVia } from '../../client/issuer/signTransferFundsVia.ts'
import { transferFundsVia } from '../../client/issuer/transferFundsVia.ts'
import { writeMessage } from '../../http/gatewayMessages.ts'
import { createIssuerGateway } from '../../issuer/createIssuerGateway.ts'
import { gatewayListener } from '../../issuer/gatewayListener.ts'
import { command, run, storeOption } from '../command.ts'
import { accountFor, type CommonOptions, connect, openStore, type StoreOptions } from '../context.ts'
import { readAccount } from '../key.ts'
import { close, listen } from '../listen.ts'
import { count, fail, print } from '../output.ts'
import { parseAddress, parseAmount, parseGasPrice, parseUrl, parseWhole } from '../parse.ts'
import { aborted, stopSignal } from '../stop.ts'
import { amountOf, inUnit } from '../units.ts'
import { readable } from './deposits.ts'
import { parseReference } from './send.ts'

type ServeOptions = CommonOptions &
  StoreOptions & {
    port: string
    host: string
    issuer?: string
    confirmations: string
    maxGasPrice?: string
    behindProxy?: boolean
  }
type SendOptions = CommonOptions & { gateway: string; id?: string }
type SignOptions = SendOptions & { counter?: string }
type DepositsOptions = CommonOptions & { gateway: string; account?: string; cursor?: string; wait: string }

const MOST_PORT = 65_535
const MOST_CONFIRMATIONS = 64
const MOST_WAIT = 86_400

/** Milliseconds that a request may take to come in. */
const REQUEST_TIMEOUT = 30_000
const HEADERS_TIMEOUT = 10_000
const MOST_CONNECTIONS = 4_096

/** `scrip issuer`: the gateway of an issuer, and paying through one without gas and without a node. */
export function issuerCommand(): Command {
  const group = new Command('issuer').description("run an issuer's gateway, and pay through one without gas or a node")
  group.addCommand(
    command('serve', 'carry out what holders of your currencies sign, and pay for the gas')
      .option('--port <number>', 'where to listen; 0 takes a free port', '4030')
      .option('--host <address>', 'where to listen; 0.0.0.0 for everybody', '127.0.0.1')
      .option('--issuer <address>', 'whose currencies, where the issuer is a contract; yours where nobody is named')
      .option('--confirmations <number>', 'blocks that carry a payment before it is answered', '1')
      .option('--max-gas-price <gwei>', 'the most to pay for a unit of gas')
      .option('--behind-proxy', 'take who asks from the last entry of X-Forwarded-For')
      .addOption(storeOption('its messages'))
      .action(run<ServeOptions>(serve)),
  )
  group.addCommand(
    command('send', 'pay somebody through the gateway')
      .argument('<currency>', 'its address')
      .argument('<recipient>', 'address')
      .argument('<amount>', "in the currency's own unit, as in 12.5")
      .addOption(gatewayOption())
      .option('--id <reference>', 'up to 32 bytes of text, or 0x and 64 digits; random where nothing is said')
      .action(run<SendOptions>(send)),
  )
  group.addCommand(
    command('sign', 'sign a payment and print it: whoever posts it to the gateway, however often, it pays once')
      .argument('<currency>', 'its address')
      .argument('<recipient>', 'address')
      .argument('<amount>', "in the currency's own unit, as in 12.5")
      .addOption(gatewayOption())
      .option('--id <reference>', 'up to 32 bytes of text, or 0x and 64 digits; random where nothing is said')
      .option('--counter <number>', 'tells your messages apart; random where nothing is said')
      .action(run<SignOptions>(sign)),
  )
  group.addCommand(
    command('deposits', 'list what was sent to you, as the gateway knows it')
      .argument('<currency>', 'its address')
      .addOption(gatewayOption())
      .option('--account <address>', 'whose; yours where nobody is named')
      .option('--cursor <cursor>', 'go on where an earlier answer ended')
      .option('--wait <seconds>', 'wait for a deposit where none is there', '0')
      .action(run<DepositsOptions>(deposits)),
  )
  return group
}

function gatewayOption(): Option {
  return new Option('--gateway <url>', 'where the issuer answers').env('SCRIP_GATEWAY').makeOptionMandatory()
}

async function serve(options: ServeOptions): Promise<undefined> {
  const port = parseWhole(options.port, 'port', MOST_PORT)
  const confirmations = Math.max(1, parseWhole(options.confirmations, 'confirmations', MOST_CONFIRMATIONS))
  const maxFeePerGas = options.maxGasPrice === undefined ? undefined : parseGasPrice(options.maxGasPrice)
  const client = await connect(options)
  const issuer = options.issuer === undefined ? client.account.address : parseAddress(options.issuer, 'issuer')

  const stopped = stopSignal()
  const store = await openStore(options, client, 'issuing')
  try {
    const gateway = await createIssuerGateway({
      client,
      store,
      issuer,
      confirmations,
      ...(maxFeePerGas !== undefined && { maxFeePerGas }),
      onTrouble: (error) => fail(error, options.json),
    })
    const listener = gatewayListener(gateway, options.behindProxy ? { addressOf: forwarded } : {})
    const server = createServer({ requestTimeout: REQUEST_TIMEOUT, headersTimeout: HEADERS_TIMEOUT }, listener)
    server.maxConnections = MOST_CONNECTIONS
    try {
      const url = await listen(server, port, options.host)
      print(
        {
          lines: [
            `The gateway of ${issuer} answers at ${url}`,
            `  ${client.account.address} pays for the gas; ${url}/openapi.json says how to ask`,
            'Ctrl-C stops; what is under way goes on when it is started again.',
          ],
          data: { url, issuer, relayer: client.account.address },
        },
        options.json,
      )
      await aborted(stopped)
    } finally {
      await gateway.close()
      if (server.listening) await close(server)
    }
    if (!options.json) print({ lines: ['Stopped.'], data: {} }, false)
  } finally {
    await store.close()
  }
}

/** Who a proxy says that it asks for. */
function forwarded({ headers, socket }: IncomingMessage): string {
  const entries = String(headers['x-forwarded-for'] ?? '').split(',')
  return entries.at(-1)?.trim() || (socket.remoteAddress ?? '')
}

async function send(options: SendOptions, name = '', to = '', amount = '') {
  const currency = parseAddress(name, 'currency')
  const recipient = parseAddress(to, 'recipient')
  const id = options.id === undefined ? undefined : parseReference(options.id)
  const account = readAccount(options)
  const gateway = gatewayClient({ ...connection(options), account })
  const terms = await getCurrencyVia(gateway, { currency })
  const units = parseAmount(amount, terms.decimals)
  const { fee, transactionId, hash } = await inUnit(terms, () =>
    transferFundsVia(gateway, {
      currency,
      recipient,
      amount: units,
      ...(id !== undefined && { transactionId: id }),
    }),
  )
  return {
    lines: [
      `Sent ${amountOf(units, terms)} to ${recipient}; the issuer's fee was ${amountOf(fee, terms)}.`,
      `  transaction ${hash}, paid for by the issuer`,
    ],
    data: { currency, recipient, amount: units, fee, transactionId, hash },
  }
}

async function sign(options: SignOptions, name = '', to = '', amount = '') {
  const currency = parseAddress(name, 'currency')
  const recipient = parseAddress(to, 'recipient')
  const id = options.id === undefined ? undefined : parseReference(options.id)
  const counter = options.counter === undefined ? undefined : BigInt(parseWhole(options.counter, 'counter'))
  const gateway = gatewayClient({ ...connection(options), account: readAccount(options) })
  const { decimals } = await getCurrencyVia(gateway, { currency })
  const request = await signTransferFundsVia(gateway, {
    currency,
    recipient,
    amount: parseAmount(amount, decimals),
    ...(id !== undefined && { transactionId: id }),
    ...(counter !== undefined && { messageCounter: counter }),
  })
  // What was signed is data, whoever reads it.
  return { lines: [writeMessage(request)], data: request }
}

async function deposits(options: DepositsOptions, name = '') {
  const currency = parseAddress(name, 'currency')
  const wait = parseWhole(options.wait, 'wait', MOST_WAIT)
  const named = options.account === undefined ? undefined : parseAddress(options.account, 'account')
  const recipient = accountFor(options, named, ' with --account')
  const gateway = gatewayClient(connection(options))
  const terms = await getCurrencyVia(gateway, { currency })
  const answer = await getDepositsVia(gateway, {
    currency,
    recipient,
    ...(options.cursor !== undefined && { cursor: options.cursor }),
    wait: wait * 1_000,
  })
  return {
    lines: [
      ...answer.deposits.map(
        ({ from, amount, transactionId }) =>
          `${amountOf(amount, terms)} from ${from}, reference ${readable(transactionId)}`,
      ),
      `${count(answer.deposits.length, 'deposit')}; ${amountOf(answer.balance, terms)} in the wallet; go on with --cursor ${answer.cursor}`,
    ],
    data: { recipient, ...answer },
  }
}

function connection({ gateway, chainId }: SendOptions | DepositsOptions) {
  const url = parseUrl(gateway, 'gateway').href
  return { url, ...(chainId !== undefined && { chainId: parseWhole(chainId, 'chain-id') }) }
}
