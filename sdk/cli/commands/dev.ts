import { Command, Option } from 'commander'
import { createWalletClient, http, parseUnits } from 'viem'
import { mnemonicToAccount } from 'viem/accounts'
import { getChainId } from 'viem/actions'
import { toHex } from '../../channels/bytes.ts'
import { deployContracts } from '../../chain/deploy/deployContracts.ts'
import { parseWhole, run } from '../command.ts'
import type { CommonOptions } from '../context.ts'
import { DEV_MNEMONIC, defaultChainKind, type LocalChainKind, startLocalChain } from '../localChain.ts'
import { print } from '../output.ts'
import { seedNetwork } from '../seedNetwork.ts'
import { untilStopped } from '../untilStopped.ts'

const ROLES = ['issuer', 'buyer', 'seller', 'other'] as const
const DECIMALS = 6
const GRANT = parseUnits('1000', DECIMALS)
const ALLOWANCE = parseUnits('2', DECIMALS)

type DevOptions = CommonOptions & { port: string; chain?: LocalChainKind }

/** `scrip dev`: a local chain with everything deployed, a currency, a network, and accounts that hold some of it. */
export function devCommand(): Command {
  return new Command('dev')
    .description('run a local chain with everything deployed, a currency and a network')
    .option('--port <number>', 'where to listen; 0 takes a free port', '8545')
    .addOption(new Option('--chain <program>', 'what runs the chain').choices(['hardhat', 'anvil']))
    .option('--json', 'print data, errors included')
    .action(run<DevOptions>(dev))
}

async function dev({ port, chain: kind = defaultChainKind(), json }: DevOptions): Promise<undefined> {
  const chain = await startLocalChain({ kind, port: parseWhole(port, 'port') })
  try {
    const accounts = ROLES.map((role, addressIndex) => {
      const account = mnemonicToAccount(DEV_MNEMONIC, { addressIndex })
      return { role, address: account.address, key: toHex(account.getHdKey().privateKey ?? new Uint8Array()), account }
    })
    const [first] = accounts
    if (first === undefined) return undefined
    const issuer = createWalletClient({ account: first.account, transport: http(chain.url), pollingInterval: 50 })
    await deployContracts(issuer)
    const { currency, networkId } = await seedNetwork({
      issuer,
      name: 'Claire dollar',
      symbol: 'CLD',
      decimals: DECIMALS,
      grants: accounts.map(({ address }) => ({ to: address, amount: GRANT })),
      allowance: ALLOWANCE,
    })
    print(
      {
        lines: [
          `A local chain (${kind}, id ${await getChainId(issuer)}) answers at ${chain.url}.`,
          `  currency  ${currency}  Claire dollar (CLD), 1000 for each account`,
          `  network   ${networkId}  a newcomer may consume 2 CLD, then provides half of what it consumes`,
          ...accounts.map(({ role, address, key }) => `  ${role.padEnd(9)} ${address}  --key ${key}`),
          '  These keys are public: use them nowhere else. Ctrl-C stops the chain.',
        ],
        data: {
          url: chain.url,
          currency,
          networkId,
          accounts: accounts.map(({ role, address, key }) => ({ role, address, key })),
        },
      },
      json,
    )
    await untilStopped()
  } finally {
    await chain.stop()
  }
}
