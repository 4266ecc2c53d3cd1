import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createContext, runInContext } from 'node:vm'
import { secp256k1 } from '@noble/curves/secp256k1'
import { keccak_256 } from '@noble/hashes/sha3'
import { expect } from 'chai'
import { build, stop } from 'esbuild'
import fc from 'fast-check'
import { concat, type Hex, hexToBytes, numberToHex, recoverAddress, serializeSignature, toHex } from 'viem'
import { publicKeyToAddress } from 'viem/utils'
import { compileWasm } from '../../../scripts/wasm.ts'
import { type Keccak, nobleKeccak, wasmKeccak } from '../../../sdk/channels/crypto/Keccak.ts'
import { keccakWasm } from '../../../sdk/channels/crypto/keccakWasm.ts'
import { libauthSignatures } from '../../../sdk/channels/crypto/libauth.ts'
import { nativeSignatures } from '../../../sdk/channels/crypto/native.ts'
import { nobleSignatures, type Signatures } from '../../../sdk/channels/crypto/Signatures.ts'
import { compactSignature, isSignedByWith, recoverSignerWith, withParity } from '../../../sdk/channels/signatures.ts'
import { account, bytes32, lower } from './support/channels.ts'

const order = secp256k1.CURVE.n
const prime = 2n ** 256n - 2n ** 32n - 977n
const word = (value: bigint) => numberToHex(value, { size: 32 })
const program = fileURLToPath(new URL('support/cryptoProcess.ts', import.meta.url))

describe('the WebAssembly of Keccak-256', () => {
  it('is what its source compiles to, byte for byte, and small enough for a browser’s main thread', async () => {
    const compiled = await compileWasm('keccak')
    expect(Buffer.from(compiled).toString('base64')).to.equal(keccakWasm)
    expect(compiled.length).to.be.below(4_096)
  })

  const implementations: [string, Keccak][] = [
    ['WebAssembly', wasmKeccak()],
    ['JavaScript', nobleKeccak()],
  ]
  for (const [name, keccak] of implementations) {
    it(`hashes like noble, whatever lies where, in ${name}`, () => {
      const place = fc.record({
        bytes: fc.uint8Array({ maxLength: 600 }),
        input: fc.nat({ max: 400 }),
        output: fc.nat({ max: 992 }),
      })
      fc.assert(
        fc.property(place, ({ bytes, input, output }) => {
          keccak.scratch.fill(0xa5)
          keccak.scratch.set(bytes, input)
          const expected = keccak.scratch.slice()
          expected.set(keccak_256(bytes), output)
          keccak.hash(input, bytes.length, output)
          // All of it: nothing but the output changes.
          expect(Buffer.compare(keccak.scratch, expected)).to.equal(0)
        }),
        { numRuns: 2_000, examples: [0, 1, 32, 135, 136, 137, 271, 272, 273].map(example) },
      )
    })

    it(`walks like noble, in ${name}`, () => {
      const counts = [0, 1, 7, 8, 9, 255, 256, 1_023, 1_024]
      for (const count of counts) {
        let expected: Uint8Array = keccak_256(`${count}`)
        keccak.scratch.fill(0xa5)
        keccak.scratch.set(expected, 500)
        for (let step = 0; step < count; step++) expected = keccak_256(expected)
        keccak.walk(500, count)
        expect(Buffer.compare(keccak.scratch.subarray(500, 532), expected), `${count}`).to.equal(0)
        expect([keccak.scratch[499], keccak.scratch[532]]).to.deep.equal([0xa5, 0xa5])
      }
    })
  }
})

function example(length: number): [{ bytes: Uint8Array; input: number; output: number }] {
  return [{ bytes: new Uint8Array(length).fill(length), input: 3, output: 5 }]
}

describe('the means to sign', function () {
  this.timeout(60_000)
  const all: Signatures[] = [nobleSignatures]

  before(async () => {
    all.push(await libauthSignatures())
    const native = await nativeSignatures().catch(() => undefined)
    if (native !== undefined) all.push(native)
    else console.log('      no native add-on fits this machine')
  })

  const half = order >> 1n
  const edges = [0n, 1n, 2n, half, half + 1n, order - 1n, order, order + 1n, prime, 2n ** 256n - 1n]
  const someWord = fc.oneof(
    { weight: 3, arbitrary: fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }) },
    { weight: 1, arbitrary: fc.constantFrom(...edges) },
  )
  const someDigest = someWord.map((value) => hexToBytes(word(value)))
  const someKey = fc
    .oneof(fc.bigInt({ min: 1n, max: order - 1n }), fc.constantFrom(1n, 2n, half, order - 1n))
    .map((value) => hexToBytes(word(value)))

  /** Runs every means with copies of its own: none may change what it is given. */
  function answers(ask: (signatures: Signatures) => Uint8Array | boolean | undefined): string[] {
    return all.map((signatures) => {
      const answer = ask(signatures)
      return answer instanceof Uint8Array ? Buffer.from(answer).toString('hex') : `${answer}`
    })
  }

  it('make the same signatures, with a low s, and find their signers', () => {
    fc.assert(
      fc.property(someDigest, someKey, (digest, key) => {
        const [expected, ...others] = answers((signatures) => signatures.sign(digest, key))
        // RFC 6979 reduces a digest beyond the order, which no hash ever is, and libsecp256k1 does not: another nonce.
        const isReduced = BigInt(toHex(digest)) >= order
        for (const other of isReduced ? [] : others) expect(other).to.equal(expected)
        const publicKey = secp256k1.getPublicKey(key, false)
        for (const hex of [expected, ...others]) {
          const signature = Buffer.from(hex as string, 'hex')
          expect(BigInt(`0x${signature.toString('hex', 32, 64)}`) <= half).to.equal(true)
          for (const signatures of all) {
            expect(Buffer.compare(signatures.recover(digest, signature) ?? new Uint8Array(), publicKey)).to.equal(0)
            expect(signatures.verify(digest, signature, publicKey)).to.equal(true)
          }
        }
      }),
      { numRuns: 150 },
    )
  })

  it('say the same of signatures that nobody made', () => {
    let found = 0
    const someParity = fc.constantFrom(0, 1)
    fc.assert(
      fc.property(someDigest, someWord, someWord, someParity, (digest, r, s, parity) => {
        const signature = Buffer.concat([hexToBytes(word(r)), hexToBytes(word(s)), Uint8Array.of(parity)])
        const [expected, ...others] = answers((signatures) => signatures.recover(digest, signature))
        for (const other of others) expect(other).to.equal(expected)
        if (expected === 'undefined') return
        found++
        // A signature that leads to a key is by that key, where its s is low.
        const publicKey = Buffer.from(expected as string, 'hex')
        for (const signatures of all) expect(signatures.verify(digest, signature, publicKey)).to.equal(s <= half)
      }),
      { numRuns: 1_500 },
    )
    expect(found).to.be.greaterThan(150)
  })

  it('say the same of good signatures with one bit bent, and believe none', () => {
    const key = hexToBytes(bytes32('key'))
    const publicKey = secp256k1.getPublicKey(key, false)
    fc.assert(
      fc.property(someDigest, fc.nat({ max: 256 + 512 }), (digest, bit) => {
        const bent = { digest: Uint8Array.from(digest), signature: nobleSignatures.sign(digest, key) }
        const into = bit < 256 ? bent.digest : bent.signature
        const at = bit < 256 ? bit : bit - 256
        into[at >> 3] = (into[at >> 3] as number) ^ (1 << (at & 7))
        const [expected, ...others] = answers((signatures) => signatures.recover(bent.digest, bent.signature))
        for (const other of others) expect(other).to.equal(expected)
        expect(expected).to.not.equal(Buffer.from(publicKey).toString('hex'))
        // The last bit is the parity's, to which a check against a known key is blind.
        if (bit === 256 + 512) return
        for (const signatures of all) expect(signatures.verify(bent.digest, bent.signature, publicKey)).to.equal(false)
      }),
      { numRuns: 500, examples: [[new Uint8Array(32).fill(1), 256 + 512]] },
    )
  })

  it('take no high s, though its low twin is good, whether the signer was seen before or not', () => {
    for (const [index, signatures] of all.entries()) {
      for (let above = 1n; above <= 8n; above++) {
        // Signatures of nobody's key, that lead to one: only few values of a high s fit beside the parity.
        const digest = keccak_256(`${index} ${above}`)
        const { r } = packed(nobleSignatures.sign(digest, hexToBytes(bytes32('key'))))
        const high = { r, vs: word(half + above) }
        const low = { r, vs: word((order - half - above) | (1n << 255n)) }
        const publicKey = nobleSignatures.recover(digest, hexToBytes(concat([r, high.vs, '0x00']))) as Uint8Array
        const signer = lower(publicKeyToAddress(toHex(publicKey)))
        expect(isSignedByWith(signatures, signer, digest, high), 'not seen before').to.equal(false)
        expect(isSignedByWith(signatures, signer, digest, low)).to.equal(true)
        expect(isSignedByWith(signatures, signer, digest, high), 'seen before').to.equal(false)
        expect(recoverSignerWith(signatures, digest, low)).to.equal(signer)
        expect(recoverSignerWith(signatures, digest, high)).to.equal(undefined)
      }
    }
  })

  it('know a signer by r and s, whatever the parity says, and correct that for the chain', async () => {
    for (const [index, signatures] of all.entries()) {
      // A signer that no means has seen before.
      const { address, sign } = account(`signer ${index}`)
      const digest = keccak_256('digest')
      const good = compactSignature(await sign({ hash: bytes32('digest') }))
      const flipped = { ...good, vs: word(BigInt(good.vs) ^ (1n << 255n)) }
      for (const seen of [false, true]) {
        expect(isSignedByWith(signatures, lower(address), digest, flipped), `seen: ${seen}`).to.equal(true)
        expect(isSignedByWith(signatures, lower(address), digest, good)).to.equal(true)
        expect(isSignedByWith(signatures, lower(account('other').address), digest, good)).to.equal(false)
        expect(isSignedByWith(signatures, lower(address), keccak_256('another'), flipped)).to.equal(false)
      }
      expect(recoverSignerWith(signatures, digest, flipped)).to.not.equal(lower(address))
      expect(withParity(lower(address), digest, flipped)).to.deep.equal(good)
      expect(withParity(lower(address), digest, good)).to.deep.equal(good)
      const { r, vs } = withParity(lower(address), digest, flipped)
      const s = word(BigInt(vs) & (2n ** 255n - 1n))
      const signature = serializeSignature({ r, s, yParity: Number(BigInt(vs) >> 255n) })
      expect(await recoverAddress({ hash: bytes32('digest'), signature })).to.equal(address)
    }
  })

  it('find nobody in a digest that has not 32 bytes', () => {
    const signature = packed(nobleSignatures.sign(keccak_256('digest'), hexToBytes(bytes32('key'))))
    for (const signatures of all) {
      for (const length of [0, 31, 33, 64]) {
        expect(recoverSignerWith(signatures, new Uint8Array(length).fill(1), signature)).to.equal(undefined)
      }
    }
  })
})

function packed(signature: Uint8Array): { r: Hex; vs: Hex } {
  const [r, s, parity] = [signature.slice(0, 32), signature.slice(32, 64), BigInt(signature[64] as number)]
  const number = (bytes: Uint8Array) => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
  return { r: word(number(r)), vs: word(number(s) | (parity << 255n)) }
}

describe('what a machine lacks', function () {
  this.timeout(60_000)
  const folder = mkdtempSync(join(tmpdir(), 'scrip-crypto-'))
  /** Where node-gyp-build looks for the add-on. */
  const hidden = { SECP256K1_PREBUILD: folder }
  let expected: unknown

  before(() => {
    expected = run([program]).answers
  })
  after(async () => {
    rmSync(folder, { recursive: true })
    // esbuild works in a process of its own, which would keep this one waiting.
    await stop()
  })

  it('is an add-on that fits: the package then takes elliptic without a word, the SDK takes libauth', () => {
    const main = createRequire(import.meta.url).resolve('secp256k1')
    const look = `require(${JSON.stringify(main)}); console.log(Object.keys(require.cache).some((file) => /elliptic.lib/.test(file)))`
    expect(node(['-e', look], hidden)).to.equal('true\n')
    expect(run([program], hidden)).to.deep.equal({ wasm: 'object', provider: '@bitauth/libauth', answers: expected })
  })

  it('is WebAssembly, as under --jitless, and the add-on: all is JavaScript then, and the same', async () => {
    const file = join(folder, 'program.mjs')
    writeFileSync(file, await bundle('node'))
    expect(run([file]).provider).to.equal('@bitauth/libauth')
    const without = { wasm: 'undefined', provider: '@noble/curves', answers: expected }
    expect(run(['--jitless', file])).to.deep.equal(without)
  })

  it('is all that only Node has: a browser’s bundle works, also where the page’s policy forbids WebAssembly', async () => {
    const code = await bundle('browser')
    expect(code).to.include(keccakWasm).and.to.not.include('instantiateSecp256k1')
    const compiles = 'try { new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)); true } catch { false }'
    for (const wasm of [true, false]) {
      const printed = new Promise<string>((resolve) => {
        const globals = { atob, crypto, TextEncoder, TextDecoder, console: { log: resolve } }
        const page = createContext(globals, { codeGeneration: { strings: false, wasm } })
        expect(runInContext(compiles, page)).to.equal(wasm)
        runInContext(code, page)
      })
      expect(JSON.parse(await printed)).to.deep.equal({ wasm: 'object', provider: '@noble/curves', answers: expected })
    }
  })
})

function run(args: string[], env: Record<string, string> = {}): { wasm: string; provider: string; answers: unknown } {
  return JSON.parse(node(['--conditions=source', ...args], env))
}

function node(args: string[], env: Record<string, string>): string {
  return execFileSync(process.execPath, args, { env: { ...process.env, ...env }, encoding: 'utf8' })
}

/** The program as one script, for Node or for browsers. */
async function bundle(platform: 'node' | 'browser'): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [program],
    bundle: true,
    conditions: ['source'],
    format: platform === 'node' ? 'esm' : 'iife',
    platform,
    write: false,
    logLevel: 'silent',
  })
  return outputFiles[0]?.text ?? ''
}
