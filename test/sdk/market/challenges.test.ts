import { once } from 'node:events'
import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { join } from 'node:path'
import { claimBatch, createNetwork, getEdge, setWeight, sync } from '@scrip/sdk/chain'
import { PROBLEM_TYPE } from '@scrip/sdk/http'
import {
  type BuyerAgreement,
  type BuyerPiece,
  type ChallengeOutcome,
  challengeAnswerDigest,
  type Failure,
  isSigned,
  LEAF,
  storedPieceDigest,
} from '@scrip/sdk/market'
import { expect } from 'chai'
import { network } from 'hardhat'
import { createWalletClient, http } from 'viem'
import { answerHash } from '../../../sdk/market/challengeAnswer.ts'
import { type Market, openMarket } from '../../support/market.ts'
import { codeOf, refusal } from '../errors/support/refusal.ts'
import { agreeAt, type Customer, newCustomer, newFile, openStall, type Stall } from './support/stall.ts'

const SIZE = 200 * LEAF

describe('a challenge', function () {
  this.timeout(30_000)
  let market: Market
  let stall: Stall
  let alice: Customer
  let signed: BuyerAgreement
  let piece: BuyerPiece

  before(async () => {
    market = await openMarket(await network.create())
  })
  beforeEach(async () => {
    stall = await openStall(market, { terms: { answerSeconds: 2, mostLeaves: 200 } })
    alice = await newCustomer(market)
    signed = await agreeAt(alice, stall)
    piece = await alice.buyer.storePiece({ agreement: signed.id, path: newFile(SIZE) })
  })
  afterEach(() => stall.close())

  const challenge = (leaves?: number) =>
    alice.buyer.challenge({ agreement: signed.id, root: piece.root, ...(leaves && { leaves }) })
  const file = () => join(stall.folder, 'pieces', signed.id, piece.root)
  const failureIn = (outcome: ChallengeOutcome): Failure => {
    if (outcome.isHeld) throw new Error('The challenge was expected to fail.')
    return outcome.failure
  }
  /** Somebody else at the seller's address. */
  const replaced = async (listener: RequestListener, work: () => Promise<void>) => {
    const { port } = stall
    await stall.close()
    const impostor = createServer(listener).listen(port, '127.0.0.1')
    await once(impostor, 'listening')
    try {
      await work()
    } finally {
      impostor.close()
      impostor.closeAllConnections()
    }
    await stall.restart()
  }

  it('is met by who holds the piece, with leaves that nobody could foresee', async () => {
    const before = await stall.charged()
    const [one, other] = [await challenge(), await challenge()]
    expect([one.isHeld, other.isHeld]).to.deep.equal([true, true])
    if (!one.isHeld || !other.isHeld) return
    expect(one.challenge.leaves).to.have.length(8)
    expect(one.challenge.leaves).not.to.deep.equal(other.challenge.leaves)
    expect(one.challenge.nonce).not.to.equal(other.challenge.nonce)
    expect((await stall.charged()) - before).to.equal(16n)
    expect(await alice.buyer.failures()).to.deep.equal([])
  })

  it('asks for all there is where that is less, and costs what was agreed for a leaf', async () => {
    const before = await stall.charged()
    const outcome = await challenge(200)
    expect(outcome.isHeld && outcome.challenge.leaves).to.deep.equal(Array.from({ length: 200 }, (_, at) => at))
    expect((await stall.charged()) - before).to.equal(200n)
  })

  const damages: [what: string, damage: () => void, kind: Failure['kind']][] = [
    ['lost the file', () => rmSync(file()), 'lost'],
    ['lost the end of it', () => truncateSync(file(), 100 * LEAF), 'lost'],
    ['lost its tree', () => rmSync(`${file()}.tree`), 'lost'],
    ['swapped it for another', () => writeFileSync(file(), Buffer.alloc(SIZE, 7)), 'altered'],
    ['flipped one bit of it', () => writeFileSync(file(), flipped(readFileSync(file()), 77 * LEAF + 3)), 'altered'],
  ]
  for (const [what, damage, kind] of damages) {
    it(`is failed by who ${what}, and the evidence is kept`, async () => {
      damage()
      const failure = failureIn(await challenge(200))
      expect(failure).to.include({ kind, agreement: signed.id, root: piece.root, seller: signed.agreement.seller })
      expect(await alice.buyer.failures()).to.deep.equal([failure])
      // What it says of itself, anybody can check: it agreed, it said that it had all of it, and it answered this.
      const { statement, signature } = piece.stored as NonNullable<BuyerPiece['stored']>
      expect(isSigned(failure.seller, signed.id, signed.sellerSignature)).to.equal(true)
      expect(isSigned(failure.seller, storedPieceDigest(signed.agreement, statement), signature)).to.equal(true)
      if (kind !== 'altered' || failure.answer?.signature === undefined) {
        expect(failure.answer?.status).to.equal(404)
        return
      }
      const answer = {
        agreement: signed.id,
        root: piece.root,
        nonce: failure.challenge.nonce,
        answer: answerHash(failure.answer.body),
      }
      expect(
        isSigned(failure.seller, challengeAnswerDigest(signed.agreement, answer), failure.answer.signature),
      ).to.equal(true)
    })
  }

  it('is worth what was paid for the piece', async () => {
    rmSync(file())
    const { value } = failureIn(await challenge())
    // Its part of the block, rounded down, and 200 kilobytes written.
    expect(value).to.equal((10n * BigInt(SIZE)) / 2n ** 20n + 200n)
  })

  it('takes what was paid for the piece back from the buyer’s own edge, once', async () => {
    const { networkId } = await createNetwork(market.issuer.client, { epochLength: 3_600, metadataURI: '' })
    await setWeight(market.issuer.client, { networkId, currency: market.currency, weight: 2n * 10n ** 18n })
    expect(await alice.buyer.stateFailures({ networkId })).to.deep.equal([])
    rmSync(file())
    const { value } = failureIn(await challenge())
    await challenge()
    const provider = stall.person.account.address
    const consumer = alice.person.account.address
    await claimBatch(stall.person.client, { claims: await stall.payee.claimable() })
    const { channel } = await stall.payee.standing(signed.agreement.channelId)
    await sync(market.issuer.client, { networkId, channels: [channel] })
    const before = await getEdge(alice.person.client, { networkId, consumer, provider })
    const [stated, ...others] = await alice.buyer.stateFailures({ networkId })
    expect(others).to.deep.equal([])
    expect(stated).to.include({ seller: provider.toLowerCase(), faulted: 2n * value })
    const edge = await getEdge(alice.person.client, { networkId, consumer, provider })
    expect(edge).to.deep.equal({ ...before, faulted: 2n * value })
    expect(await alice.buyer.stateFailures({ networkId })).to.deep.equal([])
  })

  it('is failed by who is away for longer than was agreed, and not before', async () => {
    const { port } = stall
    await stall.close()
    const began = Date.now()
    const failure = failureIn(await challenge())
    expect(Date.now() - began).to.be.within(1_990, 10_000)
    expect(failure.kind).to.equal('unanswered')
    expect(failure).not.to.have.property('answer')
    await stall.restart()
    expect(stall.port).to.equal(port)
    expect((await challenge()).isHeld).to.equal(true)
  })

  it('waits for who comes back in time', async () => {
    await stall.close()
    const asked = challenge()
    await stall.restart()
    expect((await asked).isHeld).to.equal(true)
  })

  it('costs no more than it may, however often a seller takes the payment and gives no answer', async () => {
    const before = alice.spent()
    await replaced(
      (request, response) => {
        if (request.url?.endsWith('/state')) response.end('{"received":0}')
        else response.destroy()
      },
      async () => {
        expect(failureIn(await challenge()).kind).to.equal('unanswered')
      },
    )
    expect(alice.spent() - before).to.be.within(8n, 3n * 8n)
  })

  it('cannot be evaded with an excuse in the words of this side', async () => {
    const excuses = [
      'INSUFFICIENT_BALANCE',
      'LIMIT_EXCEEDED',
      'RPC_UNREACHABLE',
      'PAYMENT_REQUIRED',
      'STOPPED',
    ] as const
    let next = 0
    await replaced(
      (_, response) => {
        const code = excuses[next++ % excuses.length]
        response.writeHead(402, { 'content-type': PROBLEM_TYPE }).end(JSON.stringify({ code }))
      },
      async () => {
        expect(failureIn(await challenge()).kind).to.equal('unanswered')
      },
    )
    expect(next).to.be.above(excuses.length)
  })

  it('is nobody’s failure where this side cannot pay', async () => {
    const poor = await newCustomer(market, { person: alice.person, store: alice.store, limits: { perDay: 1n } })
    const error = await refusal(() => poor.buyer.challenge({ agreement: signed.id, root: piece.root }))
    expect(error.code).to.equal('LIMIT_EXCEEDED')
    expect(await alice.buyer.failures()).to.deep.equal([])
  })

  it('is nobody’s failure where something breaks on this side', async () => {
    let isBroken = false
    const bob = await newCustomer(market, {
      onPayment: () => {
        if (isBroken) throw new Error('The log cannot be written.')
      },
    })
    const agreed = await agreeAt(bob, stall)
    const { root } = await bob.buyer.storePiece({ agreement: agreed.id, path: newFile(SIZE) })
    isBroken = true
    const outcome = await bob.buyer.challenge({ agreement: agreed.id, root }).catch(({ message }) => message)
    expect(outcome).to.equal('The log cannot be written.')
    expect(await bob.buyer.failures()).to.deep.equal([])
  })

  it('is nobody’s failure where this side reaches neither the seller nor the chain', async () => {
    const { account } = alice.person
    const client = createWalletClient({ account, transport: http('http://127.0.0.1:1', { retryCount: 0 }) })
    const cut = await newCustomer(market, { person: { account, client }, store: alice.store })
    await stall.close()
    const error = await refusal(() => cut.buyer.challenge({ agreement: signed.id, root: piece.root }))
    expect(error.code).to.equal('RPC_UNREACHABLE')
    expect(await alice.buyer.failures()).to.deep.equal([])
    await stall.restart()
  })

  it('asks for one leaf at least', async () => {
    for (const leaves of [0, -1, 1.5]) {
      const work = () => alice.buyer.challenge({ agreement: signed.id, root: piece.root, leaves })
      expect(await codeOf(work)).to.equal('INVALID_ARGUMENT')
    }
  })

  it('is not made of what was never stored', async () => {
    const root = `0x${'11'.repeat(32)}` as const
    expect(await codeOf(() => alice.buyer.challenge({ agreement: signed.id, root }))).to.equal('PIECE_UNKNOWN')
    expect(await codeOf(() => alice.buyer.challenge({ agreement: root, root }))).to.equal('AGREEMENT_UNKNOWN')
  })

  it('finds a quarter that is gone nine times in ten, with eight leaves', async () => {
    const content = readFileSync(file())
    content.fill(0, 0, SIZE / 4)
    writeFileSync(file(), content)
    const outcomes = []
    for (let round = 0; round < 30; round++) outcomes.push(await challenge())
    // 1 − 0.75^8 is 0.9; fewer than 18 of 30 happens once in 10^6.
    expect(outcomes.filter(({ isHeld }) => !isHeld)).to.have.length.above(17)
  })
})

function flipped(content: Buffer, at: number): Buffer {
  content[at] = (content[at] as number) ^ 1
  return content
}
