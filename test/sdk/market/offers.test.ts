import type { ErrorCode } from '@scrip/sdk/errors'
import { type Offer, type OfferPrice, readOffer, requireInForce, termsFor, writeOffer } from '@scrip/sdk/market'
import { expect } from 'chai'
import fc from 'fast-check'
import { refusal } from '../errors/support/refusal.ts'
import { CURRENCY, NOW, newSigner, offerOf, signOffer } from './support/offers.ts'

const seller = newSigner()
const written = async (changes: Partial<Offer> = {}) => writeOffer(await signOffer(seller, offerOf(seller, changes)))
const price = (changes: Partial<Record<keyof OfferPrice, unknown>>) => ({
  prices: [{ ...(offerOf(seller).prices[0] as OfferPrice), ...changes }] as OfferPrice[],
})

describe('an offer', () => {
  it('is read as it was signed', async () => {
    const offer = offerOf(seller)
    const text = writeOffer(await signOffer(seller, offer))
    expect(readOffer(text).offer).to.deep.equal(offer)
  })

  it('cannot be changed by anybody, whatever is changed', async () => {
    const signed = JSON.parse(await written())
    const paths = Object.keys(signed.offer).filter((name) => !['prices', 'endpoints', 'resource'].includes(name))
    const others = { chainId: 1, capacity: 5, region: 'moon', operator: 'Mallory' } as Record<string, unknown>
    for (const name of paths) {
      const value = signed.offer[name]
      const other =
        typeof value === 'string' && value.startsWith('0x')
          ? `${value.slice(0, -1)}${value.endsWith('0') ? 1 : 0}`
          : undefined
      const changed = other ?? others[name] ?? value + 1
      const offer = { ...signed.offer, [name]: changed }
      const error = await refusal(() => readOffer(JSON.stringify({ ...signed, offer })))
      expect(error.code, name).to.be.oneOf(['OFFER_ALTERED', 'OFFER_MALFORMED'])
    }
    const prices = [{ ...signed.offer.prices[0], perKilobyteRead: '1' }]
    const cheaper = JSON.stringify({ ...signed, offer: { ...signed.offer, prices } })
    expect((await refusal(() => readOffer(cheaper))).code).to.equal('OFFER_ALTERED')
  })

  const wrong: Record<string, Partial<Offer>> = {
    'a negative price': price({ block: -1n }),
    'a price of nothing': price({ perKilobyteWritten: 0n }),
    'a price beyond what a channel carries': price({ perKilobyteRead: 2n ** 96n }),
    'a price that is no whole number': price({ perLeaf: '1.5' }),
    'no price': { prices: [] },
    'two prices in one currency': { prices: [...offerOf(seller).prices, ...offerOf(seller).prices] },
    'blocks of no bytes': { blockBytes: 0 },
    'blocks of no time': { blockSeconds: 0 },
    'a capacity below nothing': { capacity: -1 },
    'a size beyond all numbers': { maxBytes: 2 ** 53 },
    'a smallest size above the largest': { minBytes: 5, maxBytes: 4 },
    'a shortest time above the longest': { minSeconds: 5, maxSeconds: 4 },
    'an end before its beginning': { issuedAt: NOW, expiresAt: NOW - 1 },
    'an endpoint that is no address': { endpoints: ['here'] },
    'an endpoint that runs something': { endpoints: ['javascript:alert(1)'] },
    'an endpoint with a path': { endpoints: ['https://storage.example/files'] },
    'an operator that rewrites the terminal': { operator: 'Bob\u001b[2J' },
    'another resource': { resource: 'compute' as 'storage' },
  }
  for (const [name, changes] of Object.entries(wrong)) {
    it(`is refused with ${name}, although it is signed`, async () => {
      const offer = offerOf(seller, changes)
      // What cannot be hashed cannot be signed: the signature is then of another offer, and never looked at.
      const signature = await signOffer(seller, offer).then(
        (signed) => signed.signature,
        () => `0x${'11'.repeat(65)}` as const,
      )
      const error = await refusal(() => readOffer(writeOffer({ offer, signature })))
      expect(error.code).to.equal('OFFER_MALFORMED')
    })
  }

  it('is refused as what it is, whatever is sent instead', () =>
    fc.assert(
      fc.asyncProperty(fc.oneof(fc.json(), fc.string()), async (text) => {
        expect((await refusal(() => readOffer(text))).code).to.equal('OFFER_MALFORMED')
      }),
    ))

  const times: [what: string, now: number, code: ErrorCode | undefined][] = [
    ['is good from when it was made', NOW, undefined],
    ['is good a little before, for clocks differ', NOW - 299, undefined],
    ['is not good a day before it was made: a clock is wrong', NOW - 86_400, 'CLOCK_SKEW'],
    ['is good to its last second', NOW + 86_399, undefined],
    ['is not good after that', NOW + 86_400, 'OFFER_EXPIRED'],
  ]
  for (const [what, now, code] of times) {
    it(what, async () => {
      const work = () => requireInForce(offerOf(seller), now)
      if (code === undefined) expect(work).not.to.throw()
      else expect((await refusal(work)).code).to.equal(code)
    })
  }
})

describe('what an offer makes of a wish', () => {
  const offer = offerOf(seller)
  const wish = { currency: CURRENCY, size: 2 ** 20, start: NOW, seconds: 14 * 86_400 }

  it('is the paper’s contract', () => {
    expect(termsFor(offer, wish)).to.deep.include({ price: 10n, perKilobyteWritten: 1n, perKilobyteRead: 4n })
  })

  it('costs a block for each started block of space and time', () => {
    expect(termsFor(offer, { ...wish, size: 2 ** 20 + 1 }).price).to.equal(20n)
    expect(termsFor(offer, { ...wish, seconds: 14 * 86_400 + 1 }).price).to.equal(20n)
    expect(termsFor(offer, { ...wish, size: 3 * 2 ** 20, seconds: 28 * 86_400 }).price).to.equal(60n)
  })

  const refused: [what: string, wish: object, offer: Partial<Offer>, code: ErrorCode][] = [
    ['more space than is offered', { size: 2 ** 31 }, {}, 'AGREEMENT_MALFORMED'],
    ['no space', { size: 0 }, {}, 'AGREEMENT_MALFORMED'],
    ['half a byte', { size: 1.5 }, {}, 'AGREEMENT_MALFORMED'],
    ['less time than is offered', { seconds: 59 }, {}, 'AGREEMENT_MALFORMED'],
    ['time that runs backwards', { seconds: -60 }, {}, 'AGREEMENT_MALFORMED'],
    ['another currency', { currency: `0x${'dd'.repeat(20)}` }, {}, 'CURRENCY_NOT_ACCEPTED'],
    [
      'what costs more than a channel carries',
      { size: 2 ** 30 },
      price({ block: 2n ** 96n - 1n }),
      'AGREEMENT_MALFORMED',
    ],
  ]
  for (const [what, change, changes, code] of refused) {
    it(`is nothing where it is for ${what}`, async () => {
      const error = await refusal(() => termsFor(offerOf(seller, changes), { ...wish, ...change }))
      expect(error.code).to.equal(code)
    })
  }
})
