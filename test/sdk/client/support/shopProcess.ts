/**
 * A shop that sells what is in a folder at one base unit a kilobyte: `shopProcess.ts <store> <rpc> <key> <currency> <folder>
 * <port>`. Prints its port when it listens.
 */
import { once } from 'node:events'
import { writeSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createPayee } from '@scrip/sdk/channels'
import { paywall, serveFiles } from '@scrip/sdk/peer'
import { sqliteStore } from '@scrip/sdk/store'
import { type Address, createWalletClient, type Hex, http } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { getChainId } from 'viem/actions'
import { addresses } from '../../../../sdk/chain/addresses.ts'

const [path = '', rpc = '', key = '', currency = '', folder = '', port = '0'] = process.argv.slice(2)
const account = privateKeyToAccount(key as Hex)
const client = createWalletClient({ account, transport: http(rpc, { retryCount: 0 }), pollingInterval: 20 })
const chainId = await getChainId(client)
const currencies = [currency as Address]
const accept = { chainId, contract: addresses.paymentChannels, currencies, maxExposure: 0n }
const payee = createPayee({ account, store: sqliteStore(path), accept })
const terms = { payee, client, price: { perKilobyte: 1n }, currency: currency as Address }
const server = createServer(paywall(terms, serveFiles(folder)))
server.listen(Number(port), '127.0.0.1')
await once(server, 'listening')
writeSync(1, `${(server.address() as AddressInfo).port}\n`)
