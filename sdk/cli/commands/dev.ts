import { Command, Option } from 'commander'
import { createWalletClient, http, parseUnits } from 'viem'
import { mnemonicToAccount } from 'viem/accounts'
import { getChainId } from 'viem/actions'
import { deployContracts } from '../../chain/deploy/deployContracts.ts'
import { toHex } from '../../channels/bytes.ts'
import { ScripError } from '../../errors/ScripError.ts'
import { run } from '../command.ts'
import { DEV_MNEMONIC, defaultChainKind, type LocalChainKind, startLocalChain } from '../localChain.ts'
import { print } from '../output.ts'
import { parseWhole } from '../parse.ts'
import { seedNetwork } from '../seedNetwork.ts'
import { STOP_SIGNALS } from '../stop.ts'

const ROLES = ['issuer', 'buyer', 'seller', 'other'] as const
const NAME = 'Claire dollar'
const SYMBOL = 'CLD'
const DECIMALS = 6
/** For each account, in the currency's own unit. */
const GRANT = '1000'
/** What a newcomer may consume, in the currency's own unit. */
const ALLOWANCE = '2'

const MOST_PORT = 65_535
const POLL_MILLISECONDS = 50

type DevOptions = { port: string; chain?: LocalChainKind; json?: boolean }

/** `scrip dev`: a local chain with everything deployed, a currency, a network, and accounts that hold some of it. */
export function devCommand(): Command {
  return new Command('dev')
    .description('run a local chain with everything deployed, a currency, a network, and accounts that hold some')
    .option('--port <number>', 'where to listen; 0 takes a free port', '8545')
    .addOption(
      new Option(
        '--chain <program>',
        "what runs the chain; anvil, or hardhat in a Hardhat project's folder, where nothing is said",
      ).choices(['hardhat', 'anvil']),
    )
    .option('--json', 'print data in one line, errors too')
    .action(run<DevOptions>(dev))
}

async function dev({ port, chain: kind = defaultChainKind(), json }: DevOptions): Promise<undefined> {
  // The chain ends with this process, at whatever point of the start.
  for (const signal of STOP_SIGNALS) process.once(signal, () => process.exit(0))
  const chain = await startLocalChain({ kind, port: parseWhole(port, 'port', MOST_PORT) })
  try {
    await prepare(chain.url, kind, json)
    await chain.ended
    throw new ScripError('PROGRAM_FAILED', { detail: `The chain, ${kind}, ended by itself.`, values: { kind } })
  } finally {
    await chain.stop()
  }
}

/** Deploys, seeds, and says what is there. */
async function prepare(url: string, kind: LocalChainKind, json: boolean | undefined): Promise<void> {
  const accounts = ROLES.map((role, addressIndex) => {
    const account = mnemonicToAccount(DEV_MNEMONIC, { addressIndex })
    return { role, address: account.address, key: toHex(account.getHdKey().privateKey ?? new Uint8Array()) }
  })
  const issuer = createWalletClient({
    account: mnemonicToAccount(DEV_MNEMONIC),
    transport: http(url),
    pollingInterval: POLL_MILLISECONDS,
  })
  await deployContracts(issuer)
  const { currency, networkId } = await seedNetwork({
    issuer,
    name: NAME,
    symbol: SYMBOL,
    decimals: DECIMALS,
    grants: accounts.map(({ address }) => ({ to: address, amount: parseUnits(GRANT, DECIMALS) })),
    allowance: parseUnits(ALLOWANCE, DECIMALS),
  })
  const chainId = await getChainId(issuer)
  const lines = [
    `A local chain (${kind}, id ${chainId}) answers at ${url}`,
    `  currency  ${currency}  ${NAME} (${SYMBOL}), ${GRANT} for each account`,
    `  network   ${networkId}  a newcomer may consume ${ALLOWANCE} ${SYMBOL}, then provides half of what it consumes`,
    ...accounts.map(({ role, address, key }) => `  ${role.padEnd(8)}  ${address}  --key ${key}`),
    'These keys are known to everybody: use them nowhere else. Ctrl-C stops the chain.',
  ]
  print({ lines, data: { url, chainId, currency, networkId, accounts } }, json)
}
