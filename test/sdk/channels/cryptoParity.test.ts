import { encodePayment, recoverSigner, voucherDigest } from '@scrip/sdk/channels'
import { expect } from 'chai'
import { type Hex, numberToHex } from 'viem'
import { refusal } from '../errors/support/refusal.ts'
import { channelTo, lower, payeeOn, signChain, signer } from './support/channels.ts'

const flipped = (vs: Hex): Hex => numberToHex(BigInt(vs) ^ (1n << 255n), { size: 32 })

describe('a payee that gets a voucher with the wrong parity', () => {
  it('takes it and can claim with it: the payer signed, and the chain gets the parity that it wants', async () => {
    const channel = channelTo()
    const payee = payeeOn()
    await payee.observe(channel, { claimed: 0n, deposit: 1_000n, exitAt: 0 })
    // The first time the payee sees the signer's key, and the second it knows it.
    for (const total of [100n, 200n]) {
      const { voucher } = await signChain(channel, { total })
      const bent = { ...voucher, vs: flipped(voucher.vs) }
      expect(recoverSigner(voucherDigest(channel, bent), bent)).to.not.equal(lower(signer.address))
      const { accepted } = await payee.accept(encodePayment({ channelId: channel.id, channel, voucher: bent }))
      expect(accepted).to.equal(total)
      const [claim] = await payee.claimable()
      expect(claim).to.deep.include({ total, r: voucher.r, vs: voucher.vs })
    }
  })

  it('takes none that somebody else signed, with either parity', async () => {
    const channel = channelTo()
    const payee = payeeOn()
    await payee.observe(channel, { claimed: 0n, deposit: 1_000n, exitAt: 0 })
    const { voucher } = await signChain(channel, { total: 100n })
    for (const vs of [voucher.vs, flipped(voucher.vs)]) {
      const bent = { ...voucher, total: 101n, vs }
      const payment = encodePayment({ channelId: channel.id, channel, voucher: bent })
      expect((await refusal(() => payee.accept(payment))).code).to.equal('INVALID_VOUCHER')
    }
  })
})
