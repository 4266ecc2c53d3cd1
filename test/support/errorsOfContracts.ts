import * as abis from '@scrip/sdk/abi'

/** The names of all errors that the contracts of this package can refuse with. */
export function errorsOfContracts(): string[] {
  return Object.values(abis)
    .filter((abi) => Array.isArray(abi))
    .flat()
    .flatMap((item) => (item.type === 'error' ? [item.name] : []))
}
