import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { decryptFile, encryptFile, openIdentity } from '@scrip/sdk/market'
import { expect } from 'chai'
import { bytes } from '../../support/market.ts'
import { refusal } from '../errors/support/refusal.ts'
import { newFile, newFolder } from './support/stall.ts'

describe('what a buyer encrypts', () => {
  let folder: string
  const at = (name: string) => join(folder, name)
  const identityAt = (name: string) => openIdentity(at(name), { isNew: true })
  beforeEach(() => {
    folder = newFolder()
  })

  for (const size of [0, 1, 65_535, 65_536, 65_537, 1_000_000]) {
    it(`comes back as it was: ${size} bytes`, async () => {
      const identity = await identityAt('key')
      const source = newFile(size)
      await encryptFile({ source, target: at('sealed'), identity })
      await decryptFile({ source: at('sealed'), target: at('plain'), identity })
      expect(readFileSync(at('plain')).equals(readFileSync(source))).to.equal(true)
      expect(statSync(at('sealed')).mode & 0o777).to.equal(0o600)
    })
  }

  it('is opened by the one key, which its owner alone can read', async () => {
    const identity = await identityAt('key')
    expect(await openIdentity(at('key'))).to.equal(identity)
    expect(statSync(at('key')).mode & 0o777).to.equal(0o600)
    await encryptFile({ source: newFile(100), target: at('sealed'), identity })
    const other = await identityAt('other')
    const error = await refusal(() => decryptFile({ source: at('sealed'), target: at('plain'), identity: other }))
    expect(error.code).to.equal('IDENTITY_WRONG')
    expect(readdirSync(folder)).to.have.members(['key', 'other', 'sealed'])
  })

  const damages: Record<string, (path: string) => void> = {
    'a bit is turned in its first chunk': (path) => turn(path, 300),
    'a bit is turned in its last chunk': (path) => turn(path, statSync(path).size - 1),
    'its head is damaged': (path) => turn(path, 140),
    'its last chunk is gone': (path) => truncateSync(path, 200 + 65_552),
    'it is cut within a chunk': (path) => truncateSync(path, 100_000),
    'it is no encryption at all': (path) => writeFileSync(path, bytes(1_000)),
  }
  for (const [what, damage] of Object.entries(damages)) {
    it(`gives no file at all where ${what}`, async () => {
      const identity = await identityAt('key')
      await encryptFile({ source: newFile(200_000), target: at('sealed'), identity })
      damage(at('sealed'))
      const error = await refusal(() => decryptFile({ source: at('sealed'), target: at('plain'), identity }))
      expect(error.code).to.equal('PIECE_ALTERED')
      expect(readdirSync(folder)).to.have.members(['key', 'sealed'])
    })
  }

  it('is not encrypted with what is no key, which is left as it is', async () => {
    for (const text of ['', 'AGE-SECRET-KEY-1', 'age1qqqq', `AGE-SECRET-KEY-1${'Q'.repeat(58)}`]) {
      const path = newFile(0, Buffer.from(text))
      const error = await refusal(() => openIdentity(path, { isNew: true }))
      expect(error.code).to.equal('IDENTITY_INVALID')
      expect(error.message).not.to.contain('SECRET')
      expect(readFileSync(path, 'utf8')).to.equal(text)
    }
    const missing = await refusal(() => openIdentity(join(dirname(newFile(1)), 'nowhere')))
    expect(missing.code).to.equal('FILE_NOT_FOUND')
  })
})

/** Turns a bit of a file. */
function turn(path: string, at: number): void {
  const content = readFileSync(path)
  content[at] = (content[at] as number) ^ 1
  writeFileSync(path, content)
}
