import { scripActions } from '@scrip/sdk'
import { paymentChannelsAbi as abi } from '@scrip/sdk/abi'
import {
  type Channel,
  type Claim,
  channelId,
  createPayee,
  createPayer,
  decodePayment,
  encodePayment,
  MAX_TOTAL,
  type Payment,
  paidTotal,
  recoverSigner,
  tickChain,
  type Voucher,
  walkTicks,
} from '@scrip/sdk/channels'
import { memoryStore } from '@scrip/sdk/store'
import { deployScrip } from '@scrip/sdk/testing'
import { expect } from 'chai'
import fc from 'fast-check'
import { network } from 'hardhat'
import {
  type Address,
  BaseError,
  bytesToHex,
  ContractFunctionRevertedError,
  concat,
  createWalletClient,
  custom,
  type Hex,
  hexToBytes,
  keccak256,
  numberToHex,
  publicActions,
} from 'viem'
import { codeOf } from '../errors/support/refusal.ts'
import { someChannel, someHex } from './support/arbitraries.ts'
import { account, bytes32, lower, signChain, signer } from './support/channels.ts'

const NO_PREIMAGE: Hex = `0x${'00'.repeat(32)}`

describe('the engine against the contract', () => {
  let world: Awaited<ReturnType<typeof setUp>>

  before(async () => {
    world = await setUp()
  })

  it('gives channels the ids that the contract gives them', async () => {
    const { client, contract, chainId } = world
    await fc.assert(
      fc.asyncProperty(someChannel, async (made) => {
        const channel = { ...made, chainId, contract }
        const id = await client.readContract({ address: contract, abi, functionName: 'channelId', args: [channel] })
        expect(channelId(channel)).to.equal(id)
      }),
      { numRuns: 100 },
    )
  })

  it('finds the signer that the chain’s ecrecover finds, in any signature', async () => {
    const { client } = world
    let found = 0
    const someParity = fc.constantFrom(0n, 1n)
    // Small and very large halves lie at the limits; one in two random r is on the curve.
    const someHalf = fc.oneof(someHex(32).map(BigInt), fc.bigInt({ min: 0n, max: 10n }))
    await fc.assert(
      fc.asyncProperty(someHex(32), someHalf, someHalf, someParity, async (hash, r, random, parity) => {
        const s = random & (2n ** 255n - 1n)
        const input = `${hash}${word(parity + 27n).slice(2)}${word(r).slice(2)}${word(s).slice(2)}` as Hex
        const { data } = await client.call({ to: '0x0000000000000000000000000000000000000001', data: input })
        const isLow = s <= ORDER / 2n
        const expected = isLow && data !== undefined ? `0x${data.slice(26)}` : undefined
        expect(recoverSigner(hexToBytes(hash), { r: word(r), vs: word(s | (parity << 255n)) })).to.equal(expected)
        if (expected !== undefined) found++
      }),
      { numRuns: 200 },
    )
    expect(found).to.be.greaterThan(20)
  })

  it('takes exactly the payments that the contract pays, to the unit', async () => {
    const { channel, open, simulate, payeeHere } = world
    const here = await open('fuzzed', 5_000n)
    const other = channel('somebody else’s')
    // Of one chain the payer knows a preimage beyond its seed: one tick more than its voucher allows.
    const beyond = bytes32('beyond')
    const preimages = tickChain(hexToBytes(beyond), 301).map((preimage) => bytesToHex(preimage))
    const seed = preimages[300] as Hex
    const chains = await Promise.all([
      signChain(here, { total: 0n, tickAmount: 7n }),
      signChain(here, { total: 100n, tickAmount: 3n, maxTicks: 300, seed }),
      signChain(here, { total: 4_990n, tickAmount: 1n, maxTicks: 10 }),
      signChain(here, { total: 4_990n, tickAmount: 1n, maxTicks: 11 }),
      signChain(here, { total: 5_000n, tickAmount: 0n, maxTicks: 0 }),
      signChain(here, { total: 5_001n }),
      signChain(here, { total: MAX_TOTAL, tickAmount: MAX_TOTAL, maxTicks: 1_024 }),
      signChain(here, { total: 100n, signer: account('forger') }),
      signChain(other, { total: 100n }),
    ])
    const someTick = fc.oneof(
      fc.constant(undefined),
      fc.record({
        count: fc.constantFrom(1, 2, 8, 10, 11, 16, 17, 300, 301, 1_024),
        offset: fc.constantFrom(0, 0, 0, 1),
      }),
      fc.record({ count: fc.integer({ min: 1, max: 300 }), offset: fc.constantFrom(0, 0, 0, 1, 2) }),
    )
    const someChange = fc.constantFrom<(voucher: Voucher) => Voucher>(
      ...new Array(12).fill((voucher: Voucher) => voucher),
      (voucher) => ({ ...voucher, total: voucher.total ^ 1n }),
      (voucher) => ({ ...voucher, tickAmount: voucher.tickAmount ^ 1n }),
      (voucher) => ({ ...voucher, maxTicks: voucher.maxTicks ^ 1 }),
      (voucher) => ({ ...voucher, tickRoot: bytes32('another root') }),
      (voucher) => ({ ...voucher, vs: word(BigInt(voucher.vs) ^ (1n << 255n)) }),
      (voucher) => ({ ...voucher, r: word(0n) }),
    )
    const verdicts = new Map<string, number>()
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: chains.length - 1 }), someTick, someChange, async (index, picked, change) => {
        const chain = chains[index] as (typeof chains)[number]
        const voucher = change(chain.voucher)
        const preimage = (count: number): Hex => {
          if (voucher.tickRoot === preimages[0]) return preimages[count] ?? bytes32('beyond the chain')
          return count <= chain.voucher.maxTicks
            ? (decodePayment(chain.tick(count)).tick?.preimage ?? NO_PREIMAGE)
            : bytes32('x')
        }
        const tick = picked && { count: picked.count, preimage: preimage(picked.count + picked.offset) }
        const payment: Payment = { channelId: here.id, voucher, ...(tick && { tick }) }

        const payee = payeeHere()
        await payee.observe(here, { claimed: 0n, deposit: 5_000n, exitAt: 0 })
        const engine = await payee.accept(encodePayment(payment)).then(
          ({ accepted }) => accepted,
          ({ code }) => code as string,
        )
        // The engine corrects a parity that was changed on the way: it follows from the rest.
        const isParity = (BigInt(voucher.vs) ^ BigInt(chain.voucher.vs)) === 1n << 255n
        const chainSays = await simulate(here, isParity ? chain.voucher : voucher, tick)
        verdicts.set(String(engine), (verdicts.get(String(engine)) ?? 0) + 1)
        if (typeof engine === 'bigint') {
          const [claim] = await payee.claimable()
          if (claim === undefined) throw new Error('Nothing to claim.')
          expect(await simulate(here, claim, tick)).to.equal(engine)
          expect(chainSays).to.equal(engine)
        } else if (engine === 'DEPOSIT_EXCEEDED') expect(chainSays).to.be.oneOf([5_000n, 'TotalTooLarge'])
        else if (engine === 'INVALID_VOUCHER') expect(chainSays).to.be.oneOf(['InvalidVoucher', 'TooManyTicks'])
        else if (engine === 'INVALID_TICK') expect(chainSays).to.be.oneOf(['InvalidTick', 'TooManyTicks'])
        else if (engine === 'PAYMENT_MALFORMED')
          expect(chainSays).to.be.oneOf(['InvalidVoucher', 'TooManyTicks', 'NothingToClaim'])
        else expect.fail(`${engine} against ${chainSays}`)
      }),
      { numRuns: 400 },
    )
    expect([...verdicts.keys()]).to.include.members([
      'DEPOSIT_EXCEEDED',
      'INVALID_VOUCHER',
      'INVALID_TICK',
      '100',
      '5000',
    ])
  })

  it('hashes ticks as the contract does, at every length of its unrolled loop', async () => {
    const { open, simulate } = world
    const here = await open('ticks', 100_000n)
    const chain = await signChain(here, { total: 5n, tickAmount: 2n, maxTicks: 1_024 })
    for (const ticks of [1, 2, 3, 7, 8, 9, 15, 16, 17, 64, 100, 255, 256, 1_023, 1_024]) {
      const { tick } = decodePayment(chain.tick(ticks))
      expect(await simulate(here, chain.voucher, tick)).to.equal(BigInt(5 + 2 * ticks))
      for (const count of [ticks - 1, ticks + 1].filter((wrong) => wrong > 0 && wrong <= 1_024))
        expect(await simulate(here, chain.voucher, tick && { ...tick, count })).to.equal('InvalidTick')
    }
  })

  it('makes claims that pay out to the unit, by vouchers and by ticks, again and again', async () => {
    const { client, payeeClient, open, payeeHere, balance } = world
    const here = await open('a life', 1_000n)
    const store = memoryStore()
    const payer = createPayer({ channel: { ...here, funded: 1_000n }, signer, store: memoryStore(), tickAmount: 3n })
    const payee = payeeHere(store)
    const before = await balance()
    let paid = 0n
    for (const [index, amounts] of [[5n], [3n, 3n, 6n], [100n, 3n], [3n, 300n, 7n, 3n, 9n], [558n]].entries()) {
      await payee.observe(here, await client.getChannelState({ channelId: here.id }))
      for (const amount of amounts) {
        await payee.accept(await payer.pay(amount))
        paid += amount
      }
      const [claim, ...others] = await payee.claimable()
      expect(others).to.deep.equal([])
      // Anyone may bring it; the money goes to the payee.
      const bringer = index % 2 === 0 ? payeeClient : client
      await bringer.claim({ claim: claim as Claim })
      expect((await balance()) - before).to.equal(paid)
      await payee.observe(here, await client.getChannelState({ channelId: here.id }))
      expect(await payee.claimable()).to.deep.equal([])
    }
    expect(paid).to.equal(1_000n)
    expect(await codeOf(() => payer.pay(1n))).to.equal('DEPOSIT_EXCEEDED')
    const { claimed, deposit } = await client.getChannelState({ channelId: here.id })
    expect([claimed, deposit]).to.deep.equal([1_000n, 0n])
  })

  it('pays in any order what the best claim alone pays', async () => {
    const { client, open, balance } = world
    const someClaim = fc.record({ chain: fc.nat({ max: 2 }), ticks: fc.nat({ max: 16 }) })
    let run = 0
    await fc.assert(
      fc.asyncProperty(fc.array(someClaim, { minLength: 1, maxLength: 5 }), async (picked) => {
        const here = await open(`run ${run++}`, 1_000n)
        const chains = await Promise.all([10n, 15n, 40n].map((total) => signChain(here, { total, tickAmount: 2n })))
        const before = await balance()
        let best = 0n
        for (const { chain, ticks } of picked) {
          const { voucher, tick } = chains[chain] as (typeof chains)[number]
          const total = voucher.total + 2n * BigInt(ticks)
          const claim = claimOf(here, voucher, ticks === 0 ? undefined : decodePayment(tick(ticks)).tick)
          const { paid } = await client.claim({ claim }).catch(({ values }) => {
            expect(values.error).to.equal('NothingToClaim')
            return { paid: 0n }
          })
          expect(paid).to.equal(total > best ? total - best : 0n)
          if (total > best) best = total
        }
        expect((await balance()) - before).to.equal(best)
      }),
      { numRuns: 10 },
    )
  })

  it('shows the theft that a seed used again allows: a preimage revealed under one voucher claims under a dearer one', async () => {
    const { client, payeeClient, open, balance } = world
    /** The payer pays 10 by ticks of 1 under its first voucher, and goes on from 10 with a second, whose ticks are worth 50. */
    const payWith = async (here: Channel, seeds: [first: Hex, second: Hex]) => {
      const first = await signChain(here, { total: 0n, maxTicks: 256, seed: seeds[0] })
      const { tick } = decodePayment(first.tick(10))
      const second = await signChain(here, { total: 10n, tickAmount: 50n, maxTicks: 256, seed: seeds[1] })
      return { theft: claimOf(here, second.voucher, tick), honest: claimOf(here, second.voucher, undefined) }
    }
    // A payer that lost its count begins again with the seed that its key gives for the first chain.
    const derived = (index: number) => keccak256(concat([bytes32('the key'), numberToHex(index, { size: 32 })]))
    const careless: Record<string, [Hex, Hex]> = {
      'one seed for two vouchers': [bytes32('first seed'), bytes32('first seed')],
      'a seed derived from the key, after the count was lost': [derived(0), derived(0)],
    }
    for (const [name, seeds] of Object.entries(careless)) {
      const here = await open(name, 1_000n)
      const before = await balance()
      const { theft } = await payWith(here, seeds)
      expect((await payeeClient.claim({ claim: theft })).paid, name).to.equal(510n)
      expect((await balance()) - before, 'of 10 that were paid').to.equal(510n)
    }

    const careful = await open('careful', 1_000n)
    const { theft, honest } = await payWith(careful, [bytes32('first seed'), bytes32('second seed')])
    const error = await client.claim({ claim: theft }).catch((refused) => refused)
    expect(error.values).to.include({ error: 'InvalidTick' })
    expect((await client.claim({ claim: honest })).paid).to.equal(10n)
  })

  it('leaves a payee that holds everything a payer ever made with exactly what was paid', async () => {
    const { client, open, balance } = world
    const here = await open('an honest payer', 2_000n)
    let store = memoryStore()
    const payments: Payment[] = []
    let newest = new Uint8Array()
    let paid = 0n
    for (const [amount, tickAmount] of [
      [3n, 1n],
      [1n, 1n],
      [1n, 1n],
      [300n, 1n],
      [2n, 1n],
      [50n, 50n],
      [100n, 50n],
      [50n, 50n],
      [9n, 3n],
      [260n, 3n],
      [3n, 3n],
    ] as const) {
      // A restart before every payment: chains go on, and none comes back, also where the ticks become dearer.
      let payer = createPayer({ channel: { ...here, funded: 2_000n }, signer, store, tickAmount })
      if (amount === 100n || amount === 2n) {
        // All that it knew is lost, and the payee shows what it holds.
        store = memoryStore()
        payer = createPayer({ channel: { ...here, funded: 2_000n }, signer, store, tickAmount })
        await payer.recover(newest)
      }
      payments.push(decodePayment(await payer.pay(amount)))
      newest = Uint8Array.from(await payer.introduction())
      paid += amount
    }
    const vouchers = payments.flatMap(({ voucher }) => voucher ?? [])
    const ticks = payments.flatMap(({ tick }) => tick ?? [])
    const before = await balance()
    // Every preimage under every voucher that it fits, and every voucher alone, lowest first.
    const claims = vouchers.map((voucher) => claimOf(here, voucher, undefined))
    for (const { preimage } of ticks) {
      let value = hexToBytes(preimage)
      for (let count = 1; count <= 256; count++) {
        value = walkTicks(value, 1)
        const fitting = vouchers.filter(({ tickRoot }) => tickRoot === bytesToHex(value))
        claims.push(...fitting.map((voucher) => claimOf(here, voucher, { count, preimage })))
      }
    }
    expect(claims.length).to.be.greaterThan(vouchers.length)
    claims.sort((one, other) => Number(paidTotal(one, one.ticks) - paidTotal(other, other.ticks)))
    for (const claim of claims) await client.claim({ claim }).catch(() => {})
    expect((await balance()) - before).to.equal(paid)
  })
})

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

const word = (value: bigint): Hex => `0x${value.toString(16).padStart(64, '0')}`

function claimOf(channel: Channel, voucher: Voucher, tick: Payment['tick']): Claim {
  return { channel, ...voucher, ticks: tick?.count ?? 0, preimage: tick?.preimage ?? NO_PREIMAGE }
}

/** A chain with Scrip, a currency, a payer with money, and a payee. */
async function setUp() {
  const { provider } = await network.create()
  const { addresses } = await deployScrip({ provider })
  const accounts = (await provider.request({ method: 'eth_accounts' })) as Address[]
  const clientOf = (index: number) =>
    createWalletClient({
      account: accounts[index] as Address,
      transport: custom(provider, { retryCount: 0 }),
      pollingInterval: 10,
      cacheTime: 0,
    })
      .extend(publicActions)
      .extend(scripActions())
  const client = clientOf(1)
  const payeeClient = clientOf(2)
  const contract = lower(addresses.paymentChannels)
  const { currency } = await client.createCurrency({ name: 'Claire dollar', symbol: 'CLD', decimals: 6 })
  await client.mint({ currency, to: client.account.address, amount: 10_000_000n })
  const chainId = await client.getChainId()
  const token = lower(currency)
  const payeeAddress = lower(payeeClient.account.address)

  const channel = (name: string): Channel => {
    const fields = {
      chainId,
      contract,
      payer: lower(client.account.address),
      payee: payeeAddress,
      token,
      signer: lower(signer.address),
      exitDelay: 86_400,
      flags: 0,
      salt: bytes32(name),
    }
    return { id: channelId(fields), ...fields }
  }
  return {
    client,
    payeeClient,
    contract,
    chainId,
    channel,
    open: async (name: string, deposit: bigint): Promise<Channel> => {
      const { salt, id } = channel(name)
      const {
        transaction: _,
        funded: __,
        ...opened
      } = await client.openChannel({
        payee: payeeAddress,
        currency,
        deposit,
        signer,
        salt,
      })
      expect(opened).to.deep.equal(channel(name))
      expect(opened.id).to.equal(id)
      return opened
    },
    /** What the contract would pay for a claim, or the name of its error. */
    simulate: async (here: Channel, voucher: Voucher, tick: Payment['tick']): Promise<bigint | string> => {
      try {
        const args = [claimOf(here, voucher, tick)] as const
        return (await client.simulateContract({ address: contract, abi, functionName: 'claim', args })).result
      } catch (error) {
        const reverted =
          error instanceof BaseError && error.walk((cause) => cause instanceof ContractFunctionRevertedError)
        if (!(reverted instanceof ContractFunctionRevertedError)) throw error
        return reverted.data?.errorName ?? 'unknown'
      }
    },
    payeeHere: (store = memoryStore()) =>
      createPayee({
        account: payeeClient.account,
        store,
        accept: { chainId, contract, currencies: [currency], maxExposure: 0n },
      }),
    /** What the payee has earned, in the contract's books. */
    balance: () =>
      client.readContract({ address: contract, abi, functionName: 'balanceOf', args: [payeeAddress, currency] }),
  }
}
