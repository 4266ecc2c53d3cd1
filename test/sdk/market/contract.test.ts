import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { rootOf } from '@scrip/sdk/market'
import { expect } from 'chai'
import { network } from 'hardhat'
import { bytes, type Market, openMarket } from '../../support/market.ts'
import { agreeAt, type Customer, newCustomer, newFile, newFolder, openStall, type Stall } from './support/stall.ts'

describe('the storage contract of the paper', () => {
  let market: Market
  let stall: Stall
  let alice: Customer

  before(async () => {
    market = await openMarket(await network.create())
    stall = await openStall(market)
    alice = await newCustomer(market)
  })
  after(() => stall.close())

  it('costs 10 for a megabyte for two weeks, 1 a kilobyte written and 4 a kilobyte read', async () => {
    const signed = await agreeAt(alice, stall)
    expect(await stall.charged()).to.equal(10n)
    expect(signed.agreement).to.include({ size: 2 ** 20, price: 10n, perKilobyteWritten: 1n, perKilobyteRead: 4n })

    const content = bytes(200_000)
    const piece = await alice.buyer.storePiece({ agreement: signed.id, path: newFile(0, content) })
    expect(piece.root).to.equal(rootOf(content))
    expect(await stall.charged()).to.equal(10n + 196n)

    const path = join(newFolder(), 'back')
    await alice.buyer.fetchPiece({ agreement: signed.id, root: piece.root, path })
    expect(readFileSync(path).equals(content)).to.equal(true)
    expect(await stall.charged()).to.equal(10n + 196n + 4n * 196n)

    const outcome = await alice.buyer.challenge({ agreement: signed.id, root: piece.root })
    expect(outcome.isHeld).to.equal(true)
    expect(await stall.charged()).to.equal(10n + 196n + 4n * 196n + 8n)
    expect(alice.spent()).to.equal(await stall.charged())
  })
})
