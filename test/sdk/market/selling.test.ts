import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createCurrency, mint } from '@scrip/sdk/chain'
import type { ErrorCode } from '@scrip/sdk/errors'
import { PROBLEM_TYPE, readProblem } from '@scrip/sdk/http'
import { type BuyerAgreement, rootOf } from '@scrip/sdk/market'
import { memoryStore, sqliteStore } from '@scrip/sdk/store'
import { expect } from 'chai'
import { network } from 'hardhat'
import { bytes, type Market, newBuyer, openMarket } from '../../support/market.ts'
import { refusal } from '../errors/support/refusal.ts'
import {
  agreeAt,
  type Customer,
  newCustomer,
  newFile,
  newFolder,
  openStall,
  PAPER,
  type Stall,
} from './support/stall.ts'

const DAY = 86_400

describe('a seller of storage', function () {
  this.timeout(30_000)
  let market: Market
  let stall: Stall
  let alice: Customer
  let signed: BuyerAgreement

  before(async () => {
    market = await openMarket(await network.create())
  })
  beforeEach(async () => {
    stall = await openStall(market)
    alice = await newCustomer(market)
    signed = await agreeAt(alice, stall)
  })
  afterEach(() => stall.close())

  const store = (path: string) => alice.buyer.storePiece({ agreement: signed.id, path })
  const pieceFile = (root: string) => join(stall.folder, 'pieces', signed.id, root)
  /** A request without a payment, its target as it is. */
  const raw = (method: string, path: string, headers: Record<string, string> = {}, body = '') =>
    new Promise<{ status: number; code: string | undefined }>((resolve, reject) => {
      const sent = httpRequest({ port: stall.port, host: '127.0.0.1', method, path, headers }, async (answer) => {
        let text = ''
        for await (const chunk of answer) text += chunk
        const isProblem = answer.headers['content-type'] === PROBLEM_TYPE
        const status = answer.statusCode ?? 0
        resolve({ status, code: isProblem ? readProblem(status, text).code : undefined })
      })
      sent.on('error', reject).end(body)
    })

  describe('reads', () => {
    it('gives ranges, and charges for what it gives', async () => {
      const content = bytes(100_000)
      const { root } = await store(newFile(0, content))
      const before = await stall.charged()
      const answer = await newBuyer(await market.person()).fetch(`${stall.url}/storage/${signed.id}/${root}`, {
        headers: { range: 'bytes=5000-9095' },
      })
      expect(answer.status).to.equal(206)
      expect(answer.headers.get('content-range')).to.equal('bytes 5000-9095/100000')
      expect(Buffer.from(await answer.arrayBuffer()).equals(content.subarray(5_000, 9_096))).to.equal(true)
      expect((await stall.charged()) - before).to.equal(4n * PAPER.perKilobyteRead)
    })

    it('goes on with what is there of a piece, and pays for the rest only', async () => {
      const { root } = await store(newFile(100_000))
      const path = join(newFolder(), 'back')
      writeFileSync(`${path}.part`, bytes(100_000).subarray(0, 60 * 1_024))
      const before = await stall.charged()
      await alice.buyer.fetchPiece({ agreement: signed.id, root, path })
      expect(readFileSync(path).equals(bytes(100_000))).to.equal(true)
      expect((await stall.charged()) - before).to.equal(38n * PAPER.perKilobyteRead)
    })

    it('is caught where it gives other bytes, and nothing of them is left', async () => {
      const { root } = await store(newFile(10_000))
      const file = readFileSync(pieceFile(root))
      file[5_000] = (file[5_000] as number) ^ 1
      writeFileSync(pieceFile(root), file)
      const folder = newFolder()
      const error = await refusal(() =>
        alice.buyer.fetchPiece({ agreement: signed.id, root, path: join(folder, 'back') }),
      )
      expect(error.code).to.equal('PIECE_ALTERED')
      expect(readdirSync(folder)).to.deep.equal([])
    })
  })

  describe('writes', () => {
    it('keeps what is sparse, and what is larger than its memory needs to be', async () => {
      const path = newFile(1)
      truncateSync(path, 900_000)
      const { root, size } = await store(path)
      expect(size).to.equal(900_000)
      expect(root).to.equal(rootOf(Buffer.concat([bytes(1), Buffer.alloc(899_999)])))
      expect(readFileSync(pieceFile(root)).equals(readFileSync(path))).to.equal(true)
    })

    it('takes no more than was agreed, in one piece or in several', async () => {
      const whole = await refusal(() => store(newFile(2 ** 20 + 1)))
      expect(whole.code).to.equal('AGREEMENT_EXCEEDED')
      await store(newFile(2 ** 20 - 1_000))
      const before = await stall.charged()
      const rest = await refusal(() => store(newFile(0, Buffer.alloc(1_001, 7))))
      expect(rest.code).to.equal('AGREEMENT_EXCEEDED')
      expect(rest.values).to.include({ left: 1_000, size: 1_001 })
      expect(await stall.charged()).to.equal(before)
      await store(newFile(0, Buffer.alloc(1_000, 7)))
    })

    it('is not paid again for what it has', async () => {
      const path = newFile(100_000)
      await store(path)
      const paid = alice.spent()
      await store(path)
      // Nor by somebody who lost what it knew, but for its agreement.
      const forgetful = await newCustomer(market, { person: alice.person, store: memoryStore() })
      await forgetful.store.write([{ table: 'market/bought', key: signed.id, record: signed }])
      const piece = await forgetful.buyer.storePiece({ agreement: signed.id, path })
      expect(piece.stored?.statement).to.include({ size: 100_000 })
      expect(alice.spent() + forgetful.spent()).to.equal(paid)
    })

    it('has a full disk: it says so, charges nothing for it, and takes the piece when there is room', async function () {
      if (!existsSync('/dev/full')) return this.skip()
      const content = bytes(100_000)
      mkdirSync(join(stall.folder, 'pieces', signed.id), { recursive: true })
      const part = `${pieceFile(rootOf(content))}.part`
      // A file of the system whose disk is always full.
      symlinkSync('/dev/full', part)
      const before = await stall.charged()
      const error = await refusal(() => store(newFile(0, content)))
      expect(error).to.include({ code: 'DISK_FULL', status: 507 })
      expect(await stall.charged()).to.equal(before)
      rmSync(part)
      await store(newFile(0, content))
      expect(readFileSync(pieceFile(rootOf(content))).equals(content)).to.equal(true)
    })

    it('drops bytes that do not become what they are called', async () => {
      const path = newFile(200_000)
      const changed = alice.buyer.storePiece({
        agreement: signed.id,
        path,
        onProgress: (done) => {
          // Somebody writes to the file while it is being stored.
          if (done === 65_536) writeFileSync(path, Buffer.alloc(200_000, 7))
        },
      })
      expect((await refusal(() => changed)).code).to.equal('PIECE_ALTERED')
      expect(readdirSync(join(stall.folder, 'pieces', signed.id))).to.deep.equal([])
    })
  })

  describe('against strangers', () => {
    const tricks = [
      '/storage/../index.db',
      '/storage/%2e%2e/index.db',
      '/storage/AGREEMENT/../../index.db',
      '/storage/AGREEMENT/..%2f..%2findex.db',
      '/storage/AGREEMENT/0x..',
      '/storage/AGREEMENT/index.db',
      '/storage/AGREEMENT/ROOT.tree',
      '/storage/AGREEMENT/ROOT%00',
      '/storage/AGREEMENT/ROOT/',
      '/storage/AGREEMENT/ROOT?x',
      '/storage/AGREEMENT//etc/passwd',
      '//storage/AGREEMENT/ROOT',
      'http://other/storage/AGREEMENT/ROOT',
    ]
    it('finds nothing by tricks with paths', async () => {
      const root = rootOf(bytes(10))
      const before = readdirSync(join(stall.folder, 'pieces'))
      const part = { 'content-length': '10', 'content-range': 'bytes 0-9/10' }
      for (const trick of tricks) {
        const path = trick.replace('AGREEMENT', signed.id).replace('ROOT', root)
        const answers = [await raw('GET', path), await raw('PUT', path, part, 'x'.repeat(10))]
        expect(answers, trick).to.deep.equal(Array(2).fill({ status: 404, code: 'NOT_FOUND' }))
      }
      expect(readdirSync(join(stall.folder, 'pieces'))).to.deep.equal(before)
    })

    it('takes no piece, no challenge and no agreement from who is not its buyer, and no money for it', async () => {
      const { root } = await store(newFile(10_000))
      const before = await stall.charged()
      const mallory = newBuyer(await market.person())
      const put = await mallory.fetch(`${stall.url}/storage/${signed.id}/${rootOf(bytes(10))}`, {
        method: 'PUT',
        headers: { 'content-range': 'bytes 0-9/10' },
        body: new Uint8Array(10),
      })
      const nonce = `0x${'11'.repeat(32)}`
      const challenge = await mallory.fetch(`${stall.url}/storage/${signed.id}/${root}/leaves/0?nonce=${nonce}`)
      for (const answer of [put, challenge]) {
        expect(readProblem(answer.status, await answer.text()).code).to.equal('WRONG_CHANNEL')
      }
      expect(await stall.charged()).to.equal(before)
      expect(readdirSync(join(stall.folder, 'pieces', signed.id))).to.have.members([root, `${root}.tree`])
    })

    const parts: [what: string, headers: Record<string, string>, code: ErrorCode][] = [
      ['no range', { 'content-length': '10' }, 'INVALID_ARGUMENT'],
      ['a range that is none', { 'content-range': 'bytes 9-0/10', 'content-length': '10' }, 'INVALID_ARGUMENT'],
      ['a range beyond its end', { 'content-range': 'bytes 0-10/10', 'content-length': '11' }, 'INVALID_ARGUMENT'],
      ['another length than it says', { 'content-range': 'bytes 0-8/10', 'content-length': '10' }, 'INVALID_ARGUMENT'],
      ['half a kilobyte', { 'content-range': 'bytes 0-9/2000', 'content-length': '10' }, 'INVALID_ARGUMENT'],
      [
        'a range that begins later',
        { 'content-range': 'bytes 1024-1033/1034', 'content-length': '10' },
        'PIECE_MISPLACED',
      ],
      [
        'endless numbers',
        { 'content-range': `bytes 0-9/${'9'.repeat(30)}`, 'content-length': '10' },
        'INVALID_ARGUMENT',
      ],
    ]
    it('refuses parts that do not say what they are, before they are paid', async () => {
      const path = `/storage/${signed.id}/${rootOf(bytes(10))}`
      for (const [what, headers, code] of parts) {
        const body = 'x'.repeat(Number(headers['content-length']))
        expect((await raw('PUT', path, headers, body)).code, what).to.equal(code)
      }
    })

    it('asks for money before it takes a part, a leaf or a byte', async () => {
      const { root } = await store(newFile(10_000))
      const path = `/storage/${signed.id}/${root}`
      const range = { 'content-range': 'bytes 0-9/10', 'content-length': '10' }
      const answers = [
        await raw('GET', path),
        await raw('GET', `${path}/leaves/0?nonce=0x${'11'.repeat(32)}`),
        await raw('PUT', `/storage/${signed.id}/${rootOf(bytes(10))}`, range, 'x'.repeat(10)),
      ]
      expect(answers.map(({ status }) => status)).to.deep.equal([402, 402, 402])
    })

    it('proves no more leaves than were agreed, and none that there are not', async () => {
      const { root } = await store(newFile(10_000))
      const path = `/storage/${signed.id}/${root}/leaves`
      const nonce = `nonce=0x${'11'.repeat(32)}`
      const many = Array.from({ length: 33 }, () => 0).join()
      expect((await raw('GET', `${path}/10?${nonce}`)).code).to.equal('INVALID_ARGUMENT')
      expect((await raw('GET', `${path}/${many}?${nonce}`)).code).to.equal('INVALID_ARGUMENT')
      expect((await raw('GET', `${path}/0?nonce=0x11`)).code).to.equal('NOT_FOUND')
      expect((await raw('DELETE', `/storage/${signed.id}/${root}`)).code).to.equal('METHOD_NOT_ALLOWED')
    })

    it('does not know agreements that nobody made', async () => {
      const path = `/storage/0x${'22'.repeat(32)}/${rootOf(bytes(10))}`
      expect((await raw('GET', path)).code).to.equal('AGREEMENT_UNKNOWN')
      expect((await raw('PUT', `/storage/0x${'22'.repeat(32)}`)).code).to.equal('AGREEMENT_MALFORMED')
    })
  })

  describe('time', () => {
    it('frees the space of an agreement that is over, and says so', async () => {
      let now = Math.floor(Date.now() / 1_000)
      const clock = () => now
      const shop = await openStall(market, { clock, capacity: 2 ** 20 })
      const bob = await newCustomer(market, { clock })
      const before = await bob.buyer.readOffer(shop.url)
      const first = await agreeAt(bob, shop, { seconds: 120 })
      const { root } = await bob.buyer.storePiece({ agreement: first.id, path: newFile(10_000) })
      const offer = await bob.buyer.readOffer(shop.url)
      expect(offer.offer.capacity).to.equal(0)
      const full = await refusal(() => bob.buyer.agree({ offer, url: shop.url, size: 1, seconds: 60 }))
      expect(full.code).to.equal('OFFER_OVERSOLD')
      // An offer from before says nothing of it; the seller does, before it is paid.
      const paid = bob.spent()
      const earlier = await bob.buyer
        .agree({ offer: before, url: shop.url, size: 1, seconds: 60 })
        .catch((error) => error)
      expect(earlier).to.include({ code: 'OFFER_OVERSOLD' })
      expect(bob.spent()).to.equal(paid)

      now += 120
      const path = `${shop.url}/storage/${first.id}/${root}`
      const answer = await fetch(path)
      expect(readProblem(answer.status, await answer.text()).code).to.equal('AGREEMENT_EXPIRED')
      for (const work of [
        () => bob.buyer.storePiece({ agreement: first.id, path: newFile(10) }),
        () => bob.buyer.fetchPiece({ agreement: first.id, root, path: join(newFolder(), 'x') }),
        () => bob.buyer.challenge({ agreement: first.id, root }),
      ]) {
        expect((await refusal(work)).code).to.equal('AGREEMENT_EXPIRED')
      }
      await shop.restart()
      expect(shop.seller.free()).to.equal(2 ** 20)
      expect(readdirSync(join(shop.folder, 'pieces'))).to.deep.equal([])
      await agreeAt(bob, shop, { seconds: 120 })
      await shop.close()
    })

    it('frees it by itself, at the second', async () => {
      const shop = await openStall(market, { terms: { minSeconds: 1 } })
      const before = shop.seller.free()
      await agreeAt(alice, shop, { seconds: 1 })
      while (shop.seller.free() < before) await new Promise((later) => setTimeout(later, 20))
      expect(readdirSync(join(shop.folder, 'pieces'))).to.deep.equal([])
      await shop.close()
    })

    it('is not agreed about with a clock that is a day wrong', async () => {
      for (const skew of [-DAY, DAY]) {
        const bob = await newCustomer(market, { clock: () => Math.floor(Date.now() / 1_000) + skew })
        expect((await refusal(() => bob.buyer.readOffer(stall.url))).code).to.equal('CLOCK_SKEW')
        // Nor where the buyer does not look: the offer, or the seller, says it.
        const offer = await alice.buyer.readOffer(stall.url)
        const error = await refusal(() => bob.buyer.agree({ offer, url: stall.url, size: 1, seconds: 60 }))
        expect(error.code).to.be.oneOf(['CLOCK_SKEW', 'OFFER_EXPIRED'])
        expect(bob.spent()).to.equal(0n)
      }
    })
  })

  describe('its key', () => {
    it('is one seller’s: another folder of the same key elsewhere is not bought from', async () => {
      const twin = await openStall(market, { person: stall.person })
      const offer = await alice.buyer.readOffer(twin.url)
      const error = await refusal(() => alice.buyer.agree({ offer, url: twin.url, size: 1_000, seconds: 60 }))
      expect(error.code).to.equal('SELLER_DUPLICATED')
      await twin.close()
    })

    it('goes with it where it moves: its agreements are found at the address of its new offer', async () => {
      const { root } = await store(newFile(10_000))
      const { folder, person, store: earned } = stall
      const detour = createServer((_, response) => response.writeHead(404).end())
      await stall.close()
      detour.listen(stall.port, '127.0.0.1')
      await once(detour, 'listening')
      stall = await openStall(market, { folder, person, store: earned })
      await agreeAt(alice, stall, { size: 1_000 })
      detour.close()
      expect((await alice.buyer.agreements()).map(({ url }) => url)).to.deep.equal([stall.url, stall.url])
      expect((await alice.buyer.challenge({ agreement: signed.id, root })).isHeld).to.equal(true)
    })

    it('is the folder’s: neither another key nor another process sells what is in it', async () => {
      const taken = await refusal(() => openStall(market, { folder: stall.folder }))
      expect(taken.code).to.equal('STORAGE_IN_USE')
      const { folder } = stall
      await stall.seller.close()
      expect((await refusal(() => openStall(market, { folder }))).code).to.equal('STORAGE_IN_USE')
      const back = await openStall(market, { folder, person: stall.person })
      await back.close()
    })

    it('is named by its offers: they are worth nothing at another address', async () => {
      const text = await (await fetch(`${stall.url}/.well-known/scrip/storage`)).text()
      const copycat = createServer((_, response) => response.end(text)).listen(0, '127.0.0.1')
      await once(copycat, 'listening')
      const { port } = copycat.address() as AddressInfo
      const error = await refusal(() => alice.buyer.readOffer(`http://127.0.0.1:${port}`))
      expect(error.code).to.equal('OFFER_REPLAYED')
      copycat.close()
    })
  })

  describe('an offer', () => {
    it('that was withdrawn is refused before anything is paid', async () => {
      const offer = await alice.buyer.readOffer(stall.url)
      const prices = [{ ...PAPER, block: 20n, currency: market.currency }]
      const { port, folder, person, store: earned } = stall
      await stall.close()
      stall = await openStall(market, { folder, person, prices, port, store: earned })
      const paid = alice.spent()
      const url = stall.url
      const error = await refusal(() => alice.buyer.agree({ offer, url, size: 5_000, seconds: 3_600 }))
      expect(error.code).to.equal('OFFER_REPLAYED')
      expect(alice.spent()).to.equal(paid)
    })

    it('that was altered is refused by both sides', async () => {
      const offer = await alice.buyer.readOffer(stall.url)
      const altered = { ...offer, offer: { ...offer.offer, mostLeaves: 200 } }
      const error = await refusal(() => alice.buyer.agree({ offer: altered, url: stall.url, size: 10, seconds: 60 }))
      expect(error.code).to.equal('OFFER_ALTERED')
    })
  })

  it('is paid in whichever of its currencies a buyer agrees to, and in no other', async () => {
    const { client } = market.issuer
    const { currency: other } = await createCurrency(client, { name: 'Other dollar', symbol: 'OTH', decimals: 6 })
    const prices = [
      { ...PAPER, currency: market.currency },
      { ...PAPER, block: 7n, perKilobyteWritten: 2n, currency: other },
    ]
    const shop = await openStall(market, { prices })
    await mint(client, { currency: other, to: alice.person.account.address, amount: 1_000n })
    const offer = await alice.buyer.readOffer(shop.url)
    const wish = { offer, url: shop.url, size: 20_000, seconds: 3_600 }
    const inOther = await alice.buyer.agree({ ...wish, currency: other })
    const { root } = await alice.buyer.storePiece({ agreement: inOther.id, path: newFile(10_000) })
    expect((await alice.buyer.challenge({ agreement: inOther.id, root })).isHeld).to.equal(true)
    expect(await shop.charged()).to.equal(7n + 2n * 10n + 8n)
    const standing = await shop.payee.standing(inOther.agreement.channelId)
    expect(standing.channel.token).to.equal(other.toLowerCase())
    const refused = await refusal(() => alice.buyer.agree({ ...wish, currency: alice.person.account.address }))
    expect(refused.code).to.equal('CURRENCY_NOT_ACCEPTED')
    await shop.close()
  })

  it('is paid once for an agreement whose answer was lost', async () => {
    const bob = await newCustomer(market)
    // The buyer ends between the seller’s answer and writing it down.
    let isAway = true
    const { write } = bob.store
    const lossy = {
      ...bob.store,
      write: (changes: Parameters<typeof write>[0]) => {
        const isAnswer = changes.some((change) => 'record' in change && 'sellerSignature' in change.record)
        return isAway && isAnswer ? Promise.reject(new Error('Killed.')) : write(changes)
      },
    }
    const before = await stall.charged()
    const first = await newCustomer(market, { person: bob.person, store: lossy })
    const failed = await agreeAt(first, stall, { size: 5_000 }).catch((error: Error) => error.message)
    expect(failed).to.equal('Killed.')
    isAway = false
    const second = await newCustomer(market, { person: bob.person, store: lossy })
    const made = await agreeAt(second, stall, { size: 5_000 })
    expect((await stall.charged()) - before).to.equal(10n)
    expect(stall.seller.free()).to.equal(2 ** 30 - 2 ** 20 - 5_000)
    expect((await second.buyer.agreements()).map(({ id }) => id)).to.deep.equal([made.id])
  })

  it('keeps agreements and pieces over a restart of both sides', async () => {
    const path = join(newFolder(), 'buyer.db')
    const earlier = await newCustomer(market, { store: sqliteStore(path) })
    const made = await agreeAt(earlier, stall)
    const piece = await earlier.buyer.storePiece({ agreement: made.id, path: newFile(50_000) })
    await earlier.store.close()
    await stall.restart()
    const later = await newCustomer(market, { person: earlier.person, store: sqliteStore(path) })
    expect(await later.buyer.agreements()).to.deep.equal([made])
    expect(await later.buyer.pieces()).to.deep.equal([piece])
    expect((await later.buyer.challenge({ agreement: made.id, root: piece.root })).isHeld).to.equal(true)
    await later.store.close()
  })

  it('costs its buyer one part where it takes payments and closes, and what is kept is not paid again', async () => {
    const content = bytes(200_000)
    const { port, folder, person, store: earned } = stall
    await stall.close()
    let parts = 0
    const honest = await openStall(market, { folder, person, store: earned })
    const thief = createServer((request, response) => {
      // It looks like the seller, and hangs up on the third part that is paid.
      if (request.method === 'PUT' && request.headers['scrip-payment'] !== undefined && ++parts === 3) {
        request.resume().on('end', () => response.destroy())
      } else honest.seller.listener(request, response)
    }).listen(port, '127.0.0.1')
    await once(thief, 'listening')
    const before = alice.spent()
    const error = await refusal(() => store(newFile(0, content)))
    expect(error.code).to.equal('TRANSFER_INTERRUPTED')
    expect(error.values).to.include({ start: 131_072 })
    expect(alice.spent() - before).to.equal(196n)
    const piece = await store(newFile(0, content))
    expect(piece.root).to.equal(rootOf(content))
    // The last part, twice.
    expect(alice.spent() - before).to.equal(196n + 68n)
    thief.close()
    thief.closeAllConnections()
    stall = honest
  })
})
