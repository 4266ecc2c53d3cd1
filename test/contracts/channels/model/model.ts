import { type Address, type Hex, toFunctionSelector, zeroAddress } from 'viem'
import { type Call, type Channel, type Claim, said, type TokenCall } from './calls.ts'
import {
  type Domain,
  fundingNonce,
  hashed,
  idOf,
  receiveDigest,
  requestExitDigest,
  requestExitHash,
  voucherDigest,
  withdrawDigest,
} from './hashes.ts'
import {
  balanceOf,
  copyToken,
  move,
  NO_REASON,
  performOnToken,
  Refused,
  refuseWhere,
  spend,
  type Token,
} from './tokens.ts'

export const MAX_UINT96 = 2n ** 96n - 1n
const MAX_UINT256 = 2n ** 256n - 1n
const MIN_EXIT_DELAY = 15 * 60
const MAX_EXIT_DELAY = 30 * 86_400
const MAX_TICKS = 1_024
const OVERFLOW = said('Panic', 17)

export type Account = { claimed: bigint; deposit: bigint; exitAt: number; opened: boolean }
export type Purse = { balance: bigint; opened: boolean }

/** What is where. Keys of several parts have a space between them. */
export type Books = {
  readonly accounts: Map<Hex, Account>
  readonly balances: Map<string, bigint>
  readonly purses: Map<string, Purse>
  readonly used: Set<string>
  readonly tokens: Map<Address, Token>
}

export type Setting = {
  readonly contract: Address
  readonly domain: Domain
  /** Whether `account` signed `digest` with `signature`: nobody forges any. */
  readonly isSigned: (account: Address, digest: Hex, signature: Hex) => boolean
  readonly tokens: ReadonlyMap<Address, Token>
}

/** What comes of a call. Where several errors fit, the contract may name any; an event may be one of several texts, too. */
export type Outcome = { result: unknown; events: string[][] } | { refusals: readonly string[] }

/** Functions that meet the guard while a token is being called. */
const guarded: readonly Call['name'][] = [
  'fund',
  'fundWithAuthorization',
  'claimTo',
  'fundPurse',
  'withdraw',
  'withdrawFor',
]

const selectorOf: Record<string, Hex> = {
  UnknownChannel: toFunctionSelector('UnknownChannel(bytes32)'),
  InvalidVoucher: toFunctionSelector('InvalidVoucher(bytes32)'),
  TooManyTicks: toFunctionSelector('TooManyTicks(uint32,uint32)'),
  InvalidTick: toFunctionSelector('InvalidTick(bytes32)'),
  TotalTooLarge: toFunctionSelector('TotalTooLarge(uint256)'),
  NothingToClaim: toFunctionSelector('NothingToClaim(bytes32,uint96)'),
  DepositSpent: toFunctionSelector('DepositSpent(bytes32,uint96)'),
  UnknownPurse: toFunctionSelector('UnknownPurse(address,address,address)'),
  BalanceFull: toFunctionSelector('BalanceFull(address,address)'),
}
/** The name in the text of an error. */
export const errorName = (reason: string) => reason.split('(')[0] as string

/**
 * `PaymentChannels` as its interface describes it: plain books, no gas, no slots, no order of checks. A call that is
 * refused leaves no trace.
 */
export function createModel({ contract, domain, isSigned, tokens }: Setting) {
  let books: Books = {
    accounts: new Map(),
    balances: new Map(),
    purses: new Map(),
    used: new Set(),
    tokens: new Map([...tokens].map(([address, token]) => [address, copyToken(token)])),
  }
  let sender: Address
  let now: number
  let events: string[][]
  let underWay = false

  const accountOf = (id: Hex): Account =>
    books.accounts.get(id) ?? { claimed: 0n, deposit: 0n, exitAt: 0, opened: false }
  const owned = (owner: Address, token: Address) => books.balances.get(`${owner} ${token}`) ?? 0n
  const purseOf = (owner: Address, token: Address, signer: Address): Purse =>
    books.purses.get(`${owner} ${token} ${signer}`) ?? { balance: 0n, opened: false }
  const change = (id: Hex, changes: Partial<Account>) => books.accounts.set(id, { ...accountOf(id), ...changes })
  const credit = (owner: Address, token: Address, amount: bigint) =>
    books.balances.set(`${owner} ${token}`, owned(owner, token) + amount)
  const emit = (name: string, ...values: unknown[]) => events.push([said(name, ...values)])
  const isContract = (token: Address) => books.tokens.has(token)
  const drawsOnPurse = (channel: Channel) => channel.flags === 1

  function tokenAt(address: Address): Token {
    const token = books.tokens.get(address)
    if (token === undefined) throw new Refused([NO_REASON])
    return token
  }

  /** Runs something to its end or not at all. */
  function attempt(work: () => unknown): Outcome {
    const before = { books, events }
    books = {
      accounts: new Map(books.accounts),
      balances: new Map(books.balances),
      purses: new Map(books.purses),
      used: new Set(books.used),
      tokens: new Map([...books.tokens].map(([address, token]) => [address, copyToken(token)])),
    }
    events = [...before.events]
    try {
      return { result: work(), events }
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      books = before.books
      events = before.events
      return { refusals: error.reasons }
    }
  }

  /** The token moves an amount, and calls the channels in the middle where it is in the mood to. */
  function moveToken(address: Address, from: Address, to: Address, amount: bigint): boolean {
    const { mood, reentry } = tokenAt(address)
    if (mood === 'Reenters' && reentry !== undefined) {
      const outer = sender
      sender = address
      attempt(() => perform(reentry))
      sender = outer
    }
    return move(tokenAt(address), from, to, amount)
  }

  /** The same for the channels, which let nobody in meanwhile that would move tokens. */
  function moveGuarded(address: Address, from: Address, to: Address, amount: bigint): boolean {
    underWay = true
    try {
      return moveToken(address, from, to, amount)
    } finally {
      underWay = false
    }
  }

  const failedOperation = (token: Address) => said('SafeERC20FailedOperation', token)

  /** Has the token brought by `bring` exactly `amount`? */
  function receive(address: Address, amount: bigint, bring: () => void): void {
    const expected = balanceOf(tokenAt(address), contract) + amount
    refuseWhere([expected > MAX_UINT256, OVERFLOW])
    bring()
    const balance = balanceOf(tokenAt(address), contract)
    refuseWhere([balance !== expected, said('InexactTransfer', address, expected, balance)])
  }

  function pull(address: Address, amount: bigint): void {
    receive(address, amount, () => {
      spend(tokenAt(address), sender, contract, amount)
      refuseWhere([!moveGuarded(address, sender, contract, amount), failedOperation(address)])
    })
  }

  /** The conditions under which a deposit cannot grow, and the growing itself. */
  function deposit(channel: Channel, amount: bigint, ...more: (readonly [boolean, string])[]): void {
    const { payer, payee, token, signer, exitDelay, flags, salt } = channel
    const id = idOf(domain, channel)
    const account = accountOf(id)
    const opens = !account.opened
    refuseWhere(
      [amount === 0n, said('ZeroAmount')],
      [opens && payee === zeroAddress, said('InvalidPayee')],
      [opens && signer === zeroAddress, said('InvalidSigner')],
      [opens && !isContract(token), said('InvalidToken', token)],
      [opens && (exitDelay < MIN_EXIT_DELAY || exitDelay > MAX_EXIT_DELAY), said('InvalidExitDelay', exitDelay)],
      [opens && flags > 1, said('InvalidFlags', flags)],
      [account.exitAt !== 0, said('ChannelExiting', id, account.exitAt)],
      [account.deposit + amount > MAX_UINT96, OVERFLOW],
      ...more,
    )
    if (opens) emit('ChannelOpened', id, payer, payee, token, signer, exitDelay, flags, salt)
    change(id, { opened: true, deposit: account.deposit + amount })
    emit('Funded', id, amount, account.deposit + amount)
  }

  /** What a claim would do: why it is refused, or what it pays from where. */
  function assess(claim: Claim) {
    const { channel, total, tickRoot, tickAmount, maxTicks, ticks, preimage, r, vs } = claim
    const { payer, payee, token, signer } = channel
    const id = idOf(domain, channel)
    const account = accountOf(id)
    const purse = purseOf(payer, token, signer)
    const tooManyTicks = ticks > maxTicks || maxTicks > MAX_TICKS
    const proven = total + BigInt(ticks) * tickAmount
    const owed = proven - account.claimed
    const fromDeposit = owed < account.deposit ? owed : account.deposit
    const lacking = owed - fromDeposit
    const drawable = drawsOnPurse(channel) ? purse.balance : 0n
    const fromPurse = lacking < drawable ? lacking : drawable
    const paid = fromDeposit + fromPurse
    const bounces = drawsOnPurse(channel) && purse.opened && paid < owed
    const uncovered = owed > 0n && paid === 0n && !bounces
    const conditions: [boolean, string][] = [
      [!account.opened && !drawsOnPurse(channel), said('UnknownChannel', id)],
      [!isSigned(signer, voucherDigest(domain, id, claim), `${r}${vs.slice(2)}`), said('InvalidVoucher', id)],
      [tooManyTicks, said('TooManyTicks', ticks, maxTicks)],
      [!tooManyTicks && ticks > 0 && hashed(preimage, ticks) !== tickRoot, said('InvalidTick', id)],
      [proven > MAX_UINT96, said('TotalTooLarge', proven)],
      [owed <= 0n, said('NothingToClaim', id, account.claimed)],
      [uncovered && !drawsOnPurse(channel), said('DepositSpent', id, owed)],
      [uncovered && drawsOnPurse(channel), said('UnknownPurse', payer, token, signer)],
      [owed > 0n && owned(payee, token) + paid > MAX_UINT96, said('BalanceFull', payee, token)],
    ]
    const refusals = conditions.filter(([holds]) => holds).map(([, reason]) => reason)
    return { id, account, owed, fromDeposit, fromPurse, paid, bounces, refusals }
  }

  function settle(claim: Claim): bigint {
    const { id, account, owed, fromDeposit, fromPurse, paid, bounces, refusals } = assess(claim)
    if (refusals.length > 0) throw new Refused(refusals)
    const { payer, payee, token, signer } = claim.channel
    if (fromPurse > 0n) {
      const purse = purseOf(payer, token, signer)
      books.purses.set(`${payer} ${token} ${signer}`, { ...purse, balance: purse.balance - fromPurse })
    }
    if (paid > 0n) {
      credit(payee, token, paid)
      change(id, { claimed: account.claimed + paid, deposit: account.deposit - fromDeposit })
      emit('Claimed', id, payer, payee, token, paid, account.claimed + paid)
    }
    if (bounces) emit('Bounced', id, payer, payee, token, paid, owed - paid)
    return paid
  }

  function withdraw(owner: Address, token: Address, amount: bigint, to: Address): void {
    const balance = owned(owner, token)
    refuseWhere(
      [amount === 0n, said('ZeroAmount')],
      [to === zeroAddress || to === contract, said('InvalidRecipient', to)],
      [balance < amount, said('InsufficientBalance', owner, token, balance, amount)],
    )
    credit(owner, token, -amount)
    emit('Withdrawn', owner, token, amount, to)
    refuseWhere([tokenAt(token).kind === 'currency' && to === token, said('ERC20InvalidReceiver', to)])
    refuseWhere([!moveGuarded(token, contract, to, amount), failedOperation(token)])
  }

  function requestExit(channel: Channel, ...more: (readonly [boolean, string])[]): void {
    const id = idOf(domain, channel)
    const { opened, exitAt } = accountOf(id)
    refuseWhere([!opened, said('UnknownChannel', id)], [exitAt !== 0, said('ChannelExiting', id, exitAt)], ...more)
    const due = now + channel.exitDelay
    change(id, { exitAt: due })
    emit('ExitRequested', id, channel.payer, channel.payee, due)
  }

  function giveBack(event: 'Exited' | 'Released', channel: Channel): void {
    const { payer, token } = channel
    const id = idOf(domain, channel)
    const { deposit: rest } = accountOf(id)
    refuseWhere([owned(payer, token) + rest > MAX_UINT96, said('BalanceFull', payer, token)])
    change(id, { deposit: 0n, exitAt: 0 })
    credit(payer, token, rest)
    emit(event, id, rest)
  }

  const notPayer = (channel: Channel) => [sender !== channel.payer, said('OnlyPayer', sender, channel.payer)] as const
  const notPayee = (channel: Channel) => [sender !== channel.payee, said('OnlyPayee', sender, channel.payee)] as const

  /** The conditions under which a relayed message is refused. */
  const notAMessage = (account: Address, digest: Hex, nonce: Hex, deadline: bigint, signature: Hex) =>
    [
      [BigInt(now) > deadline, said('SignatureExpired', deadline)],
      [books.used.has(`${account} ${nonce}`), said('MessageUsed', account, nonce)],
      [!isSigned(account, digest, signature), said('InvalidSignature', account)],
    ] as const

  function fundWithAuthorization(
    ...[channel, amount, validAfter, validBefore, salt, signature]: Extract<
      Call,
      { name: 'fundWithAuthorization' }
    >['args']
  ): void {
    const { payer, token: address } = channel
    const id = idOf(domain, channel)
    const nonce = fundingNonce(id, salt)
    const token = books.tokens.get(address)
    const signed =
      token?.domain !== undefined &&
      isSigned(payer, receiveDigest(token.domain, payer, contract, amount, validAfter, validBefore, nonce), signature)
    const opens = !accountOf(id).opened
    deposit(
      channel,
      amount,
      [opens && !signed, said('InvalidSignature', payer)],
      [token?.domain === undefined, NO_REASON],
    )
    receive(address, amount, () => {
      const { kind, used, balances } = tokenAt(address)
      if (kind === 'currency') {
        const balance = balances.get(payer) ?? 0n
        refuseWhere(
          [BigInt(now) <= validAfter, said('AuthorizationNotYetValid', validAfter)],
          [BigInt(now) >= validBefore, said('AuthorizationExpired', validBefore)],
          [!signed, said('InvalidSignature', payer)],
          [used.has(`${payer} ${nonce}`), said('AuthorizationAlreadyUsed', payer, nonce)],
          [balance < amount, said('ERC20InsufficientBalance', payer, balance, amount)],
        )
        used.add(`${payer} ${nonce}`)
      }
      // Whether it moved shows in the balance: this function returns nothing.
      moveGuarded(address, payer, contract, amount)
    })
  }

  /** One of several calls: OpenZeppelin's `Multicall` passes an error on, and has one of its own for none. */
  function performPart(call: Call): unknown {
    try {
      return perform(call)
    } catch (error) {
      if (error instanceof Refused && error.reasons.includes(NO_REASON)) {
        throw new Refused([...error.reasons, said('FailedCall')])
      }
      throw error
    }
  }

  function perform(call: Call): unknown {
    if (underWay && guarded.includes(call.name)) throw new Refused([said('ReentrancyGuardReentrantCall')])
    switch (call.name) {
      case 'fund': {
        const [channel, amount] = call.args
        const { opened } = accountOf(idOf(domain, channel))
        deposit(channel, amount, [!opened && notPayer(channel)[0], notPayer(channel)[1]])
        return pull(channel.token, amount)
      }
      case 'fundFromBalance': {
        const [channel, amount] = call.args
        const balance = owned(sender, channel.token)
        deposit(channel, amount, notPayer(channel), [
          balance < amount,
          said('InsufficientBalance', sender, channel.token, balance, amount),
        ])
        credit(sender, channel.token, -amount)
        return undefined
      }
      case 'fundWithAuthorization':
        return fundWithAuthorization(...call.args)
      case 'claim':
        return settle(call.args[0])
      case 'claimTo': {
        const [claim, to] = call.args
        const { payee, token } = claim.channel
        refuseWhere(notPayee(claim.channel))
        const paid = settle(claim)
        if (paid > 0n) withdraw(payee, token, paid, to)
        return paid
      }
      case 'claimBatch':
        return call.args[0].map((claim) => {
          const { id, refusals } = assess(claim)
          if (refusals.length === 0) return settle(claim)
          events.push(refusals.map((reason) => said('ClaimSkipped', id, selectorOf[errorName(reason)])))
          return 0n
        })
      case 'close': {
        const [claim] = call.args
        refuseWhere(notPayee(claim.channel))
        const { id, refusals } = assess(claim)
        const serious = refusals.filter((reason) => errorName(reason) !== 'NothingToClaim')
        if (serious.length > 0) throw new Refused(serious)
        if (refusals.length === 0) settle(claim)
        if (accountOf(id).deposit > 0n) giveBack('Released', claim.channel)
        return undefined
      }
      case 'release': {
        const [channel] = call.args
        const id = idOf(domain, channel)
        const { opened, deposit: rest } = accountOf(id)
        refuseWhere(notPayee(channel), [!opened, said('UnknownChannel', id)], [rest === 0n, said('ZeroAmount')])
        return giveBack('Released', channel)
      }
      case 'requestExit':
        return requestExit(call.args[0], notPayer(call.args[0]))
      case 'requestExitFor': {
        const [channel, deadline, signature] = call.args
        const id = idOf(domain, channel)
        const nonce = requestExitHash(id, deadline)
        const digest = requestExitDigest(domain, id, deadline)
        requestExit(channel, ...notAMessage(channel.payer, digest, nonce, deadline, signature))
        books.used.add(`${channel.payer} ${nonce}`)
        return undefined
      }
      case 'cancelExit': {
        const [channel] = call.args
        const id = idOf(domain, channel)
        refuseWhere(notPayer(channel), [accountOf(id).exitAt === 0, said('ExitNotRequested', id)])
        change(id, { exitAt: 0 })
        emit('ExitCancelled', id)
        return undefined
      }
      case 'exit': {
        const [channel] = call.args
        const id = idOf(domain, channel)
        const { exitAt } = accountOf(id)
        refuseWhere([exitAt === 0, said('ExitNotRequested', id)], [now < exitAt, said('ExitNotDue', id, exitAt)])
        return giveBack('Exited', channel)
      }
      case 'fundPurse': {
        const [token, signer, amount] = call.args
        const purse = purseOf(sender, token, signer)
        const balance = purse.balance + amount
        refuseWhere(
          [amount === 0n, said('ZeroAmount')],
          [signer === zeroAddress, said('InvalidSigner')],
          [!isContract(token), said('InvalidToken', token)],
          [balance > MAX_UINT96, OVERFLOW],
        )
        books.purses.set(`${sender} ${token} ${signer}`, { balance, opened: true })
        emit('PurseFunded', sender, token, signer, amount, balance)
        return pull(token, amount)
      }
      case 'withdrawPurse': {
        const [token, signer, amount] = call.args
        const purse = purseOf(sender, token, signer)
        const balance = purse.balance - amount
        refuseWhere(
          [amount === 0n, said('ZeroAmount')],
          [balance < 0n, said('InsufficientPurse', sender, token, signer, purse.balance, amount)],
          [owned(sender, token) + amount > MAX_UINT96, said('BalanceFull', sender, token)],
        )
        books.purses.set(`${sender} ${token} ${signer}`, { ...purse, balance })
        credit(sender, token, amount)
        emit('PurseWithdrawn', sender, token, signer, amount, balance)
        return undefined
      }
      case 'withdraw':
        return withdraw(sender, ...call.args)
      case 'withdrawFor': {
        const [owner, token, amount, to, nonce, deadline, signature] = call.args
        const digest = withdrawDigest(domain, owner, token, amount, to, nonce, deadline)
        refuseWhere(...notAMessage(owner, digest, nonce, deadline, signature))
        books.used.add(`${owner} ${nonce}`)
        return withdraw(owner, token, amount, to)
      }
      case 'multicall':
        return call.calls.map(performPart)
    }
  }

  return {
    /** What it keeps now. */
    get books(): Books {
      return books
    },
    accountOf,
    owned,
    purseOf,
    held: (token: Address, account: Address) => balanceOf(tokenAt(token), account),
    /** A transaction of `from` on the channels in the block of second `at`. */
    transact(from: Address, at: number, call: Call): Outcome {
      sender = from
      now = at
      events = []
      return attempt(() => perform(call))
    },
    /** A transaction of `from` on a token. */
    transactOnToken(from: Address, address: Address, call: TokenCall): Outcome {
      events = []
      return attempt(() => {
        if (call.name === 'transfer') moveToken(address, from, call.to, call.amount)
        else performOnToken(tokenAt(address), from, call)
      })
    },
  }
}

export type Model = ReturnType<typeof createModel>
