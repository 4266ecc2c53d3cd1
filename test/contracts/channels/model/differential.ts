import { paymentChannelsAbi } from '@scrip/sdk/abi'
import { type Step, text } from './calls.ts'
import type { Chain, Observed } from './chain.ts'
import { createGenerator, functionNames, type Tally } from './generate.ts'
import { createModel, errorName, type Model, type Outcome } from './model.ts'
import { createRandom } from './random.ts'

/** Every function and every error comes up this often, or the run proves too little. */
const ENOUGH = 100

/** How the contract and its model went apart in the last of some steps. */
type Failure = { steps: Step[]; differences: string[] }

/** What the run came to. */
export type Report = { sequences: number; steps: number; succeeded: number; tally: Tally; failure?: Failure }

const modelOf = ({ contract, domain, signatures, tokens }: Chain) =>
  createModel({ contract, domain, isSigned: signatures.isSigned, tokens })

/** Takes a step on both sides and says where they differ. */
async function take(chain: Chain, model: Model, step: Step): Promise<{ observed: Observed; differences: string[] }> {
  const before = model.books
  const expected =
    'token' in step
      ? model.transactOnToken(step.from, step.token, step.call)
      : model.transact(step.from, step.at, step.call)
  const observed = await chain.carryOut(step)
  const differences = compare(expected, observed)
  if (differences.length === 0 && model.books !== before) differences.push(...(await chain.differences(model, before)))
  return { observed, differences }
}

function compare(expected: Outcome, observed: Observed): string[] {
  if ('refusals' in expected) {
    if ('refusal' in observed && expected.refusals.includes(observed.refusal)) return []
    return [`the model refuses with ${expected.refusals.join(' or ')}, the contract ${summary(observed)}`]
  }
  if ('refusal' in observed) return [`the contract ${summary(observed)}, the model does not`]
  const differences: string[] = []
  const result = text(expected.result ?? '')
  if (observed.result !== result) differences.push(`the contract returns ${observed.result}, the model ${result}`)
  const events = expected.events.map((texts) => texts.join(' or '))
  const fit =
    observed.events.length === events.length && observed.events.every((event, i) => expected.events[i]?.includes(event))
  if (!fit) differences.push(`the contract emits ${text(observed.events)}, the model ${text(events)}`)
  return differences
}

const summary = (observed: Observed) =>
  'refusal' in observed ? `refuses with ${observed.refusal}` : `returns ${observed.result || 'nothing'}`

/** Takes steps from untouched books until the sides differ, if they do. */
async function replay(chain: Chain, steps: readonly Step[]): Promise<Failure | undefined> {
  await chain.restart()
  const model = modelOf(chain)
  for (const [i, step] of steps.entries()) {
    const { differences } = await take(chain, model, step)
    if (differences.length > 0) return { steps: steps.slice(0, i + 1), differences }
  }
  return atTheEnd(chain, model, [...steps])
}

/** Looks at all books, and not only at those that should have changed. */
async function atTheEnd(chain: Chain, model: Model, steps: Step[]): Promise<Failure | undefined> {
  const differences = await chain.differences(model)
  return differences.length > 0 ? { steps, differences } : undefined
}

/** Leaves out what the failure does not need. */
async function shrink(chain: Chain, failure: Failure): Promise<Failure> {
  let smallest = failure
  for (let left = smallest.steps.length - 2; left >= 0; left--) {
    const shorter = await replay(
      chain,
      smallest.steps.filter((_, i) => i !== left),
    )
    if (shorter !== undefined) {
      smallest = shorter
      left = Math.min(left, smallest.steps.length - 1)
    }
  }
  return smallest
}

/** Runs random sequences until one shows a difference, and counts what they reached. */
export async function runSequences(chain: Chain, seed: number, sequences: number): Promise<Report> {
  const tally: Tally = { functions: new Map(), errors: new Map() }
  const report: Report = { sequences: 0, steps: 0, succeeded: 0, tally }
  for (; report.sequences < sequences; report.sequences++) {
    const random = createRandom(seed + report.sequences * 0x9e3779b1)
    await chain.restart()
    const model = modelOf(chain)
    const generator = createGenerator(chain, model, random, tally)
    const steps: Step[] = []
    for (let left = random.between(2, 18); left > 0; left--) {
      const step = generator.next()
      steps.push(step)
      const { observed, differences } = await take(chain, model, step)
      if (differences.length > 0) return { ...report, failure: await shrink(chain, { steps, differences }) }
      if ('token' in step) continue
      report.steps++
      if ('refusal' in observed) count(tally.errors, errorName(observed.refusal))
      else {
        report.succeeded++
        count(tally.functions, step.call.name)
        generator.succeeded(step)
      }
    }
    const failure = await atTheEnd(chain, model, steps)
    if (failure !== undefined) return { ...report, failure: await shrink(chain, failure) }
  }
  return report
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

const errorNames = [
  ...new Set(paymentChannelsAbi.filter((item) => item.type === 'error').map(({ name }) => name as string)),
]
/** What the libraries may revert with; the interface does not name them. */
const ofLibraries = /^(Address|SafeERC20|InvalidShortString|StringTooLong|ReentrancyGuard|FailedCall|FailedInner)/

/** What is wanted of a run and missing: functions that succeeded and errors that came up too seldom. */
export function missing({ steps, succeeded, tally }: Report): string[] {
  const errors = errorNames.filter((name) => !ofLibraries.test(name))
  const rare = [
    ...functionNames.map((name) => [name, tally.functions.get(name) ?? 0] as const),
    ...errors.map((name) => [name, tally.errors.get(name) ?? 0] as const),
  ].filter(([, times]) => times < ENOUGH)
  const lacks = rare.map(([name, times]) => `${name} ${times} times, not ${ENOUGH}`)
  if (succeeded * 2 < steps) lacks.push(`${succeeded} of ${steps} steps succeeded, not half`)
  return lacks
}

/** The table of a run. */
export function table({ sequences, steps, succeeded, tally }: Report): string {
  const rows = (counts: ReadonlyMap<string, number>) =>
    [...counts]
      .sort(([, one], [, other]) => one - other)
      .map(([name, times]) => `${name.padEnd(32)}${String(times).padStart(6)}`)
  return [
    `${sequences} sequences, ${steps} steps, ${succeeded} succeeded`,
    '',
    'function, succeeded',
    ...rows(tally.functions),
    '',
    'error',
    ...rows(tally.errors),
  ].join('\n')
}

/** A failure as a list of steps that anybody can follow, accounts by their names where they have one. */
export function story({ steps, differences }: Failure, chain: Chain): string {
  const names = new Map<string, string>([
    ...chain.actors.map(({ address, name }) => [address, name] as const),
    [chain.agent.address, chain.agent.name],
    ...[...chain.tokens].map(([address, { kind }]) => [address, kind] as const),
    [chain.contract, 'channels'],
  ])
  const lines = steps.map(({ at, from, call, ...rest }) => {
    const { name, ...what } = call
    const on = 'token' in rest ? `${rest.token}.` : ''
    return `at +${at - chain.startsAt} s, ${from}: ${on}${name} ${text(Object.values(what))}`
  })
  let story = [...lines, ...differences.map((difference) => `→ ${difference}`)].join('\n')
  for (const [address, name] of names) story = story.replaceAll(address, name)
  return story
}
