import { ScripError } from '@scrip/sdk/errors'
import {
  readChannelPayload,
  readChannelProblem,
  readChannelTerms,
  readExactTerms,
  readPaymentRequired,
  readSettlement,
  writeJson,
} from '@scrip/sdk/http'
import { decodePaymentRequiredHeader, encodePaymentRequiredHeader } from '@x402/core/http'
import { expect } from 'chai'
import fc from 'fast-check'

const address = '0x00000000000000000000000000000000000000Aa'
const offer = {
  scheme: 'channel',
  network: 'eip155:31337',
  asset: address,
  amount: '1000',
  payTo: address,
  maxTimeoutSeconds: 60,
  extra: { contract: address, name: 'Währung €', version: '1' },
} as const

describe('the wire format of x402', () => {
  it('is read and written as its packages do it, whatever the alphabet', () => {
    const required = { x402Version: 2, resource: { url: 'http://a.b/', description: '円' }, accepts: [offer] }
    expect(readPaymentRequired(encodePaymentRequiredHeader(required))).to.deep.equal(required)
    expect(decodePaymentRequiredHeader(writeJson(required))).to.deep.equal(required)
  })

  it('gives terms in lower case, by the scheme that they are of', () => {
    const {
      contract: _,
      name: __,
      version: ___,
      ...terms
    } = readChannelTerms(offer) as never as Record<string, unknown>
    const lower = address.toLowerCase()
    expect(terms).to.deep.equal({ chainId: 31_337, asset: lower, payTo: lower, amount: 1_000n, seconds: 60 })
    expect(readChannelTerms(offer)?.contract).to.equal(lower)
    expect(readExactTerms(offer)).to.equal(undefined)
    const exact = { ...offer, scheme: 'exact' }
    expect(readExactTerms(exact)).to.deep.equal({ ...terms, name: 'Währung €', version: '1' })
    expect(readChannelTerms(exact)).to.equal(undefined)
  })

  it('ends in terms or in nothing, whatever an offer is', () => {
    const fields = Object.keys(offer) as (keyof typeof offer)[]
    fc.assert(
      fc.property(fc.constantFrom(...fields), fc.anything(), (field, value) => {
        for (const scheme of ['channel', 'exact']) {
          const terms = [readChannelTerms, readExactTerms].map((read) => read({ ...offer, scheme, [field]: value }))
          for (const read of terms) {
            if (read === undefined) continue
            expect(read.amount > 0n && read.amount < 10n ** 29n && read.seconds > 0).to.equal(true)
            for (const party of [read.asset, read.payTo]) expect(party).to.match(/^0x[0-9a-f]{40}$/)
          }
        }
        readChannelTerms(value)
        readExactTerms(value)
      }),
    )
  })

  it('ends in a value or in nothing, whatever a header is', () => {
    const headers = fc.oneof(
      fc.string(),
      fc.base64String(),
      fc.json().map((text) => btoa(unescape(encodeURIComponent(text)))),
    )
    fc.assert(
      fc.property(headers, (header) => {
        const accepts = readPaymentRequired(header)?.accepts
        if (accepts !== undefined) readChannelProblem(accepts)
        readSettlement(header)
      }),
    )
  })

  it('ends in a payment or in a coded error, whatever a payload is', () => {
    const payloads = fc.oneof(
      fc.anything(),
      fc.record({ payment: fc.anything(), amount: fc.anything(), arrived: fc.anything() }, { requiredKeys: [] }),
      fc.record({ payment: fc.base64String(), amount: fc.bigInt().map(String) }),
    )
    fc.assert(
      fc.property(payloads, (payload) => {
        try {
          readChannelPayload(payload as never)
        } catch (error) {
          expect(error).to.be.instanceOf(ScripError).with.property('code', 'PAYMENT_MALFORMED')
        }
      }),
    )
  })

  it('brings a problem whole, and no control characters of it', () => {
    const problem = {
      code: 'STALE_PAYMENT',
      detail: 'a\u001b[2Jb',
      state: '0x00',
      type: 'urn:x',
      status: 409,
      title: 'x',
    }
    const error = readChannelProblem([offer, { ...offer, extra: { problem } }])
    expect(error).to.include({ code: 'STALE_PAYMENT', message: 'a [2Jb' })
    expect(error?.values).to.deep.equal({ state: '0x00' })
    expect(readChannelProblem([{ ...offer, scheme: 'exact', extra: { problem } }])).to.equal(undefined)
  })
})
