import type { Address, Hex, TypedDataDomain } from 'viem'
import type { CurrencyTerms } from '../../http/gatewayMessages.ts'

/** Whoever can sign typed data for an address: viem's local accounts do. */
export type MessageSigner = {
  readonly address: Address
  signTypedData(parameters: {
    domain: TypedDataDomain
    types: { [type: string]: readonly { readonly name: string; readonly type: string }[] }
    primaryType: string
    message: { [field: string]: unknown }
  }): Promise<Hex>
}

/** What `gatewayClient` takes. */
export type GatewayClientParameters = {
  /** Where the issuer's gateway answers. */
  url: string
  /** Signs payments. Without one, what others signed can be sent, and deposits be read. */
  account?: MessageSigner
  /** The chain that payments must be for: a gateway that names another one is refused. */
  chainId?: number
  /** Milliseconds in which a message is sent again that gets no answer; 2 minutes where nothing is said. */
  timeout?: number
}

/** A holder's way to the gateway of an issuer: what the functions that end in `Via` take in place of a viem client. */
export type GatewayClient = {
  readonly url: string
  readonly account: MessageSigner | undefined
  readonly chainId: number | undefined
  readonly timeout: number
  /** The terms of currencies that were asked for: they never change, but for the issuer. */
  readonly terms: Map<string, CurrencyTerms>
}

const TIMEOUT = 120_000

/** A holder's way to the gateway of an issuer. Nothing is sent yet. */
export function gatewayClient({ url, account, chainId, timeout = TIMEOUT }: GatewayClientParameters): GatewayClient {
  return { url: url.replace(/\/+$/, ''), account, chainId, timeout, terms: new Map() }
}
