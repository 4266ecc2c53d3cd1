import type { Address } from 'viem'
import { ScripError } from '../../errors/ScripError.ts'
import { CURRENCIES_PATH, type CurrencyTerms, readCurrencyTerms } from '../../http/gatewayMessages.ts'
import { ask } from './ask.ts'
import type { GatewayClient } from './gatewayClient.ts'

/**
 * A currency's terms, as the gateway of its issuer states them. What a holder signs with false ones no chain takes; whoever
 * knows which chain it must be gives it to `gatewayClient`.
 * @throws `UNKNOWN_CURRENCY`, `WRONG_CHAIN`, `PEER_UNREACHABLE`, `PROTOCOL_VIOLATION`
 */
export async function getCurrencyVia(
  gateway: GatewayClient,
  { currency, signal }: { currency: Address; signal?: AbortSignal },
): Promise<CurrencyTerms> {
  const key = currency.toLowerCase()
  const present = gateway.terms.get(key)
  if (present !== undefined) return present
  const terms = readCurrencyTerms(await ask(gateway, `${CURRENCIES_PATH}/${key}`, undefined, signal))
  if (terms.currency.toLowerCase() !== key) {
    throw new ScripError('PROTOCOL_VIOLATION', { detail: 'The gateway answers for another currency.' })
  }
  if (gateway.chainId !== undefined && terms.chainId !== gateway.chainId) {
    throw new ScripError('WRONG_CHAIN', {
      detail: `The gateway is on chain ${terms.chainId}, not on ${gateway.chainId}.`,
      hint: 'Use a gateway of the issuer on the expected chain.',
      values: { chainId: terms.chainId, expected: gateway.chainId },
    })
  }
  gateway.terms.set(key, terms)
  return terms
}
