import type { Address } from 'viem'

/**
 * A map by address whose keys are lower case and whose look-ups take any spelling: wallets and logs hand out mixed case,
 * and a peer that is not found for its spelling would pass for a stranger.
 */
export class AddressMap<Value> extends Map<Address, Value> {
  override get(address: Address): Value | undefined {
    return super.get(address.toLowerCase() as Address)
  }

  override has(address: Address): boolean {
    return super.has(address.toLowerCase() as Address)
  }

  override set(address: Address, value: Value): this {
    return super.set(address.toLowerCase() as Address, value)
  }

  override delete(address: Address): boolean {
    return super.delete(address.toLowerCase() as Address)
  }
}
