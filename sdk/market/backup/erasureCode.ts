import { ScripError } from '../../errors/ScripError.ts'

/** Cuts bytes into pieces of which any `needed` give them back. Blocks that go together have the same size. */
export type ErasureCode = {
  /** All blocks, the first `needed` of which are the data itself, from these. */
  encode(data: readonly Uint8Array[]): Uint8Array[]
  /** The data from any `needed` of the blocks, each at its place; `undefined` where one is lost. */
  decode(blocks: readonly (Uint8Array | undefined)[]): Uint8Array[]
}

/** The field GF(2^8) with the polynomial x^8 + x^4 + x^3 + x^2 + 1, of which 2 is a generator. */
const POLYNOMIAL = 0x11d
const powers = new Uint8Array(510)
const logarithms = new Uint8Array(256)
for (let exponent = 0, value = 1; exponent < 255; exponent++) {
  powers[exponent] = value
  powers[exponent + 255] = value
  logarithms[value] = exponent
  value = value << 1 > 255 ? (value << 1) ^ POLYNOMIAL : value << 1
}

/** A row of coefficients, one for each block of data. */
type Row = Uint8Array

/**
 * Reed and Solomon's code over bytes, with a Cauchy matrix: block `needed + i` is the sum of the data blocks j, each times
 * 1 / (needed + i + j), made so that the first coefficient is 1. Every square part of such a matrix can be inverted. With
 * `needed` 1 all blocks are copies.
 *
 * @throws `INVALID_ARGUMENT` where there are more than 255 pieces, or more needed than there are
 */
export function createErasureCode(needed: number, pieces: number): ErasureCode {
  const isWhole = Number.isSafeInteger(needed) && Number.isSafeInteger(pieces)
  if (!isWhole || needed < 1 || pieces < needed || pieces > 255) {
    throw new ScripError('INVALID_ARGUMENT', {
      detail: `There is no code of ${pieces} pieces of which ${needed} are needed.`,
      hint: 'Ask for 1 to 255 pieces, and for no more of them than there are.',
      values: { needed, pieces },
    })
  }
  const rows = Array.from({ length: pieces }, (_, place) =>
    place < needed ? unit(place, needed) : cauchy(place, needed),
  )
  return {
    encode: (data) => rows.map((row, place) => (place < needed ? (data[place] as Uint8Array) : combine(row, data))),
    decode: (blocks) => {
      const places = [...blocks.keys()].filter((place) => blocks[place] !== undefined).slice(0, needed)
      if (places.length < needed) {
        throw new ScripError('INVALID_ARGUMENT', {
          detail: `${places.length} pieces do not give the data back, of which ${needed} are needed.`,
          values: { needed, available: places.length },
        })
      }
      const present = places.map((place) => blocks[place] as Uint8Array)
      const inverse = inverted(places.map((place) => rows[place] as Row))
      return inverse.map((row, place) => blocks[place] ?? combine(row, present))
    },
  }
}

function unit(place: number, size: number): Row {
  const row = new Uint8Array(size)
  row[place] = 1
  return row
}

function cauchy(place: number, needed: number): Row {
  return Uint8Array.from({ length: needed }, (_, column) => divide(place, place ^ column))
}

/** The sum of blocks, each times its coefficient. */
function combine(row: Row, blocks: readonly Uint8Array[]): Uint8Array {
  const sum = new Uint8Array((blocks[0] as Uint8Array).length)
  for (let column = 0; column < row.length; column++)
    addProduct(sum, row[column] as number, blocks[column] as Uint8Array)
  return sum
}

function addProduct(sum: Uint8Array, factor: number, block: Uint8Array): void {
  if (factor === 0) return
  const products = productsOf(factor)
  for (let at = 0; at < sum.length; at++) sum[at] = (sum[at] as number) ^ (products[block[at] as number] as number)
}

const knownProducts: Uint8Array[] = []

/** A factor times every byte. */
function productsOf(factor: number): Uint8Array {
  const known = knownProducts[factor]
  if (known !== undefined) return known
  const products = new Uint8Array(256).map((_, value) => multiply(value, factor))
  knownProducts[factor] = products
  return products
}

/** The inverse of a square matrix, by Gauss and Jordan. */
function inverted(rows: readonly Row[]): Row[] {
  const left = rows.map((row) => row.slice())
  const right = rows.map((_, place) => unit(place, rows.length))
  for (let column = 0; column < rows.length; column++) {
    const pivot = left.findIndex((row, place) => place >= column && row[column] !== 0)
    for (const matrix of [left, right]) {
      ;[matrix[column], matrix[pivot]] = [matrix[pivot] as Row, matrix[column] as Row]
    }
    const head = (left[column] as Row)[column] as number
    for (const matrix of [left, right]) matrix[column] = (matrix[column] as Row).map((value) => divide(value, head))
    left.forEach((row, place) => {
      const factor = row[column] as number
      if (place === column || factor === 0) return
      for (const matrix of [left, right]) {
        const subtracted = matrix[column] as Row
        matrix[place] = (matrix[place] as Row).map((value, at) => value ^ multiply(factor, subtracted[at] as number))
      }
    })
  }
  return right
}

function multiply(one: number, other: number): number {
  if (one === 0 || other === 0) return 0
  return powers[(logarithms[one] as number) + (logarithms[other] as number)] as number
}

function divide(value: number, by: number): number {
  if (value === 0) return 0
  return powers[(logarithms[value] as number) + 255 - (logarithms[by] as number)] as number
}
