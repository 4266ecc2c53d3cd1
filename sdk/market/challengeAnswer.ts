import { type Hex, keccak256, stringToBytes } from 'viem'
import { fromHex, toHex } from '../channels/bytes.ts'
import type { ErrorCode } from '../errors/codes.ts'
import { isProved, type Proof } from './merkle.ts'
import { parseJson, readFields } from './readFields.ts'

/** Hashes on the way from a leaf to the root, at most: as many as a piece of 2^53 bytes has levels. */
const LONGEST_PATH = 64

const CODE: ErrorCode = 'PROTOCOL_VIOLATION'

/** An answer to a challenge as JSON: of every leaf its number, its bytes in base64, and the hashes of its path. */
export function writeProofs(proofs: readonly Proof[]): string {
  return JSON.stringify({
    leaves: proofs.map(({ index, leaf, path }) => ({
      index,
      leaf: Buffer.from(leaf).toString('base64'),
      path: path.map(toHex),
    })),
  })
}

/** What a seller signs of its answer. */
export function answerHash(body: string): Hex {
  return keccak256(stringToBytes(body))
}

/** Whether an answer proves just the leaves that were asked for. */
export function answersChallenge(
  body: string,
  { root, size, leaves }: { readonly root: Hex; readonly size: number; readonly leaves: readonly number[] },
): boolean {
  try {
    const proofs = readFields(parseJson(body, CODE), CODE).list('leaves', leaves.length, readProof)
    return (
      proofs.length === leaves.length &&
      proofs.every((proof, at) => proof.index === leaves[at] && isProved(root, size, proof))
    )
  } catch {
    return false
  }
}

function readProof(value: unknown): Proof {
  const fields = readFields(value, CODE)
  const path = fields.object('path')
  if (!Array.isArray(path) || path.length > LONGEST_PATH) throw new Error('The path is no list.')
  return {
    index: fields.whole('index', 0),
    leaf: Buffer.from(fields.text('leaf', 2_048), 'base64'),
    path: path.map((hash) => fromHex(readFields({ hash }, CODE).bytes('hash', 32))),
  }
}
