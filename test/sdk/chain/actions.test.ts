import {
  addresses,
  type Deposit,
  getChannelState,
  getHoldings,
  openChannel,
  type Proofs,
  policyProof,
  RATIO_UNIT,
  type ScripActions,
  type ScripClient,
  type Standing,
  scripActions,
  type Transaction,
  transferFunds,
  WEIGHT_UNIT,
} from '@scrip/sdk/chain'
import { type Channel, type Claim, channelId, createPayee, createPayer } from '@scrip/sdk/channels'
import { type ErrorCode, ScripError } from '@scrip/sdk/errors'
import { memoryStore } from '@scrip/sdk/store'
import { expect } from 'chai'
import fc from 'fast-check'
import { network } from 'hardhat'
import { type Abi, type Address, erc20Abi, parseEventLogs, toHex, zeroAddress } from 'viem'
import { getBlock, readContract } from 'viem/actions'
import { admissionControllerAbi } from '../../../sdk/abi/admissionController.ts'
import { bondPolicyAbi } from '../../../sdk/abi/bondPolicy.ts'
import { currencyFactoryAbi } from '../../../sdk/abi/currencyFactory.ts'
import { interactionHistoryAbi } from '../../../sdk/abi/interactionHistory.ts'
import { issuerCurrencyAbi } from '../../../sdk/abi/issuerCurrency.ts'
import { paymentChannelsAbi } from '../../../sdk/abi/paymentChannels.ts'
import { ratioPolicyAbi } from '../../../sdk/abi/ratioPolicy.ts'
import { type Market, openMarket, type Person } from '../../support/market.ts'

const DAY = 86_400
const nowhere: Address = '0x00000000000000000000000000000000DeaDBeef'

describe('the actions', () => {
  let connection: Awaited<ReturnType<typeof network.create>>
  let market: Market
  let currency: Address
  let issuer: ScripActions
  let payer: Person
  let payee: Person
  let pays: ScripActions
  let earns: ScripActions

  before(async () => {
    connection = await network.create()
    market = await openMarket(connection)
    currency = market.currency
    issuer = scripActions()(market.issuer.client)
  })
  beforeEach(async () => {
    payer = await market.person()
    payee = await market.person(0n)
    pays = scripActions()(payer.client)
    earns = scripActions()(payee.client)
  })

  const reader = (): ScripClient => market.issuer.client
  const later = (seconds: number) => connection.networkHelpers.time.increase(seconds)
  const walletOf = async ({ account }: Person, token = currency) =>
    (await getHoldings(reader(), { currency: token, owner: account.address })).wallet

  describe('createCurrency, getCurrency', () => {
    it('create a currency by its terms, and give them back', async () => {
      const terms = {
        name: 'Claire dollar',
        symbol: 'CLD',
        decimals: 2,
        maxSupply: 1_000n,
        feeFlat: 3n,
        feeBps: 150,
        redemptionWindow: 3_600,
        contractURI: 'ipfs://terms',
      }
      const created = await issuer.createCurrency({ ...terms, salt: toHex(1n, { size: 32 }) })
      expectEvent(created, currencyFactoryAbi, 'CurrencyCreated', {
        currency: created.currency,
        issuer: market.issuer.account.address,
        name: 'Claire dollar',
        symbol: 'CLD',
        decimals: 2,
      })
      expect(await issuer.getCurrency({ currency: created.currency })).to.deep.equal({
        ...terms,
        address: created.currency,
        issuer: market.issuer.account.address,
        totalSupply: 0n,
      })
    })

    it('fill in what is not said', async () => {
      const { currency: plain } = await pays.createCurrency({ name: 'Plain', symbol: 'P', decimals: 0 })
      expect(await pays.getCurrency({ currency: plain })).to.include({
        maxSupply: 2n ** 96n - 1n,
        feeFlat: 0n,
        feeBps: 0,
        redemptionWindow: 7 * DAY,
        contractURI: '',
      })
    })

    it('refuse the same again, and terms that cannot be', async () => {
      const terms = { name: 'Once', symbol: 'O', decimals: 0 }
      const { currency: once } = await pays.createCurrency(terms)
      await reverts(pays.createCurrency(terms), 'CurrencyExists', once)
      await reverts(pays.createCurrency({ ...terms, name: '' }), 'InvalidName', '0')
      await reverts(pays.createCurrency({ ...terms, symbol: 'S'.repeat(17) }), 'InvalidSymbol', '17')
      await reverts(pays.createCurrency({ ...terms, decimals: 19 }), 'InvalidDecimals', '19')
      await reverts(pays.createCurrency({ ...terms, feeBps: 1_001 }), 'InvalidFee', '1001')
      await reverts(pays.createCurrency({ ...terms, maxSupply: 0n }), 'InvalidMaxSupply')
      await reverts(pays.createCurrency({ ...terms, contractURI: 'x'.repeat(129) }), 'InvalidContractURI', '129')
      for (const impossible of [
        { maxSupply: 2n ** 96n },
        { feeFlat: -1n },
        { feeBps: 70_000 },
        { salt: '0x12' as const },
      ]) {
        await rejects(pays.createCurrency({ ...terms, ...impossible }), 'INVALID_ARGUMENT')
      }
    })

    it('know what is no currency', async () => {
      for (const wrong of [nowhere, payer.account.address, addresses.paymentChannels]) {
        const error = await rejects(issuer.getCurrency({ currency: wrong }), 'UNKNOWN_CURRENCY')
        expect(error.values).to.deep.equal({ currency: wrong })
        await rejects(issuer.mint({ currency: wrong, to: nowhere, amount: 1n }), 'UNKNOWN_CURRENCY')
        await rejects(pays.transferFunds({ currency: wrong, recipient: nowhere, amount: 1n }), 'UNKNOWN_CURRENCY')
        await rejects(pays.getDeposits({ currency: wrong }), 'UNKNOWN_CURRENCY')
      }
    })
  })

  describe('mint, getHoldings', () => {
    it('create base units for somebody', async () => {
      const before = (await issuer.getCurrency({ currency })).totalSupply
      const minted = await issuer.mint({ currency, to: payee.account.address, amount: 70n })
      expectEvent(minted, erc20Abi, 'Transfer', { to: payee.account.address, value: 70n })
      expect(await earns.getHoldings({ currency })).to.deep.equal({ wallet: 70n, withdrawable: 0n })
      expect((await issuer.getCurrency({ currency })).totalSupply).to.equal(before + 70n)
    })

    it('are for the issuer, and up to the cap', async () => {
      const parties = [payer.account.address, market.issuer.account.address]
      await reverts(pays.mint({ currency, to: payer.account.address, amount: 1n }), 'OnlyIssuer', ...parties)
      const { currency: small } = await issuer.createCurrency({
        name: 'Small',
        symbol: 'S',
        decimals: 0,
        maxSupply: 10n,
      })
      await issuer.mint({ currency: small, to: payer.account.address, amount: 10n })
      await reverts(
        issuer.mint({ currency: small, to: payer.account.address, amount: 1n }),
        'SupplyCapExceeded',
        '10',
        '11',
      )
    })

    it('need a token', async () => {
      await rejects(issuer.getHoldings({ currency: nowhere }), 'NOT_DEPLOYED')
    })
  })

  describe('transferFunds', () => {
    it('debits the fee on top of what arrives, and carries a reference', async () => {
      const { currency: dear } = await issuer.createCurrency({
        name: 'Dear',
        symbol: 'D',
        decimals: 1,
        feeFlat: 2n,
        feeBps: 100,
      })
      await issuer.mint({ currency: dear, to: payer.account.address, amount: 2_000n })
      const transactionId = toHex(42n, { size: 32 })
      const paid = await pays.transferFunds({
        currency: dear,
        recipient: payee.account.address,
        amount: 1_000n,
        transactionId,
      })
      expect(paid).to.include({ fee: 12n, transactionId })
      expectEvent(paid, issuerCurrencyAbi, 'Deposited', {
        from: payer.account.address,
        to: payee.account.address,
        transactionId,
        amount: 1_000n,
        fee: 12n,
      })
      expect([await walletOf(payer, dear), await walletOf(payee, dear)]).to.deep.equal([988n, 1_000n])
    })

    it('makes up a reference where none is given', async () => {
      const pay = () => pays.transferFunds({ currency, recipient: payee.account.address, amount: 1n })
      const [first, second] = [await pay(), await pay()]
      expect(first.transactionId).to.match(/^0x[0-9a-f]{64}$/)
      expect(first.transactionId).to.not.equal(second.transactionId)
    })

    it('says who lacks how much', async () => {
      const error = await rejects(
        earns.transferFunds({ currency, recipient: payer.account.address, amount: 5n }),
        'INSUFFICIENT_BALANCE',
      )
      expect(error.message).to.equal(`${payee.account.address} holds 0 base units and needs 5.`)
    })
  })

  describe('getDeposits', () => {
    it('gives each deposit once, however the asking falls between them', async () => {
      const steps = fc.array(fc.constantFrom('pay', 'ask', 'mine', 'pay another'), { maxLength: 25 })
      await fc.assert(
        fc.asyncProperty(steps, async (sequence) => {
          const recipient = await market.person(0n)
          const sent: bigint[] = []
          const got: Deposit[] = []
          let cursor: string | undefined
          const ask = async () => {
            const answer = await earns.getDeposits({
              currency,
              recipient: recipient.account.address,
              ...(cursor && { cursor }),
            })
            expect(answer.balance).to.equal(sent.reduce((sum, amount) => sum + amount, 0n))
            got.push(...answer.deposits)
            cursor = answer.cursor
          }
          for (const step of sequence) {
            if (step === 'ask') await ask()
            else if (step === 'mine') await connection.networkHelpers.mine()
            else {
              const amount = BigInt(sent.length + 1)
              const to = step === 'pay' ? recipient : payee
              await pays.transferFunds({ currency, recipient: to.account.address, amount })
              if (step === 'pay') sent.push(amount)
            }
          }
          await ask()
          expect(got.map(({ amount }) => amount)).to.deep.equal(sent)
          const [first] = got
          if (first) expect(first).to.include({ from: payer.account.address, fee: 0n })
          await ask()
          expect(got).to.have.lengthOf(sent.length)
        }),
        { numRuns: 12, seed: 17 },
      )
    })

    it('gives two of one block, and two of one transaction, each once', async () => {
      const id = toHex(9n, { size: 32 })
      const ethers = await connection.ethers.getContractAt('IssuerCurrency', currency)
      const signer = await connection.ethers.getImpersonatedSigner(payer.account.address)
      const call = ethers.interface.encodeFunctionData('transferFunds', [payee.account.address, 3n, id])
      await ethers.connect(signer).getFunction('multicall')([call, call])
      const first = await earns.getDeposits({ currency })
      expect(first.deposits.map(({ amount, transactionId }) => [amount, transactionId])).to.deep.equal([
        [3n, id],
        [3n, id],
      ])
      expect((await earns.getDeposits({ currency, cursor: first.cursor })).deposits).to.deep.equal([])
    })

    it('waits for one that is on its way, and no longer', async () => {
      const { cursor } = await earns.getDeposits({ currency })
      const started = performance.now()
      const waiting = earns.getDeposits({ currency, cursor, wait: 50_000 })
      await pays.transferFunds({ currency, recipient: payee.account.address, amount: 8n })
      const { deposits } = await waiting
      expect(deposits.map(({ amount }) => amount)).to.deep.equal([8n])
      expect(performance.now() - started).to.be.lessThan(25_000)
    })

    it('answers with nothing when the wait is over', async () => {
      const { cursor } = await earns.getDeposits({ currency })
      const answer = await earns.getDeposits({ currency, cursor, wait: 50 })
      expect(answer).to.deep.include({ deposits: [], balance: 0n })
    })

    it('refuses a cursor that it did not give', async () => {
      for (const cursor of [
        '',
        '0',
        'x',
        '0x',
        '-1',
        '0xg',
        '1-2',
        `1-${'f'.repeat(15)}`,
        '1'.repeat(16),
        '1-0000000000000000 ',
      ]) {
        await rejects(earns.getDeposits({ currency, cursor }), 'INVALID_ARGUMENT')
      }
    })
  })

  describe('openChannel, topUp, getChannelState', () => {
    const open = (options = {}) =>
      pays.openChannel({ payee: payee.account.address, currency, deposit: 100n, ...options })

    it('open a channel whose id is the contract’s, and add to it', async () => {
      const { transaction, funded, ...channel } = await open()
      expect(funded).to.equal(100n)
      expect(channel).to.include({
        chainId: 31_337,
        contract: addresses.paymentChannels.toLowerCase(),
        payer: payer.account.address.toLowerCase(),
        payee: payee.account.address.toLowerCase(),
        token: currency.toLowerCase(),
        signer: payer.account.address.toLowerCase(),
        exitDelay: DAY,
        flags: 0,
      })
      expectEvent(transaction, paymentChannelsAbi, 'ChannelOpened', {
        channelId: channel.id,
        exitDelay: DAY,
        salt: channel.salt,
      })
      expectEvent(transaction, paymentChannelsAbi, 'Funded', { channelId: channel.id, amount: 100n, deposit: 100n })
      expect(channelId(channel)).to.equal(channel.id)
      expect(await stateOf(channel)).to.deep.equal({ claimed: 0n, deposit: 100n, exitAt: 0, opened: true })

      const more = await pays.topUp({ channel, amount: 11n })
      expect(more.funded).to.equal(111n)
      expectEvent(more, paymentChannelsAbi, 'Funded', { channelId: channel.id, amount: 11n, deposit: 111n })
      expect((await stateOf(channel)).deposit).to.equal(111n)
    })

    it('tell several channels between the same two apart', async () => {
      expect((await open()).id).to.not.equal((await open()).id)
      const salt = toHex(3n, { size: 32 })
      const options = { salt, exitDelay: 3_600, signer: payee.account }
      expect(await open(options)).to.include({ salt, exitDelay: 3_600, signer: payee.account.address.toLowerCase() })
    })

    it('let others top a channel up, but nobody open one for another', async () => {
      const channel = await open()
      expect((await issuer.topUp({ channel, amount: 1n }).catch((error) => error)).code).to.equal(
        'INSUFFICIENT_BALANCE',
      )
      const friend = await market.person()
      await scripActions()(friend.client).topUp({ channel, amount: 5n })
      expect((await stateOf(channel)).deposit).to.equal(105n)
      const { id: _, ...fields } = { ...channel, salt: toHex(8n, { size: 32 }) }
      const unopened = { id: channelId(fields), ...fields }
      await reverts(
        scripActions()(friend.client).topUp({ channel: unopened, amount: 5n }),
        'OnlyPayer',
        friend.account.address,
        payer.account.address,
      )
    })

    it('approve a token that does not do so by itself', async () => {
      const token = await connection.ethers.deployContract('PlainToken')
      const plain = token.target as Address
      await token.getFunction('mint')(payer.account.address, 100n)
      const channel = await open({ currency: plain, deposit: 60n })
      expect((await stateOf(channel)).deposit).to.equal(60n)
      await pays.topUp({ channel, amount: 40n })
      expect((await stateOf(channel)).deposit).to.equal(100n)
      // No more was approved than was pulled.
      const args = [payer.account.address, addresses.paymentChannels] as const
      expect(await readContract(reader(), { address: plain, abi: erc20Abi, functionName: 'allowance', args })).to.equal(
        0n,
      )
    })

    it('refuse what cannot be', async () => {
      for (const deposit of [0n, -1n, 2n ** 96n]) await rejects(open({ deposit }), 'INVALID_ARGUMENT')
      await rejects(open({ exitDelay: -1 }), 'INVALID_ARGUMENT')
      await rejects(open({ salt: '0x12' }), 'INVALID_ARGUMENT')
      await rejects(open({ currency: nowhere }), 'NOT_DEPLOYED')
      await rejects(open({ deposit: 10n ** 12n }), 'INSUFFICIENT_BALANCE')
      await reverts(open({ exitDelay: 60 }), 'InvalidExitDelay', '60')
      await reverts(open({ payee: '0x0000000000000000000000000000000000000000' }), 'InvalidPayee')
    })

    it('know a channel that nobody opened', async () => {
      const state = await earns.getChannelState({ channelId: toHex(1n, { size: 32 }) })
      expect(state).to.deep.equal({ claimed: 0n, deposit: 0n, exitAt: 0, opened: false })
    })
  })

  describe('claim, withdraw', () => {
    it('move what is new to the payee’s balance, and from there to a wallet', async () => {
      const channel = await opened(100n)
      const best = await paid(channel, 30n)
      const claimed = await earns.claim({ claim: best })
      expect(claimed.paid).to.equal(30n)
      expectEvent(claimed, paymentChannelsAbi, 'Claimed', {
        channelId: channel.id,
        payer: payer.account.address,
        payee: payee.account.address,
        paid: 30n,
        claimed: 30n,
      })
      expect(await stateOf(channel)).to.include({ claimed: 30n, deposit: 70n })
      expect(await earns.getHoldings({ currency })).to.deep.equal({ wallet: 0n, withdrawable: 30n })
      await reverts(earns.claim({ claim: best }), 'NothingToClaim', channel.id, '30')

      const withdrawn = await earns.withdraw({ currency, amount: 20n })
      expectEvent(withdrawn, paymentChannelsAbi, 'Withdrawn', {
        owner: payee.account.address,
        amount: 20n,
        to: payee.account.address,
      })
      await earns.withdraw({ currency, amount: 10n, to: nowhere })
      expect(await earns.getHoldings({ currency })).to.deep.equal({ wallet: 20n, withdrawable: 0n })
      await reverts(
        earns.withdraw({ currency, amount: 1n }),
        'InsufficientBalance',
        payee.account.address,
        currency,
        '0',
        '1',
      )
    })

    it('give the payee what there is, whoever claims', async () => {
      const channel = await opened(100n)
      const best = await paid(channel, 130n)
      expect((await pays.claim({ claim: best })).paid).to.equal(100n)
      await reverts(pays.claim({ claim: best }), 'DepositSpent', channel.id, '30')
      await pays.topUp({ channel, amount: 30n })
      expect((await pays.claim({ claim: best })).paid).to.equal(30n)
    })

    it('refuse what was not paid', async () => {
      const channel = await opened(100n)
      const best = await paid(channel, 30n, 5n)
      await reverts(earns.claim({ claim: { ...best, total: best.total + 1n } }), 'InvalidVoucher', channel.id)
      await reverts(earns.claim({ claim: { ...best, ticks: best.ticks + 1 } }), 'InvalidTick', channel.id)
      const other = { ...channel, salt: toHex(5n, { size: 32 }) }
      await reverts(earns.claim({ claim: { ...best, channel: other } }), 'UnknownChannel', channelId(other))
      await reverts(
        earns.withdraw({ currency, amount: 1n, to: '0x0000000000000000000000000000000000000000' }),
        'InvalidRecipient',
        '0x0000000000000000000000000000000000000000',
      )
    })
  })

  describe('requestExit, exit', () => {
    it('give the unspent deposit back after the delay, and no earlier', async () => {
      const channel = await opened(100n, 900)
      const requested = await pays.requestExit({ channel })
      const { timestamp } = await getBlock(reader(), { blockHash: requested.receipt.blockHash })
      expect(requested.exitAt).to.equal(Number(timestamp) + 900)
      expectEvent(requested, paymentChannelsAbi, 'ExitRequested', { channelId: channel.id, exitAt: requested.exitAt })
      await reverts(pays.exit({ channel }), 'ExitNotDue', channel.id, `${requested.exitAt}`)
      await reverts(pays.requestExit({ channel }), 'ChannelExiting', channel.id, `${requested.exitAt}`)
      await reverts(pays.topUp({ channel, amount: 1n }), 'ChannelExiting', channel.id, `${requested.exitAt}`)

      await earns.claim({ claim: await paid(channel, 40n) })
      await later(900)
      expectEvent(await earns.exit({ channel }), paymentChannelsAbi, 'Exited', { channelId: channel.id, amount: 60n })
      expect((await pays.getHoldings({ currency })).withdrawable).to.equal(60n)
      expect(await stateOf(channel)).to.deep.equal({ claimed: 40n, deposit: 0n, exitAt: 0, opened: true })
      await reverts(pays.exit({ channel }), 'ExitNotRequested', channel.id)
    })

    it('are the payer’s to ask for', async () => {
      const channel = await opened(100n)
      await reverts(earns.requestExit({ channel }), 'OnlyPayer', payee.account.address, payer.account.address)
      const other = { ...channel, salt: toHex(6n, { size: 32 }) }
      await reverts(pays.requestExit({ channel: other }), 'UnknownChannel', channelId(other))
    })
  })

  describe('createNetwork, setWeight, sync, getEdge, getTotals', () => {
    it('count in a network what was settled', async () => {
      const created = await issuer.createNetwork({ epochLength: 3_600, metadataURI: 'ipfs://network' })
      const { networkId } = created
      expectEvent(created, interactionHistoryAbi, 'NetworkCreated', {
        networkId,
        steward: market.issuer.account.address,
        epochLength: 3_600,
        metadataURI: 'ipfs://network',
      })
      const weighed = await issuer.setWeight({ networkId, currency, weight: WEIGHT_UNIT / 2n })
      expectEvent(weighed, interactionHistoryAbi, 'WeightSet', { networkId, token: currency, weight: WEIGHT_UNIT / 2n })

      const channel = await opened(100n)
      await earns.claim({ claim: await paid(channel, 31n) })
      const synced = await pays.sync({ networkId, channels: [channel] })
      expectEvent(synced, interactionHistoryAbi, 'EdgeUpdated', {
        networkId,
        consumer: payer.account.address,
        provider: payee.account.address,
        served: 15n,
      })
      const edge = { networkId, consumer: payer.account.address, provider: payee.account.address }
      expect(await pays.getEdge(edge)).to.deep.equal({ served: 15n, servedLastEpoch: 0n, faulted: 0n })
      expect(await pays.getTotals({ networkId })).to.deep.equal({
        provided: 0n,
        consumed: 15n,
        providedLastEpoch: 0n,
        consumedLastEpoch: 0n,
      })
      expect(await pays.getTotals({ networkId, peer: payee.account.address })).to.include({
        provided: 15n,
        consumed: 0n,
      })

      // Nothing new changes nothing, and an epoch closes.
      expect((await pays.sync({ networkId, channels: [channel] })).receipt.logs).to.deep.equal([])
      await later(3_600)
      await connection.networkHelpers.mine()
      expect(await pays.getEdge(edge)).to.deep.equal({ served: 15n, servedLastEpoch: 15n, faulted: 0n })
      expect(await pays.getTotals({ networkId })).to.include({ consumedLastEpoch: 15n })
    })

    it('refuse what is not the steward’s, or not there', async () => {
      const { networkId } = await issuer.createNetwork({ steward: payee.account.address })
      const channel = await opened(100n)
      await reverts(
        issuer.setWeight({ networkId, currency }),
        'OnlySteward',
        market.issuer.account.address,
        payee.account.address,
      )
      await reverts(pays.sync({ networkId, channels: [channel] }), 'NoWeight', `${networkId}`, currency)
      await earns.setWeight({ networkId, currency })
      await reverts(
        earns.setWeight({ networkId, currency }),
        'WeightAlreadySet',
        `${networkId}`,
        currency,
        `${WEIGHT_UNIT}`,
      )
      await reverts(issuer.createNetwork({ epochLength: 3_599 }), 'InvalidEpochLength', '3599')
      await reverts(issuer.createNetwork({ steward: '0x0000000000000000000000000000000000000000' }), 'InvalidSteward')
      for (const read of [
        () => pays.getTotals({ networkId: 10_000n }),
        () => pays.getEdge({ networkId: 10_000n, consumer: nowhere, provider: nowhere }),
        () => pays.sync({ networkId: 10_000n, channels: [] }),
        () => pays.setWeight({ networkId: 10_000n, currency }),
      ]) {
        await reverts(read(), 'UnknownNetwork', '10000')
      }
    })
  })

  describe('setRatioTerms, claimAllowance, setPolicy, admit, expel, getAdmission', () => {
    const terms = {
      admitRatio: RATIO_UNIT,
      keepRatio: RATIO_UNIT / 2n,
      allowance: 10n,
      budget: 20n,
      admissionPeriod: 3_600,
    }

    it('admit who is eligible for a time, and expel who no longer is', async () => {
      const { networkId } = await issuer.createNetwork()
      await reverts(pays.admit({ networkId }), 'NoPolicy', `${networkId}`)
      expect(await pays.getAdmission({ networkId })).to.deep.equal({ admitted: false, validUntil: 0, eligible: false })
      const { receipt } = await issuer.setRatioTerms({ networkId, ...terms })
      const [set] = parseEventLogs({ abi: ratioPolicyAbi, eventName: 'TermsSet', logs: receipt.logs })
      expect(set?.args).to.deep.equal({ networkId, terms: { ...terms, claimPolicy: zeroAddress } })
      expectEvent(await issuer.setPolicy({ networkId }), admissionControllerAbi, 'PolicySet', {
        networkId,
        policy: addresses.ratioPolicy,
      })
      const ratio = { kind: 'ratio', policy: addresses.ratioPolicy, admitRatio: RATIO_UNIT }
      const newcomer = await pays.getAdmission({ networkId })
      expect(newcomer).to.include({ admitted: false, eligible: false })
      expect(newcomer.standing).to.include({ ...ratio, eligible: false, headroom: 0n, shortfall: 1n, claimable: 10n })
      await reverts(pays.admit({ networkId }), 'NotEligible', `${networkId}`, payer.account.address)

      const claimed = await pays.claimAllowance({ networkId })
      expect(claimed.allowance).to.equal(10n)
      expectEvent(claimed, ratioPolicyAbi, 'AllowanceClaimed', {
        networkId,
        peer: payer.account.address,
        epoch: 1,
        allowance: 10n,
        left: 10n,
      })
      await reverts(pays.claimAllowance({ networkId }), 'AlreadyClaimed', `${networkId}`, payer.account.address)
      const known = await pays.getAdmission({ networkId })
      expect(known).to.include({ admitted: false, eligible: true })
      expect(known.standing).to.include({ ...ratio, eligible: true, headroom: 10n, allowance: 10n, claimable: 0n })

      const admitted = await pays.admit({ networkId })
      const { timestamp } = await getBlock(reader(), { blockHash: admitted.receipt.blockHash })
      expect(admitted.validUntil).to.equal(Number(timestamp) + 3_600)
      expectEvent(admitted, admissionControllerAbi, 'Admitted', {
        networkId,
        peer: payer.account.address,
        validUntil: admitted.validUntil,
      })
      expect(await pays.getAdmission({ networkId })).to.include({ admitted: true, validUntil: admitted.validUntil })
      await reverts(
        issuer.expel({ networkId, peer: payer.account.address }),
        'StillEligible',
        `${networkId}`,
        payer.account.address,
      )

      await issuer.setWeight({ networkId, currency })
      const channel = await opened(100n)
      await earns.claim({ claim: await paid(channel, 31n) })
      await pays.sync({ networkId, channels: [channel] })
      expect((await pays.getAdmission({ networkId })).standing).to.include({
        headroom: 0n,
        shortfall: 21n,
        consumed: 31n,
      })
      await reverts(pays.admit({ networkId }), 'NotEligible', `${networkId}`, payer.account.address)
      const expelled = await issuer.expel({ networkId, peer: payer.account.address })
      expectEvent(expelled, admissionControllerAbi, 'Expelled', { networkId, peer: payer.account.address })
      expect(await pays.getAdmission({ networkId })).to.include({ admitted: false, eligible: false })
      await reverts(
        issuer.expel({ networkId, peer: payer.account.address }),
        'NotAdmitted',
        `${networkId}`,
        payer.account.address,
      )
    })

    it('admit anybody whom anybody names', async () => {
      const { networkId } = await issuer.createNetwork()
      await issuer.setRatioTerms({ networkId, ...terms })
      await issuer.setPolicy({ networkId })
      await earns.claimAllowance({ networkId })
      await pays.admit({ networkId, peer: payee.account.address })
      expect(await earns.getAdmission({ networkId })).to.include({ admitted: true })
    })

    it('are the steward’s to set', async () => {
      const { networkId } = await issuer.createNetwork()
      const parties = [payer.account.address, market.issuer.account.address] as const
      await reverts(pays.setPolicy({ networkId }), 'OnlySteward', ...parties)
      await reverts(pays.setRatioTerms({ networkId, ...terms }), 'OnlySteward', ...parties)
      for (const [change, error, ...values] of [
        [{ keepRatio: 2n * RATIO_UNIT }, 'InvalidRatios', `${RATIO_UNIT}`, `${2n * RATIO_UNIT}`],
        [{ keepRatio: 0n, admitRatio: 0n }, 'InvalidRatios', '0', '0'],
        [{ admissionPeriod: 0 }, 'InvalidAdmissionPeriod'],
        [{ budget: 9n }, 'InvalidBudget', '9', '10'],
        [{ claimPolicy: nowhere }, 'InvalidClaimPolicy', nowhere],
        [{ claimPolicy: addresses.ratioPolicy }, 'InvalidClaimPolicy', addresses.ratioPolicy],
      ] as const) {
        await reverts(issuer.setRatioTerms({ networkId, ...terms, ...change }), error, ...values)
      }
      await reverts(issuer.setRatioTerms({ networkId: 10_000n, ...terms }), 'UnknownNetwork', '10000')
      await reverts(issuer.setPolicy({ networkId: 10_000n }), 'UnknownNetwork', '10000')
      await rejects(issuer.setRatioTerms({ networkId, ...terms, admitRatio: 2n ** 64n }), 'INVALID_ARGUMENT')
    })
  })

  describe('setBondTerms, fundBond, getBond, withdrawBond', () => {
    const amount = 500n
    const now = () => connection.networkHelpers.time.latest()

    it('lock a stake that admits, and give it back when its time is over', async () => {
      const { networkId } = await issuer.createNetwork()
      expect(await issuer.getBondTerms({ networkId })).to.equal(undefined)
      const terms = { token: currency, amount, admissionPeriod: 90 * DAY }
      expectEvent(await issuer.setBondTerms({ networkId, ...terms }), bondPolicyAbi, 'BondTermsSet', {
        networkId,
        ...terms,
      })
      expect(await issuer.getBondTerms({ networkId })).to.deep.equal(terms)
      await issuer.setPolicy({ networkId, policy: addresses.bondPolicy })
      const before = await walletOf(payer)
      const lockedUntil = (await now()) + 2 * DAY
      await pays.fundBond({ networkId, token: currency, amount: 200n, lockedUntil: lockedUntil - DAY })
      expect((await pays.getAdmission({ networkId })).standing).to.deep.equal({
        kind: 'bond',
        policy: addresses.bondPolicy,
        eligible: false,
        ...terms,
        bonded: 200n,
        lockedUntil: lockedUntil - DAY,
      })
      const funded = await pays.fundBond({ networkId, token: currency, amount: 300n, lockedUntil })
      expect(funded.bond).to.deep.equal({ amount, lockedUntil })
      expect(await pays.getBond({ networkId, token: currency })).to.deep.equal(funded.bond)
      expect(await walletOf(payer)).to.equal(before - amount)
      expect((await pays.admit({ networkId })).validUntil).to.equal(lockedUntil)

      const parties = [`${networkId}`, payer.account.address, currency] as const
      const take = (some: bigint) => pays.withdrawBond({ networkId, token: currency, amount: some })
      await reverts(take(amount), 'BondLocked', ...parties, `${lockedUntil}`)
      await later(2 * DAY)
      await reverts(take(501n), 'InsufficientBond', ...parties, '500', '501')
      expect((await take(200n)).left).to.equal(300n)
      await pays.withdrawBond({ networkId, token: currency, amount: 300n, to: payee.account.address })
      expect([await walletOf(payer), await walletOf(payee)]).to.deep.equal([before - 300n, 300n])
    })

    it('refuse what cannot be', async () => {
      const { networkId } = await issuer.createNetwork()
      const terms = { token: currency, amount, admissionPeriod: DAY }
      const parties = [payer.account.address, market.issuer.account.address] as const
      await reverts(pays.setBondTerms({ networkId, ...terms }), 'OnlySteward', ...parties)
      await reverts(issuer.setBondTerms({ networkId, ...terms, amount: 0n }), 'ZeroAmount')
      await reverts(issuer.setBondTerms({ networkId, ...terms, token: nowhere }), 'InvalidToken', nowhere)
      await reverts(issuer.setBondTerms({ networkId, ...terms, admissionPeriod: 0 }), 'InvalidAdmissionPeriod')
      await rejects(issuer.setBondTerms({ networkId, ...terms, amount: 2n ** 96n }), 'INVALID_ARGUMENT')
      const lockedUntil = (await now()) + DAY
      const fund = (change: object) => pays.fundBond({ networkId, token: currency, amount, lockedUntil, ...change })
      await reverts(fund({ networkId: 10_000n }), 'UnknownNetwork', '10000')
      await reverts(fund({ amount: 0n }), 'ZeroAmount')
      for (const wrong of [1, lockedUntil + 400 * DAY]) {
        const { values } = await rejects(fund({ lockedUntil: wrong }), 'TRANSACTION_REVERTED')
        expect(values['error']).to.equal('InvalidLock')
      }
      await rejects(fund({ token: nowhere }), 'NOT_DEPLOYED')
      await rejects(fund({ amount: 10n ** 15n }), 'INSUFFICIENT_BALANCE')
      expect(await pays.getBond({ networkId, token: currency })).to.deep.equal({ amount: 0n, lockedUntil: 0 })
    })
  })

  describe('setAllOf, setAnyOf', () => {
    const policies = [addresses.ratioPolicy, addresses.bondPolicy]
    const ratio = { admitRatio: RATIO_UNIT, keepRatio: RATIO_UNIT, admissionPeriod: DAY }

    it('make a policy of policies in policies, with one proof for all', async () => {
      const { networkId } = await issuer.createNetwork()
      const stated = await connection.ethers.deployContract('StatedPolicy')
      const own = stated.target as Address
      await issuer.setRatioTerms({ networkId, ...ratio, allowance: 10n, budget: 10n })
      await issuer.setBondTerms({ networkId, token: currency, amount: 5n, admissionPeriod: DAY })
      await issuer.setAnyOf({ networkId, policies: [addresses.bondPolicy, own] })
      await issuer.setAllOf({ networkId, policies: [addresses.ratioPolicy, addresses.anyOfPolicy] })
      await issuer.setPolicy({ networkId, policy: addresses.allOfPolicy })

      const { standing, eligible } = await pays.getAdmission({ networkId })
      expect(eligible).to.equal(false)
      const shape = (each: Standing): unknown =>
        'parts' in each ? { [each.kind]: each.parts.map(shape) } : [each.kind, each.eligible]
      expect(standing && shape(standing)).to.deep.equal({
        allOf: [
          ['ratio', false],
          {
            anyOf: [
              ['bond', false],
              ['other', false],
            ],
          },
        ],
      })
      await pays.claimAllowance({ networkId })
      await reverts(pays.admit({ networkId }), 'NotEligible', `${networkId}`, payer.account.address)
      await stated.getFunction('state')(payer.account.address, 2n ** 40n - 1n, '0xc0de')
      expect(await pays.getAdmission({ networkId })).to.include({ eligible: true })
      await pays.admit({ networkId })

      // Expelling by the second part takes proofs against both of its parts.
      const expel = (proofs: Proofs = {}) => issuer.expel({ networkId, peer: payer.account.address, proofs })
      await reverts(expel(), 'StillEligible', `${networkId}`, payer.account.address)
      expectEvent(await expel({ [own]: '0xc0de' }), admissionControllerAbi, 'Expelled', { networkId })
    })

    it('refuse what cannot be', async () => {
      const { networkId } = await issuer.createNetwork()
      const parties = [payer.account.address, market.issuer.account.address] as const
      for (const [set, self] of [
        ['setAllOf', addresses.allOfPolicy],
        ['setAnyOf', addresses.anyOfPolicy],
      ] as const) {
        await reverts(pays[set]({ networkId, policies }), 'OnlySteward', ...parties)
        await reverts(issuer[set]({ networkId: 10_000n, policies }), 'UnknownNetwork', '10000')
        await reverts(issuer[set]({ networkId, policies: [] }), 'InvalidChildCount', '0', '8')
        await reverts(issuer[set]({ networkId, policies: [...policies, self] }), 'ContainsItself', `${networkId}`)
        await reverts(issuer[set]({ networkId, policies: [nowhere] }), 'NotAPolicy', nowhere)
        const twice = [addresses.bondPolicy, addresses.bondPolicy]
        await reverts(issuer[set]({ networkId, policies: twice }), 'DuplicateChild', addresses.bondPolicy)
      }
      await issuer.setAllOf({ networkId, policies: [addresses.anyOfPolicy] })
      const circle = issuer.setAnyOf({ networkId, policies: [addresses.allOfPolicy] })
      await reverts(circle, 'ContainsItself', `${networkId}`)
    })

    it('name what an own proof lacks', async () => {
      const { networkId } = await issuer.createNetwork()
      await issuer.setAllOf({ networkId, policies })
      await issuer.setPolicy({ networkId, policy: addresses.allOfPolicy })
      await reverts(pays.admit({ networkId, proof: '0x' }), 'ProofCountMismatch', '0', '2')
      const tree = { policy: addresses.allOfPolicy, parts: [{ policy: addresses.ratioPolicy }] }
      await reverts(pays.admit({ networkId, proof: policyProof(tree) }), 'ProofCountMismatch', '1', '2')
    })
  })

  it('are all in the decorator, bound to its client', async () => {
    const bound = scripActions()(payer.client)
    const exported = await import('@scrip/sdk/chain')
    const actions = Object.entries(exported).filter(([name, value]) => typeof value === 'function' && name in bound)
    expect(actions.map(([name]) => name).sort()).to.deep.equal(Object.keys(bound).sort())
  })

  it('of one account can be asked for at once: each transaction gets its turn', async () => {
    const transfers = Array.from({ length: 8 }, () =>
      transferFunds(payer.client, { currency, recipient: payee.account.address, amount: 1n }),
    )
    const hashes = new Set((await Promise.all(transfers)).map(({ hash }) => hash))
    expect(hashes.size).to.equal(8)
    expect(await walletOf(payee)).to.equal(8n)
  })

  it('of one account go on after one of them was refused', async () => {
    const transfers = [10n ** 12n, 1n, 10n ** 12n, 2n].map((amount) =>
      transferFunds(payer.client, { currency, recipient: payee.account.address, amount }).catch(
        (error: unknown) => error,
      ),
    )
    const results = await Promise.all(transfers)
    expect(results.map((result) => result instanceof ScripError)).to.deep.equal([true, false, true, false])
  })

  const stateOf = ({ id }: Channel) => getChannelState(reader(), { channelId: id })

  const opened = async (deposit: bigint, exitDelay = DAY): Promise<Channel> => {
    const {
      transaction: _,
      funded: __,
      ...channel
    } = await openChannel(payer.client, {
      payee: payee.account.address,
      currency,
      deposit,
      exitDelay,
    })
    return channel
  }

  /** The payee's best claim after a payment, and a smaller one by tick. */
  const paid = async (channel: Channel, amount: bigint, byTick = 0n): Promise<Claim> => {
    const sender = createPayer({ channel: { ...channel, funded: 1_000n }, signer: payer.account, store: memoryStore() })
    const accept = { chainId: channel.chainId, contract: channel.contract, currencies: [currency], maxExposure: 0n }
    const receiver = createPayee({ account: payee.account, store: memoryStore(), accept })
    await receiver.observe(channel, { claimed: 0n, deposit: 1_000n, exitAt: 0 })
    await receiver.accept(await sender.pay(amount))
    if (byTick > 0n) await receiver.accept(await sender.pay(byTick))
    const [best] = await receiver.claimable()
    if (best === undefined) throw new Error('Nothing to claim.')
    return best
  }
})

function expectEvent({ receipt }: Transaction, abi: Abi, eventName: string, args: Record<string, unknown>): void {
  const events = parseEventLogs({ abi, eventName, logs: receipt.logs })
  expect(events, eventName).to.have.lengthOf(1)
  expect((events[0] as unknown as { args: Record<string, unknown> }).args).to.include(args)
}

async function rejects(work: Promise<unknown>, code: ErrorCode): Promise<ScripError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).to.be.instanceOf(ScripError).with.property('code', code)
  return error as ScripError
}

async function reverts(work: Promise<unknown>, error: string, ...args: string[]): Promise<void> {
  const { values } = await rejects(work, 'TRANSACTION_REVERTED')
  expect(values).to.deep.equal({ error, args })
}
