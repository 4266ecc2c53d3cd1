/** Bytes that a price per kilobyte is for. */
export const KILOBYTE = 1_024

/** Started kilobytes in a number of bytes. */
export function kilobytes(bytes: number): number {
  return Math.ceil(bytes / KILOBYTE)
}
