import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { addresses } from '@scrip/sdk/abi'
import { expect } from 'chai'
import { createPublicClient, erc20Abi, type Hex, http, keccak256, stringToHex, zeroAddress } from 'viem'
import { newTypist, type Typist } from '../../support/scrip.ts'

type Role = { role: string; address: Hex; key: Hex }
type Dev = { url: string; currency: Hex; accounts: Role[] }
type Transaction = { transaction: { hash: Hex; gas: string; fee: string } }

type Refusal = [words: string[], role: string, error: RegExp]

const DAY = 86_400
const COST = "  transaction 0x[0-9a-f]{64}, [\\d,]+ gas, 0\\.\\d+ of the chain's coin"

/** Everything that an issuer and its holders do with a currency at a terminal; the issuer is not who runs the chain. */
describe('a currency at the terminal', function () {
  this.timeout(60_000)
  let typist: Typist
  let dev: Dev
  let currency: Hex
  const who = (role: string) => dev.accounts.find((one) => one.role === role) as Role
  const as = (role: string) => ({ SCRIP_RPC_URL: dev.url, SCRIP_KEY: who(role).key })
  const chain = () => createPublicClient({ transport: http(dev.url) })
  const head = () => chain().getBlockNumber({ cacheTime: 0 })
  const balances = (...roles: string[]) =>
    Promise.all(
      roles.map((role) =>
        chain().readContract({
          address: currency,
          abi: erc20Abi,
          functionName: 'balanceOf',
          args: [who(role).address],
        }),
      ),
    )
  const pass = async (seconds: number) => {
    await chain().request({ method: 'evm_increaseTime', params: [seconds] } as never)
    await chain().request({ method: 'evm_mine' } as never)
  }
  const typed = (words: string[], role: string) => typist.quick(words, as(role))
  const data = <Data>(words: string[], role: string) => typist.quickData<Data & Transaction>(words, as(role))
  const printed = async (words: string[], role: string, lines: string[]) => {
    const { status, stdout, stderr } = await typed(words, role)
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' })
    expect(stdout).to.match(new RegExp(`^${lines.join('\n')}\n$`))
  }
  /** What a command refuses, in one line. */
  const refusedOne = async ([words, role, error]: Refusal) => {
    const { status, stdout, stderr } = await typed(words, role)
    expect({ status, stdout }, words.join(' ')).to.deep.equal({ status: 1, stdout: '' })
    expect(stderr).to.match(error)
    expect(stderr.indexOf('\n'), stderr).to.equal(stderr.length - 1)
  }
  /** Refusals change nothing: they can be tried at the same time. */
  const refused = (...refusals: Refusal[]) => Promise.all(refusals.map(refusedOne))

  before(async () => {
    typist = newTypist()
    dev = await typist.start(['dev', '--port', '0', '--chain', 'anvil', '--json']).ready()
    const terms = ['--decimals', '2', '--redemption-window', `${DAY}`, '--max-supply', '1000']
    const created = await typist.data<{ currency: Hex }>(
      ['currency', 'create', 'Sue hour', 'SUH', ...terms],
      as('seller'),
    )
    currency = created.currency
  })
  after(() => typist.leave())

  it('show: says how long each step of a redemption may take', async () => {
    await printed(['currency', 'show', currency], 'other', [
      `Sue hour \\(SUH\\), 2 decimals, issued by ${who('seller').address}`,
      '  0 SUH in the world, at most 1000 SUH',
      '  sending through the issuer costs 0 SUH and 0 %',
      '  can be redeemed; each step has to be taken within 1 day',
    ])
    const terms = ['currency', 'create', 'Gift', 'GFT', '--redemption-window', '0']
    const gift = await data<{ currency: Hex }>(terms, 'other')
    expect((await typed(['currency', 'show', gift.currency], 'other')).stdout).to.match(/\n {2}cannot be redeemed\n$/)
    await data(['currency', 'mint', gift.currency, who('buyer').address, '1'], 'other')
    await refused([
      ['currency', 'redeem', gift.currency, '1', 'anything'],
      'buyer',
      /^TRANSACTION_REVERTED: .*RedemptionNotOffered\(\)\. The currency cannot be redeemed/,
    ])
  })

  it('mint: many holders in one transaction, typed or from a file, or none of them', async () => {
    const [buyer, other] = [who('buyer').address, who('other').address]
    const before = await head()
    await printed(['currency', 'mint', currency, buyer, '300', other, '2.5'], 'seller', [
      `Minted 300 SUH for ${buyer}`,
      `Minted 2.5 SUH for ${other}`,
      COST,
    ])
    expect(await head()).to.equal(before + 1n)
    writeFileSync(join(typist.folder, 'grants.csv'), `${buyer.toLowerCase()},0.25\r\n\r\n ${other} , 1\r\n`)
    const { grants } = await data<{ grants: object[] }>(['currency', 'mint', currency, '--csv', 'grants.csv'], 'seller')
    expect(grants).to.deep.equal([
      { to: buyer, amount: '25' },
      { to: other, amount: '100' },
    ])
    expect(await balances('buyer', 'other')).to.deep.equal([300_25n, 3_50n])
    expect(await head()).to.equal(before + 2n)

    await refused(
      [['currency', 'mint', currency, buyer, '1', other, '999'], 'seller', /SupplyCapExceeded\(/],
      [['currency', 'mint', currency, buyer, '1', other], 'seller', /^INVALID_ARGUMENT: 0x\w+ gets no amount/],
      [['currency', 'mint', currency], 'seller', /^INVALID_ARGUMENT: No holder is named\. .*--csv/],
    )
    const wrong = [
      [`${buyer},1\n${other};2\n`, 'line 2: that is not address,amount'],
      [`${buyer},1\n${other},2,3\n`, 'line 2: that is not address,amount'],
      [`${buyer},1\n\nbob,2\n`, 'line 3: address is no address: bob'],
      [`${buyer},1.234\n`, 'line 1: amount is no amount of this currency: 1\\.234'],
    ].map(([text, error], index): Refusal => {
      const file = `wrong${index}.csv`
      writeFileSync(join(typist.folder, file), `${text}`)
      return [
        ['currency', 'mint', currency, '--csv', file],
        'seller',
        new RegExp(`^INVALID_ARGUMENT: ${file} ${error}\\. `),
      ]
    })
    await refused(...wrong, [
      ['currency', 'mint', currency, '--csv', 'none.csv'],
      'seller',
      /^FILE_NOT_FOUND: none\.csv /,
    ])
    expect(await head()).to.equal(before + 2n)
  })

  it('list: what was created, by one issuer where one is named', async () => {
    const line = `${currency}  Sue hour \\(SUH\\), created by ${who('seller').address}`
    await printed(['currency', 'list', '--issuer', who('seller').address], 'other', [line, '1 currency'])
    const { currencies } = await data<{ currencies: { symbol: string }[] }>(['currency', 'list'], 'other')
    expect(currencies.map(({ symbol }) => symbol)).to.deep.equal(['CLD', 'SUH', 'GFT'])
    await printed(['currency', 'list', '--issuer', zeroAddress], 'other', ['0 currencies'])
  })

  it('shows a name as one harmless line, whatever it is made of', async () => {
    const name = '\u001b[2J\u202eCLD\n0x'
    const { currency: evil } = await data<{ currency: Hex }>(['currency', 'create', name, '\u0007'], 'other')
    const { stdout } = await typed(['currency', 'show', evil], 'other')
    expect(stdout).to.match(/^\ufffd\[2J\ufffdCLD\ufffd0x \(\ufffd\), 6 decimals, issued by 0x\w{40}\n/)
    const listed = (await typed(['currency', 'list', '--issuer', who('other').address], 'other')).stdout
    expect(listed.split('\n')).to.have.length(4)
    expect(listed.replaceAll('\n', '')).not.to.match(/\p{Cc}|\p{Bidi_Control}/u)
  })

  describe('redemption', () => {
    const redeem = (amount: string, terms: string) => ['currency', 'redeem', currency, amount, terms]
    const step = (name: string, id: string | number, ...more: string[]) => [
      'currency',
      name,
      currency,
      `${id}`,
      ...more,
    ]
    const show = (id: number) => data<Record<string, unknown>>(step('redemption', id), 'other')
    const headline = (id: number, amount: string, status: string) =>
      `Redemption ${id}: ${amount} SUH of ${who('buyer').address}, ${status}`
    const UNTIL = '\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d UTC'

    it('redeem, accept, fulfill, confirm: each says who is next, and until when', async () => {
      const terms = 'Half an hour of gardening'
      const termsHash = keccak256(stringToHex(terms))
      await printed(redeem('50', terms), 'buyer', [
        headline(1, '50', 'requested'),
        '  the issuer accepts it, or the units return, within 1 day',
        `  terms ${termsHash}`,
        COST,
      ])
      await printed(step('redemption', 1), 'other', [
        headline(1, '50', 'requested'),
        `  the issuer accepts it, or the units return, until ${UNTIL}`,
        `  terms ${termsHash}`,
      ])
      await printed(step('accept', 1), 'seller', [
        headline(1, '50', 'accepted'),
        `  the issuer fulfills it, or it is a default and the units return, until ${UNTIL}`,
        COST,
      ])
      writeFileSync(join(typist.folder, 'garden.jpg'), new Uint8Array([0xff, 0xd8, 0, 1]))
      await printed(step('fulfill', 1, '@garden.jpg'), 'seller', [
        headline(1, '50', 'fulfilled'),
        '  the holder confirms or disputes it, or silence confirms it, within 1 day',
        `  proof ${keccak256('0xffd80001')}`,
        COST,
      ])
      await printed(step('confirm', 1), 'buyer', [
        headline(1, '50', 'redeemed'),
        '  the promise was kept; the units are burned',
        COST,
      ])
      expect(await balances('buyer')).to.deep.equal([250_25n])
      expect(await show(1)).to.deep.include({
        holder: who('buyer').address,
        amount: '5000',
        termsHash,
        status: 'redeemed',
      })
    })

    it('names what a stranger does, what is done twice, early, or to nothing', async () => {
      await data(redeem('1', `0x${'AB'.repeat(32)}`), 'buyer')
      expect(await show(2)).to.include({ termsHash: `0x${'ab'.repeat(32)}` })
      await refused(
        [step('accept', 2), 'other', /OnlyIssuer\(.*Only the issuer can: /],
        [step('fulfill', 2, 'proof'), 'seller', /WrongRedemptionStatus\(2, 1\).*scrip currency redemption/],
        [step('settle', 2), 'other', /RedemptionOpen\(2, \d+\)/],
      )
      await data(step('accept', 2), 'seller')
      await refused([step('accept', 2), 'seller', /WrongRedemptionStatus\(2, 2\)/])
      await data(step('fulfill', 2, 'proof'), 'seller')
      await refused(
        [step('confirm', 2), 'other', /OnlyHolder\(.*use the key of the second address/],
        [step('dispute', 2), 'seller', /OnlyHolder\(/],
      )
      const disputed = await data<{ status: string }>(step('dispute', 2), 'buyer')
      expect(disputed.status).to.equal('disputed')
      await refused(
        [step('confirm', 2), 'buyer', /WrongRedemptionStatus\(2, 7\)/],
        [step('redemption', 9), 'other', /^NOT_FOUND: Nobody requested a redemption 9 /],
        [step('accept', 9), 'seller', /^NOT_FOUND: /],
        [redeem('1000', 'all'), 'buyer', /^INSUFFICIENT_BALANCE: 0x\w+ holds 249\.25 SUH and needs 1000 SUH\. /],
        [redeem('1', '0x12'), 'buyer', /^INVALID_ARGUMENT: terms is neither text nor a hash: 0x12\./],
        [redeem('1', '@terms.txt'), 'buyer', /^FILE_NOT_FOUND: terms\.txt /],
      )
    })

    it('settle and record: what became of the promises, for everybody to see', async () => {
      for (const amount of ['3', '4', '5']) await data(redeem(amount, 'later'), 'buyer')
      for (const id of [4, 5]) await data(step('accept', id), 'seller')
      await data(step('fulfill', 5, 'proof'), 'seller')
      await pass(DAY + 60)
      await refused([step('accept', 3), 'seller', /RedemptionExpired\(3, \d+\).*`scrip currency settle`/])
      const outcomes = { 3: 'lapsed', 4: 'defaulted', 5: 'redeemed' }
      for (const [id, status] of Object.entries(outcomes)) {
        expect((await data<{ status: string }>(step('settle', id), 'other')).status).to.equal(status)
      }
      await refused([step('settle', 3), 'other', /WrongRedemptionStatus\(3, 4\)/])
      await printed(['currency', 'record', currency], 'other', [
        `Sue hour \\(SUH\\), issued by ${who('seller').address}`,
        '  minted     303.75 SUH, of which 247.75 SUH are in the world',
        "  redeemed   55 SUH, with the holder's word or silence",
        '  disputed   1 SUH, fulfilled as the issuer says, and not as the holder says',
        '  defaulted  4 SUH, accepted and not fulfilled in time',
        '  lapsed     3 SUH, never accepted',
      ])
      expect(await data(['currency', 'record', currency], 'other')).to.deep.include({ minted: '30375', lapsed: '300' })
    })
  })

  describe('authorization', () => {
    // The chain is ahead of the clock by now.
    const VALID = ['--valid-for', `${3 * DAY}`]
    const sign = async (words: string[], file: string) => {
      const { status, stdout, stderr } = await typed(['authorization', ...words, ...VALID], 'buyer')
      expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' })
      writeFileSync(join(typist.folder, file), stdout)
      return JSON.parse(stdout)
    }
    const use = (file: string) => ['authorization', 'use', file]

    it('transfer and use: what one signs, another brings to the chain, once', async () => {
      const [buyer, other] = [who('buyer').address, who('other').address]
      const before = await balances('buyer', 'other')
      const { kind, from, value } = await sign(['transfer', currency, other, '7.5'], 'signed.json')
      expect({ kind, from, value }).to.deep.equal({ kind: 'transfer', from: buyer, value: '750' })
      await printed(use('signed.json'), 'issuer', [`Moved 7.5 SUH from ${buyer} to ${other}\\.`, COST])
      expect(await balances('buyer', 'other')).to.deep.equal([
        (before[0] as bigint) - 750n,
        (before[1] as bigint) + 750n,
      ])
      await refused([use('signed.json'), 'issuer', /AuthorizationAlreadyUsed\(.*ask the payer for another one/])
    })

    it('--receive-only and cancel: for the recipient alone, until its payer thinks better of it', async () => {
      await sign(['transfer', currency, who('other').address, '1', '--receive-only'], 'mine.json')
      await refused(
        [use('mine.json'), 'issuer', /OnlyRecipient\(/],
        [['authorization', 'cancel', 'mine.json'], 'other', /^INVALID_ARGUMENT: It was signed by 0x\w+, not by /],
      )
      await printed(['authorization', 'cancel', 'mine.json'], 'buyer', ['It is worthless from now on\\.', COST])
      await refused([use('mine.json'), 'other', /AuthorizationAlreadyUsed\(/])
    })

    it('use -: takes what is piped in, however late it comes', async () => {
      const signed = await sign(['transfer', currency, who('other').address, '1'], 'piped.json')
      const using = typist.start(['authorization', 'use', '-'], as('issuer'))
      await new Promise((resolve) => using.child.stdin?.write('{', resolve))
      using.child.stdin?.end(JSON.stringify(signed).slice(1))
      expect(await using.ended).to.include({ status: 0, stderr: '' })
    })

    it('permit: an approval without a transaction of its owner', async () => {
      const [buyer, issuer] = [who('buyer').address, who('issuer').address]
      await sign(['permit', currency, issuer, '9'], 'permit.json')
      await refused([
        ['authorization', 'cancel', 'permit.json'],
        'buyer',
        /^INVALID_ARGUMENT: A permit is not cancelled/,
      ])
      await printed(use('permit.json'), 'other', [`${issuer} may take up to 9 SUH from ${buyer}\\.`, COST])
      const args = [buyer, issuer] as const
      const allowance = () =>
        chain().readContract({ address: currency, abi: erc20Abi, functionName: 'allowance', args })
      expect(await allowance()).to.equal(900n)
      await refused([use('permit.json'), 'other', /InvalidSignature\(.*ask for another one/])
      await sign(['permit', currency, issuer, '0'], 'permit.json')
      await data(use('permit.json'), 'other')
      expect(await allowance()).to.equal(0n)
    })

    it('names what was changed, cut off, late, for another chain, or meant for the channels', async () => {
      const signed = await sign(['transfer', currency, who('other').address, '1'], 'fine.json')
      const wrong: [change: object | string, error: RegExp][] = [
        [{ value: '200' }, /InvalidSignature\(/],
        [{ value: '1.5' }, /^INVALID_ARGUMENT: What is signed cannot be read: value is no whole number\. /],
        [{ nonce: '0x12' }, /nonce is no 32 bytes/],
        [{ to: 'bob' }, /to is no address/],
        [{ kind: 'gift' }, /kind is neither transfer nor permit/],
        [{ chainId: 1 }, /^WRONG_CHAIN: .* serves chain 31337, not 1\./],
        [{ currency: who('other').address }, /^UNKNOWN_CURRENCY: /],
        [{ validBefore: '1' }, /AuthorizationExpired\(1\)/],
        [{ validAfter: `${2 ** 40}` }, /AuthorizationNotYetValid\(/],
        ['', /it is no JSON object/],
        ['null', /it is no JSON object/],
      ]
      const refusals = wrong.map(([change, error], index): Refusal => {
        const text = typeof change === 'string' ? change : JSON.stringify({ ...signed, ...change })
        writeFileSync(join(typist.folder, `wrong${index}.json`), text)
        return [use(`wrong${index}.json`), 'other', error]
      })
      await sign(['permit', currency, addresses.paymentChannels, '1'], 'channels.json')
      await refused(
        ...refusals,
        [use('none.json'), 'other', /^FILE_NOT_FOUND: /],
        [use('channels.json'), 'other', /ChannelsAlwaysApproved\(\)\. .*approved by every holder/],
      )
      await data(use('fine.json'), 'other')
    })
  })

  describe('the issuer’s place', () => {
    it('transfer-issuer and accept-issuer: changes hands when it is taken', async () => {
      const { address } = who('other')
      const mint = ['currency', 'mint', currency, address, '1']
      const line = "The issuer's place is offered to "
      await refused([['currency', 'transfer-issuer', currency, address], 'other', /OnlyIssuer\(/])
      await printed(['currency', 'transfer-issuer', currency, address], 'seller', [
        `${line}${address}, who takes it with \`scrip currency accept-issuer ${currency}\`\\.`,
        COST,
      ])
      await printed(['currency', 'transfer-issuer', currency, zeroAddress], 'seller', [
        `${line}nobody any more\\.`,
        COST,
      ])
      await refused([
        ['currency', 'accept-issuer', currency],
        'other',
        /OnlyIssuerCandidate\(.*use the key of the second/,
      ])
      await data(['currency', 'transfer-issuer', currency, address], 'seller')
      await refused([mint, 'other', /OnlyIssuer\(/])
      await printed(['currency', 'accept-issuer', currency], 'other', [
        `${address} issues ${currency} from now on\\.`,
        COST,
      ])
      await data(mint, 'other')
      await refused([mint, 'seller', /OnlyIssuer\(/])
    })
  })
})
