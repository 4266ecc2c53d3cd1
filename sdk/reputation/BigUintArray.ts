const WORD_BITS = 64n

/**
 * A fixed list of non-negative integers in one typed array, as many 64-bit words each as the largest needs. Millions of
 * weights so lie outside the garbage collector's reach, and none is rounded, however large.
 */
export class BigUintArray {
  readonly #words: BigUint64Array
  readonly #width: number

  constructor(values: readonly bigint[]) {
    let bits = 0n
    for (const value of values) bits |= value
    this.#width = 1
    while (bits >> (WORD_BITS * BigInt(this.#width))) this.#width++
    this.#words = new BigUint64Array(values.length * this.#width)
    let word = 0
    for (const value of values) {
      // A 64-bit array keeps the low 64 bits of what it is given.
      for (let limb = 0; limb < this.#width; limb++) this.#words[word++] = value >> (WORD_BITS * BigInt(limb))
    }
  }

  get length(): number {
    return this.#words.length / this.#width
  }

  /** The value at an index below `length`. */
  at(index: number): bigint {
    let word = (index + 1) * this.#width - 1
    let value = this.#words[word] as bigint
    for (let limb = 1; limb < this.#width; limb++) value = (value << WORD_BITS) | (this.#words[--word] as bigint)
    return value
  }
}
