/** Bytes of a stripe that go into one piece; the last stripe may be smaller. */
export const STRIPE = 65_536

/** Bytes of each piece of a file, where `needed` of them are enough to have it back. */
export function pieceSize(bytes: number, needed: number): number {
  const stripes = Math.floor(bytes / (STRIPE * needed))
  return stripes * STRIPE + Math.ceil((bytes - stripes * STRIPE * needed) / needed)
}
