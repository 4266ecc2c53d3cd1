import type { FlowEdge } from '@scrip/sdk/reputation'
import type { Proof } from './model.ts'

/** ABI encoding by hand: libraries take several times as long as the contract. */
type Value = bigint | number | string

const word = (value: Value): string =>
  typeof value === 'string' ? value.slice(2).padStart(64, '0') : value.toString(16).padStart(64, '0')

const listOf = (words: readonly Value[], count: number): string => word(count) + words.map(word).join('')

const edgesOf = (edges: readonly FlowEdge[]): string =>
  listOf(
    edges.flatMap(({ from, to, amount }) => [from, to, amount]),
    edges.length,
  )

/** The arguments of a call: single words, and lists, which come after them. */
function encode(selector: string, parameters: readonly (Value | { list: string })[]): string {
  let head = ''
  let tail = ''
  for (const parameter of parameters) {
    if (typeof parameter === 'object') {
      head += word(32 * parameters.length + tail.length / 2)
      tail += parameter.list
    } else head += word(parameter)
  }
  return selector + head + tail
}

/** The call that has a proof checked. */
export function callOf(selectors: Record<Proof['kind'], string>, proof: Proof): string {
  const { networkId, epoch, sources, target, kind } = proof
  const question = [networkId, epoch, { list: listOf(sources, sources.length) }, target]
  const edges = { list: edgesOf(proof.edges) }
  if (kind === 'witness') return encode(selectors.witness, [...question, edges])
  const side = { list: listOf(proof.side, proof.side.length) }
  return encode(selectors.certificate, [...question, side, Number(proof.sourceSide), edges])
}

/** `ProofBatch.run(target, calls)`. */
export function batchOf(selector: string, target: string, calls: readonly string[]): string {
  let offsets = ''
  let bodies = ''
  for (const call of calls) {
    const data = call.slice(2)
    offsets += word(32 * calls.length + bodies.length / 2)
    bodies += word(data.length / 2) + data.padEnd(64 * Math.ceil(data.length / 64), '0')
  }
  return encode(selector, [target, { list: word(calls.length) + offsets + bodies }])
}

/** What `ProofBatch.run` returned: for each call a value, or nothing where it was refused. */
export function answersOf(result: string): (bigint | undefined)[] {
  const at = (index: number): bigint => BigInt(`0x${result.slice(2 + 64 * index, 66 + 64 * index)}`)
  const count = Number(at(2))
  return Array.from({ length: count }, (_, index) => (at(3 + index) === 1n ? at(4 + count + index) : undefined))
}
