const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

const NO_DIGIT = 0xff

/** The value of each character by its code. */
const values = new Uint8Array(256).fill(NO_DIGIT)
for (let value = 0; value < 64; value++) values[ALPHABET.charCodeAt(value)] = value

/** Bytes in base64url, without padding. */
export function toBase64Url(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at
    const three = ((bytes[at] as number) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)
    text += digit(three >> 18) + digit(three >> 12)
    if (left > 1) text += digit(three >> 6)
    if (left > 2) text += digit(three)
  }
  return text
}

/** The bytes of a text in base64url without padding; nothing where it is none. */
export function fromBase64Url(text: string): Uint8Array | undefined {
  const { length } = text
  if (length % 4 === 1) return undefined
  const bytes = new Uint8Array((length * 3) >> 2)
  let seen = 0
  let at = 0
  for (let index = 0; index < length; index += 4) {
    const one = valueAt(text, index)
    const two = valueAt(text, index + 1)
    const three = index + 2 < length ? valueAt(text, index + 2) : 0
    const four = index + 3 < length ? valueAt(text, index + 3) : 0
    seen |= one | two | three | four
    // What lies beyond the end is not written.
    bytes[at] = (one << 2) | (two >> 4)
    bytes[at + 1] = (two << 4) | (three >> 2)
    bytes[at + 2] = (three << 6) | four
    at += 3
  }
  return seen < 64 ? bytes : undefined
}

function digit(value: number): string {
  return ALPHABET[value & 0x3f] as string
}

function valueAt(text: string, index: number): number {
  const code = text.charCodeAt(index)
  return code < 256 ? (values[code] as number) : NO_DIGIT
}
