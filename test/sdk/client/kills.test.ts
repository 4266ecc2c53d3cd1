import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { getHoldings } from '@scrip/sdk/chain'
import { createPayer, type PayerRecord } from '@scrip/sdk/channels'
import { kilobytes } from '@scrip/sdk/http'
import { serveFiles } from '@scrip/sdk/peer'
import { sqliteStore } from '@scrip/sdk/store'
import { expect } from 'chai'
import { network } from 'hardhat'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { findChannels } from '../../../sdk/chain/findChannels.ts'
import {
  bytes,
  listen,
  type Market,
  newBuyer,
  openMarket,
  openShop,
  type Person,
  type Site,
} from '../../support/market.ts'
import { type Running, run } from '../store/support/run.ts'

const SIZE = 12_000_000
const PRICE = BigInt(kilobytes(SIZE))
/** Bytes that arrive between most kills. */
const STEP = 300_000
const ROUNDS = 24
const DEPOSIT = 3_000n
const GRANT = 10n ** 9n
/** Kilobytes that a kill may cost, or save: what is paid ahead, and one for each end of what arrived before it and after. */
const MOST_LOST = 64n + 4n

describe('a buyer and a seller that are killed, again and again', () => {
  const folder = mkdtempSync(join(tmpdir(), 'scrip-kills-'))
  const content = Buffer.from(bytes(SIZE))
  const goods = join(folder, 'goods')
  const output = join(folder, 'file')
  const [buyerStore, sellerStore] = [join(folder, 'buyer.db'), join(folder, 'seller.db')]
  const [buyerKey, sellerKey] = [generatePrivateKey(), generatePrivateKey()]
  let market: Market
  let node: Site
  let person: Person
  let seller: Person
  let kills = 0

  before(async () => {
    mkdirSync(goods)
    writeFileSync(join(goods, 'file'), content)
    market = await openMarket(await network.create())
    person = await market.person(GRANT, privateKeyToAccount(buyerKey))
    seller = await market.person(0n, privateKeyToAccount(sellerKey))
    node = await listen((request, response) => {
      const answer = async () => {
        const { id, method, params } = JSON.parse((await buffer(request)).toString())
        const outcome = await market.provider
          .request({ method, params })
          .then((result) => ({ result }))
          .catch(({ code, message, data }) => ({ error: { code, message, data } }))
        response.setHeader('content-type', 'application/json')
        response.end(JSON.stringify({ jsonrpc: '2.0', id, ...outcome }))
      }
      // Who is killed in the middle of a request sends no whole one.
      answer().catch(() => response.destroy())
    })
  })
  after(async () => {
    await node.close()
    rmSync(folder, { recursive: true })
  })

  const size = () => statSync(output, { throwIfNoEntry: false })?.size ?? 0

  it('bring the file over whole, and nothing that was paid is lost or paid twice', async () => {
    let shop: Running | undefined
    let buyer: Running | undefined
    let port = '0'
    const openIt = async () => {
      shop = run(new URL('./support/shopProcess.ts', import.meta.url), [
        ...[sellerStore, node.url, sellerKey, market.currency, goods, port],
      ])
      // A shop that is killed while it starts has its port already.
      if (port === '0') port = await shop.line(0)
    }
    const startBuyer = () => {
      buyer = run(new URL('./support/downloadProcess.ts', import.meta.url), [
        ...[buyerStore, node.url, buyerKey, `${DEPOSIT}`, `http://127.0.0.1:${port}/file`, output],
      ])
    }
    try {
      await openIt()
      startBuyer()
      for (let round = 0; round < ROUNDS; round++) {
        // Every fourth time wherever they are: while they start, open the channel, or ask. Never later than at the next step,
        // or a quick buyer would be through before all of this is over.
        const deadline = round % 4 === 0 ? Date.now() + Math.random() * 600 : Number.POSITIVE_INFINITY
        const from = size()
        while (size() < from + STEP && Date.now() < deadline) {
          if (buyer?.child.exitCode !== null) throw new Error('The buyer ended.')
          if (shop?.child.exitCode !== null) throw new Error('The seller ended.')
          await pause(2)
        }
        const isBuyer = round % 3 !== 1
        const isSeller = round % 3 !== 0
        kills += Number(isBuyer) + Number(isSeller)
        await Promise.all([isBuyer && buyer?.kill(), isSeller && shop?.kill()])
        if (isSeller) await openIt()
        if (isBuyer) startBuyer()
      }
      await buyer?.end()
    } finally {
      await Promise.all([buyer?.kill(), shop?.kill()])
    }
    expect(kills).to.be.at.least(30)
    expect(readFileSync(output).equals(content)).to.equal(true)

    const store = sqliteStore(buyerStore)
    const shelf = sqliteStore(sellerStore)
    const open = await openShop(market, serveFiles(goods), { seller, store: shelf })
    try {
      const [record, ...others] = await store.all<PayerRecord>('payers')
      if (record === undefined) throw new Error('The buyer paid nothing.')
      const { funded, claimed = 0n, channel } = record
      const payer = createPayer({ channel: { ...channel, funded, claimed }, signer: person.account, store })
      const paid = await payer.paid()
      const { accepted, charged, credit } = await open.books()
      console.log(`      ${kills} kills; ${paid} paid for ${PRICE}, ${accepted} of it accepted, ${credit} left`)

      // One channel, whose deposits the buyer knows to the last.
      expect(others).to.deep.equal([])
      expect(await findChannels(person.client, { payer: person.account.address })).to.have.lengthOf(1)
      const { wallet } = await getHoldings(person.client, { currency: market.currency })
      expect([GRANT - wallet, funded < paid + 2n * DEPOSIT]).to.deep.equal([funded, true])

      // The seller holds what the buyer signed, and all of that was served or is credit.
      expect(accepted <= paid && paid - accepted <= MOST_LOST).to.equal(true)
      expect(accepted).to.equal(charged + credit)
      const most = BigInt(kills) * MOST_LOST
      expect(paid >= PRICE - most && paid <= PRICE + most).to.equal(true)
      // What the limits count is never less than what was paid.
      const counted = await store.all<{ spent: bigint }>('spending')
      expect(counted.map(({ spent }) => spent >= paid * 10n ** 18n)).to.deep.equal([true, true])
      // Both go on from there as if nothing had been.
      const next = newBuyer(person, { store, deposit: DEPOSIT })
      const answer = await next.fetch(`${open.url}/file`, { headers: { range: 'bytes=0-1048575' } })
      expect(content.subarray(0, 1_048_576).equals(Buffer.from(await answer.arrayBuffer()))).to.equal(true)
      expect(next.spent()).to.equal(1_024n - credit > 0n ? 1_024n - credit : 1n)
    } finally {
      await open.close()
      await Promise.all([store.close(), shelf.close()])
    }
  }).timeout(120_000)
})
