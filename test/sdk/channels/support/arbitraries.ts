import { type Channel, channelId, type Voucher } from '@scrip/sdk/channels'
import fc from 'fast-check'
import { bytesToHex, type Hex } from 'viem'

/** Hexadecimal of exactly that many bytes; all bits set or none as often as chance allows. */
export const someHex = (size: number): fc.Arbitrary<Hex> =>
  fc.oneof(
    { weight: 8, arbitrary: fc.uint8Array({ minLength: size, maxLength: size }).map((bytes) => bytesToHex(bytes)) },
    { weight: 1, arbitrary: fc.constantFrom<Hex>(`0x${'00'.repeat(size)}`, `0x${'ff'.repeat(size)}`) },
  )

/** A number of at most that many bits, its ends more often than chance allows. */
export const someAmount = (bits: number): fc.Arbitrary<bigint> => {
  const max = 2n ** BigInt(bits) - 1n
  return fc.oneof(fc.bigInt({ min: 0n, max }), fc.constantFrom(0n, 1n, max), fc.bigInt({ min: 0n, max: 1_000n }))
}

const someNumber = (max: number) => fc.oneof(fc.nat({ max: Math.min(max, 2 ** 31 - 1) }), fc.constantFrom(0, 1, max))

const descriptor = fc.record({
  chainId: fc.oneof(fc.maxSafeNat(), fc.constantFrom(1, 31_337, Number.MAX_SAFE_INTEGER)),
  contract: someHex(20),
  payer: someHex(20),
  payee: someHex(20),
  token: someHex(20),
  signer: someHex(20),
  exitDelay: someNumber(2 ** 40 - 1),
  flags: someNumber(255),
  salt: someHex(32),
})

/** Any channel that a descriptor can state, possible or not. */
export const someChannel: fc.Arbitrary<Channel> = descriptor.map((fields) => ({ id: channelId(fields), ...fields }))

/** Any voucher without its signature. */
export const someTerms: fc.Arbitrary<Omit<Voucher, 'r' | 'vs'>> = fc.record({
  total: someAmount(96),
  tickRoot: someHex(32),
  tickAmount: someAmount(96),
  maxTicks: fc.oneof(fc.integer({ min: 0, max: 1_024 }), fc.constantFrom(0, 1, 1_024)),
})

/** Any voucher that can be written down; its signature is most probably worthless. */
export const someVoucher: fc.Arbitrary<Voucher> = fc
  .tuple(someTerms, someHex(32), someHex(32))
  .map(([terms, r, vs]) => ({ ...terms, r, vs }))

export const someTick = fc.record({
  count: fc.oneof(fc.integer({ min: 1, max: 1_024 }), fc.constantFrom(1, 65_535)),
  preimage: someHex(32),
})
