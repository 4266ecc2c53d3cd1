import {
  type Channel,
  decodePayment,
  type PayerRecord,
  paidTotal,
  type VoucherSigner,
  voucherDigest,
  walkTicks,
} from '@scrip/sdk/channels'
import type { Store } from '@scrip/sdk/store'
import { expect } from 'chai'
import { bytesToHex, type Hex, hexToBytes } from 'viem'
import { signer as plainSigner } from './channels.ts'

/** Everything that a payer, over all its restarts, wrote, signed and let go. */
export type Watch = {
  /** A signer that notes what it signed. */
  readonly signer: VoucherSigner
  /** Notes what is written to a store. */
  store(store: Store): Store
  /** Notes a payment that left the payer. */
  sent(payment: Uint8Array): void
  /** Hashes signed, in order. */
  readonly signed: Hex[]
  /**
   * The most that anybody could claim on the channel with every signature ever made, sent or not, and every preimage ever
   * sent, under whatever voucher it fits.
   */
  mostClaimable(): bigint
  /** Fails where a seed was written for two vouchers, or something was signed that was not written before. */
  check(): void
}

type Terms = Parameters<typeof voucherDigest>[1]

export function watch(channel: Channel): Watch {
  const written = new Map<Hex, Terms>()
  const rootsBySeed = new Map<Hex, Set<Hex>>()
  const preimages = new Set<Hex>()
  const signed: Hex[] = []
  const unwritten: Hex[] = []

  const note = ({ voucher, seed }: PayerRecord) => {
    if (voucher === undefined) return
    written.set(bytesToHex(voucherDigest(channel, voucher)), voucher)
    if (seed === undefined) return
    const roots = rootsBySeed.get(seed) ?? new Set()
    rootsBySeed.set(seed, roots.add(voucher.tickRoot))
    expect(bytesToHex(walkTicks(hexToBytes(seed), voucher.maxTicks))).to.equal(voucher.tickRoot)
  }

  return {
    signed,
    signer: {
      address: plainSigner.address,
      sign: async ({ hash }) => {
        signed.push(hash)
        if (!written.has(hash)) unwritten.push(hash)
        return plainSigner.sign({ hash })
      },
    },
    store: (store) => ({
      ...store,
      write: async (changes) => {
        await store.write(changes)
        for (const change of changes) if ('record' in change) note(change.record as PayerRecord)
      },
    }),
    sent: (payment) => {
      const { tick } = decodePayment(payment)
      if (tick !== undefined) preimages.add(tick.preimage)
    },
    mostClaimable: () => {
      const vouchers = signed.flatMap((hash) => written.get(hash) ?? [])
      let most = vouchers.reduce((best, { total }) => (total > best ? total : best), 0n)
      for (const preimage of preimages) {
        let value = hexToBytes(preimage)
        for (let ticks = 0; ticks <= 256; ticks++) {
          const root = bytesToHex(value)
          const fitting = vouchers.filter(({ tickRoot, maxTicks }) => tickRoot === root && ticks <= maxTicks)
          for (const voucher of fitting) {
            const total = paidTotal(voucher, ticks)
            if (total > most) most = total
          }
          if (fitting.length > 0) break
          value = walkTicks(value, 1)
        }
      }
      return most
    },
    check: () => {
      expect(unwritten, 'signed before it was written').to.deep.equal([])
      const written = new Set<Hex>()
      for (const roots of rootsBySeed.values()) {
        expect(roots.size, 'vouchers of one seed').to.equal(1)
        for (const root of roots) written.add(root)
      }
      expect(written.size, 'every chain has a seed of its own').to.equal(rootsBySeed.size)
    },
  }
}
