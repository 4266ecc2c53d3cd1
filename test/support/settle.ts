import { claim, openChannel } from '@scrip/sdk/chain'
import { type Claim, createPayee, createPayer } from '@scrip/sdk/channels'
import { memoryStore } from '@scrip/sdk/store'
import type { Address } from 'viem'
import type { Person } from './market.ts'

/** Pays and claims through a fresh channel. */
export async function settle(payee: Person, payer: Person, amount: bigint, currency: Address): Promise<Claim> {
  const { transaction: _, ...channel } = await openChannel(payer.client, {
    payee: payee.account.address,
    currency,
    deposit: amount,
  })
  const sender = createPayer({ channel, signer: payer.account, store: memoryStore() })
  const receiver = createPayee({
    account: payee.account,
    store: memoryStore(),
    accept: { ...channel, currencies: [currency], maxExposure: 0n },
  })
  await receiver.observe(channel, { claimed: 0n, deposit: amount, exitAt: 0 })
  await receiver.accept(await sender.pay(amount))
  const [best] = await receiver.claimable()
  if (best === undefined) throw new Error('Nothing to claim.')
  await claim(payee.client, { claim: best })
  return best
}
