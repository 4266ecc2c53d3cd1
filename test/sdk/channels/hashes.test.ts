import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type Channel, channelId, decodePayment, encodePayment, tickChain, voucherDigest } from '@scrip/sdk/channels'
import { expect } from 'chai'
import fc from 'fast-check'
import { bytesToHex, type Hex, hashTypedData, hexToBytes, numberToHex, pad } from 'viem'
import { refusal } from '../errors/support/refusal.ts'
import { someChannel, someTerms } from './support/arbitraries.ts'
import { bytes32, channelTo, lower } from './support/channels.ts'

const domainOf = ({ chainId, contract }: Channel) =>
  ({ name: 'Scrip Payment Channels', version: '1', chainId, verifyingContract: contract }) as const

const types = {
  Channel: [
    { name: 'payer', type: 'address' },
    { name: 'payee', type: 'address' },
    { name: 'token', type: 'address' },
    { name: 'signer', type: 'address' },
    { name: 'exitDelay', type: 'uint40' },
    { name: 'flags', type: 'uint8' },
    { name: 'salt', type: 'bytes32' },
  ],
  Voucher: [
    { name: 'channelId', type: 'bytes32' },
    { name: 'total', type: 'uint96' },
    { name: 'tickRoot', type: 'bytes32' },
    { name: 'tickAmount', type: 'uint96' },
    { name: 'maxTicks', type: 'uint32' },
  ],
} as const

describe('channelId and voucherDigest', () => {
  it('are the EIP-712 hashes that viem makes, whatever the channel', () => {
    fc.assert(
      fc.property(someChannel, (channel) => {
        const { id, chainId: _, contract: __, ...message } = channel
        const hash = hashTypedData({ domain: domainOf(channel), types, primaryType: 'Channel', message })
        expect(channelId(channel)).to.equal(hash)
        expect(id).to.equal(hash)
      }),
    )
  })

  it('are the EIP-712 hashes that viem makes, whatever the voucher', () => {
    fc.assert(
      fc.property(someChannel, someTerms, (channel, terms) => {
        const message = { channelId: channel.id, ...terms }
        const hash = hashTypedData({ domain: domainOf(channel), types, primaryType: 'Voucher', message })
        expect(bytesToHex(voucherDigest(channel, terms))).to.equal(hash)
      }),
      { numRuns: 1_000 },
    )
  })

  it('leave nothing behind: each is what it was, whatever was hashed between', () => {
    fc.assert(
      fc.property(someChannel, someTerms, someChannel, someTerms, (channel, terms, other, otherTerms) => {
        const { id: _, ...descriptor } = channel
        const [digest, id] = [bytesToHex(voucherDigest(channel, terms)), channelId(descriptor)]
        voucherDigest(other, otherTerms)
        channelId(other)
        tickChain(hexToBytes(other.salt), 3)
        expect(channelId(descriptor)).to.equal(id)
        channelId(other)
        expect(bytesToHex(voucherDigest(channel, terms))).to.equal(digest)
      }),
    )
  })

  it('are not made of fields that do not fit their types, and such leave nothing behind', async () => {
    const channel = channelTo()
    const terms = { total: 1n, tickRoot: bytes32('root'), tickAmount: 1n, maxTicks: 1 }
    const digest = bytesToHex(voucherDigest(channel, terms))
    const wrong: [Partial<Channel>, Partial<typeof terms>][] = [
      [{ id: '0x' }, {}],
      [{ id: `${channel.id}00` }, {}],
      [{ id: channel.id.slice(2) as Hex }, {}],
      [{ id: `0x${'zz'.repeat(32)}` }, {}],
      [{ contract: '0xzz' }, {}],
      [{ chainId: -1 }, {}],
      [{}, { total: -1n }],
      [{}, { total: 2n ** 96n }],
      [{}, { tickAmount: 2n ** 96n }],
      [{}, { tickAmount: -(2n ** 70n) }],
      [{}, { tickRoot: '0x12' }],
      [{}, { maxTicks: -1 }],
      [{}, { maxTicks: 0.5 }],
      [{}, { maxTicks: 2 ** 32 }],
    ]
    for (const [fields, others] of wrong) {
      const error = await refusal(() => voucherDigest({ ...channel, ...fields }, { ...terms, ...others }))
      expect(error.code, JSON.stringify([fields, `${Object.values(others)}`])).to.equal('INVALID_ARGUMENT')
      expect(bytesToHex(voucherDigest(channel, terms))).to.equal(digest)
    }
  })

  it('do not depend on how an address is spelled', () => {
    const { id, ...channel } = channelTo()
    const shout = (address: `0x${string}`): `0x${string}` => `0x${address.slice(2).toUpperCase()}`
    const shouted = {
      ...channel,
      contract: shout(channel.contract),
      payer: shout(channel.payer),
      payee: shout(channel.payee),
      token: shout(channel.token),
      signer: shout(channel.signer),
      salt: shout(channel.salt),
    }
    expect(channelId(shouted)).to.equal(id)
    expect(lower(shouted.salt)).to.equal(channel.salt)
  })

  it('differ where any one field differs: no two chains, contracts or channels share a voucher', () => {
    const channel = channelTo()
    const others: Partial<Channel>[] = [
      { chainId: channel.chainId + 1 },
      { contract: channel.payer },
      { payer: channel.payee },
      { payee: channel.payer },
      { token: channel.payer },
      { signer: channel.payer },
      { exitDelay: channel.exitDelay + 1 },
      { flags: 1 },
      { salt: bytes32('another salt') },
    ]
    const terms = { total: 1n, tickRoot: bytes32('root'), tickAmount: 1n, maxTicks: 1 }
    const channels = [channel, ...others.map((fields) => channelTo(fields))]
    expect(new Set(channels.map(({ id }) => id)).size).to.equal(channels.length)
    expect(new Set(channels.map((each) => bytesToHex(voucherDigest(each, terms)))).size).to.equal(channels.length)
  })

  it('remember nothing of the descriptors that strangers make up', () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const tick = { count: 1, preimage: bytes32('preimage') }
    const read = (from: number, to: number) => {
      for (let number = from; number < to; number++) {
        const contract = pad(numberToHex(number), { size: 20 })
        const channel = channelTo({ chainId: number, contract })
        decodePayment(encodePayment({ channelId: channel.id, channel, tick }))
      }
    }
    const held = () => {
      collect()
      return process.memoryUsage().heapUsed
    }
    read(0, 2_000)
    const before = held()
    read(2_000, 12_000)
    // Anything kept of each would be some 300 bytes, 3 MB altogether.
    expect(held() - before).to.be.lessThan(1_000_000)
  })
})
