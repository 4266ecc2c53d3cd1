import { type Abi, type Hex, toFunctionSelector } from 'viem'
import { formatAbiItem } from 'viem/utils'

/** A contract's errors by selector, as events name them that say why a row of a batch was skipped. */
export function errorNames(abi: Abi): ReadonlyMap<Hex, string> {
  return new Map(
    abi.flatMap((item) =>
      item.type === 'error' ? [[toFunctionSelector(formatAbiItem(item)), item.name] as const] : [],
    ),
  )
}
