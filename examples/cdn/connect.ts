import { scripActions } from '@scrip/sdk'
import { createWalletClient, type Hex, http, publicActions } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'

/** A setting from the environment. Ends the program with what is missing where it is not there. */
export function setting(name: string): string {
  const value = process.env[name]
  if (value !== undefined && value !== '') return value
  console.error(`${name} is not set.`)
  return process.exit(1)
}

/** The account of SCRIP_KEY on the chain at SCRIP_RPC_URL. */
export function connect() {
  const account = privateKeyToAccount(setting('SCRIP_KEY') as Hex)
  const transport = http(setting('SCRIP_RPC_URL'))
  return createWalletClient({ account, transport }).extend(publicActions).extend(scripActions())
}

/** What a publisher sells: where the film lies, how to know that it is the film, and what opens it. */
export type Ticket = { readonly url: string; readonly root: Hex; readonly bytes: number; readonly identity: string }
