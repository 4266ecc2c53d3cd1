import type { Command } from 'commander'
import { type Hex, parseEventLogs, zeroHash } from 'viem'
import { issuerCurrencyAbi as abi } from '../../abi/issuerCurrency.ts'
import {
  acceptRedemption,
  confirmRedemption,
  disputeRedemption,
  fulfillRedemption,
  type RedemptionParameters,
  settleRedemption,
} from '../../chain/actions/answerRedemption.ts'
import { type Currency, getCurrency } from '../../chain/actions/getCurrency.ts'
import { getRedemption, type Redemption, redemptionStatuses } from '../../chain/actions/getRedemption.ts'
import { redeem } from '../../chain/actions/redeem.ts'
import type { ScripClient, Transaction } from '../../chain/transact.ts'
import { command, run } from '../command.ts'
import { type CommonOptions, connect, connectReader } from '../context.ts'
import { cost, costData, duration, time } from '../output.ts'
import { parseAddress, parseAmount, parseContent, parseWhole } from '../parse.ts'
import { amountOf, inUnit } from '../units.ts'

type Status = Redemption['status']

/** A step: what it sends, and what it leads to. */
type Step = {
  readonly name: string
  readonly description: string
  readonly send: (client: ScripClient, redemption: RedemptionParameters, proofHash: Hex) => Promise<Transaction>
  /** The status after it; settling has the one that the chain tells. */
  readonly status?: Status
}

const steps: readonly Step[] = [
  {
    name: 'accept',
    description: 'take a redemption on: not fulfilling it in time is a default from now on (issuer)',
    send: acceptRedemption,
    status: 'accepted',
  },
  {
    name: 'fulfill',
    description: 'state that the promise was kept (issuer)',
    send: (client, redemption, proofHash) => fulfillRedemption(client, { ...redemption, proofHash }),
    status: 'fulfilled',
  },
  {
    name: 'confirm',
    description: 'agree that the promise was kept (holder)',
    send: confirmRedemption,
    status: 'redeemed',
  },
  {
    name: 'dispute',
    description: 'deny that the promise was kept, on the record; the units are burned all the same (holder)',
    send: disputeRedemption,
    status: 'disputed',
  },
  {
    name: 'settle',
    description: 'end a redemption whose time is over (anybody)',
    send: settleRedemption,
  },
]

/** What a status means for the units, and who is next. */
const meanings: Record<Status, string> = {
  none: 'nobody asked for it',
  requested: 'the issuer accepts it, or the units return',
  accepted: 'the issuer fulfills it, or it is a default and the units return',
  fulfilled: 'the holder confirms or disputes it, or silence confirms it',
  lapsed: 'the issuer never accepted it; the units returned',
  defaulted: 'the issuer accepted it and did not fulfill it; the units returned',
  redeemed: 'the promise was kept; the units are burned',
  disputed: 'the holder denies that the promise was kept; the units are burned',
}

const CONTENT = 'text, @ and a file, or the hash itself: 0x and 64 digits; only the hash goes on chain'

/** The commands of `scrip currency` that redeem. */
export function redemptionCommands(): Command[] {
  return [
    command('redeem', 'hand units back for what the issuer promised; they are locked until it is decided')
      .argument('<currency>', 'its address')
      .argument('<amount>', "in the currency's own unit, as in 12.5")
      .argument('<terms>', `what you ask for: ${CONTENT}`)
      .action(run(request)),
    ...steps.map((step) => {
      const created = command(step.name, step.description)
        .argument('<currency>', 'its address')
        .argument('<id>', 'the number of the redemption')
      if (step.name === 'fulfill') created.argument('<proof>', `the evidence: ${CONTENT}`)
      return created.action(run((options, ...words) => take(step, options, ...words)))
    }),
    command('redemption', 'show how far a redemption is')
      .argument('<currency>', 'its address')
      .argument('<id>', 'its number')
      .action(run(show)),
  ]
}

async function request(options: CommonOptions, name = '', amount = '', content = '') {
  const address = parseAddress(name, 'currency')
  const termsHash = parseContent(content, 'terms')
  const client = await connect(options)
  const currency = await getCurrency(client, { currency: address })
  const units = parseAmount(amount, currency.decimals)
  const { id, ...transaction } = await inUnit(currency, () =>
    redeem(client, { currency: address, amount: units, termsHash }),
  )
  const holder = client.account.address
  return {
    lines: [
      headline(id, { amount: units, holder, status: 'requested' }, currency),
      `  ${meanings.requested}, within ${duration(currency.redemptionWindow)}`,
      `  terms ${termsHash}`,
      cost(transaction),
    ],
    data: { currency: address, id, holder, amount: units, termsHash, status: 'requested', ...paid(transaction) },
  }
}

async function take(step: Step, options: CommonOptions, name = '', number = '', content?: string) {
  const address = parseAddress(name, 'currency')
  const id = BigInt(parseWhole(number, 'id'))
  const proofHash = content === undefined ? undefined : parseContent(content, 'proof')
  const client = await connect(options)
  const currency = await getCurrency(client, { currency: address })
  // What is known before is enough to say what happened: a node may show what was just mined a little later.
  const { holder, amount, deadline } = await getRedemption(client, { currency: address, id })
  const transaction = await step.send(client, { currency: address, id }, proofHash ?? zeroHash)
  const status = step.status ?? closedAs(transaction)
  const until = {
    accepted: `, until ${time(deadline)}`,
    fulfilled: `, within ${duration(currency.redemptionWindow)}`,
  }
  return {
    lines: [
      headline(id, { amount, holder, status }, currency),
      `  ${meanings[status]}${until[status as keyof typeof until] ?? ''}`,
      ...(proofHash === undefined ? [] : [`  proof ${proofHash}`]),
      cost(transaction),
    ],
    data: { currency: address, id, holder, amount, ...(proofHash && { proofHash }), status, ...paid(transaction) },
  }
}

async function show(options: CommonOptions, name = '', number = '') {
  const address = parseAddress(name, 'currency')
  const id = BigInt(parseWhole(number, 'id'))
  const client = await connectReader(options)
  const currency = await getCurrency(client, { currency: address })
  const redemption = await getRedemption(client, { currency: address, id })
  const { status, deadline, termsHash } = redemption
  const isOpen = ['requested', 'accepted', 'fulfilled'].includes(status)
  return {
    lines: [
      headline(id, redemption, currency),
      `  ${meanings[status]}${isOpen ? `, until ${time(deadline)}` : ''}`,
      `  terms ${termsHash}`,
    ],
    data: { currency: address, id, ...redemption },
  }
}

function headline(id: bigint, redemption: Pick<Redemption, 'amount' | 'holder' | 'status'>, currency: Currency) {
  const { amount, holder, status } = redemption
  return `Redemption ${id}: ${amountOf(amount, currency)} of ${holder}, ${status}`
}

/** How a transaction ended a redemption. */
function closedAs({ receipt }: Transaction): Status {
  const [event] = parseEventLogs({ abi, eventName: 'RedemptionClosed', logs: receipt.logs })
  return redemptionStatuses[event?.args.status ?? 0] ?? 'none'
}

function paid(transaction: Transaction) {
  return { transaction: costData(transaction) }
}
