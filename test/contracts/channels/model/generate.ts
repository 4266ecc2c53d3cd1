import { type Address, type Hex, zeroAddress } from 'viem'
import { type Call, type Channel, type Claim, type FunctionName, type Mood, moods, type Step } from './calls.ts'
import type { Chain } from './chain.ts'
import { fundingNonce, hashed, receiveDigest, requestExitDigest, voucherDigest, withdrawDigest } from './hashes.ts'
import { MAX_UINT96, type Model } from './model.ts'
import type { Random } from './random.ts'
import type { Signer } from './signatures.ts'

/** How often each function succeeded and each error was named: what was rare is tried more. */
export type Tally = { readonly functions: Map<string, number>; readonly errors: Map<string, number> }

export const functionNames = [
  'fund',
  'fundFromBalance',
  'fundWithAuthorization',
  'claim',
  'claimTo',
  'claimBatch',
  'close',
  'release',
  'requestExit',
  'requestExitFor',
  'cancelExit',
  'exit',
  'fundPurse',
  'withdrawPurse',
  'withdraw',
  'withdrawFor',
  'multicall',
] as const satisfies readonly FunctionName[]

type Move = { from: Address; call: Call; at?: number }
/** An error that is to come up, how often it had before, and how often to try. */
type Aim = { error: string; before: number; attempts: number }
type Voucher = Partial<Omit<Claim, 'channel'>> & { by?: Signer; on?: Channel }

const DAY = 86_400
const moodsThatMatter = moods.filter((mood) => mood !== 'Honest')
/** Who is nobody's payer, payee or contract. */
const NOBODY: Address = '0x000000000000000000000000000000000000dead'

/** Makes up one step after another for a sequence that begins with untouched books. */
export function createGenerator(chain: Chain, model: Model, random: Random, tally: Tally) {
  const { actors, agent, contract, domain, signatures, idOf } = chain
  const { between, pick, chance, find, bytes32 } = random
  const addresses = actors.map(({ address }) => address)
  const people = actors.filter(({ isWallet }) => isWallet !== true)
  const signers = [...people, agent]
  const tokens = [...chain.tokens.keys()]
  const [dollar, plain, credulous] = tokens as [Address, Address, Address]
  const channels: Channel[] = []
  /** Messages that were relayed, to be relayed again. */
  const relayed: Move[] = []
  let aim: Aim | undefined
  let now = chain.startsAt + between(1, DAY)

  const account = (channel: Channel) => model.accountOf(idOf(channel))
  const purse = ({ payer, token, signer }: Channel) => model.purseOf(payer, token, signer)
  const draws = (channel: Channel) => channel.flags === 1
  const amount = () => BigInt(pick([between(1, 9), between(10, 1_000), between(100, 1_000_000)]))
  const part = (whole: bigint) =>
    whole < 2n || chance(0.3) ? whole : 1n + (BigInt(between(0, 999_999)) * (whole - 1n)) / 1_000_000n
  const fitting = (value: bigint) => (value > MAX_UINT96 ? MAX_UINT96 : value)
  const other = (one: Address) => find(addresses, (address) => address !== one) as Address
  const signerOf = (address: Address) => [...actors, agent].find((signer) => signer.address === address)
  const cover = (channel: Channel) => account(channel).deposit + (draws(channel) ? purse(channel).balance : 0n)
  const opened = (channel: Channel) => account(channel).opened
  const exiting = (channel: Channel) => account(channel).exitAt !== 0
  const payable = (channel: Channel) => (opened(channel) || draws(channel)) && cover(channel) > 0n

  function newChannel(changes: Partial<Channel> = {}): Channel {
    const payer = changes.payer ?? pick(addresses)
    const own = people.find(({ address }) => address === payer) ?? agent
    const channel: Channel = {
      payer,
      payee: pick(addresses),
      token: pick(tokens),
      signer: (chance(0.5) ? own : agent).address,
      exitDelay: pick([900, 1_800, DAY, 30 * DAY, between(900, 30 * DAY)]),
      flags: chance(0.5) ? 1 : 0,
      salt: bytes32(),
      ...changes,
    }
    channels.push(channel)
    return channel
  }

  const someChannel = (fits: (channel: Channel) => boolean) =>
    channels.length < 4 && chance(0.5) ? undefined : find(channels, fits)
  const unopened = (changes: Partial<Channel> = {}) =>
    (Object.keys(changes).length === 0 ? find(channels, (channel) => !opened(channel)) : undefined) ??
    newChannel(changes)

  /** A signed total with ticks on top or without; `changes` are signed, too, but for what no voucher holds. */
  function voucher(channel: Channel, sum: bigint, changes: Voucher = {}): Claim {
    const proven = fitting(sum)
    const { by = signerOf(channel.signer) ?? agent, on = channel, ...fields } = changes
    let terms = {
      total: proven,
      tickRoot: bytes32() as Hex,
      tickAmount: 0n,
      maxTicks: 0,
      ticks: 0,
      preimage: bytes32() as Hex,
    }
    if (chance(0.6)) {
      const isLong = chance(0.01)
      const maxTicks = isLong ? 1_024 : between(1, 20)
      const ticks = isLong && chance(0.5) ? maxTicks : between(0, maxTicks)
      const most = ticks === 0 ? 9n : proven / BigInt(ticks)
      const tickAmount = most < 2n || chance(0.3) ? most : BigInt(between(0, Number(most < 1_000n ? most : 1_000n)))
      const seed: Hex = isLong ? `0x${'5c'.repeat(32)}` : bytes32()
      terms = {
        total: proven - BigInt(ticks) * (ticks === 0 ? 0n : tickAmount),
        tickRoot: hashed(seed, maxTicks),
        tickAmount,
        maxTicks,
        ticks,
        preimage: hashed(seed, maxTicks - ticks),
      }
    }
    const claim = { channel, ...terms, ...fields }
    return { ...claim, ...signatures.signVoucher(by, voucherDigest(domain, idOf(on), claim)), ...sparse(fields) }
  }

  /** Only the halves of a signature, where the test brings its own. */
  const sparse = ({ r, vs }: Partial<Claim>) => ({ ...(r !== undefined && { r }), ...(vs !== undefined && { vs }) })

  /** A claim that pays something. */
  function goodClaim(): Claim | undefined {
    const channel = someChannel((known) => payable(known) && account(known).claimed < MAX_UINT96)
    if (channel === undefined) return undefined
    const { claimed } = account(channel)
    const beyond = chance(0.15) ? cover(channel) + amount() : part(cover(channel))
    return voucher(channel, claimed + beyond)
  }

  function authorization(
    channel: Channel,
    value: bigint,
    changes: { by?: Signer; after?: bigint; before?: bigint } = {},
  ): Call {
    const {
      by = signerOf(channel.payer) ?? agent,
      after = BigInt(between(0, now)),
      before = BigInt(now + between(DAY, 90 * DAY)),
    } = changes
    const salt = bytes32()
    const tokenDomain = chain.tokens.get(channel.token)?.domain ?? domain
    const digest = receiveDigest(
      tokenDomain,
      channel.payer,
      contract,
      value,
      after,
      before,
      fundingNonce(idOf(channel), salt),
    )
    return {
      name: 'fundWithAuthorization',
      args: [channel, value, after, before, salt, signatures.signMessage(by, digest)],
    }
  }

  /** When a message is carried out: now and then in the last second that it is good, or in the first that it is not. */
  const inTheLastSecond = (deadline: bigint) => (chance(0.3) ? { at: Number(deadline) + pick([0, 0, 1]) } : {})

  function exitMessage(channel: Channel, changes: { by?: Signer; deadline?: bigint } = {}): Move {
    const { by = signerOf(channel.payer) ?? agent, deadline = BigInt(now + between(100, 60 * DAY)) } = changes
    const signature = signatures.signMessage(by, requestExitDigest(domain, idOf(channel), deadline))
    return {
      from: pick(addresses),
      call: { name: 'requestExitFor', args: [channel, deadline, signature] },
      ...inTheLastSecond(deadline),
    }
  }

  function withdrawMessage(
    owner: Address,
    token: Address,
    value: bigint,
    changes: { by?: Signer; deadline?: bigint; to?: Address } = {},
  ): Move {
    const {
      by = signerOf(owner) ?? agent,
      deadline = BigInt(now + between(100, 60 * DAY)),
      to = pick(addresses),
    } = changes
    const nonce = bytes32()
    const digest = withdrawDigest(domain, owner, token, value, to, nonce, deadline)
    const signature = signatures.signMessage(by, digest)
    return {
      from: pick(addresses),
      call: { name: 'withdrawFor', args: [owner, token, value, to, nonce, deadline, signature] },
      ...inTheLastSecond(deadline),
    }
  }

  /** Somebody with a balance. */
  function someBalance(): { owner: Address; token: Address; balance: bigint } | undefined {
    const all = addresses.flatMap((owner) =>
      tokens.map((token) => ({ owner, token, balance: model.owned(owner, token) })),
    )
    return find(all, ({ balance }) => balance > 0n)
  }

  const withChannel = (channel: Channel | undefined, move: (channel: Channel) => Move): Move | undefined =>
    channel === undefined ? undefined : move(channel)
  const withClaim = (claim: Claim | undefined, move: (claim: Claim) => Move): Move | undefined =>
    claim === undefined ? undefined : move(claim)
  const fund = (channel: Channel, value: bigint, from = channel.payer): Move => ({
    from,
    call: { name: 'fund', args: [channel, value] },
  })
  const claim = (which: Claim): Move => ({ from: pick(addresses), call: { name: 'claim', args: [which] } })
  /** One of the ways to fill a deposit. */
  const anyFunding = (channel: Channel, value: bigint): Move =>
    pick([
      () => fund(channel, value),
      (): Move => ({ from: channel.payer, call: { name: 'fundFromBalance', args: [channel, value] } }),
      (): Move => ({ from: pick(addresses), call: authorization(channel, value) }),
    ])()
  /** One of the ways to present a claim, by who may. */
  const anyClaim = (which: Claim): Move =>
    pick([
      () => claim(which),
      (): Move => ({ from: which.channel.payee, call: { name: 'claimTo', args: [which, pick(addresses)] } }),
      (): Move => ({ from: which.channel.payee, call: { name: 'close', args: [which] } }),
    ])()

  const right: Record<(typeof functionNames)[number], () => Move | undefined> = {
    fund: () => {
      const known = someChannel((channel) => !exiting(channel))
      const channel = known ?? newChannel()
      return fund(channel, amount(), opened(channel) && chance(0.3) ? pick(addresses) : channel.payer)
    },
    fundFromBalance: () => {
      const owned = someBalance()
      if (owned === undefined) return undefined
      const { owner, token, balance } = owned
      const known = find(channels, (channel) => channel.payer === owner && channel.token === token && !exiting(channel))
      const channel = known ?? newChannel({ payer: owner, token })
      return { from: owner, call: { name: 'fundFromBalance', args: [channel, part(balance)] } }
    },
    fundWithAuthorization: () => {
      const token = pick([dollar, dollar, credulous])
      const channel = someChannel((known) => known.token === token && !exiting(known)) ?? newChannel({ token })
      return { from: pick(addresses), call: authorization(channel, amount()) }
    },
    claim: () => withClaim(goodClaim(), claim),
    claimTo: () =>
      withClaim(goodClaim(), (which) => ({
        from: which.channel.payee,
        call: { name: 'claimTo', args: [which, pick(addresses)] },
      })),
    claimBatch: () => {
      const rows = Array.from({ length: between(0, 5) }, () =>
        chance(0.7) ? goodClaim() : claimsOf(pick(claimErrors)),
      ).filter((row) => row !== undefined)
      return { from: pick(addresses), call: { name: 'claimBatch', args: [rows] } }
    },
    close: () => {
      const spent = chance(0.2) ? find(channels, (channel) => account(channel).claimed > 0n) : undefined
      const last = spent === undefined ? goodClaim() : voucher(spent, account(spent).claimed)
      return withClaim(last, (which) => ({ from: which.channel.payee, call: { name: 'close', args: [which] } }))
    },
    release: () =>
      withChannel(
        find(channels, (channel) => account(channel).deposit > 0n),
        (channel) => ({ from: channel.payee, call: { name: 'release', args: [channel] } }),
      ),
    requestExit: () =>
      withChannel(
        find(channels, (channel) => opened(channel) && !exiting(channel)),
        (channel) => ({ from: channel.payer, call: { name: 'requestExit', args: [channel] } }),
      ),
    requestExitFor: () =>
      withChannel(
        find(channels, (channel) => opened(channel) && !exiting(channel)),
        exitMessage,
      ),
    cancelExit: () =>
      withChannel(find(channels, exiting), (channel) => ({
        from: channel.payer,
        call: { name: 'cancelExit', args: [channel] },
      })),
    exit: () =>
      withChannel(find(channels, exiting), (channel) => ({
        from: pick(addresses),
        call: { name: 'exit', args: [channel] },
        at: account(channel).exitAt + pick([0, 0, 1, between(0, DAY)]),
      })),
    fundPurse: () => {
      const channel = find(channels, draws) ?? newChannel({ flags: 1 })
      return { from: channel.payer, call: { name: 'fundPurse', args: [channel.token, channel.signer, amount()] } }
    },
    withdrawPurse: () =>
      withChannel(
        find(channels, (channel) => purse(channel).balance > 0n),
        (channel) => ({
          from: channel.payer,
          call: { name: 'withdrawPurse', args: [channel.token, channel.signer, part(purse(channel).balance)] },
        }),
      ),
    withdraw: () => {
      const owned = someBalance()
      if (owned === undefined) return undefined
      const to = chance(0.03) ? owned.token : pick(addresses)
      return { from: owned.owner, call: { name: 'withdraw', args: [owned.token, part(owned.balance), to] } }
    },
    withdrawFor: () => {
      const owned = someBalance()
      return owned === undefined ? undefined : withdrawMessage(owned.owner, owned.token, part(owned.balance))
    },
    multicall: () => {
      const moves = Array.from({ length: between(1, 8) }, () => right[pick(functionNames)]()).filter(
        (move) => move !== undefined && move.at === undefined,
      ) as Move[]
      const from = moves[0]?.from ?? pick(addresses)
      const calls = moves.filter((move) => move.from === from).map(({ call }) => call)
      return { from, call: { name: 'multicall', calls: calls.slice(0, 4) } }
    },
  }

  /** Claims that are refused, by the error. */
  const wrongClaims = {
    UnknownChannel: () => voucher(unopened({ flags: pick([0, 0, 2, 3]) }), amount()),
    InvalidVoucher: () => {
      const channel = find(channels, payable) ?? newChannel({ flags: 1 })
      const proven = account(channel).claimed + amount()
      const signature = voucher(channel, proven)
      const high = signatures.malleable(`${signature.r}${signature.vs.slice(2)}`)
      return pick<() => Claim>([
        () => voucher(channel, proven, { by: signers.find(({ address }) => address !== channel.signer) as Signer }),
        () => voucher(channel, proven, { on: newChannel({ ...channel, salt: bytes32() }) }),
        () => ({ ...signature, total: signature.total ^ 1n }),
        () => ({ ...signature, tickAmount: signature.tickAmount ^ 1n }),
        () => ({ ...signature, vs: `0x${high.slice(66)}` }),
        () => ({ ...signature, r: bytes32() }),
      ])()
    },
    TooManyTicks: () => {
      const channel = find(channels, payable) ?? newChannel({ flags: 1 })
      const [ticks, maxTicks] = pick([
        [between(1, 1_024), 0],
        [9, 8],
        [1_025, 1_024],
        [0, 1_025],
        [3, 2 ** 32 - 1],
      ]) as [number, number]
      return voucher(channel, account(channel).claimed + amount(), { ticks, maxTicks })
    },
    InvalidTick: () => {
      const channel = find(channels, payable) ?? newChannel({ flags: 1 })
      const maxTicks = between(1, 20)
      const ticks = between(1, maxTicks)
      const seed = bytes32()
      const preimage = hashed(seed, maxTicks - ticks + pick([1, 2]))
      return voucher(channel, amount(), { tickRoot: hashed(seed, maxTicks), tickAmount: 1n, maxTicks, ticks, preimage })
    },
    TotalTooLarge: () => {
      const channel = find(channels, payable) ?? newChannel({ flags: 1 })
      const maxTicks = between(1, 8)
      const seed = bytes32()
      const terms = { tickRoot: hashed(seed, maxTicks), maxTicks, ticks: maxTicks, preimage: seed }
      const tickAmount = pick([1n, MAX_UINT96])
      const total = MAX_UINT96 - (tickAmount === 1n ? BigInt(maxTicks) - 1n : 0n)
      return voucher(channel, 1n, { ...terms, tickAmount, total })
    },
    NothingToClaim: () => {
      const channel = find(channels, (known) => account(known).claimed > 0n) ?? newChannel({ flags: 1 })
      const { claimed } = account(channel)
      return voucher(channel, pick([claimed, claimed, claimed - part(claimed), 0n]))
    },
    DepositSpent: () => {
      const channel = find(channels, (known) => opened(known) && !draws(known) && cover(known) === 0n)
      return channel === undefined ? undefined : voucher(channel, account(channel).claimed + amount())
    },
    UnknownPurse: () => {
      const unfunded = (known: Channel) => draws(known) && cover(known) === 0n && !purse(known).opened
      const channel = find(channels, unfunded) ?? newChannel({ flags: 1, payee: pick(addresses) })
      return voucher(channel, account(channel).claimed + amount())
    },
  } satisfies Record<string, () => Claim | undefined>
  const claimErrors = Object.keys(wrongClaims) as (keyof typeof wrongClaims)[]
  const claimsOf = (error: keyof typeof wrongClaims): Claim | undefined => wrongClaims[error]()
  const present = (error: keyof typeof wrongClaims) => {
    const which = claimsOf(error)
    if (which === undefined) return undefined
    return error === 'NothingToClaim' ? claim(which) : anyClaim(which)
  }

  /** Something for a balance that has no room left; where none is full, what fills one. */
  function overfill(): Move | undefined {
    const isFull = (owner: Address, token: Address) => model.owned(owner, token) > MAX_UINT96 - 1_000n
    const worthIt = find(channels, (channel) => cover(channel) >= 1_000n && account(channel).claimed === 0n)
    const claimable = worthIt !== undefined && isFull(worthIt.payee, worthIt.token)
    if (claimable) return anyClaim(voucher(worthIt, cover(worthIt)))
    const own = find(channels, ({ payer, token }) => isFull(payer, token))
    if (own !== undefined && account(own).deposit >= 1_000n) {
      return { from: own.payee, call: { name: 'release', args: [own] } }
    }
    if (own !== undefined && purse(own).balance >= 1_000n) {
      return { from: own.payer, call: { name: 'withdrawPurse', args: [own.token, own.signer, purse(own).balance] } }
    }
    const payer = find(people, ({ address }) => model.held(plain, address) > 2n * MAX_UINT96)?.address
    if (payer === undefined) return undefined
    const deep = newChannel({ payer, payee: pick([payer, ...addresses]), token: plain, flags: 0 })
    const next = newChannel({ ...deep, payee: pick([deep.payee, ...addresses]), flags: 1, salt: bytes32() })
    const calls: Call[] = [
      fund(deep, MAX_UINT96).call,
      claim(voucher(deep, MAX_UINT96)).call,
      fund(next, 1_000n).call,
      { name: 'fundPurse', args: [plain, next.signer, 1_000n] },
    ]
    return { from: payer, call: { name: 'multicall', calls } }
  }

  /** Claims all of a deposit, beside which there is no purse. */
  function spend(): Move | undefined {
    const channel = find(channels, (known) => payable(known) && !draws(known))
    return channel === undefined ? undefined : claim(voucher(channel, account(channel).claimed + cover(channel)))
  }

  /** What a token makes of it that takes a fee. */
  function takesFee(move: (token: Address) => Move): Step | Move {
    const token = model.books.tokens.get(credulous)
    if (token?.mood === 'TakesFee') return move(credulous)
    return { at: soon(), from: pick(addresses), token: credulous, call: { name: 'setMood', mood: 'TakesFee' } }
  }

  /** What is meant to be refused, by the error. What comes of it may be another one, or none. */
  const wrong: Record<string, readonly (() => Move | Step | undefined)[]> = {
    OnlyPayer: [
      () => {
        const channel = unopened()
        return fund(channel, amount(), other(channel.payer))
      },
      () =>
        withChannel(someChannel(opened), (channel) => ({
          from: other(channel.payer),
          call: { name: pick(['requestExit', 'cancelExit'] as const), args: [channel] },
        })),
      () =>
        withChannel(someChannel(opened), (channel) => ({
          from: other(channel.payer),
          call: { name: 'fundFromBalance', args: [channel, 1n] },
        })),
    ],
    OnlyPayee: [
      () =>
        withClaim(goodClaim(), (which) => ({
          from: other(which.channel.payee),
          call: { name: 'close', args: [which] },
        })),
      () =>
        withClaim(goodClaim(), (which) => {
          const thief = other(which.channel.payee)
          return { from: thief, call: { name: 'claimTo', args: [which, thief] } }
        }),
      () =>
        withChannel(find(channels, opened), (channel) => ({
          from: other(channel.payee),
          call: { name: 'release', args: [channel] },
        })),
    ],
    InvalidPayee: [() => anyFunding(unopened({ payee: zeroAddress }), amount())],
    InvalidSigner: [
      () => anyFunding(unopened({ signer: zeroAddress }), amount()),
      () => ({ from: pick(addresses), call: { name: 'fundPurse', args: [pick(tokens), zeroAddress, amount()] } }),
    ],
    InvalidToken: [
      () => anyFunding(unopened({ token: pick([NOBODY, zeroAddress]) }), amount()),
      () => ({ from: pick(addresses), call: { name: 'fundPurse', args: [NOBODY, agent.address, amount()] } }),
    ],
    InvalidExitDelay: [
      () => anyFunding(unopened({ exitDelay: pick([0, 1, 899, 30 * DAY + 1, 2 ** 40 - 1]) }), amount()),
    ],
    InvalidFlags: [() => anyFunding(unopened({ flags: pick([2, 3, 128, 255]) }), amount())],
    ZeroAmount: [
      () => anyFunding(channels.length > 0 ? pick(channels) : newChannel(), 0n),
      () => ({ from: pick(addresses), call: { name: 'withdraw', args: [pick(tokens), 0n, pick(addresses)] } }),
      () => withdrawMessage(pick(addresses), pick(tokens), 0n),
      () => ({ from: pick(addresses), call: { name: 'fundPurse', args: [pick(tokens), agent.address, 0n] } }),
      () => ({ from: pick(addresses), call: { name: 'withdrawPurse', args: [pick(tokens), agent.address, 0n] } }),
      () =>
        withChannel(
          find(channels, (channel) => opened(channel) && account(channel).deposit === 0n),
          (channel) => ({ from: channel.payee, call: { name: 'release', args: [channel] } }),
        ),
    ],
    UnknownChannel: [
      () => present('UnknownChannel'),
      () => exitMessage(unopened()),
      () => {
        const channel = unopened()
        return chance(0.5)
          ? { from: channel.payer, call: { name: 'requestExit', args: [channel] } }
          : { from: channel.payee, call: { name: 'release', args: [channel] } }
      },
    ],
    ChannelExiting: [
      () => withChannel(find(channels, exiting), (channel) => anyFunding(channel, amount())) ?? right.requestExit(),
      () =>
        withChannel(find(channels, exiting), (channel) => ({
          from: channel.payer,
          call: { name: 'requestExit', args: [channel] },
        })),
      () => withChannel(find(channels, exiting), exitMessage) ?? right.requestExitFor(),
    ],
    ExitNotRequested: [
      () =>
        withChannel(
          find(channels, (channel) => !exiting(channel)),
          (channel) => ({
            from: channel.payer,
            call: { name: pick(['cancelExit', 'exit'] as const), args: [channel] },
          }),
        ),
    ],
    ExitNotDue: [
      () =>
        withChannel(
          find(channels, (channel) => account(channel).exitAt > now + 1),
          (channel) => ({
            from: pick(addresses),
            call: { name: 'exit', args: [channel] },
            at: pick([account(channel).exitAt - 1, now + 1]),
          }),
        ) ?? right.requestExit(),
    ],
    InvalidVoucher: [() => present('InvalidVoucher')],
    TooManyTicks: [() => present('TooManyTicks')],
    InvalidTick: [() => present('InvalidTick')],
    TotalTooLarge: [() => present('TotalTooLarge')],
    NothingToClaim: [() => present('NothingToClaim')],
    DepositSpent: [() => present('DepositSpent'), () => present('DepositSpent') ?? spend()],
    UnknownPurse: [() => present('UnknownPurse')],
    InsufficientPurse: [
      () => {
        const channel = find(channels, draws) ?? newChannel({ flags: 1 })
        const value = fitting(purse(channel).balance + pick([1n, amount(), MAX_UINT96]))
        return { from: channel.payer, call: { name: 'withdrawPurse', args: [channel.token, channel.signer, value] } }
      },
    ],
    BalanceFull: [overfill],
    InvalidSignature: [
      () =>
        withChannel(find(channels, opened), (channel) =>
          exitMessage(channel, { by: find(signers, ({ address }) => address !== channel.payer) as Signer }),
        ),
      () => {
        const [owner, thief] = [pick(addresses), pick(people)]
        const by = thief.address === owner ? agent : thief
        const { token, balance } = someBalance() ?? { token: dollar, balance: 1n }
        return withdrawMessage(owner, token, part(balance), { by, to: by.address })
      },
      () => {
        const channel = unopened({ token: pick([dollar, credulous]) })
        return { from: pick(addresses), call: authorization(channel, amount(), { by: agent }) }
      },
      () => {
        const { from, call } = withdrawMessage(pick(people).address, pick(tokens), 1n)
        if (call.name !== 'withdrawFor') return undefined
        const [owner, token, value, to, nonce, deadline, signature] = call.args
        return {
          from,
          call: { name: call.name, args: [owner, token, value, to, nonce, deadline, signatures.malleable(signature)] },
        }
      },
    ],
    SignatureExpired: [
      () => withChannel(find(channels, opened), (channel) => exitMessage(channel, { deadline: BigInt(now) })),
      () => {
        const { owner, token, balance } = someBalance() ?? { owner: pick(addresses), token: dollar, balance: 1n }
        return withdrawMessage(owner, token, balance, { deadline: BigInt(between(0, now)) })
      },
    ],
    MessageUsed: [
      () =>
        relayed.length > 0
          ? { ...pick(relayed), from: pick(addresses) }
          : (right.withdrawFor() ?? right.requestExitFor()),
    ],
    InexactTransfer: [
      () => takesFee((token) => anyFunding(newChannel({ token }), amount() + 100n)),
      () =>
        takesFee((token) => ({
          from: pick(addresses),
          call: { name: 'fundPurse', args: [token, agent.address, amount() + 100n] },
        })),
    ],
    InsufficientBalance: [
      () => {
        const { owner, token, balance } = someBalance() ?? { owner: pick(addresses), token: pick(tokens), balance: 0n }
        const value = fitting(balance + pick([1n, amount(), MAX_UINT96]))
        return pick([
          (): Move => ({ from: owner, call: { name: 'withdraw', args: [token, value, pick(addresses)] } }),
          () => withdrawMessage(owner, token, value),
          (): Move => ({
            from: owner,
            call: { name: 'fundFromBalance', args: [newChannel({ payer: owner, token }), value] },
          }),
        ])()
      },
    ],
    Panic: [
      () => withChannel(find(channels, opened), (channel) => fund(channel, MAX_UINT96)),
      () =>
        withChannel(
          find(channels, (channel) => purse(channel).balance > 0n),
          ({ payer, token, signer }) => ({
            from: payer,
            call: { name: 'fundPurse', args: [token, signer, MAX_UINT96] },
          }),
        ),
    ],
    InvalidRecipient: [
      () => {
        const { owner, token, balance } = someBalance() ?? { owner: pick(addresses), token: dollar, balance: 1n }
        const to = pick([zeroAddress, contract])
        return chance(0.5)
          ? { from: owner, call: { name: 'withdraw', args: [token, part(balance), to] } }
          : withdrawMessage(owner, token, part(balance), { to })
      },
      () =>
        withClaim(goodClaim(), (which) => ({
          from: which.channel.payee,
          call: { name: 'claimTo', args: [which, pick([zeroAddress, contract])] },
        })),
    ],
  }
  const errorNames = Object.keys(wrong)

  const soon = () => now + pick([1, 1, between(1, 60), between(1, 3_600), between(1, DAY)])

  /** What happens to tokens apart from the channels. */
  function mishap(): Step {
    const from = pick(addresses)
    const at = soon()
    const reentry = [right.claim, right.exit, right.withdrawFor, right.claimBatch].map((make) => make()?.call)
    return pick<() => Step>([
      () => ({
        at,
        from: addresses.at(-1) as Address,
        token: plain,
        call: { name: 'approve', amount: pick([0n, 500n, 2n ** 256n - 1n]) },
      }),
      () => ({ at, from, token: pick(tokens), call: { name: 'transfer', to: contract, amount: amount() } }),
      () => ({
        at,
        from,
        token: credulous,
        call: { name: 'shrink', account: pick([from, contract]), amount: amount() },
      }),
      () => ({ at, from, token: credulous, call: { name: 'setMood', mood: pick<Mood>(moodsThatMatter) } }),
      () => ({
        at,
        from,
        token: credulous,
        call: {
          name: 'setReentry',
          call: find(reentry, (call) => call !== undefined) ?? authorization(newChannel(), 1n),
        },
      }),
    ])()
  }

  function propose(): Move | Step {
    const moody = model.books.tokens.get(credulous)?.mood !== 'Honest'
    if (moody && chance(0.3))
      return { at: soon(), from: pick(addresses), token: credulous, call: { name: 'setMood', mood: 'Honest' } }
    if (chance(0.1)) return mishap()
    return tryToFail() ?? tryToSucceed() ?? openSome()
  }

  /** Something to be refused for the error of the last attempt, as long as it did not come up, or for another. */
  function tryToFail(): Move | Step | undefined {
    const reached = aim === undefined || (tally.errors.get(aim.error) ?? 0) > aim.before
    if (reached || aim?.attempts === 0) aim = undefined
    if (aim === undefined && !chance(0.4)) return undefined
    aim ??= aimAt(random.rare(errorNames, tally.errors))
    aim.attempts--
    return pick(wrong[aim.error] ?? [])()
  }

  const aimAt = (error: string): Aim => ({
    error,
    before: tally.errors.get(error) ?? 0,
    attempts: error === 'BalanceFull' ? 8 : 3,
  })

  function tryToSucceed(): Move | undefined {
    for (let attempts = 0; attempts < 4; attempts++) {
      const move = right[random.rare(functionNames, tally.functions)]()
      if (move !== undefined) return move
    }
    return undefined
  }

  /** Several channels of one payer, and a purse for them. */
  function openSome(): Move {
    const payer = pick(people)
    const fresh = Array.from({ length: between(1, 3) }, () => newChannel({ payer: payer.address }))
    const calls = fresh.map((channel) =>
      draws(channel) && chance(0.6)
        ? ({ name: 'fundPurse', args: [channel.token, channel.signer, amount()] } as const)
        : fund(channel, amount()).call,
    )
    return { from: payer.address, call: { name: 'multicall', calls } }
  }

  return {
    /** The next step; whoever takes it tells by `succeeded`. */
    next(): Step {
      const proposed = propose()
      if ('token' in proposed) {
        now = proposed.at
        return proposed
      }
      now = Math.max(proposed.at ?? soon(), now + 1)
      // The zero address may be a payee, and sends nothing.
      const from = addresses.includes(proposed.from) ? proposed.from : pick(addresses)
      return { at: now, from, call: proposed.call }
    },
    /** Remembers messages that were carried out. */
    succeeded(step: Step): void {
      if (step.call.name === 'withdrawFor' || step.call.name === 'requestExitFor') relayed.push(step as Move)
    },
  }
}
