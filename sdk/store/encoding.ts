/** A record as JSON. A bigint is a string that starts with `#`; a string that starts so itself gets one more. */
export function encode(record: object): string {
  return JSON.stringify(record, function (this: { [member: string]: unknown }, member, value: unknown) {
    // What the member is, not what it became: many programs teach bigints toJSON, and they would come back as text.
    const original = this[member]
    if (typeof original === 'bigint') return `#${original}`
    return typeof value === 'string' && value.startsWith('#') ? `#${value}` : value
  })
}

/** The record that was encoded. */
export function decode(text: string): object {
  return JSON.parse(text, (_, value: unknown) => {
    if (typeof value !== 'string' || !value.startsWith('#')) return value
    return value.startsWith('##') ? value.slice(1) : BigInt(value.slice(1))
  })
}
