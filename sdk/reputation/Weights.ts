const WORD_BITS = 64n

/**
 * A list of non-negative integers in typed arrays: exact, as many 64-bit words each as the largest needs, and beside that
 * rounded to floating point. Millions of weights so lie outside the garbage collector's reach, and none is lost, however large.
 */
export class Weights {
  /** Each value as the nearest floating point number, for scores, which are rounded anyway. */
  rounded: Float64Array
  #words: BigUint64Array
  #width: number
  /** What the width holds, and one more. */
  #limit = 1n << WORD_BITS

  /**
   * All 0.
   * @param width How many words each value has at first; 0 keeps the rounded ones alone, for ever.
   */
  constructor(length: number, width: 0 | 1 = 1) {
    this.rounded = new Float64Array(length)
    this.#words = new BigUint64Array(length * width)
    this.#width = width
  }

  /** The value at an index below the length. */
  at(index: number): bigint {
    let word = (index + 1) * this.#width - 1
    let value = this.#words[word] as bigint
    for (let limb = 1; limb < this.#width; limb++) value = (value << WORD_BITS) | (this.#words[--word] as bigint)
    return value
  }

  set(index: number, value: bigint): void {
    this.rounded[index] = Number(value)
    if (this.#width === 0) return
    while (value >= this.#limit) this.#widen()
    const word = index * this.#width
    this.#words[word] = value
    // A 64-bit array keeps the low 64 bits of what it is given.
    for (let limb = 1; limb < this.#width; limb++) this.#words[word + limb] = value >> (WORD_BITS * BigInt(limb))
  }

  /** Another length: at the end, values are lost or zeros added. */
  resize(length: number): void {
    const rounded = new Float64Array(length)
    rounded.set(this.rounded.subarray(0, length))
    this.rounded = rounded
    const words = new BigUint64Array(length * this.#width)
    words.set(this.#words.subarray(0, words.length))
    this.#words = words
  }

  /** Copies the values from `start` up to `end` to `target`, as typed arrays do. */
  copyWithin(target: number, start: number, end: number): void {
    this.rounded.copyWithin(target, start, end)
    this.#words.copyWithin(target * this.#width, start * this.#width, end * this.#width)
  }

  #widen(): void {
    const words = new BigUint64Array(this.rounded.length * (this.#width + 1))
    for (let index = 0; index < this.rounded.length; index++) {
      const from = index * this.#width
      words.set(this.#words.subarray(from, from + this.#width), from + index)
    }
    this.#words = words
    this.#width++
    this.#limit <<= WORD_BITS
  }
}
