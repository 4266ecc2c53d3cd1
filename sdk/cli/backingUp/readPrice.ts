import { kilobytes } from '../../http/price.ts'
import { type Backup, pieceSize } from '../../market/index.ts'
import type { Buying } from '../storing/openBuying.ts'

/** What reading costs at most: the dearest pieces, as many as are needed. */
export async function readPrice({ buyer }: Buying, { places, needed, size }: Backup): Promise<bigint> {
  const agreements = new Map((await buyer.agreements()).map(({ id, agreement }) => [id, agreement]))
  const each = BigInt(kilobytes(pieceSize(size, needed)))
  const prices = places.map(({ agreement }) => each * (agreements.get(agreement ?? '0x')?.perKilobyteRead ?? 0n))
  prices.sort((one, other) => (one < other ? 1 : -1))
  return prices.slice(0, needed).reduce((sum, price) => sum + price, 0n)
}
