const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

const NO_DIGIT = 0xff

/** The value of each character by its code. */
const values = new Uint8Array(128).fill(NO_DIGIT)
for (let value = 0; value < 64; value++) values[ALPHABET.charCodeAt(value)] = value

/** Bytes in base64url, without padding. */
export function toBase64Url(bytes: Uint8Array): string {
  let text = ''
  let bits = 0
  let count = 0
  for (let at = 0; at < bytes.length; at++) {
    bits = ((bits & 0x3f) << 8) | (bytes[at] as number)
    count += 8
    while (count >= 6) {
      count -= 6
      text += ALPHABET[(bits >> count) & 0x3f]
    }
  }
  return count > 0 ? text + ALPHABET[(bits << (6 - count)) & 0x3f] : text
}

/** The bytes of a text in base64url without padding; nothing where it is none. */
export function fromBase64Url(text: string): Uint8Array | undefined {
  if (text.length % 4 === 1) return undefined
  const bytes = new Uint8Array((text.length * 3) >> 2)
  let bits = 0
  let count = 0
  let at = 0
  let seen = 0
  for (let index = 0; index < text.length; index++) {
    const value = values[text.charCodeAt(index)] ?? NO_DIGIT
    seen |= value
    bits = ((bits & 0x3f) << 6) | (value & 0x3f)
    count += 6
    if (count < 8) continue
    count -= 8
    bytes[at++] = (bits >> count) & 0xff
  }
  return seen < 64 ? bytes : undefined
}
