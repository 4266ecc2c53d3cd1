import { randomInt } from 'node:crypto'
import { Graph } from '@scrip/sdk/reputation'
import { expect } from 'chai'
import { network } from 'hardhat'
import { amountsOf } from '../../sdk/reputation/support/oracle.ts'
import { deployContracts } from '../../support/contracts.ts'
import { settleGraph } from '../../support/settledGraph.ts'
import { createRandom } from '../channels/model/random.ts'
import { answersOf, batchOf, callOf } from './model/calls.ts'
import { type Community, judge, maxFlowOf, type Proof } from './model/model.ts'
import { type Field, fields } from './model/mutate.ts'
import { someCertificate, someCommunity, someQuestion, someWitness } from './model/proofs.ts'

/** `SCRIP_TEST=deep` runs longer, from a new seed each time; `SCRIP_SEED` sets the seed. */
const deep = process.env['SCRIP_TEST'] === 'deep'
const seed = Number(process.env['SCRIP_SEED'] ?? (deep ? randomInt(2 ** 32) : 0x5c1b))
const mutations = deep ? 200_000 : 10_000

const COMMUNITIES = 8
const AT_ONCE = 250
const MAX_EPOCH = 2 ** 32

const { ethers } = await network.create()

describe('FlowVerifier and its model', () => {
  const random = createRandom(seed)
  const communities = new Map<bigint, Community>()
  const graphs = new Map<bigint, Graph>()
  let ask: (calls: string[]) => Promise<(bigint | undefined)[]>
  let encode: (proof: Proof) => string

  before(async () => {
    const contracts = await deployContracts(ethers)
    const { verifier, history } = contracts
    for (let number = 0; number < COMMUNITIES; number++) {
      const edges = someCommunity(random)
      const settled = edges.map(([from, to, amount]) => [from, to, BigInt(amount)] as const)
      const { networkId } = await settleGraph(ethers, contracts, settled)
      communities.set(networkId, { amounts: amountsOf(edges), epoch: 0 })
      graphs.set(networkId, Graph.fromEdges(edges))
    }
    // Epochs went by while the others settled.
    for (const [networkId, { amounts }] of communities) {
      communities.set(networkId, { amounts, epoch: Number((await history.network(networkId)).epoch) })
    }
    const batch = await ethers.deployContract('ProofBatch')
    const [to, target] = [await batch.getAddress(), await verifier.getAddress()]
    const run = batch.getFunction('run').fragment.selector
    ask = async (calls) => {
      const data = batchOf(run, target, calls)
      return answersOf(await ethers.provider.send('eth_call', [{ to, data, gas: '0x1c9c380' }, 'latest']))
    }
    const selectors = {
      witness: verifier.lowerBound.fragment.selector,
      certificate: verifier.upperBound.fragment.selector,
    }
    encode = (proof) => callOf(selectors, proof)
  })

  const someProof = (kind: Proof['kind']): Proof => {
    const question = someQuestion(random, communities)
    return kind === 'witness'
      ? someWitness(random, graphs, question)
      : someCertificate(random, communities, graphs, question)
  }

  const known = new Map<string, bigint>()
  const trueFlow = ({ networkId, sources, target }: Proof): bigint => {
    const key = [networkId, ...sources, target].join()
    const found = known.get(key) ?? maxFlowOf(communities.get(networkId) as Community, sources, target)
    known.set(key, found)
    return found
  }

  /** That the contract says of each proof what the model says, and of none what is not so. Returns how many it accepted. */
  const compare = async (proofs: Proof[]): Promise<number> => {
    let accepted = 0
    const parts = Array.from({ length: Math.ceil(proofs.length / AT_ONCE) }, (_, part) =>
      proofs.slice(part * AT_ONCE, (part + 1) * AT_ONCE),
    )
    const all = await Promise.all(parts.map((part) => ask(part.map(encode))))
    for (const [place, part] of parts.entries()) {
      for (const [index, proof] of part.entries()) {
        const [answer, expected] = [all[place]?.[index], judge(communities, proof)]
        if (answer !== expected) expect.fail(`${answer} and not ${expected}: ${show(proof)}`)
        if (answer === undefined) continue
        accepted++
        const flow = trueFlow(proof)
        const isTrue = proof.kind === 'witness' ? answer <= flow : answer >= flow
        if (!isTrue) expect.fail(`${answer} is not a bound of ${flow}: ${show(proof)}`)
      }
    }
    return accepted
  }

  const fieldsOfBoth = 'networkId epoch sources target edges from to amount'

  it(`agree on proofs as the SDK makes them, and on any other cut (SCRIP_SEED=${seed})`, async function () {
    this.timeout(0)
    for (const kind of ['witness', 'certificate'] as const) {
      const proofs = Array.from({ length: 1_000 }, () => someProof(kind))
      expect(await compare(proofs)).to.equal(proofs.length)
    }
  })

  for (const [kind, names] of [
    ['witness', fieldsOfBoth],
    ['certificate', `${fieldsOfBoth} side sourceSide`],
  ] as const) {
    for (const field of names.split(' ') as Field[]) {
      it(`agree on ${mutations} proofs by ${kind} with another ${field}`, async function () {
        this.timeout(0)
        const proofs: Proof[] = []
        while (proofs.length < mutations) {
          const proof = someProof(kind)
          const before = show(proof)
          fields[field](random, proof)
          if (proof.epoch < 0 || proof.epoch >= MAX_EPOCH || show(proof) === before) continue
          proofs.push(proof)
        }
        const accepted = await compare(proofs)
        console.log(`      ${accepted} accepted`)
        // These have one right value; of all else some changes leave a sound proof.
        expect(accepted > 0).to.equal(!['networkId', 'epoch', 'sourceSide'].includes(field))
      })
    }
  }

  it('agree that a word with a bit too many is nothing', async function () {
    this.timeout(0)
    const calls: string[] = []
    while (calls.length < mutations / 10) {
      const proof = someProof('witness')
      if (proof.edges.length === 0) continue
      const data = encode(proof)
      // The edges come last, three words each: an address has 160 bits, an amount 96.
      const word = random.between(0, 3 * proof.edges.length - 1)
      const bits = word % 3 === 2 ? 96 : 160
      const place = data.length - 64 * (3 * proof.edges.length - word)
      const value = BigInt(`0x${data.slice(place, place + 64)}`) | (1n << BigInt(random.between(bits, 255)))
      calls.push(data.slice(0, place) + value.toString(16).padStart(64, '0') + data.slice(place + 64))
    }
    for (let from = 0; from < calls.length; from += AT_ONCE) {
      const answers = await ask(calls.slice(from, from + AT_ONCE))
      expect(answers.filter((answer) => answer !== undefined)).to.deep.equal([])
    }
  })
})

function show(proof: Proof): string {
  return JSON.stringify(proof, (_, value) => (typeof value === 'bigint' ? `${value}` : value))
}
