import { readFileSync } from 'node:fs'
import type { Hex, PrivateKeyAccount } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { privateKeySigner } from '../channels/signatures.ts'
import { ScripError } from '../errors/ScripError.ts'
import { isKeystore, openKeystore } from './keystore.ts'

/** Where the key of an account is, and where its password, if it needs one. */
export type KeyOptions = { key?: string; passwordFile?: string }

/**
 * The account of a key: `0x…` itself, or a file with the key in hexadecimal or encrypted.
 * @throws `KEY_MISSING`, `KEY_INVALID`, `FILE_NOT_FOUND`, `PASSWORD_MISSING`, `PASSWORD_WRONG`
 */
export function readAccount({ key, passwordFile }: KeyOptions): PrivateKeyAccount {
  // An empty variable of the environment is as good as none.
  if (!key) throw new ScripError('KEY_MISSING')
  const text = key.startsWith('0x') ? key : readKeyFile(key, passwordFile)
  const privateKey = (text.startsWith('0x') ? text : `0x${text}`) as Hex
  try {
    // `sign` is what signs vouchers.
    return { ...privateKeyToAccount(privateKey), sign: privateKeySigner(privateKey).sign }
  } catch {
    // What was given is not repeated, not even as a cause: it may be most of a key.
    throw new ScripError('KEY_INVALID')
  }
}

function readKeyFile(path: string, passwordFile: string | undefined): string {
  const content = readTextFile(path, 'key')
  return isKeystore(content) ? openKeystore(content, readPassword(passwordFile)) : content.trim()
}

function readPassword(path: string | undefined): string {
  const password = path === undefined ? process.env['SCRIP_PASSWORD'] : readTextFile(path, 'password')
  if (password === undefined) throw new ScripError('PASSWORD_MISSING')
  return password
}

/** A file's text without the line's end that editors add. */
function readTextFile(path: string, what: 'key' | 'password'): string {
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '')
  } catch {
    // A key without its 0x looks like a path: it must not be printed.
    if (/^[0-9a-fA-F]+$/.test(path)) throw new ScripError('KEY_INVALID')
    throw new ScripError('FILE_NOT_FOUND', { detail: `The ${what} file ${path} cannot be read.`, values: { path } })
  }
}
