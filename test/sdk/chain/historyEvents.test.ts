import { ScripError } from '@scrip/sdk/errors'
import { expect } from 'chai'
import fc from 'fast-check'
import {
  type Address,
  decodeEventLog,
  encodeAbiParameters,
  encodeEventTopics,
  type Hex,
  pad,
  type RpcLog,
  toHex,
} from 'viem'
import { interactionHistoryAbi as abi } from '../../../sdk/abi/interactionHistory.ts'
import { historyFilter, readHistoryLog } from '../../../sdk/chain/historyEvents.ts'

const contract = '0xABcdEFABcdEFabcdEfAbCdefabcdeFABcDEFabCD'
const networkId = 7n
const filter = historyFilter(contract, networkId)

const someHex = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((bytes): Hex => toHex(bytes))
const someUint = (bits: bigint) => fc.bigInt(0n, 2n ** bits - 1n)

/** A log of an edge as viem encodes it. */
const someLog = fc
  .record({
    eventName: fc.constantFrom('EdgeUpdated' as const, 'ReceiptRecorded' as const, 'FaultsStated' as const),
    consumer: someHex(20),
    provider: someHex(20),
    total: fc.oneof(someUint(96n), fc.constantFrom(0n, 1n, 2n ** 96n - 1n)),
    count: someUint(32n),
    block: someUint(40n),
    blockHash: someHex(32),
    networkId: fc.oneof({ weight: 5, arbitrary: fc.constant(networkId) }, { weight: 1, arbitrary: someUint(256n) }),
  })
  .map(({ eventName, consumer, provider, total, count, block, blockHash, networkId }): RpcLog => {
    const values = eventName === 'ReceiptRecorded' ? [total, Number(count)] : [total]
    const types = eventName === 'ReceiptRecorded' ? ['uint96', 'uint32'] : ['uint96']
    return {
      address: contract.toLowerCase() as Address,
      topics: encodeEventTopics({ abi, eventName, args: { networkId, consumer, provider } }) as [Hex, ...Hex[]],
      data: encodeAbiParameters(
        types.map((type) => ({ type })),
        values,
      ),
      blockNumber: toHex(block),
      blockHash,
      transactionHash: pad('0x1', { size: 32 }),
      transactionIndex: '0x0',
      logIndex: '0x0',
      removed: false,
    }
  })

const partOf = { EdgeUpdated: 'served', ReceiptRecorded: 'receipts', FaultsStated: 'faulted' } as const

describe('readHistoryLog', () => {
  it('reads what viem reads', () => {
    let read = 0
    fc.assert(
      fc.property(someLog, (log) => {
        const { eventName, args } = decodeEventLog({ abi, data: log.data, topics: log.topics as [Hex, ...Hex[]] })
        if (eventName !== 'EdgeUpdated' && eventName !== 'ReceiptRecorded' && eventName !== 'FaultsStated') return false
        const event = readHistoryLog(log, filter)
        if (args.networkId !== networkId) return event === undefined
        read++
        expect(event).to.deep.equal({
          block: BigInt(log.blockNumber as Hex),
          blockHash: log.blockHash,
          consumer: args.consumer.toLowerCase(),
          provider: args.provider.toLowerCase(),
          part: partOf[eventName],
          total: 'faulted' in args ? args.faulted : args.served,
        })
        return true
      }),
      { numRuns: 500 },
    )
    expect(read).to.be.greaterThan(300)
  })

  it('asks the node for just these events of this network', () => {
    const [events, network] = filter.topics
    const names = ['EdgeUpdated', 'ReceiptRecorded', 'FaultsStated'] as const
    expect(events).to.have.members(names.map((eventName) => encodeEventTopics({ abi, eventName })[0]))
    expect(network).to.equal(pad(toHex(networkId), { size: 32 }))
    expect(filter.address).to.equal(contract.toLowerCase())
  })

  it('reads no log of another contract', () => {
    fc.assert(
      fc.property(someLog, someHex(20), (log, address) => {
        expect(readHistoryLog({ ...log, address }, filter)).to.equal(undefined)
      }),
    )
  })

  it('refuses what is not whole, or was taken back, with a code', () => {
    const damages: ((log: RpcLog) => object)[] = [
      ({ data }) => ({ data: data.slice(0, -2) }),
      ({ data }) => ({ data: `${data}00` }),
      ({ data }) => ({ data: `0x01${data.slice(4)}` }),
      ({ data }) => ({ data: `${data.slice(0, 60)}zz${data.slice(62)}` }),
      () => ({ data: undefined }),
      () => ({ data: '0x' }),
      ({ topics }) => ({ topics: topics.slice(0, 3) }),
      ({ topics }) => ({ topics: [...topics, topics[0]] }),
      ({ topics }) => ({ topics: [topics[0], topics[1], `0x01${String(topics[2]).slice(4)}`, topics[3]] }),
      ({ topics }) => ({ topics: [topics[0], topics[1], topics[2], `${String(topics[3]).slice(0, 64)}zz`] }),
      () => ({ topics: 'none' }),
      () => ({ address: null }),
      () => ({ blockNumber: null }),
      () => ({ blockNumber: '12' }),
      () => ({ blockHash: null }),
      () => ({ blockHash: '0x12' }),
      () => ({ removed: true }),
    ]
    const ours = someLog.filter((log) => readHistoryLog(log, filter) !== undefined)
    fc.assert(
      fc.property(ours, fc.constantFrom(...damages), (log, damage) => {
        const damaged = { ...log, ...damage(log) } as RpcLog
        let error: unknown
        try {
          readHistoryLog(damaged, filter)
        } catch (reason) {
          error = reason
        }
        expect(error, `${damage}`).to.be.instanceOf(ScripError).with.property('code', 'LOG_MALFORMED')
      }),
      { numRuns: 400 },
    )
  })

  it('knows no network beyond uint256', () => {
    for (const id of [-1n, 2n ** 256n]) {
      expect(() => historyFilter(contract, id))
        .to.throw(ScripError)
        .with.property('code', 'INVALID_ARGUMENT')
    }
  })
})
