import type { ErrorCode } from '@scrip/sdk/errors'

/** What a mistake needs to know of the world that it is made in. */
export type World = {
  /** The currency, and addresses of people who hold some. */
  currency: string
  buyer: string
  seller: string
  /** The key of somebody with some of the currency and no coin for gas. */
  stranger: string
  /** A file that is for sale. */
  goods: string
  /** A website that sells nothing. */
  website: string
  /** The RPC of a chain without the contracts. */
  bareRpc: string
  networkId: string
}

/** A mistake, and what it is answered. */
export type Mistake = {
  words: string[]
  /** Whose key is in the environment; the buyer's where nobody is named. */
  role?: 'seller' | 'other' | 'issuer' | 'nobody'
  environment?: NodeJS.ProcessEnv
  code: ErrorCode
  says: RegExp
}

const nobodyThere = 'http://127.0.0.1:1'

/** Everything that can be typed wrong, by name. */
export const mistakes: Record<string, (world: World) => Mistake> = {
  'no key': (world) => ({ words: send(world, '1'), role: 'nobody', code: 'KEY_MISSING', says: /--key .*SCRIP_KEY/ }),
  'no key and nobody named': () => ({
    words: ['balance'],
    role: 'nobody',
    code: 'KEY_MISSING',
    says: /--account/,
  }),
  'half a key': (world) => ({
    words: send(world, '1', '--key', '0x1234'),
    code: 'KEY_INVALID',
    says: /64 hexadecimal digits/,
  }),
  'a key file that is not there': (world) => ({
    words: send(world, '1', '--key', 'keys/mine'),
    code: 'FILE_NOT_FOUND',
    says: /keys\/mine/,
  }),
  'an encrypted key without a password': (world) => ({
    words: send(world, '1', '--key', 'sealed.json'),
    code: 'PASSWORD_MISSING',
    says: /SCRIP_PASSWORD/,
  }),
  'an encrypted key with a wrong password': (world) => ({
    words: send(world, '1', '--key', 'sealed.json'),
    environment: { SCRIP_PASSWORD: 'open' },
    code: 'PASSWORD_WRONG',
    says: /SCRIP_PASSWORD/,
  }),
  'an RPC where nobody is': (world) => ({
    words: send(world, '1', '--rpc', nobodyThere),
    code: 'RPC_UNREACHABLE',
    says: /127\.0\.0\.1:1\. .*`scrip dev`/,
  }),
  'an RPC that is a website': (world) => ({
    words: send(world, '1', '--rpc', world.website),
    code: 'RPC_UNREACHABLE',
    says: /--rpc/,
  }),
  'an RPC that is no address': (world) => ({
    words: send(world, '1', '--rpc', 'sepolia'),
    code: 'INVALID_ARGUMENT',
    says: /^INVALID_ARGUMENT: rpc is no address/,
  }),
  'another chain than expected': (world) => ({
    words: send(world, '1', '--chain-id', '1'),
    code: 'WRONG_CHAIN',
    says: /serves chain 31337, not 1\./,
  }),
  'a chain without the contracts': (world) => ({
    words: send(world, '1', '--rpc', world.bareRpc),
    code: 'NOT_DEPLOYED',
    says: /deploy/,
  }),
  'a history without the contracts': (world) => ({
    words: ['history', '--network', '1', '--rpc', world.bareRpc],
    code: 'NOT_DEPLOYED',
    says: /deploy/,
  }),
  'an account without coins': (world) => ({
    words: send(world, '1', '--key', world.stranger),
    code: 'INSUFFICIENT_GAS',
    says: /native coin/,
  }),
  'an account without enough of the currency': (world) => ({
    words: send(world, '1000000'),
    code: 'INSUFFICIENT_BALANCE',
    says: new RegExp(`: ${world.buyer} holds [\\d.]+ CLD and needs 1000000 CLD\\.`),
  }),
  'a currency that is none': (world) => ({
    words: ['send', world.seller, world.seller, '1'],
    code: 'UNKNOWN_CURRENCY',
    says: /scrip currency create/,
  }),
  'somebody else’s currency to mint': (world) => ({
    words: ['currency', 'mint', world.currency, world.seller, '1'],
    code: 'TRANSACTION_REVERTED',
    says: /OnlyIssuer\(.*Only the issuer can/,
  }),
  'the same currency again': () => ({
    words: ['currency', 'create', 'Claire dollar', 'CLD'],
    role: 'issuer',
    code: 'TRANSACTION_REVERTED',
    says: /CurrencyExists\(.*Use that currency/,
  }),
  'a recipient that is nobody': (world) => ({
    words: ['send', world.currency, `0x${'0'.repeat(40)}`, '1'],
    code: 'TRANSACTION_REVERTED',
    says: /Name the address of somebody/,
  }),
  'a recipient that is the currency itself': (world) => ({
    words: ['send', world.currency, world.currency, '1'],
    code: 'TRANSACTION_REVERTED',
    says: /ERC20InvalidReceiver\(.*Name the address of somebody/,
  }),
  'a name of 10 kB': () => ({
    words: ['currency', 'create', 'n'.repeat(10_240), 'BIG'],
    code: 'TRANSACTION_REVERTED',
    says: /InvalidName\(10240\)\. Give a name of 1 to 64 bytes\./,
  }),
  'no name': () => ({
    words: ['currency', 'create', '', 'NIL'],
    code: 'TRANSACTION_REVERTED',
    says: /InvalidName\(0\)/,
  }),
  '78 decimals': () => ({
    words: ['currency', 'create', 'Fine dollar', 'FIN', '--decimals', '78'],
    code: 'INVALID_ARGUMENT',
    says: /decimals is no whole number that can be used: 78\. Give a whole number from 0 to 18\./,
  }),
  'a fee above a tenth': () => ({
    words: ['currency', 'create', 'Dear dollar', 'DEAR', '--fee-bps', '1001'],
    code: 'INVALID_ARGUMENT',
    says: /fee-bps .* from 0 to 1000\./,
  }),
  'too many decimals': (world) => ({
    words: send(world, '0.0000001'),
    code: 'INVALID_ARGUMENT',
    says: /at most 6 decimals/,
  }),
  'a negative amount': (world) => ({
    words: send(world, '-5'),
    code: 'INVALID_ARGUMENT',
    says: /-5\. Give a number above 0/,
  }),
  'an amount that is no number': (world) => ({
    words: send(world, 'NaN'),
    code: 'INVALID_ARGUMENT',
    says: /amount of this currency: NaN\./,
  }),
  'an amount of nothing': (world) => ({ words: send(world, '0'), code: 'INVALID_ARGUMENT', says: /above 0/ }),
  'a reference that is too long': (world) => ({
    words: send(world, '1', '--id', 'x'.repeat(33)),
    code: 'INVALID_ARGUMENT',
    says: /32 bytes/,
  }),
  'a port in use': (world) => ({
    words: serve(world, '--port', new URL(world.goods).port),
    role: 'other',
    code: 'PORT_IN_USE',
    says: /Port \d+ is taken\. .*--port/,
  }),
  'a host that is elsewhere': (world) => ({
    words: serve(world, '--port', '0', '--host', '192.0.2.1', '--behind-proxy', '--store', 'third.db'),
    role: 'other',
    code: 'INVALID_ARGUMENT',
    says: /192\.0\.2\.1.*--host/,
  }),
  'a store in use': (world) => ({
    words: ['serve', 'shelf', '--currency', world.currency, '--price', '1', '--port', '0'],
    role: 'seller',
    code: 'STORE_FAILED',
    says: /Another process uses .*--store/,
  }),
  'to listen for everybody without encryption': (world) => ({
    words: serve(world, '--host', '0.0.0.0'),
    role: 'other',
    code: 'UNSAFE_CONFIGURATION',
    says: /listens on the way could take payments\. .*--behind-proxy/,
  }),
  'a store that would be for sale': (world) => ({
    words: serve(world, '--store', 'shelf/goods.bin'),
    role: 'other',
    code: 'UNSAFE_CONFIGURATION',
    says: /goods\.bin is below .*shelf, and would be for sale\./,
  }),
  'an upstream that anybody on the way could change': (world) => ({
    words: ['serve', '--upstream', 'http://example.com', '--currency', world.currency, '--price', '1'],
    role: 'other',
    code: 'UNSAFE_CONFIGURATION',
    says: /could change what is sold/,
  }),
  'nothing to sell': (world) => ({
    words: ['serve', '--currency', world.currency, '--price', '1'],
    code: 'INVALID_ARGUMENT',
    says: /Nothing is for sale\. .*--upstream/,
  }),
  'two things to sell': (world) => ({
    words: serve(world, '--upstream', 'http://127.0.0.1:1'),
    code: 'INVALID_ARGUMENT',
    says: /More than one thing is for sale/,
  }),
  'a price for something that nobody measures': (world) => ({
    words: serve(world, '--per', 'smile'),
    code: 'INVALID_ARGUMENT',
    says: /per.*kilobyte, call, second/i,
  }),
  'storage of no capacity': (world) => ({
    words: storage(world, '--price-read', '4'),
    code: 'INVALID_ARGUMENT',
    says: /To sell storage takes --capacity\./,
  }),
  'storage of a capacity that is none': (world) => ({
    words: storage(world, '--price-read', '4', '--capacity', '-1GB'),
    code: 'INVALID_ARGUMENT',
    says: /capacity is no number of bytes: -1GB\. .*1GB/,
  }),
  'storage that is read for nothing': (world) => ({
    words: storage(world, '--price-read', '0', '--capacity', '1GB'),
    role: 'other',
    code: 'INVALID_ARGUMENT',
    says: /price-read is no amount of this currency: 0\./,
  }),
  'storage behind a proxy that nobody knows the name of': (world) => ({
    words: storage(world, '--price-read', '4', '--capacity', '1GB', '--behind-proxy'),
    role: 'other',
    code: 'INVALID_ARGUMENT',
    says: /To sell storage takes --endpoint\./,
  }),
  'a file to store that is not there': (world) => ({
    words: ['store', 'put', 'nowhere.bin', '--seller', new URL(world.goods).origin],
    role: 'other',
    code: 'FILE_NOT_FOUND',
    says: /There is no file nowhere\.bin\./,
  }),
  'a time to store that is none': (world) => ({
    words: ['store', 'put', 'shelf/goods.bin', '--seller', new URL(world.goods).origin, '--for', 'ever'],
    role: 'other',
    code: 'INVALID_ARGUMENT',
    says: /for is no time: ever\. .*14d/,
  }),
  'a seller of storage that sells files': (world) => ({
    words: ['store', 'put', 'shelf/goods.bin', '--seller', new URL(world.goods).origin],
    role: 'other',
    code: 'NOT_FOUND',
    says: /No storage is for sale at .*scrip serve --storage/,
  }),
  'an identity to store with that is none': (world) => ({
    words: ['store', 'put', 'shelf/goods.bin', '--seller', new URL(world.goods).origin, '--identity', 'broken.json'],
    role: 'issuer',
    code: 'IDENTITY_INVALID',
    says: /broken\.json holds no key/,
  }),
  'a stored file that nobody stored': () => ({
    words: ['store', 'get', 'nothing.txt'],
    role: 'seller',
    code: 'FILE_NOT_FOUND',
    says: /Nothing is stored as nothing\.txt\. .*store list/,
  }),
  'a place for operators that is none': (world) => ({
    words: serve(world, '--admin', 'here:9464x'),
    code: 'INVALID_ARGUMENT',
    says: /: admin is no whole number/,
  }),
  'a configuration that is not there': (world) => ({
    words: serve(world, '--config', 'nowhere.json'),
    code: 'FILE_NOT_FOUND',
    says: /nowhere\.json cannot be read/,
  }),
  'a configuration that is none': (world) => ({
    words: serve(world, '--config', 'broken.json'),
    code: 'INVALID_ARGUMENT',
    says: /broken\.json is no configuration\. .*JSON object/,
  }),
  'a configuration with a slip': (world) => ({
    words: serve(world, '--config', 'slip.json'),
    code: 'INVALID_ARGUMENT',
    says: /slip\.json sets prize, which is no option of serve\. .*price/,
  }),
  'a configuration with something for a switch': (world) => ({
    words: serve(world, '--config', 'switch.json'),
    code: 'INVALID_ARGUMENT',
    says: /switch\.json gives behind-proxy something .*true or false/,
  }),
  'a folder that is not there': (world) => ({
    words: ['serve', 'nowhere', '--currency', world.currency, '--price', '1'],
    code: 'FILE_NOT_FOUND',
    says: /no folder nowhere\./,
  }),
  'a price of nothing': (world) => ({
    words: ['serve', 'shelf', '--currency', world.currency, '--price', '0'],
    code: 'INVALID_ARGUMENT',
    says: /: price is no amount/,
  }),
  'a network that is none to serve': (world) => ({
    words: serve(world, '--network', '99'),
    role: 'other',
    code: 'TRANSACTION_REVERTED',
    says: /UnknownNetwork\(99\).*--network/,
  }),
  'a network that is none to look at': () => ({
    words: ['history', '--network', '99'],
    role: 'nobody',
    code: 'TRANSACTION_REVERTED',
    says: /UnknownNetwork\(99\).*--network/,
  }),
  'a history of no network': () => ({
    words: ['history'],
    role: 'nobody',
    code: 'INVALID_ARGUMENT',
    says: /--network <id>.*`scrip history --help`/,
  }),
  'a receipt of others': (world) => ({
    words: ['history', 'sign-receipt', world.seller, `0x${'1'.repeat(40)}`, '1', '1', '--network', world.networkId],
    code: 'INVALID_ARGUMENT',
    says: /is neither the consumer nor the provider\. .*--as/,
  }),
  'a receipt that is none': () => ({
    words: ['history', 'record', '{"kind":"transfer"}'],
    code: 'INVALID_ARGUMENT',
    says: /kind is not receipt\. .*`scrip history sign-receipt`/,
  }),
  'a currency to retire that is another steward’s': (world) => ({
    words: ['network', 'retire', world.currency, '--network', world.networkId],
    code: 'TRANSACTION_REVERTED',
    says: /OnlySteward\(.*the key of the second address/,
  }),
  'a claim for a network that is none': () => ({
    words: ['claim', '--network', '99'],
    role: 'seller',
    code: 'TRANSACTION_REVERTED',
    says: /UnknownNetwork\(99\)/,
  }),
  'a peer to expel that is welcome': (world) => ({
    words: ['admission', 'expel', world.seller, '--network', world.networkId],
    code: 'TRANSACTION_REVERTED',
    says: /NotAdmitted\(/,
  }),
  'a channel that is none': () => ({
    words: ['channels', 'exit', '0x12'],
    code: 'UNKNOWN_CHANNEL',
    says: /`scrip channels`/,
  }),
  'a URL where nobody is': () => ({
    words: ['fetch', `${nobodyThere}/a`],
    code: 'PEER_UNREACHABLE',
    says: /No peer answers at http:\/\/127\.0\.0\.1:1\./,
  }),
  'a URL that sells nothing': (world) => ({
    words: ['fetch', world.website],
    code: 'INVALID_ARGUMENT',
    says: /Nothing is for sale at .* answers 200/,
  }),
  'a URL that is none': () => ({
    words: ['fetch', 'goods.bin'],
    code: 'INVALID_ARGUMENT',
    says: /url is no address of the web/,
  }),
  'a file that would have to be written nowhere': (world) => ({
    words: fetchIt(world, '-o', 'nowhere/goods.bin'),
    code: 'FILE_UNWRITABLE',
    says: /nowhere\/goods\.bin cannot be written: ENOENT/,
  }),
  'a folder to write to': (world) => ({
    words: fetchIt(world, '-o', 'shelf'),
    code: 'FILE_UNWRITABLE',
    says: /--output/,
  }),
  'a buyer without anything': (world) => ({
    words: fetchIt(world, '--key', world.stranger, '--limit', '5'),
    code: 'INSUFFICIENT_GAS',
    says: /native coin/,
  }),
  'a command that is none': () => ({ words: ['bye'], code: 'INVALID_ARGUMENT', says: /Unknown command 'bye'/ }),
  'an option that is none': () => ({
    words: ['balance', '--all'],
    code: 'INVALID_ARGUMENT',
    says: /Unknown option '--all'.*`scrip balance --help`/,
  }),
  'an argument that is missing': () => ({
    words: ['fetch'],
    code: 'INVALID_ARGUMENT',
    says: /Missing required argument 'url'/,
  }),
  'a chain to start at a port in use': (world) => ({
    words: ['dev', '--chain', 'anvil', '--port', new URL(world.goods).port],
    code: 'PORT_IN_USE',
    says: /--port/,
  }),
  'a chain to start where its program cannot': () => ({
    words: ['dev', '--chain', 'hardhat', '--port', '0'],
    code: 'PROGRAM_FAILED',
    says: /hardhat ended before it listened/,
  }),
}

const send = ({ currency, seller }: World, ...words: string[]) => ['send', currency, seller, ...words]
const fetchIt = ({ goods }: World, ...words: string[]) => ['fetch', goods, ...words]
const serve = ({ currency }: World, ...words: string[]) => [
  ...['serve', 'shelf', '--currency', currency, '--price', '1', '--store', 'other.db'],
  ...words,
]

function storage({ currency }: World, ...words: string[]): string[] {
  const prices = ['--price', '10', '--price-written', '1']
  return ['serve', '--storage', 'disk', '--currency', currency, ...prices, ...words]
}
