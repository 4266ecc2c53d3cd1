import { gatewayListener } from '@scrip/sdk/issuer'
import { expect } from 'chai'
import { listen, type Site } from '../../support/market.ts'

describe('the listener of a gateway', () => {
  let site: Site
  const counted: string[] = []
  let from = ''

  before(async () => {
    const gateway = {
      handle: async ({ address }: { address: string }) => {
        counted.push(address)
        return { status: 200, headers: {}, body: '' }
      },
      close: async () => {},
    }
    site = await listen(gatewayListener(gateway, { addressOf: () => from }))
  })
  after(() => site.close())

  for (const [address, counts] of [
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::6', '2001:db8:1:2'],
    ['2001:db8::6', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['unknown', 'unknown'],
  ]) {
    it(`counts ${address} as ${counts}`, async () => {
      from = address ?? ''
      await fetch(site.url)
      expect(counted.pop()).to.equal(counts)
    })
  }
})
