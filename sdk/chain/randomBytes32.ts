import { bytesToHex, type Hex } from 'viem'

/** 32 bytes that nobody had before: a salt or a nonce. */
export function randomBytes32(): Hex {
  return bytesToHex(crypto.getRandomValues(new Uint8Array(32)))
}
