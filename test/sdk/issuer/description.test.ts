import { once } from 'node:events'
import { request as open } from 'node:http'
import { ScripError } from '@scrip/sdk/errors'
import { openApi } from '@scrip/sdk/issuer'
import { expect } from 'chai'
import { conformance } from './support/conformance.ts'
import { issuer } from './support/issuer.ts'
import { type Office, type OpenGateway, openOffice } from './support/office.ts'

describe('what a gateway says of itself', function () {
  this.timeout(60_000)
  let office: Office
  let gateway: OpenGateway

  before(async () => {
    office = await openOffice()
    gateway = await office.open()
  })
  after(() => office.close())

  const get = async (path: string) => (await fetch(`${gateway.url}${path}`)).json()

  it('serves the description that its answers are held against', async () => {
    expect(await get('/openapi.json')).to.deep.equal(JSON.parse(JSON.stringify(openApi)))
    expect(openApi['openapi']).to.equal('3.1.0')
  })

  it('is held against it by a check that can fail', () => {
    const check = conformance(openApi)
    const answer = { method: 'POST', path: '/transferFunds', status: 200, type: 'application/json' }
    const right = { success: true, fee: '0', transactionId: `0x${'0'.repeat(64)}`, hash: `0x${'0'.repeat(64)}` }
    const seen = (changes: object, body: object = right) => check({ ...answer, body: JSON.stringify(body), ...changes })
    expect(seen({})).to.equal(undefined)
    expect(seen({ status: 201 })).to.match(/status is not described/)
    expect(seen({ type: 'text/plain' })).to.match(/type is not described/)
    for (const wrong of [{ fee: 0 }, { fee: '01' }, { success: false }, { hash: '0x' }, { more: 1 }]) {
      expect(seen({}, { ...right, ...wrong }), JSON.stringify(wrong)).to.match(/must|NOT/)
    }
    expect(seen({ path: '/nothing', status: 404 }, { code: 'NOT_FOUND' })).to.match(/required/)
    const problem = { ...new ScripError('NOT_FOUND').toProblem(), type: 'no URI' }
    expect(seen({ path: '/nothing', status: 404 }, problem)).to.match(/format "uri"/)
    expect(seen({ asked: '{}' })).to.match(/but the request: .*required/)
  })

  it('describes every path that it answers', async () => {
    const paths = Object.keys(openApi['paths'] as object)
    expect(paths).to.have.members([
      '/transferFunds',
      '/getDeposits',
      '/currencies/{currency}',
      '/health',
      '/openapi.json',
    ])
  })

  it('tells how it is', async () => {
    const health = await get('/health')
    expect(health).to.include({
      chainId: 31_337,
      issuer: issuer.address,
      relayer: issuer.address,
      unsettled: 0,
      waiting: 0,
    })
    expect(Number(health['block'])).to.be.greaterThan(0)
  })

  it('says so where the chain does not answer', async () => {
    office.wire.fate = () => 'lose'
    try {
      const answer = await fetch(`${gateway.url}/health`)
      expect(answer.status).to.equal(503)
      expect(await answer.json()).to.include({ code: 'ISSUER_UNAVAILABLE' })
    } finally {
      office.wire.fate = () => 'pass'
    }
  })

  it('tells the terms of its currencies', async () => {
    const terms = await get(`/currencies/${office.currency.toLowerCase()}`)
    expect(terms).to.deep.equal({
      currency: terms['currency'],
      issuer: issuer.address,
      chainId: 31_337,
      name: 'Money dollar',
      symbol: 'MND',
      decimals: 6,
      feeFlat: '0',
      feeBps: 120,
    })
    expect(terms['currency'].toLowerCase()).to.equal(office.currency.toLowerCase())
  })

  it('lets pages of every origin ask', async () => {
    const asked = await fetch(`${gateway.url}/transferFunds`, {
      method: 'OPTIONS',
      headers: { origin: 'https://page.example', 'access-control-request-method': 'POST' },
    })
    expect(asked.status).to.equal(204)
    expect(asked.headers.get('access-control-allow-origin')).to.equal('*')
    expect(asked.headers.get('access-control-allow-headers')).to.equal('content-type')
    const answer = await fetch(`${gateway.url}/health`)
    expect(answer.headers.get('access-control-allow-origin')).to.equal('*')
    expect(answer.headers.get('cache-control')).to.equal('no-store')
  })

  it('ignores a query, and answers a path that is none', async () => {
    expect(await get('/health?a=b')).to.include({ chainId: 31_337 })
    const { port } = new URL(gateway.url)
    for (const path of ['*', 'http://elsewhere/health', '/\u00ff'.replace('\u00ff', '%ff')]) {
      const outgoing = open({ host: '127.0.0.1', port, path, agent: false }).end()
      const [answer] = await once(outgoing, 'response')
      expect(answer.statusCode, path).to.equal(404)
      answer.resume()
    }
  })
})
