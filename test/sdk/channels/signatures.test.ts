import { secp256k1 } from '@noble/curves/secp256k1'
import { compactSignature, privateKeySigner, recoverSigner, signatureProvider } from '@scrip/sdk/channels'
import { expect } from 'chai'
import fc from 'fast-check'
import {
  bytesToHex,
  compactSignatureToSignature,
  concat,
  type Hex,
  hexToBytes,
  numberToHex,
  parseCompactSignature,
  recoverAddress,
  serializeSignature,
} from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { refusal } from '../errors/support/refusal.ts'
import { someHex } from './support/arbitraries.ts'
import { bytes32, lower, signer } from './support/channels.ts'

const order = secp256k1.CURVE.n
const digest = bytes32('digest')
const word = (value: bigint) => numberToHex(value, { size: 32 })
const signatureOf = async (hash: Hex) => compactSignature(await signer.sign({ hash }))
const recover = (hash: Hex, signature: { r: Hex; vs: Hex }) => recoverSigner(hexToBytes(hash), signature)

/** The parts of a signature: r, s and the parity of R. */
const partsOf = ({ r, vs }: { r: Hex; vs: Hex }) => ({
  r: BigInt(r),
  s: BigInt(vs) & (2n ** 255n - 1n),
  parity: BigInt(vs) >> 255n,
})

const plain = (r: Hex, vs: Hex) =>
  serializeSignature(compactSignatureToSignature(parseCompactSignature(concat([r, vs]))))
const recoveredByViem = async (hash: Hex, r: Hex, vs: Hex) => recoverAddress({ hash, signature: plain(r, vs) })

describe('recoverSigner', () => {
  it('finds who signed, whatever was signed', async () => {
    await fc.assert(
      fc.asyncProperty(someHex(32), async (hash) => {
        expect(recover(hash, await signatureOf(hash))).to.equal(lower(signer.address))
      }),
      { numRuns: 50 },
    )
  })

  it('says what viem says, also of signatures that nobody made', async () => {
    let found = 0
    await fc.assert(
      fc.asyncProperty(someHex(32), someHex(32), someHex(32), async (hash, r, vs) => {
        const low = partsOf({ r, vs }).s <= order / 2n
        const expected = low ? await recoveredByViem(hash, r, vs).catch(() => undefined) : undefined
        const signed = recover(hash, { r, vs })
        expect(signed).to.equal(expected && lower(expected))
        if (signed !== undefined) found++
      }),
      { numRuns: 300 },
    )
    expect(found).to.be.greaterThan(20)
  })

  it('finds somebody else where the digest, the parity or one bit differs', async () => {
    const signature = await signatureOf(digest)
    const { s, parity } = partsOf(signature)
    const flipped = { ...signature, vs: word(s | ((1n - parity) << 255n)) }
    expect(recover(digest, flipped)).to.not.equal(lower(signer.address))
    expect(recover(bytes32('another digest'), signature)).to.not.equal(lower(signer.address))
    fc.assert(
      fc.property(fc.constantFrom<'r' | 'vs'>('r', 'vs'), fc.nat({ max: 255 }), (half, bit) => {
        const bent = { ...signature, [half]: word(BigInt(signature[half]) ^ (1n << BigInt(bit))) }
        expect(recover(digest, bent)).to.not.equal(lower(signer.address))
      }),
    )
  })

  it('takes no high s, with either parity: each signature has one form', async () => {
    const { r, s } = partsOf(await signatureOf(digest))
    // A high s does not always fit beside the parity bit; one that does is s just above half of the order.
    const justHigh = order / 2n + 1n
    for (const high of [order - s, justHigh]) {
      if (high >= 2n ** 255n) continue
      for (const parity of [0n, 1n])
        expect(recover(digest, { r: word(r), vs: word(high | (parity << 255n)) })).to.equal(undefined)
    }
    expect(recover(digest, { r: word(r), vs: word(order / 2n) })).to.be.a('string')
  })

  it('takes no r or s of zero or beyond the order', async () => {
    const { r, vs } = await signatureOf(digest)
    const wrong = [
      { r: word(0n), vs },
      { r: word(order), vs },
      { r: word(BigInt(r) + order < 2n ** 256n ? BigInt(r) + order : order + 1n), vs },
      { r: word(2n ** 256n - 1n), vs },
      { r, vs: word(0n) },
      { r, vs: word(1n << 255n) },
      { r, vs: word(2n ** 255n - 1n) },
      { r, vs: word(2n ** 256n - 1n) },
    ]
    for (const signature of wrong) expect(recover(digest, signature), JSON.stringify(signature)).to.equal(undefined)
  })

  it('finds nobody in what is no signature at all, and throws nothing', async () => {
    const { r, vs } = await signatureOf(digest)
    const cut = (hex: Hex) => hex.slice(0, -2) as Hex
    const wrong: { r: Hex; vs: Hex }[] = [
      { r: '0x', vs: '0x' },
      { r, vs: '0x' },
      { r: '0x', vs },
      { r: cut(r), vs: `${vs}00` },
      { r: `${r}00`, vs: cut(vs) },
      { r, vs: '0xzz' },
      { r: '0xzz', vs },
      { r, vs: `0x${'zz'.repeat(32)}` },
      { r: `0x${'zz'.repeat(32)}`, vs },
      { r, vs: `${vs}0` },
    ]
    for (const signature of wrong) expect(recover(digest, signature), JSON.stringify(signature)).to.equal(undefined)
  })
})

describe('compactSignature', () => {
  it('is the form of ERC-2098 that viem reads', async () => {
    await fc.assert(
      fc.asyncProperty(someHex(32), async (hash) => {
        const signature = await signer.sign({ hash })
        const { r, vs } = compactSignature(signature)
        expect(plain(r, vs)).to.equal(signature)
      }),
      { numRuns: 50 },
    )
  })

  it('takes a parity of 0 and 1 like one of 27 and 28', async () => {
    for (const name of ['one', 'two', 'three', 'four', 'five', 'six']) {
      const signature = await signer.sign({ hash: bytes32(name) })
      const parity = Number.parseInt(signature.slice(-2), 16) - 27
      const short = `${signature.slice(0, -2)}0${parity}` as Hex
      expect(compactSignature(short)).to.deep.equal(compactSignature(signature))
    }
  })

  it('brings a high s down, as hardware often signs, without a change of the signer', async () => {
    for (const name of ['one', 'two', 'three', 'four', 'five', 'six']) {
      const signature = await signer.sign({ hash: bytes32(name) })
      const s = BigInt(`0x${signature.slice(66, 130)}`)
      const other = signature.endsWith('1b') ? '1c' : '1b'
      const high = concat([signature.slice(0, 66) as Hex, word(order - s), `0x${other}`])
      expect(compactSignature(high)).to.deep.equal(compactSignature(signature))
      expect(recover(bytes32(name), compactSignature(high))).to.equal(lower(signer.address))
    }
  })

  it('refuses what is not 65 bytes of r, s and v', async () => {
    const signature = await signer.sign({ hash: digest })
    const cut = signature.slice(0, -2) as Hex
    const wrong: Hex[] = [
      '0x',
      cut,
      `${signature}00`,
      `${cut}02`,
      `${cut}1a`,
      `${cut}1d`,
      `${cut}25`,
      `${cut}ff`,
      `0x${'zz'.repeat(65)}`,
      concat([word(0n), `0x${signature.slice(66)}`]),
      concat([word(order), `0x${signature.slice(66)}`]),
    ]
    for (const each of wrong) {
      expect((await refusal(() => compactSignature(each))).code, each).to.equal('INVALID_ARGUMENT')
    }
  })

  it('leaves the bytes that it was given alone', async () => {
    const { r, vs } = await signatureOf(digest)
    const bytes = hexToBytes(digest)
    recoverSigner(bytes, { r, vs })
    expect(bytesToHex(bytes)).to.equal(digest)
  })
})

describe('privateKeySigner', () => {
  it('signs what an account of viem with the same key signs', async () => {
    const someKey = fc.bigInt({ min: 1n, max: order - 1n }).map(word)
    await fc.assert(
      fc.asyncProperty(someKey, someHex(32), async (key, random) => {
        // A digest beyond the order, which no hash ever is, gets another nonce.
        const hash = word(BigInt(random) % order)
        const [account, fast] = [privateKeyToAccount(key), privateKeySigner(key)]
        expect(fast.address).to.equal(lower(account.address))
        expect(await fast.sign({ hash })).to.equal(await account.sign({ hash }))
      }),
      { numRuns: 100 },
    )
  })

  it('takes every key that there is, and repeats none that it refuses', async () => {
    for (const key of [1n, 2n, order - 1n]) expect(privateKeySigner(word(key)).address).to.match(/^0x[0-9a-f]{40}$/)
    const good = bytes32('key')
    const wrong = [word(0n), word(order), word(2n ** 256n - 1n), '0x', good.slice(2), good.slice(0, -2), `${good}00`]
    for (const key of [...wrong, `${good.slice(0, -2)}zz`] as Hex[]) {
      const error = await refusal(() => privateKeySigner(key))
      expect(error.code, key).to.equal('INVALID_ARGUMENT')
      expect(JSON.stringify([error, error.message, error.stack, error.cause])).to.not.include(good.slice(2, 40))
    }
  })

  it('signs 32 bytes and nothing else', async () => {
    const fast = privateKeySigner(bytes32('key'))
    for (const hash of ['0x', '0x12', `${digest}00`, `0x${'zz'.repeat(32)}`, digest.slice(2)] as Hex[]) {
      expect((await refusal(() => fast.sign({ hash }))).code, hash).to.equal('INVALID_ARGUMENT')
    }
  })
})

describe('signatureProvider', () => {
  it('names the package, and is never the slow one where WebAssembly works', async () => {
    expect(await signatureProvider()).to.be.oneOf(['secp256k1', '@bitauth/libauth'])
  })
})
