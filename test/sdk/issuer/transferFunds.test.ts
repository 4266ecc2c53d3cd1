import type { TransferFundsRequest } from '@scrip/sdk/chain'
import { relayTransferFunds, signTransferFunds } from '@scrip/sdk/chain'
import { relayTransferFundsVia, signTransferFundsVia, transferFundsVia } from '@scrip/sdk/client'
import { memoryStore } from '@scrip/sdk/store'
import { expect } from 'chai'
import {
  type Address,
  createWalletClient,
  encodeFunctionData,
  type Hex,
  http,
  type PrivateKeyAccount,
  parseEther,
  publicActions,
  toHex,
  zeroAddress,
} from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { issuerCurrencyAbi as abi } from '../../../sdk/abi/issuerCurrency.ts'
import { refusal } from '../errors/support/refusal.ts'
import { issuer } from './support/issuer.ts'
import { connect, type Office, type OpenGateway, openOffice, reference, signed, until } from './support/office.ts'

const HUNDRED = 100_000_000n
const FEE = 1_200_000n
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

describe('transferFunds through the gateway', function () {
  this.timeout(60_000)
  let office: Office
  let gateway: OpenGateway
  let currency: Address
  let bob: Address

  before(async () => {
    office = await openOffice()
    currency = office.currency
    gateway = await office.open()
  })
  after(() => office.close())
  beforeEach(() => {
    bob = privateKeyToAccount(generatePrivateKey()).address
  })
  afterEach(() => expect(gateway.troubles.splice(0)).to.deep.equal([]))

  const sign = (account: PrivateKeyAccount, message: Partial<Parameters<typeof signed>[2]> = {}) =>
    signed(gateway, account, { currency, recipient: bob, ...message })
  const send = (request: TransferFundsRequest | object) => gateway.post('/transferFunds', request)
  const mining = (on: boolean) => office.rpc('evm_setAutomine', on)

  it('pays 100 for 101.2 out of the pocket of somebody without gas', async () => {
    const alice = await office.holder(HUNDRED + FEE)
    const earned = await office.balanceOf(issuer.address)
    const transactionId = reference()
    const answer = await transferFundsVia(gateway.as(alice), {
      currency,
      recipient: bob,
      amount: HUNDRED,
      transactionId,
    })
    expect(answer).to.deep.include({ fee: FEE, transactionId })
    expect(await office.paid(transactionId)).to.deep.equal([answer.hash])
    expect(await office.balanceOf(alice.address)).to.equal(0n)
    expect(await office.balanceOf(bob)).to.equal(HUNDRED)
    expect((await office.balanceOf(issuer.address)) - earned).to.equal(FEE)
    expect(await office.wallet.getBalance({ address: alice.address })).to.equal(0n)
  })

  it('carries a message that comes again out once, and gives the first answer', async () => {
    const alice = await office.holder()
    const request = await sign(alice)
    const first = await send(request)
    expect(first).to.deep.include({ status: 200 })
    expect(first.body).to.deep.include({ success: true, fee: `${FEE}`, transactionId: request.transactionId })
    const nonce = await office.nonce()
    for (let n = 0; n < 5; n++) expect((await send(request)).body).to.deep.equal(first.body)
    expect(await office.nonce()).to.equal(nonce)
    expect(await office.balanceOf(bob)).to.equal(HUNDRED)
  })

  it('carries a message that comes 60 times at once out once', async () => {
    const alice = await office.holder()
    const request = await sign(alice)
    const nonce = await office.nonce()
    const answers = await Promise.all(Array.from({ length: 60 }, () => send(request)))
    expect(new Set(answers.map(({ status, body }) => `${status} ${JSON.stringify(body)}`)).size).to.equal(1)
    expect(answers[0]?.body).to.include({ success: true })
    expect(await office.nonce()).to.equal(nonce + 1)
    expect(await office.paid(request.transactionId)).to.have.length(1)
  })

  it('knows a message by what it says, whatever signature comes with it again', async () => {
    const alice = await office.holder()
    const request = await sign(alice)
    const { body } = await send(request)
    expect((await send({ ...request, signature: '0x' })).body).to.deep.equal(body)
  })

  it('keeps many on their way in few blocks', async () => {
    const holders = await Promise.all(Array.from({ length: 8 }, () => office.holder()))
    const requests = await Promise.all(
      holders.flatMap((holder) => [1, 2, 3, 4, 5].map(() => sign(holder, { amount: 5n }))),
    )
    const [nonce, block] = [await office.nonce(), await office.wallet.getBlockNumber({ cacheTime: 0 })]
    await mining(false)
    await office.rpc('evm_setIntervalMining', 1)
    try {
      const answers = await Promise.all(requests.map(send))
      expect(answers.filter(({ body }) => body['success'] === true)).to.have.length(40)
    } finally {
      await office.rpc('evm_setIntervalMining', 0)
      await mining(true)
    }
    expect(await office.nonce()).to.equal(nonce + 40)
    expect(await office.balanceOf(bob)).to.equal(200n)
    expect(Number((await office.wallet.getBlockNumber({ cacheTime: 0 })) - block)).to.be.lessThan(8)
  })

  it('refuses another message under the same counter', async () => {
    const alice = await office.holder()
    const request = await sign(alice)
    await send(request)
    const other = await sign(alice, { messageCounter: request.messageCounter, amount: 7n })
    const { status, body } = await send(other)
    expect(status).to.equal(409)
    expect(body).to.include({ success: false, code: 'MESSAGE_CONFLICT' })
    expect((await send(request)).body).to.include({ success: true })
    expect(await office.balanceOf(bob)).to.equal(HUNDRED)
  })

  it('carries out one of two messages that come at once under the same counter', async () => {
    const alice = await office.holder()
    const messageCounter = 3_398n
    const requests = await Promise.all([1n, 2n, 3n, 4n].map((amount) => sign(alice, { messageCounter, amount })))
    const answers = await Promise.all(requests.map(send))
    const [taken] = answers.filter(({ status }) => status === 200)
    expect(answers.map(({ body }) => body['code']).filter((code) => code === 'MESSAGE_CONFLICT')).to.have.length(3)
    const winner = requests[answers.indexOf(taken as (typeof answers)[0])]
    expect(await office.balanceOf(bob)).to.equal(winner?.amount)
  })

  it('tells nobody but the signer of a conflict, and lets nobody take a counter without a signature', async () => {
    const [alice, mallory] = [await office.holder(), await office.holder()]
    const request = await sign(alice)
    const forged = { ...(await sign(mallory, { messageCounter: request.messageCounter })), from: alice.address }
    expect((await send(forged)).body).to.include({ code: 'INVALID_SIGNATURE', success: false })
    expect((await send(request)).body).to.include({ success: true })
    expect((await send(forged)).body).to.include({ code: 'INVALID_SIGNATURE', success: false })
  })

  it('gives the first answer also where it was that there is not enough', async () => {
    const alice = await office.holder(HUNDRED + FEE - 1n)
    const request = await sign(alice)
    const nonce = await office.nonce()
    const first = await send(request)
    expect(first.status).to.equal(402)
    expect(first.body).to.deep.include({
      code: 'INSUFFICIENT_BALANCE',
      success: false,
      args: [alice.address, `${HUNDRED + FEE - 1n}`, `${HUNDRED + FEE}`],
    })
    await office.mint(alice.address, HUNDRED)
    expect((await send(request)).body).to.deep.equal(first.body)
    expect(await office.nonce()).to.equal(nonce + 1)
    expect((await send(await sign(alice))).body).to.include({ success: true })
  })

  it('sends out together only what a holder can pay for together', async () => {
    const alice = await office.holder(2n * (HUNDRED + FEE))
    const requests = await Promise.all([1, 2, 3, 4].map(() => sign(alice)))
    const nonce = await office.nonce()
    const answers = await Promise.all(requests.map(send))
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([200, 200, 402, 402])
    // None was sent to revert in a block.
    expect(await office.nonce()).to.equal(nonce + 2)
  })

  it('says what became of a message that a block refused', async () => {
    const alice = await office.holder(HUNDRED + FEE)
    await office.rpc('anvil_setBalance', alice.address, toHex(parseEther('1')))
    const own = createWalletClient({ account: alice, transport: http(office.chain.url) })
    const request = await sign(alice)
    await mining(false)
    try {
      const nonce = await office.nonce()
      const answer = send(request)
      await until('the transaction waits', async () => (await pendingNonce()) > nonce)
      // Alice is faster with a better paid transaction of her own.
      const data = encodeFunctionData({ abi, functionName: 'transfer', args: [issuer.address, 1n] })
      const price = { maxFeePerGas: 10n ** 12n, maxPriorityFeePerGas: 10n ** 12n, gas: 200_000n }
      await own.sendTransaction({ chain: null, to: currency, data, ...price })
      await office.rpc('evm_mine')
      const { status, body } = await answer
      expect(status).to.equal(402)
      expect(body).to.include({ code: 'INSUFFICIENT_BALANCE', success: false })
      expect((await send(request)).body).to.deep.equal(body)
    } finally {
      await mining(true)
    }
    expect(await office.balanceOf(bob)).to.equal(0n)
  })
  const pendingNonce = () => office.wallet.getTransactionCount({ address: issuer.address, blockTag: 'pending' })

  it('takes a message that was carried out elsewhere for what it is, and pays no gas for it', async () => {
    const alice = await office.holder()
    const request = await sign(alice)
    const { hash } = await relayTransferFunds(office.wallet, { request })
    const nonce = await office.nonce()
    const { body } = await send(request)
    expect(body).to.deep.include({ success: true, fee: `${FEE}`, hash })
    expect(await office.nonce()).to.equal(nonce)
    const other = await sign(alice, { messageCounter: request.messageCounter, amount: 7n })
    expect((await send(other)).body).to.include({ code: 'MESSAGE_CONFLICT' })
  })

  it('asks for a message again that is not in a block in time, and answers it when it is', async () => {
    const impatient = await office.open({ patience: 300 })
    const alice = await office.holder()
    const request = await sign(alice)
    await mining(false)
    try {
      const { status, headers, body } = await impatient.post('/transferFunds', request)
      expect(status).to.equal(504)
      expect(body).to.include({ code: 'TRANSACTION_PENDING', success: false })
      expect(Number(headers.get('retry-after'))).to.be.greaterThan(0)
    } finally {
      await mining(true)
      await office.rpc('evm_mine')
    }
    const answer = await relayTransferFundsVia(impatient.as(), { request })
    expect(await office.paid(request.transactionId)).to.deep.equal([answer.hash])
    await impatient.close()
  })

  it('keeps nothing while the chain does not answer', async () => {
    const alice = await office.holder()
    const request = await sign(alice)
    office.wire.fate = () => 'lose'
    try {
      const { status, headers, body } = await send(request)
      expect(status).to.equal(503)
      expect(body).to.include({ code: 'ISSUER_UNAVAILABLE', success: false })
      expect(Number(headers.get('retry-after'))).to.be.greaterThan(0)
      expect(JSON.stringify(body)).not.to.include(office.wire.url)
    } finally {
      office.wire.fate = () => 'pass'
    }
    expect(gateway.troubles.splice(0).map(({ code }) => code)).to.deep.equal(['RPC_UNREACHABLE'])
    expect((await send(request)).body).to.include({ success: true })
  })

  describe('signatures', () => {
    const halves = (signature: Hex) => ({
      r: signature.slice(2, 66),
      s: BigInt(`0x${signature.slice(66, 130)}`),
      v: Number.parseInt(signature.slice(130), 16),
    })
    const forms: [string, (signature: Hex) => Hex][] = [
      ['none', () => '0x'],
      [
        'one with a high s',
        (signature) => {
          const { r, s, v } = halves(signature)
          return `0x${r}${(ORDER - s).toString(16).padStart(64, '0')}${v === 27 ? '1c' : '1b'}`
        },
      ],
      ['one with a v of 0 or 1', (signature) => `0x${signature.slice(2, 130)}0${halves(signature).v - 27}`],
      ['64 bytes', (signature) => `0x${signature.slice(2, 130)}`],
      ['r and s of zero', () => `0x${'00'.repeat(64)}1b`],
      ['r and s beyond the curve', () => `0x${'ff'.repeat(64)}1b`],
    ]
    for (const [what, change] of forms) {
      it(`refuses ${what}, keeps nothing of it, and takes the right one`, async () => {
        const alice = await office.holder()
        const request = await sign(alice)
        const { status, body } = await send({ ...request, signature: change(request.signature) })
        expect(status).to.equal(400)
        expect(body).to.include({ code: 'INVALID_SIGNATURE', success: false })
        expect((await send(request)).body).to.include({ success: true })
      })
    }

    it('refuses one of somebody else, one for another chain, and one for another currency', async () => {
      const [alice, mallory] = [await office.holder(), await office.holder()]
      const request = await sign(alice)
      const { signature } = await sign(mallory, { messageCounter: request.messageCounter })
      expect((await send({ ...request, signature })).body).to.include({ code: 'INVALID_SIGNATURE' })
      for (const wrong of [{ chainId: 1 }, { verifyingContract: bob }, { name: 'Other dollar' }]) {
        const domain = { name: 'Money dollar', version: '1', chainId: 31_337, verifyingContract: currency, ...wrong }
        const account = {
          address: alice.address,
          signTypedData: (data: object) => alice.signTypedData({ ...data, domain } as never),
        }
        const foreign = await signTransferFundsVia(
          { ...gateway.as(), account },
          { currency, recipient: bob, amount: 1n },
        )
        expect((await send(foreign)).body, Object.keys(wrong)[0]).to.include({ code: 'INVALID_SIGNATURE' })
      }
    })

    it('takes what `signTransferFunds` signs with a node', async () => {
      const alice = await office.holder()
      const client = createWalletClient({ account: alice, transport: http(office.chain.url) }).extend(publicActions)
      const validBefore = BigInt(Math.floor(Date.now() / 1_000) + 60)
      const request = await signTransferFunds(client, {
        currency,
        recipient: bob,
        amount: 5n,
        messageCounter: 1n,
        validBefore,
      })
      expect((await send(request)).body).to.include({ success: true })
    })
  })

  describe('contract wallets', () => {
    /** ERC-1271: says yes to signatures that begin with 0x2a. */
    const accepts = '60643560001a602a14631626ba7e60e01b0260005260206000f3'
    /** The same, after counting down from a number: 26 gas a step. */
    const countsFrom = (steps: number) => `62${steps.toString(16).padStart(6, '0')}5b6001900380600457${'50'}${accepts}`
    const wallet = async (code: string): Promise<Address> => {
      const { address } = privateKeyToAccount(generatePrivateKey())
      await office.rpc('anvil_setCode', address, `0x${code}`)
      await office.mint(address, HUNDRED * 10n)
      return address
    }
    const asWallet = async (from: Address, signature: Hex, message = {}) => ({
      ...(await sign(privateKeyToAccount(generatePrivateKey()), message)),
      from,
      signature,
    })

    it('carries out what the wallet says is signed, once', async () => {
      const from = await wallet(accepts)
      const request = await asWallet(from, '0x2a01')
      const answers = await Promise.all([send(request), send(request), send(request)])
      expect(new Set(answers.map(({ body }) => body['hash'])).size).to.equal(1)
      expect(await office.paid(request.transactionId)).to.have.length(1)
      expect((await send({ ...request, amount: 7n })).body).to.include({ code: 'MESSAGE_CONFLICT' })
    })

    it('refuses what it says is not, and keeps nothing of it', async () => {
      const from = await wallet(accepts)
      const request = await asWallet(from, '0x2b01')
      const nonce = await office.nonce()
      expect((await send(request)).body).to.include({ code: 'INVALID_SIGNATURE', success: false })
      expect(await office.nonce()).to.equal(nonce)
      expect((await send({ ...request, signature: '0x2a01' })).body).to.include({ success: true })
    })

    it('does not pay for a wallet that costs more than any should', async () => {
      const [modest, greedy] = [await wallet(countsFrom(4_000)), await wallet(countsFrom(20_000))]
      expect((await send(await asWallet(modest, '0x2a'))).body).to.include({ success: true })
      const nonce = await office.nonce()
      expect((await send(await asWallet(greedy, '0x2a'))).body).to.include({
        code: 'INVALID_SIGNATURE',
        success: false,
      })
      expect(await office.nonce()).to.equal(nonce)
    })
  })

  describe('refusals', () => {
    it('refuses a message whose time is over, or as good as over', async () => {
      const alice = await office.holder()
      const now = BigInt(Math.floor(Date.now() / 1_000))
      for (const validBefore of [0n, now - 1n, now, now + 5n]) {
        const { status, body } = await send(await sign(alice, { validBefore }))
        expect(status).to.equal(410)
        expect(body).to.include({ code: 'MESSAGE_EXPIRED', success: false })
      }
    })

    it('gives the first answer also after the time of the message', async () => {
      const alice = await office.holder()
      const request = await sign(alice, { validBefore: BigInt(Math.floor(Date.now() / 1_000) + 20) })
      const { body } = await send(request)
      expect(body).to.include({ success: true })
      const snapshot = await office.rpc('evm_snapshot')
      await office.rpc('evm_increaseTime', 60)
      await office.rpc('evm_mine')
      expect((await send(request)).body).to.deep.equal(body)
      const late = await sign(alice, { validBefore: BigInt(Math.floor(Date.now() / 1_000) + 40) })
      expect((await send(late)).body).to.include({ code: 'MESSAGE_EXPIRED' })
      await office.rpc('evm_revert', snapshot)
    })

    for (const [whom, recipient] of [
      ['nobody', () => zeroAddress],
      ['the currency itself', () => currency],
    ] as const) {
      it(`refuses to pay ${whom}`, async () => {
        const alice = await office.holder()
        const { status, body } = await send(await sign(alice, { recipient: recipient() }))
        expect(status).to.equal(409)
        expect(body).to.include({ code: 'TRANSACTION_REVERTED', error: 'ERC20InvalidReceiver', success: false })
      })
    }

    it('refuses to pay the holder itself, which would only cost the fee', async () => {
      const alice = await office.holder()
      const { status, body } = await send(await sign(alice, { recipient: alice.address }))
      expect(status).to.equal(409)
      expect(body).to.include({ code: 'TRANSACTION_REVERTED', error: 'ERC20InvalidReceiver', success: false })
    })

    it('knows only the currencies that the issuer issues, as long as it does', async () => {
      const alice = await office.holder()
      const request = await sign(alice)
      for (const unknown of [bob, office.wallet.account.address]) {
        const { status, body } = await send({ ...request, currency: unknown })
        expect(status).to.equal(404)
        expect(body).to.include({ code: 'UNKNOWN_CURRENCY', success: false })
      }
      const stranger = await office.open({ issuer: alice.address })
      const { body } = await stranger.post('/transferFunds', request)
      expect(body).to.include({ code: 'UNKNOWN_CURRENCY', success: false, issuer: issuer.address })
      await stranger.close()
    })

    it('refuses more than the largest amount there is', async () => {
      const alice = await office.holder()
      const { body } = await send(await sign(alice, { amount: 2n ** 256n - 1n }))
      expect(body).to.include({ code: 'INSUFFICIENT_BALANCE', success: false })
    })
  })

  describe('limits', () => {
    it('lets each holder send so many new messages, and resend at will', async () => {
      const strict = await office.open({ perHolder: { burst: 3, perSecond: 0.01 } })
      const [alice, carol] = [await office.holder(), await office.holder()]
      const requests = await Promise.all([1, 2, 3, 4].map(() => sign(alice)))
      for (const request of requests.slice(0, 3)) {
        expect((await strict.post('/transferFunds', request)).body).to.include({ success: true })
      }
      const { status, headers, body } = await strict.post('/transferFunds', requests[3])
      expect(status).to.equal(429)
      expect(body).to.include({ code: 'TOO_MANY_REQUESTS', success: false })
      expect(Number(headers.get('retry-after'))).to.be.within(90, 100)
      expect((await strict.post('/transferFunds', requests[0])).body).to.include({ success: true })
      expect((await strict.post('/transferFunds', await sign(carol))).body).to.include({ success: true })
      await strict.close()
    })

    it('does not let others use up what a holder may send', async () => {
      const strict = await office.open({ perHolder: { burst: 1, perSecond: 0.01 } })
      const alice = await office.holder()
      const request = await sign(alice)
      for (let n = 0; n < 5; n++) {
        const forged = { ...request, messageCounter: BigInt(n) }
        expect((await strict.post('/transferFunds', forged)).body).to.include({ code: 'INVALID_SIGNATURE' })
      }
      expect((await strict.post('/transferFunds', request)).body).to.include({ success: true })
      await strict.close()
    })

    it('lets each address ask so much', async () => {
      const strict = await office.open({ perAddress: { burst: 10, perSecond: 0.5 } })
      const answers = await Promise.all(Array.from({ length: 30 }, () => strict.post('/transferFunds', '{}')))
      expect(answers.filter(({ status }) => status === 400)).to.have.length(10)
      const late = answers.filter(({ status }) => status === 429)
      expect(late).to.have.length(20)
      for (const { headers, body } of late) {
        expect(body).to.include({ code: 'TOO_MANY_REQUESTS', success: false })
        expect(headers.get('retry-after')).to.equal('2')
      }
      await strict.close()
    })
  })

  it('tells those who wait that it stops', async () => {
    const short = await office.open()
    const alice = await office.holder()
    const request = await sign(alice)
    await mining(false)
    try {
      const nonce = await office.nonce()
      const answer = short.post('/transferFunds', request)
      await until('the transaction waits', async () => (await pendingNonce()) > nonce)
      await short.close()
      expect((await answer).body).to.include({ code: 'ISSUER_UNAVAILABLE', success: false })
    } finally {
      await mining(true)
      await office.rpc('evm_mine')
    }
  })

  it('belongs to one account on one chain', async () => {
    const store = memoryStore()
    await (await office.open({ store })).close()
    const other = createWalletClient({
      account: privateKeyToAccount(generatePrivateKey()),
      transport: http(office.chain.url),
    }).extend(publicActions)
    const error = await refusal(() => office.open({ store, client: other }))
    expect(error.code).to.equal('STORE_FAILED')
    expect(error.message).to.include(issuer.address)
    const elsewhere = await openOffice()
    try {
      const foreign = await refusal(() => office.open({ store, client: connect(elsewhere.chain.url) }))
      expect(foreign.code).to.equal('STORE_FAILED')
      expect(foreign.message).to.match(/another chain/)
    } finally {
      await elsewhere.close()
    }
  })
})
