/** A probability as a person reads it, rounded down: 99.97 %. Near 1 it has two digits besides the nines. */
export function chance(probability: number): string {
  if (probability >= 1) return '100 %'
  const digits = Math.max(0, Math.ceil(-Math.log10(1 - probability)) - 1)
  const scale = 10 ** Math.min(digits, 10)
  return `${Math.floor(probability * 100 * scale) / scale} %`
}
