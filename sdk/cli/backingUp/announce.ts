import type { BackupPlan } from '../../market/index.ts'
import { count, print } from '../output.ts'
import type { Buying } from '../storing/openBuying.ts'
import { amountOf, type Unit } from '../units.ts'
import { chance } from './chance.ts'

/** Says what is about to be bought. @throws `LIMIT_EXCEEDED` */
export function announce(plan: BackupPlan, buying: Buying, unit: Unit, json: boolean | undefined): void {
  buying.requireWithinLimit(buying.spent() + plan.price, unit)
  if (json) return
  const { needed, pieces, price, leastPrice, survival } = plan
  const how =
    needed === 1 ? count(pieces, 'copy', 'copies') : `${count(pieces, 'piece')}, any ${needed} of which are enough`
  const proof = price === leastPrice ? 'nothing cheaper does' : `nothing below ${amountOf(leastPrice, unit)} does`
  print(
    { lines: [`${how}, for ${amountOf(price, unit)}: ${proof}. It survives with ${chance(survival)}.`], data: {} },
    false,
  )
}
