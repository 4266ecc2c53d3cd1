import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream as NodeStream } from 'node:stream/web'
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption'
import { ScripError } from '../../errors/ScripError.ts'

/** The one who can read what a buyer stored: an age identity, `AGE-SECRET-KEY-1…` (https://age-encryption.org/v1). */
export type Identity = string & { readonly identity?: never }

/** A file's bytes on the way from one file to another. */
export type FileWork = {
  /** The file that is read. */
  readonly source: string
  /** The file that is written: it is there when all of it is, and not before. */
  readonly target: string
  readonly identity: Identity
}

/**
 * The identity in a file, made where there is none and `isNew` allows it: whoever has it reads everything that was stored with
 * it, and nobody else does. The file can be read by its owner only; the tool `age` reads it, too.
 * @throws `IDENTITY_INVALID`, `FILE_NOT_FOUND`
 */
export async function openIdentity(path: string, { isNew = false }: { isNew?: boolean } = {}): Promise<Identity> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => error)
  if (typeof text === 'string') return identityIn(text, path)
  if (!isNew || text.code !== 'ENOENT') {
    throw new ScripError('FILE_NOT_FOUND', { detail: `${path} cannot be read.`, values: { path }, cause: text })
  }
  const identity = await generateX25519Identity()
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(`# public key: ${await identityToRecipient(identity)}\n${identity}\n`)
    // What is encrypted with a key that a power loss takes is lost.
    await file.sync()
  } finally {
    await file.close()
  }
  return identity
}

/** Encrypts a file: age, to one recipient, in chunks of 64 KiB that are each authenticated. */
export async function encryptFile({ source, target, identity }: FileWork): Promise<void> {
  const encrypter = new Encrypter()
  encrypter.addRecipient(await identityToRecipient(identity))
  const plain = createReadStream(source)
  await write(target, await encrypter.encrypt(Readable.toWeb(plain) as ReadableStream<Uint8Array>)).finally(() =>
    plain.destroy(),
  )
}

/**
 * Decrypts a file. What cannot be decrypted leaves no file behind.
 * @throws `IDENTITY_WRONG`, `PIECE_ALTERED` where it is not what was encrypted
 */
export async function decryptFile({ source, target, identity }: FileWork): Promise<void> {
  const decrypter = new Decrypter()
  decrypter.addIdentity(identity)
  const sealed = createReadStream(source)
  try {
    const plain = await decrypter.decrypt(Readable.toWeb(sealed) as ReadableStream<Uint8Array>)
    await write(target, plain)
  } catch (error) {
    throw explained(error, source)
  } finally {
    sealed.destroy()
  }
}

/** Writes a stream to a file, by way of another name: the file is whole, or not there. */
async function write(target: string, stream: ReadableStream<Uint8Array>): Promise<void> {
  const part = `${target}.writing`
  try {
    await pipeline(
      Readable.fromWeb(stream as NodeStream<Uint8Array>),
      createWriteStream(part, { mode: 0o600, flush: true }),
    )
    await rename(part, target)
  } catch (error) {
    await rm(part, { force: true })
    throw error
  }
}

function identityIn(text: string, path: string): Identity {
  const identity = /^AGE-SECRET-KEY-1[0-9A-Z]{58}$/m.exec(text.replaceAll('\r', ''))?.[0]
  try {
    if (identity !== undefined) {
      new Decrypter().addIdentity(identity)
      return identity
    }
  } catch {
    // Not one after all: said below.
  }
  // What it holds is not repeated: it may be most of a key.
  throw new ScripError('IDENTITY_INVALID', { detail: `${path} holds no key that can be used.`, values: { path } })
}

/** What the library and the file system say as one of our errors. */
function explained(error: unknown, source: string): unknown {
  const { code, message = '' } = error as { code?: unknown; message?: string }
  if (error instanceof ScripError || typeof code === 'string') return error
  if (message.includes('no identity matched')) return new ScripError('IDENTITY_WRONG', { cause: error })
  return new ScripError('PIECE_ALTERED', {
    detail: 'What was stored cannot be decrypted: it is not what was encrypted.',
    hint: 'Get it from another seller; if it was stored as it is, get it with --plain.',
    values: { source },
    cause: error,
  })
}
