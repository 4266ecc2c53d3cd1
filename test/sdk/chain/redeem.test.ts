import { getRedemption, redeem } from '@scrip/sdk/chain'
import { expect } from 'chai'
import { network } from 'hardhat'
import { zeroHash } from 'viem'
import { openMarket } from '../../support/market.ts'

describe('redeem', () => {
  it('returns the holder’s own redemption where two ask in the same block', async () => {
    const { provider } = await network.create()
    const { currency, person } = await openMarket({ provider })
    const holders = [await person(), await person()]
    const count = async () => {
      const block = await provider.request({ method: 'eth_getBlockByNumber', params: ['pending', false] })
      return (block as { transactions: unknown[] }).transactions.length
    }
    await provider.request({ method: 'evm_setAutomine', params: [false] })
    const asked = Promise.all(
      holders.map(({ client }, index) => redeem(client, { currency, amount: BigInt(index + 1), termsHash: zeroHash })),
    )
    while ((await count()) < holders.length) await new Promise((resolve) => setTimeout(resolve, 5))
    await provider.request({ method: 'evm_mine', params: [] })
    for (const [index, { id }] of (await asked).entries()) {
      const { holder, amount } = await getRedemption(holders[0].client, { currency, id })
      expect({ holder, amount }).to.deep.equal({ holder: holders[index].account.address, amount: BigInt(index + 1) })
    }
  })
})
