import { existsSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { type Command, Option } from 'commander'
import { getAddress } from 'viem'
import { getBlockNumber, getChainId } from 'viem/actions'
import { createGate } from '../../admission/createGate.ts'
import { type Currency, getCurrency } from '../../chain/actions/getCurrency.ts'
import { addresses } from '../../chain/addresses.ts'
import { guarded } from '../../chain/transact.ts'
import { createPayee, type Payee } from '../../channels/Payee.ts'
import { ScripError } from '../../errors/ScripError.ts'
import { createReporter, type Sold } from '../../peer/index.ts'
import type { Store } from '../../store/Store.ts'
import { command, run, storeOption } from '../command.ts'
import { withConfigFile } from '../configFile.ts'
import {
  type AccountClient,
  type CommonOptions,
  connect,
  openClaims,
  openStore,
  type StoreOptions,
  scripHome,
} from '../context.ts'
import { close, listen } from '../listen.ts'
import { readNetwork } from '../network.ts'
import { print } from '../output.ts'
import { parseAddress, parseAmount, parseGasPrice, parseNetwork, parseUrl, parseWhole } from '../parse.ts'
import { adminListener } from '../serving/adminListener.ts'
import { createDoor, type Door } from '../serving/createDoor.ts'
import { createLines, createLog, type Journal } from '../serving/createJournal.ts'
import { createMetrics, type Metrics } from '../serving/createMetrics.ts'
import { createSettlement } from '../serving/createSettlement.ts'
import { type GoodsOptions, goodsOf, PRICES, type Priced } from '../serving/goods.ts'
import { requireSafe } from '../serving/requireSafe.ts'
import { aborted, stopSignal } from '../stop.ts'

type ServeOptions = CommonOptions &
  StoreOptions &
  GoodsOptions & {
    currency: string
    network?: string
    port: string
    host: string
    admin?: string
    claim: boolean
    claimValue?: string
    claimAge: string
    maxGasPrice?: string
    watchtower?: string
    grace: string
  }

/** What is sold, and on which terms. */
type Terms = {
  readonly goods: Priced
  readonly currency: Currency
  readonly networkId: bigint | undefined
}

const MOST_PORT = 65_535
const MOST_SECONDS = 366 * 86_400

/** Milliseconds that the head of a request may take, and connections at once. */
const HEADERS_TIMEOUT = 10_000
const MOST_CONNECTIONS = 8_192

/** `scrip serve`: sells the files of a folder, what another server answers, or space on a disk. */
export function serveCommand(): Command {
  const environment = (option: Option) =>
    option.env(`SCRIP_${option.long?.slice(2).replaceAll('-', '_').toUpperCase()}`)
  const options = [
    new Option('--upstream <url>', 'sell what this server answers, instead of files'),
    new Option('--storage <folder>', 'sell space in this folder, instead of files'),
    new Option('--capacity <bytes>', 'of the space for sale, as in 1GB'),
    new Option('--currency <address>', 'what to be paid in').makeOptionMandatory(),
    new Option('--price <amount>', "in the currency's own unit").makeOptionMandatory(),
    new Option('--per <unit>', 'what the price is for: 1,024 bytes, an answer, or a second of one')
      .choices(Object.keys(PRICES))
      .default('kilobyte'),
    new Option('--price-written <amount>', 'for storage, where --price is for 1 MiB for 14 days: to write a kilobyte'),
    new Option('--price-read <amount>', 'for storage: to read a kilobyte'),
    new Option(
      '--price-leaf <amount>',
      'for storage: to prove a kilobyte; as much as to read one where nothing is said',
    ),
    new Option('--region <name>', 'for storage: where the disk is'),
    new Option('--operator <name>', 'for storage: who runs it; the account where nothing is said'),
    new Option('--endpoint <url>', 'for storage: where buyers reach it; where it listens where nothing is said'),
    new Option('--network <id>', 'serve only whom this network admits, and count in its history what was claimed'),
    new Option('--port <number>', 'where to listen; 0 takes a free port').default('4020'),
    new Option('--host <address>', 'where to listen; 0.0.0.0 for everybody').default('127.0.0.1'),
    new Option('--behind-proxy', 'a proxy with TLS stands before it: it may listen for everybody'),
    new Option('--admin <port>', 'where operators find /metrics, /health and /ready: a port, or an address and a port'),
    new Option('--no-claim', 'claim nothing by itself'),
    new Option('--claim-value <amount>', "claim a channel as soon as so much is owed, in the currency's own unit"),
    new Option('--claim-age <seconds>', 'claim what is owed for so long').default('86400'),
    new Option('--max-gas-price <gwei>', 'the most to pay for a unit of gas'),
    new Option('--watchtower <url>', 'tell this watchtower what could be claimed, for when this peer is away'),
    new Option(
      '--grace <seconds>',
      'how long answers under way may take to end where a service manager stops it',
    ).default('10'),
  ]
  const created = command(
    'serve',
    'sell the files of a folder, what another server answers, or space on a disk',
  ).argument('[folder]', 'what is below it is for sale, but for names that start with a dot')
  for (const option of options) created.addOption(environment(option))
  return withConfigFile(created.addOption(storeOption())).action(run<ServeOptions>(serve))
}

async function serve(options: ServeOptions, folder?: string): Promise<undefined> {
  const goods = goodsOf(folder, options)
  const port = parseWhole(options.port, 'port', MOST_PORT)
  const grace = parseWhole(options.grace, 'grace', MOST_SECONDS)
  const admin = options.admin === undefined ? undefined : parsePlace(options.admin)
  const networkId = options.network === undefined ? undefined : parseNetwork({ network: options.network })
  const client = await connect(options)
  requireSafe({
    chainId: await getChainId(client),
    account: client.account.address,
    rpc: parseUrl(options.rpc, 'rpc'),
    host: options.host,
    behindProxy: options.behindProxy === true,
    folder: goods.folder,
    secrets: secretsOf(options),
    upstream: goods.upstream,
  })
  const currency = await getCurrency(client, { currency: parseAddress(options.currency, 'currency') })
  const priced = goods.priceIn(currency)
  if (networkId !== undefined) await readNetwork(client, networkId)

  const stopped = stopSignal()
  const store = await openStore(options, client, 'earning')
  try {
    const journal = options.json ? createLog(currency) : createLines(currency)
    let url = ''
    const terms = { goods: priced, currency, networkId }
    const shop = await openShop({ options, client, store, journal, terms, url: () => url })
    const server = createServer({ headersTimeout: HEADERS_TIMEOUT }, shop.door.listener)
    server.maxConnections = MOST_CONNECTIONS
    const servers = [server]
    try {
      url = await listen(server, port, options.host)
      const office = admin && createServer(shop.admin)
      if (office !== undefined) servers.push(office)
      const adminUrl = office && (await listen(office, admin.port, admin.host))
      shop.start()
      print(
        {
          lines: [
            `Selling ${goods.name} at ${url}`,
            `  ${priced.text}, paid to ${getAddress(shop.payee.address)}`,
            networkId === undefined ? '  to everybody who pays' : `  to whom network ${networkId} admits`,
            ...(adminUrl === undefined ? [] : [`  /metrics, /health and /ready at ${adminUrl}`]),
            options.claim
              ? 'Ctrl-C stops; what was earned is claimed when it is due, or by `scrip claim`.'
              : 'Ctrl-C stops; `scrip claim` settles what was earned.',
          ],
          data: {
            url,
            goods: goods.name,
            payee: shop.payee.address,
            currency: currency.address,
            price: priced.price,
            per: goods.per,
            admin: adminUrl,
            networkId,
          },
        },
        options.json,
      )
      await aborted(stopped)
      // Who stops it by hand is not kept waiting.
      if (stopped.reason !== 'SIGINT') await shop.door.close(grace * 1_000)
    } finally {
      await shop.stop()
      await Promise.all(servers.filter(({ listening }) => listening).map(close))
    }
    journal.note('Stopped.')
  } finally {
    await store.close()
  }
}

/** All that runs behind the port. */
type Shop = {
  readonly payee: Payee
  readonly door: Door
  readonly admin: RequestListener
  start(): void
  stop(): Promise<void>
}

type ShopParameters = {
  options: ServeOptions
  client: AccountClient
  store: Store
  journal: Journal
  terms: Terms
  url: () => string
}

async function openShop({ options, client, store, journal, terms, url }: ShopParameters): Promise<Shop> {
  const { goods, currency, networkId } = terms
  const accept = {
    chainId: await getChainId(client),
    contract: addresses.paymentChannels,
    currencies: [currency.address],
    maxExposure: 0n,
  }
  const payee = createPayee({ account: client.account, store, accept })
  const claimable = async () => {
    const standings = await Promise.all((await payee.claimable()).map(({ channel }) => payee.standing(channel.id)))
    return standings.reduce((sum, { unclaimed }) => sum + unclaimed, 0n)
  }
  const metrics: Metrics = createMetrics({ currency: currency.address, unclaimed: claimable })
  const onTrouble = (error: unknown) => {
    const known = error instanceof ScripError ? error : new ScripError('INTERNAL', { cause: error })
    metrics.trouble(known)
    journal.trouble(known)
  }
  const onSale = (sale: Sold) => {
    metrics.sold(sale.bytes, sale.charged)
    journal.sold(sale)
  }
  const stand = await goods.open({
    payee,
    client,
    url,
    receiptSigner: client.account,
    // The same in every process of the account, and after a restart.
    quoteSecret: await client.account.signMessage({ message: 'Scrip: the secret of my quotes' }),
    ...(networkId !== undefined && { admission: createGate({ client, networkId }) }),
    onSale,
    onError: onTrouble,
  })
  const door = createDoor((request, response) => {
    metrics.request(response)
    stand.listener(request, response)
  })
  const claimValue = options.claimValue && parseAmount(options.claimValue, currency.decimals, 'claim-value')
  const settlement = createSettlement({
    client,
    openClaims: () => openClaims(options, client, store),
    payee,
    networkId,
    rules: { value: () => claimValue || undefined, age: parseWhole(options.claimAge, 'claim-age', MOST_SECONDS) },
    maxFeePerGas: options.maxGasPrice === undefined ? undefined : parseGasPrice(options.maxGasPrice),
    onTrouble,
    onSettled: (settled) => {
      metrics.settled(settled)
      journal.settled(settled)
    },
  })
  const tower = options.watchtower === undefined ? undefined : parseUrl(options.watchtower, 'watchtower').href
  const reporter = tower === undefined ? undefined : createReporter({ source: payee, url: tower, onTrouble })
  const needs = {
    chain: () => guarded([], () => getBlockNumber(client, { cacheTime: 0 })),
    store: () => store.get('health', 'any'),
  }
  return {
    payee,
    door,
    admin: adminListener({ metrics, isOpen: door.isOpen, needs }),
    start: () => {
      if (options.claim) settlement.start()
      reporter?.start()
    },
    stop: async () => {
      await reporter?.close()
      await settlement.close()
      await stand.close()
    },
  }
}

/** Files that must not be sold, as far as they are there. */
function secretsOf({ key = '', passwordFile, store, config }: ServeOptions & { config?: string }): string[] {
  const files = [key.startsWith('0x') ? undefined : key, passwordFile, store, config, scripHome()]
  return files.filter((file): file is string => file !== undefined && existsSync(file))
}

/** A port of this machine, or an address and a port: `9464`, `0.0.0.0:9464`, `[::]:9464`. @throws `INVALID_ARGUMENT` */
function parsePlace(value: string): { host: string; port: number } {
  const [, six, host = six ?? '127.0.0.1', port = value] = /^(?:\[(.+)\]|([^:]+)):(\d+)$/.exec(value) ?? []
  return { host, port: parseWhole(port, 'admin', MOST_PORT) }
}
