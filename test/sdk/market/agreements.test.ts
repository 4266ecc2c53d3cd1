import { join } from 'node:path'
import type { ErrorCode } from '@scrip/sdk/errors'
import { type Agreement, type Offer, readAgreement, writeAgreement } from '@scrip/sdk/market'
import { memoryStore, sqliteStore } from '@scrip/sdk/store'
import { expect } from 'chai'
import { readProposalHeader, writeProposalHeader } from '../../../sdk/market/proposal.ts'
import { createAgreementBook } from '../../../sdk/market/seller/createAgreementBook.ts'
import { createOfferDesk } from '../../../sdk/market/seller/createOfferDesk.ts'
import { refusal } from '../errors/support/refusal.ts'
import { NOW, newHash, newSigner, offerOf, propose, signOffer } from './support/offers.ts'
import { newFolder } from './support/stall.ts'

const seller = newSigner()
const buyer = newSigner()
const openBook = (capacity = 2 ** 30, store = memoryStore()) => createAgreementBook({ store, signer: seller, capacity })
const DAY = 86_400

describe('an agreement', () => {
  const offer = offerOf(seller)

  it('is signed by both, and read as it was signed', async () => {
    const book = await openBook()
    const signed = await book.accept(await propose(buyer, offer), offer, NOW)
    expect(readAgreement(writeAgreement(signed))).to.deep.equal(signed)
    expect(book.find(signed.id)).to.deep.equal(signed)
  })

  it('is worth nothing once either side changes anything', async () => {
    const book = await openBook()
    const signed = await book.accept(await propose(buyer, offer), offer, NOW)
    const changes: Partial<Agreement>[] = [
      { size: 5 },
      { price: 1n },
      { end: signed.agreement.end + 1 },
      { nonce: newHash() },
    ]
    for (const change of changes) {
      const text = writeAgreement({ ...signed, agreement: { ...signed.agreement, ...change } })
      expect((await refusal(() => readAgreement(text))).code).to.equal('AGREEMENT_ALTERED')
    }
    const swapped = writeAgreement({ ...signed, sellerSignature: signed.buyerSignature })
    expect((await refusal(() => readAgreement(swapped))).code).to.equal('AGREEMENT_ALTERED')
  })

  const terms: [what: string, changes: Partial<Agreement>][] = [
    ['a lower price', { price: 9n }],
    ['a price of nothing', { price: 0n }],
    ['a lower price to write', { perKilobyteWritten: 0n }],
    ['a lower price to read', { perKilobyteRead: 1n }],
    ['cheaper challenges', { perLeaf: 0n }],
    ['larger challenges', { mostLeaves: 1_000 }],
    ['answers at once', { answerSeconds: 1 }],
    ['more space for the same', { size: 2 ** 21 }],
    ['more time for the same', { end: NOW + 30 * DAY }],
    ['another seller', { seller: buyer.address }],
    ['another chain', { chainId: 1 }],
    ['another offer', { offer: newHash() }],
  ]
  for (const [what, changes] of terms) {
    it(`is refused with ${what} than the offer has`, async () => {
      const book = await openBook()
      const proposal = await propose(buyer, offer, changes)
      const error = await refusal(() => book.accept(proposal, offer, NOW))
      expect(error.code).to.equal('AGREEMENT_MALFORMED')
      expect(book.free()).to.equal(2 ** 30)
    })
  }

  const periods: [what: string, start: number, code: ErrorCode][] = [
    ['a period in the past', NOW - 30 * DAY, 'AGREEMENT_EXPIRED'],
    ['a buyer whose clock is a day behind', NOW - DAY, 'CLOCK_SKEW'],
    ['a buyer whose clock is a day ahead', NOW + DAY, 'CLOCK_SKEW'],
  ]
  for (const [what, start, code] of periods) {
    it(`is refused with ${what}`, async () => {
      const book = await openBook()
      const proposal = await propose(buyer, offer, {}, { start })
      expect((await refusal(() => book.accept(proposal, offer, NOW))).code).to.equal(code)
    })
  }

  it('is made once: its nonce is worth nothing with other terms', async () => {
    const book = await openBook()
    const nonce = newHash()
    await book.accept(await propose(buyer, offer, { nonce }), offer, NOW)
    for (const size of [2 ** 20, 2 ** 21]) {
      const again = await propose(buyer, offer, { nonce }, { size })
      expect((await refusal(() => book.accept(again, offer, NOW))).code).to.equal('AGREEMENT_CONFLICT')
    }
    expect(book.free()).to.equal(2 ** 30 - 2 ** 20)
  })

  it('is not made for more than there is, however many are made at once', async () => {
    const book = await openBook(10 * 2 ** 20)
    const proposals = await Promise.all(Array.from({ length: 12 }, () => propose(buyer, offer)))
    const outcomes = await Promise.allSettled(proposals.map((proposal) => book.accept(proposal, offer, NOW)))
    const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.code] : []))
    expect(refused).to.deep.equal(['OFFER_OVERSOLD', 'OFFER_OVERSOLD'])
    expect(book.free()).to.equal(0)
  })

  it('takes no space where it could not be written down', async () => {
    const store = memoryStore()
    const book = await openBook(2 ** 20, { ...store, write: () => Promise.reject(new Error('The disk is away.')) })
    const failure = await book.accept(await propose(buyer, offer), offer, NOW).catch((error: Error) => error.message)
    expect(failure).to.equal('The disk is away.')
    expect(book.free()).to.equal(2 ** 20)
  })

  it('is one of several thousand, which are all there after a restart and give their space back at their end', async function () {
    this.timeout(60_000)
    const path = join(newFolder(), 'index.db')
    const store = sqliteStore(path)
    const book = await openBook(2 ** 30, store)
    const COUNT = 3_000
    const proposals = await Promise.all(
      Array.from({ length: COUNT }, (_, at) => propose(buyer, offer, {}, { size: 1_000, seconds: 60 + at })),
    )
    const signed = await Promise.all(proposals.map((proposal) => book.accept(proposal, offer, NOW)))
    await store.close()
    const again = sqliteStore(path)
    const after = await openBook(2 ** 30, again)
    expect(after.free()).to.equal(2 ** 30 - COUNT * 1_000)
    for (const one of signed) expect(after.find(one.id)).to.deep.equal(one)
    expect(after.nextEnd()).to.equal(NOW + 60)
    const ended = after.ended(NOW + 60 + COUNT / 2 - 1)
    expect(ended).to.have.length(COUNT / 2)
    await Promise.all(ended.map(({ id }) => after.forget(id, [])))
    expect(after.free()).to.equal(2 ** 30 - (COUNT / 2) * 1_000)
    await again.close()
  })
})

describe('a proposal on its way', () => {
  it('comes with its offer, and nothing of either can be changed', async () => {
    const offer = await signOffer(seller, offerOf(seller))
    const proposal = await propose(buyer, offer.offer)
    const header = writeProposalHeader({ offer, proposal })
    expect(header.length).to.be.below(4_500)
    expect(readProposalHeader(header)).to.deep.equal({ offer, proposal })
    const altered = { ...offer, offer: { ...offer.offer, region: 'moon' } }
    const cheaper = { ...proposal, agreement: { ...proposal.agreement, price: 1n } }
    const codes = [
      await refusal(() => readProposalHeader(writeProposalHeader({ offer: altered, proposal }))),
      await refusal(() => readProposalHeader(writeProposalHeader({ offer, proposal: cheaper }))),
      await refusal(() => readProposalHeader(undefined)),
      await refusal(() => readProposalHeader('A'.repeat(12_001))),
      await refusal(() => readProposalHeader('W10')),
    ].map(({ code }) => code)
    expect(codes).to.deep.equal([
      'OFFER_ALTERED',
      'AGREEMENT_ALTERED',
      'AGREEMENT_MALFORMED',
      'AGREEMENT_MALFORMED',
      'AGREEMENT_MALFORMED',
    ])
  })
})

describe('a seller’s offers', () => {
  const {
    capacity: _capacity,
    issuedAt: _issuedAt,
    expiresAt: _expiresAt,
    nonce: _nonce,
    endpoints,
    ...terms
  } = offerOf(seller)
  const openDesk = (changes: Partial<Offer> = {}, free = () => 100) =>
    createOfferDesk({ terms: { ...terms, ...changes }, endpoints: () => endpoints, free, signer: seller })

  it('are the same until their half time, or until something is sold', async () => {
    let free = 100
    const desk = openDesk({}, () => free)
    const first = await desk.current(NOW)
    expect(await desk.current(NOW + 3_600)).to.equal(first)
    free = 60
    const second = await desk.current(NOW + 3_600)
    expect(second.offer).to.include({ capacity: 60, issuedAt: NOW + 3_600 })
    expect((await desk.current(NOW + 14 * 3_600)).offer.expiresAt).to.be.above(second.offer.expiresAt)
    // Who has an older one may still accept it.
    desk.require(first.offer, NOW + 3_600)
  })

  it('hold after a restart, and are withdrawn by other terms', async () => {
    const { offer } = await openDesk().current(NOW)
    openDesk().require(offer, NOW + 60)
    const prices = [{ ...(terms.prices[0] as Offer['prices'][number]), block: 11n }]
    for (const changes of [{ prices }, { operator: 'Eve' }, { seller: buyer.address }, { chainId: 1 }]) {
      expect((await refusal(() => openDesk(changes).require(offer, NOW + 60))).code).to.equal('OFFER_REPLAYED')
    }
    expect((await refusal(() => openDesk().require(offer, NOW + DAY))).code).to.equal('OFFER_EXPIRED')
  })
})
