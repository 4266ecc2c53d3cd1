import { expect } from 'chai'
import { Wallet } from 'ethers'
import { isKeystore, openKeystore } from '../../../sdk/cli/keystore.ts'
import { codeOf } from '../errors/support/refusal.ts'

// The test vectors of the Web3 Secret Storage definition.
const password = 'testpassword'
const secret = '0x7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d'
const vectors = {
  pbkdf2: {
    crypto: {
      cipher: 'aes-128-ctr',
      cipherparams: { iv: '6087dab2f9fdbbfaddc31a909735c1e6' },
      ciphertext: '5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46',
      kdf: 'pbkdf2',
      kdfparams: {
        c: 262_144,
        dklen: 32,
        prf: 'hmac-sha256',
        salt: 'ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd',
      },
      mac: '517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2',
    },
    id: '3198bc9c-6672-5ab3-d995-4942343ae5b6',
    version: 3,
  },
  scrypt: {
    crypto: {
      cipher: 'aes-128-ctr',
      cipherparams: { iv: '83dbcc02d8ccb40e466191a123791e0e' },
      ciphertext: 'd172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c',
      kdf: 'scrypt',
      kdfparams: {
        dklen: 32,
        n: 262_144,
        r: 1,
        p: 8,
        salt: 'ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19',
      },
      mac: '2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097',
    },
    id: '3198bc9c-6672-5ab3-d995-4942343ae5b6',
    version: 3,
  },
}

describe('openKeystore', () => {
  for (const [kdf, file] of Object.entries(vectors)) {
    it(`opens the published vector that uses ${kdf}`, () => {
      expect(openKeystore(JSON.stringify(file), password)).to.equal(secret)
    })

    it(`refuses another password for it`, async () => {
      expect(await codeOf(() => openKeystore(JSON.stringify(file), 'Testpassword'))).to.equal('PASSWORD_WRONG')
    })
  }

  it('takes the spelling of old wallets: `Crypto`, and hexadecimal with 0x', () => {
    const { crypto, ...rest } = vectors.scrypt
    const file = { ...rest, Crypto: { ...crypto, mac: `0x${crypto.mac}` } }
    expect(openKeystore(JSON.stringify(file), password)).to.equal(secret)
  })

  it('opens what ethers writes', async () => {
    const wallet = Wallet.createRandom()
    const file = await wallet.encrypt('pässwörd')
    expect(openKeystore(file, 'pässwörd')).to.equal(wallet.privateKey)
    expect(await codeOf(() => openKeystore(file, 'passwort'))).to.equal('PASSWORD_WRONG')
  }).timeout(60_000)

  const { crypto } = vectors.scrypt
  const pbkdf2 = vectors.pbkdf2.crypto
  const broken: Record<string, unknown> = {
    'no JSON': '{',
    'another version': { version: 1, crypto },
    'no crypto': { version: 3 },
    'no parameters': { version: 3, crypto: { ...crypto, kdfparams: undefined } },
    'another cipher': { version: 3, crypto: { ...crypto, cipher: 'aes-128-cbc' } },
    'another derivation': { version: 3, crypto: { ...crypto, kdf: 'argon2' } },
    'another hash': { version: 3, crypto: { ...pbkdf2, kdfparams: { ...pbkdf2.kdfparams, prf: 'hmac-sha512' } } },
    'too many rounds': { version: 3, crypto: { ...pbkdf2, kdfparams: { ...pbkdf2.kdfparams, c: 1e9 } } },
    'too much memory': { version: 3, crypto: { ...crypto, kdfparams: { ...crypto.kdfparams, n: 2 ** 26, r: 8 } } },
    'a cost that is no power of two': {
      version: 3,
      crypto: { ...crypto, kdfparams: { ...crypto.kdfparams, n: 1_000 } },
    },
    'a short derived key': { version: 3, crypto: { ...crypto, kdfparams: { ...crypto.kdfparams, dklen: 16 } } },
    'a short initial vector': { version: 3, crypto: { ...crypto, cipherparams: { iv: '00' } } },
    'a mac that is not hexadecimal': { version: 3, crypto: { ...crypto, mac: 'zz' } },
  }
  for (const [what, file] of Object.entries(broken)) {
    it(`calls a file with ${what} unreadable`, async () => {
      const text = typeof file === 'string' ? file : JSON.stringify(file)
      expect(await codeOf(() => openKeystore(text, password))).to.equal('KEY_INVALID')
    })
  }

  it('tells an encrypted key from a plain one', () => {
    expect([JSON.stringify(vectors.scrypt, null, 2), ` \n{}`, secret, secret.slice(2)].map(isKeystore)).to.deep.equal([
      true,
      true,
      false,
      false,
    ])
  })
})
