import type { TransferFundsRequest } from '@scrip/sdk/chain'
import { getDepositsVia, relayTransferFundsVia } from '@scrip/sdk/client'
import { expect } from 'chai'
import { type Address, type Hex, isAddressEqual, type PrivateKeyAccount, parseEther, parseGwei, toHex } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { issuerCurrencyAbi as abi } from '../../../sdk/abi/issuerCurrency.ts'
import { issuer } from './support/issuer.ts'
import { type Office, type OpenGateway, openOffice, signed, until } from './support/office.ts'

type PooledTransaction = { hash: Hex; maxFeePerGas: Hex; nonce: Hex }

describe('the transactions of a gateway', function () {
  this.timeout(60_000)
  let office: Office
  let gateway: OpenGateway
  let currency: Address
  let bob: Address

  beforeEach(async () => {
    office = await openOffice()
    currency = office.currency
    gateway = await office.open({ bumpAfter: 400 })
    bob = privateKeyToAccount(generatePrivateKey()).address
  })
  afterEach(() => office.close())

  const sign = (account: PrivateKeyAccount, amount = 5n) =>
    signed(gateway, account, { currency, recipient: bob, amount })
  const send = (request: TransferFundsRequest) => relayTransferFundsVia(gateway.as(), { request })
  const mining = (on: boolean) => office.rpc('evm_setAutomine', on)
  const mine = () => office.rpc('evm_mine')
  /** The issuer's transaction that waits with a nonce. */
  const pooled = async (nonce: number): Promise<PooledTransaction | undefined> => {
    const content = (await office.rpc('txpool_content')) as Record<
      string,
      Record<string, Record<string, PooledTransaction>>
    >
    const accounts = Object.values(content).flatMap((part) => Object.entries(part))
    return accounts.find(([address, pool]) => isAddressEqual(address as Address, issuer.address) && pool[nonce])?.[1][
      nonce
    ]
  }
  const inPool = (nonce: number) => until('the transaction waits', async () => (await pooled(nonce)) !== undefined)
  /** What the issuer does elsewhere with its account. */
  const mintElsewhere = (nonce: number, price: bigint) =>
    office.wallet.writeContract({
      chain: null,
      address: currency,
      abi,
      functionName: 'mint',
      args: [issuer.address, 1n],
      nonce,
      gas: 200_000n,
      maxFeePerGas: price,
      maxPriorityFeePerGas: price,
    })

  it('is sent again at a higher price where no block takes it', async () => {
    const alice = await office.holder()
    const request = await sign(alice)
    const nonce = await office.nonce()
    await mining(false)
    const answer = send(request)
    await inPool(nonce)
    const first = await pooled(nonce)
    await until('it costs more, twice', async () => {
      const now = await pooled(nonce)
      return BigInt(now?.maxFeePerGas ?? 0) * 100n > BigInt(first?.maxFeePerGas ?? 0) * 126n
    })
    await mining(true)
    await mine()
    const { hash } = await answer
    expect(hash).not.to.equal(first?.hash)
    expect(await office.paid(request.transactionId)).to.deep.equal([hash])
    expect(await office.nonce()).to.equal(nonce + 1)
    expect(await send(request)).to.include({ hash })
  })

  it('is sent once, however long the node takes to answer', async () => {
    await gateway.close()
    gateway = await office.open()
    const request = await sign(await office.holder())
    const { promise, resolve } = Promise.withResolvers<'pass'>()
    office.wire.fate = ({ methods }) => (methods.includes('eth_sendRawTransaction') ? promise : 'pass')
    const count = (method: string) => office.wire.counts.get(method) ?? 0
    const before = count('eth_sendRawTransaction')
    const answer = send(request)
    await until('it is on its way', () => count('eth_sendRawTransaction') > before)
    const looks = count('eth_getTransactionCount')
    await until('it was looked for often', () => count('eth_getTransactionCount') > looks + 10)
    resolve('pass')
    expect(await office.paid(request.transactionId)).to.deep.equal([(await answer).hash])
    expect(count('eth_sendRawTransaction') - before).to.equal(1)
  })

  it('never costs more than the issuer allows', async () => {
    const most = parseGwei('4')
    await gateway.close()
    gateway = await office.open({ bumpAfter: 100, maxFeePerGas: most })
    const alice = await office.holder()
    const nonce = await office.nonce()
    await mining(false)
    const answer = send(await sign(alice))
    await inPool(nonce)
    const price = async () => BigInt((await pooled(nonce))?.maxFeePerGas ?? 0)
    let last = await price()
    const first = last
    // A raise is an eighth: it has come to the end when none comes for as long as ten take.
    for (let since = performance.now(); performance.now() - since < 1_000; ) {
      const now = await price()
      expect(now <= most, `${now}`).to.equal(true)
      if (now > last) since = performance.now()
      last = now
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect(last > first).to.equal(true)
    expect((last * 9n) / 8n >= most).to.equal(true)
    await mining(true)
    await mine()
    await answer
  })

  it('gets another nonce where the issuer used its own elsewhere', async () => {
    const [alice, carol] = [await office.holder(), await office.holder()]
    const [request, other] = [await sign(alice), await sign(carol)]
    const nonce = await office.nonce()
    await mining(false)
    const answers = [send(request), send(other)]
    await inPool(nonce + 1)
    await mintElsewhere(nonce, 10n ** 13n)
    await mining(true)
    await mine()
    const [answer, otherAnswer] = await Promise.all(answers)
    expect(await office.paid(request.transactionId)).to.deep.equal([answer?.hash])
    expect(await office.paid(other.transactionId)).to.deep.equal([otherAnswer?.hash])
    expect(await office.nonce()).to.equal(nonce + 3)
  })

  it('does not wait for ever behind a transaction that got lost', async () => {
    const alice = await office.holder()
    const request = await sign(alice)
    const nonce = await office.nonce()
    await mining(false)
    const lost = await mintElsewhere(nonce, parseGwei('5'))
    const answer = send(request)
    await inPool(nonce + 1)
    await office.rpc('anvil_dropTransaction', lost)
    await mining(true)
    await mine()
    const { hash } = await answer
    expect(await office.paid(request.transactionId)).to.deep.equal([hash])
    expect(await office.nonce()).to.be.at.least(nonce + 2)
  })

  it('is sent again where a reorg took it away, and its deposit is told of once', async () => {
    const alice = await office.holder()
    const request = await sign(alice)
    const first = await send(request)
    const told = await getDepositsVia(gateway.as(), { currency, recipient: bob })
    expect(told.deposits).to.have.length(1)
    await office.rpc('anvil_reorg', 1, [])
    expect(await office.balanceOf(bob)).to.equal(0n)
    const gone = await getDepositsVia(gateway.as(), { currency, recipient: bob, cursor: told.cursor })
    expect(gone).to.deep.include({ deposits: [] })
    await until('it is paid again', async () => (await office.balanceOf(bob)) === 5n)
    const again = await getDepositsVia(gateway.as(), { currency, recipient: bob, cursor: gone.cursor })
    expect(again).to.deep.include({ deposits: [], balance: 5n })
    expect(await send(request)).to.deep.equal(first)
    expect(await office.paid(request.transactionId)).to.deep.equal([first.hash])
  })

  it('is sent again where a reorg took many away', async () => {
    const holders = await Promise.all([1, 2, 3].map(() => office.holder()))
    const requests = await Promise.all(holders.flatMap((holder) => [1, 2, 3, 4].map(() => sign(holder))))
    const answers = []
    for (const request of requests) answers.push(await send(request))
    await office.rpc('anvil_reorg', 9, [])
    expect(Number(await office.balanceOf(bob))).to.be.lessThan(60)
    await until('all are paid again', async () => (await office.balanceOf(bob)) === 60n)
    for (const [index, request] of requests.entries()) expect(await send(request)).to.deep.equal(answers[index])
  })

  it('says so where a reorg made a payment impossible', async () => {
    const alice = await office.holder(0n)
    await office.mint(alice.address, 5n)
    const request = await sign(alice)
    await send(request)
    // The next block of the new branch moves the issuer's account on: the mint does not come back.
    await office.rpc('anvil_reorg', 2, [])
    await until('the operator hears of it', () => gateway.troubles.length > 0)
    const [trouble] = gateway.troubles
    expect(trouble?.code).to.equal('INSUFFICIENT_BALANCE')
    expect(trouble?.message).to.match(/^A reorg took back a payment that was answered as made/)
    expect((await gateway.post('/transferFunds', request)).body).to.include({
      code: 'INSUFFICIENT_BALANCE',
      success: false,
    })
  })

  it('is answered after as many blocks as the issuer wants', async () => {
    const careful = await office.open({ confirmations: 4 })
    const alice = await office.holder()
    const request = await sign(alice)
    let isAnswered = false
    const answer = relayTransferFundsVia(careful.as(), { request }).then((receipt) => {
      isAnswered = true
      return receipt
    })
    await until('it is in a block', async () => (await office.paid(request.transactionId)).length === 1)
    for (let blocks = 2; blocks <= 3; blocks++) {
      await mine()
      await new Promise((resolve) => setTimeout(resolve, 200))
      expect(isAnswered).to.equal(false)
    }
    // What a reorg takes away meanwhile is sent again, and confirmed anew.
    await office.rpc('anvil_reorg', 3, [])
    await until('it is in a block again', async () => (await office.paid(request.transactionId)).length === 1)
    for (let blocks = 2; blocks <= 4; blocks++) await mine()
    expect(await office.paid(request.transactionId)).to.deep.equal([(await answer).hash])
    await careful.close()
  })

  it('goes on when the account has coins again', async () => {
    await gateway.close()
    gateway = await office.open({ patience: 500 })
    const alice = await office.holder()
    const request = await sign(alice)
    await office.rpc('anvil_setBalance', issuer.address, '0x0')
    const { status, body } = await gateway.post('/transferFunds', request)
    expect(status).to.be.oneOf([503, 504])
    expect(body).to.include({ success: false })
    expect(gateway.troubles.map(({ code }) => code)).to.include('INSUFFICIENT_GAS')
    await office.rpc('anvil_setBalance', issuer.address, toHex(parseEther('10')))
    const { hash } = await send(request)
    expect(await office.paid(request.transactionId)).to.deep.equal([hash])
  })

  it('waits its turn where nodes would not keep more of one account', async () => {
    const holders = await Promise.all(Array.from({ length: 10 }, () => office.holder()))
    const requests = await Promise.all(holders.flatMap((holder) => Array.from({ length: 10 }, () => sign(holder))))
    const nonce = await office.nonce()
    await mining(false)
    const answers = Promise.all(requests.map(send))
    const waiting = async () => {
      const { pending, queued } = (await office.rpc('txpool_status')) as { pending: Hex; queued: Hex }
      return Number(pending) + Number(queued)
    }
    await until('so many wait', async () => (await waiting()) === 64)
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(await waiting()).to.equal(64)
    await mine()
    await until('the others wait', async () => (await waiting()) === 36)
    await mine()
    expect(await answers).to.have.length(100)
    await mining(true)
    expect(await office.nonce()).to.equal(nonce + 100)
    expect(await office.balanceOf(bob)).to.equal(500n)
  })
})
