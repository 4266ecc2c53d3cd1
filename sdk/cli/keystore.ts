import { createDecipheriv, pbkdf2Sync, timingSafeEqual } from 'node:crypto'
import { scrypt } from '@noble/hashes/scrypt'
import { type Hex, keccak256 } from 'viem'
import { ScripError } from '../errors/ScripError.ts'

type Fields = { readonly [field: string]: unknown }

/** What a file may ask for at most: the keys that wallets write need a quarter of it. */
const MOST_MEMORY = 2 ** 30
const MOST_ROUNDS = 10_000_000

/** Whether a file's content looks like an encrypted key. */
export function isKeystore(content: string): boolean {
  return content.trimStart().startsWith('{')
}

/**
 * Opens an encrypted key: Web3 Secret Storage, version 3, as geth, Foundry and ethers write it.
 * @returns The 32 bytes of the key.
 * @throws `PASSWORD_WRONG`, `KEY_INVALID` where the content is no such file
 */
export function openKeystore(content: string, password: string): Hex {
  const { cipher, cipherparams, ciphertext, kdf, kdfparams, mac } = readCrypto(content)
  if (cipher !== 'aes-128-ctr') throw unreadable(`its cipher is ${cipher}`)
  const [sealed, iv, stated] = [bytes(ciphertext), bytes((cipherparams as Fields)['iv'], 16), bytes(mac, 32)]
  const derived = deriveKey(password, kdf, kdfparams as Fields)
  const expected = keccak256(Buffer.concat([derived.subarray(16, 32), sealed]), 'bytes')
  if (!timingSafeEqual(stated, expected)) throw new ScripError('PASSWORD_WRONG')
  const decipher = createDecipheriv('aes-128-ctr', derived.subarray(0, 16), iv)
  return `0x${Buffer.concat([decipher.update(sealed), decipher.final()]).toString('hex')}`
}

function readCrypto(content: string): Fields {
  let file: Fields
  try {
    file = JSON.parse(content)
  } catch (cause) {
    throw unreadable('it is not JSON', cause)
  }
  if (file['version'] !== 3) throw unreadable(`its version is ${file['version']}`)
  const crypto = file['crypto'] ?? file['Crypto']
  if (typeof crypto !== 'object' || crypto === null) throw unreadable('it has no field `crypto`')
  const { cipherparams, kdfparams } = crypto as Fields
  if (!cipherparams || !kdfparams) throw unreadable('it lacks the parameters of its cipher or its key derivation')
  return crypto as Fields
}

function deriveKey(password: string, kdf: unknown, parameters: Fields): Buffer {
  const salt = bytes(parameters['salt'])
  const length = whole(parameters, 'dklen', 32, 64)
  if (kdf === 'pbkdf2') {
    if (parameters['prf'] !== 'hmac-sha256') throw unreadable(`its key derivation uses ${parameters['prf']}`)
    return pbkdf2Sync(password, salt, whole(parameters, 'c', 1, MOST_ROUNDS), length, 'sha256')
  }
  if (kdf !== 'scrypt') throw unreadable(`its key derivation is ${kdf}`)
  const [N, r, p] = ['n', 'r', 'p'].map((name) => whole(parameters, name, 1, 2 ** 30)) as [number, number, number]
  try {
    // Not OpenSSL's: that refuses the format's own test vector, whose block size is below what RFC 7914 asks for.
    return Buffer.from(scrypt(password, salt, { N, r, p, dkLen: length, maxmem: MOST_MEMORY }))
  } catch (cause) {
    throw unreadable('its key derivation has parameters that do not fit', cause)
  }
}

function whole(parameters: Fields, name: string, least: number, most: number): number {
  const value = parameters[name]
  if (Number.isInteger(value) && Number(value) >= least && Number(value) <= most) return Number(value)
  throw unreadable(`its parameter ${name} is ${value}`)
}

function bytes(value: unknown, length?: number): Buffer {
  const text = String(value).replace(/^0x/, '')
  const fits = /^([0-9a-fA-F]{2})+$/.test(text) && (length === undefined || text.length === 2 * length)
  if (!fits) throw unreadable('one of its fields is not hexadecimal')
  return Buffer.from(text, 'hex')
}

function unreadable(why: string, cause?: unknown): ScripError {
  return new ScripError('KEY_INVALID', {
    detail: `The key file is no encrypted key that this version reads: ${why}.`,
    hint: 'Give a file in the Web3 Secret Storage format, version 3, or one that holds 64 hexadecimal digits.',
    ...(cause !== undefined && { cause }),
  })
}
