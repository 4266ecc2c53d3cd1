import { type Address, decodeFunctionResult, type Hex, zeroHash } from 'viem'
import { currencyFactoryAbi as abi } from '../../abi/currencyFactory.ts'
import { addresses } from '../addresses.ts'
import { encodeCall } from '../encodeCall.ts'
import { type ScripClient, type Transaction, transact } from '../transact.ts'

/** The terms of a new currency. Amounts in base units. */
export type CreateCurrencyParameters = {
  /** 1 to 64 bytes. */
  name: string
  /** 1 to 16 bytes. */
  symbol: string
  /** At most 18. */
  decimals: number
  /** The most that may ever exist at once; 2^96 - 1 where nothing is said. */
  maxSupply?: bigint
  /** Flat part of the issuer's fee for `transferFunds`; 0 where nothing is said. */
  feeFlat?: bigint
  /** Proportional part of that fee in ten-thousandths, at most 1,000; 0 where nothing is said. */
  feeBps?: number
  /** Seconds in which the issuer promises to act on a redemption; 7 days where nothing is said. */
  redemptionWindow?: number
  /** ERC-7572 metadata, at most 128 bytes. */
  contractURI?: string
  /** Tells apart several currencies with the same terms, 32 bytes. */
  salt?: Hex
}

const WEEK = 7 * 24 * 3600

/**
 * Creates a currency issued by the client's account. `CurrencyFactory.createCurrency`.
 * @throws `TRANSACTION_REVERTED` with `InvalidName`, `InvalidSymbol`, `InvalidDecimals`, `InvalidMaxSupply`, `InvalidFee`,
 * `InvalidContractURI` or `CurrencyExists`, and what `transact` throws
 */
export async function createCurrency(
  client: ScripClient,
  parameters: CreateCurrencyParameters,
): Promise<Transaction & { currency: Address }> {
  const { salt = zeroHash, ...terms } = parameters
  const config = {
    maxSupply: 2n ** 96n - 1n,
    feeFlat: 0n,
    feeBps: 0,
    redemptionWindow: WEEK,
    contractURI: '',
    ...terms,
  }
  const data = encodeCall({ abi, functionName: 'createCurrency', args: [config, salt] })
  const { result, ...transaction } = await transact(client, { to: addresses.currencyFactory, abi, data })
  return { currency: decodeFunctionResult({ abi, functionName: 'createCurrency', data: result }), ...transaction }
}
