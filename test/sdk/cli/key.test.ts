import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { Wallet } from 'ethers'
import { privateKeyToAddress } from 'viem/accounts'
import { type KeyOptions, readAccount } from '../../../sdk/cli/key.ts'
import { refusal } from '../errors/support/refusal.ts'

const key = '0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d'
const password = 'correct horse'

describe('readAccount', () => {
  let folder: string
  let sealed: string

  before(async function () {
    this.timeout(60_000)
    folder = mkdtempSync(join(tmpdir(), 'scrip-key-'))
    sealed = write('sealed.json', await new Wallet(key).encrypt(password))
  })
  after(() => rmSync(folder, { recursive: true }))
  afterEach(() => {
    delete process.env['SCRIP_PASSWORD']
  })

  const write = (name: string, content: string) => {
    const path = join(folder, name)
    writeFileSync(path, content)
    return path
  }
  const addressOf = (options: KeyOptions) => readAccount(options).address
  const codeOf = async (options: KeyOptions) => (await refusal(() => readAccount(options))).code

  it('takes the key itself', () => {
    expect(addressOf({ key })).to.equal(privateKeyToAddress(key))
  })

  it('takes a file that holds it, with or without 0x and a line’s end', () => {
    for (const content of [key, `${key}\n`, key.slice(2), ` ${key}\r\n`]) {
      expect(addressOf({ key: write('plain', content) })).to.equal(privateKeyToAddress(key))
    }
  })

  it('takes an encrypted file with the password from the environment or from a file', () => {
    expect(addressOf({ key: sealed, passwordFile: write('password', `${password}\n`) })).to.equal(
      privateKeyToAddress(key),
    )
    process.env['SCRIP_PASSWORD'] = password
    expect(addressOf({ key: sealed })).to.equal(privateKeyToAddress(key))
  })

  it('names what is missing or wrong', async () => {
    expect(await codeOf({})).to.equal('KEY_MISSING')
    expect(await codeOf({ key: '' })).to.equal('KEY_MISSING')
    expect(await codeOf({ key: join(folder, 'nowhere') })).to.equal('FILE_NOT_FOUND')
    expect(await codeOf({ key: folder })).to.equal('FILE_NOT_FOUND')
    expect(await codeOf({ key: write('text', 'not a key') })).to.equal('KEY_INVALID')
    expect(await codeOf({ key: sealed })).to.equal('PASSWORD_MISSING')
    expect(await codeOf({ key: sealed, passwordFile: join(folder, 'nowhere') })).to.equal('FILE_NOT_FOUND')
    expect(await codeOf({ key: sealed, passwordFile: write('wrong', `${password} `) })).to.equal('PASSWORD_WRONG')
  })

  it('refuses what is no key of the curve', async () => {
    const order = '0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141'
    for (const wrong of ['0x', '0x00', `0x${'0'.repeat(64)}`, order, `${key}00`, key.replace('9', 'g')]) {
      expect(await codeOf({ key: wrong })).to.equal('KEY_INVALID')
    }
  })

  it('never repeats what may be most of a key', async () => {
    for (const nearly of [key.slice(2), key.slice(0, -1), key.slice(3)]) {
      const error = await refusal(() => readAccount({ key: nearly }))
      expect(error.code).to.equal('KEY_INVALID')
      expect(JSON.stringify([error.toProblem(), error.stack, error.cause])).not.to.contain(nearly.slice(3, 40))
    }
  })
})
