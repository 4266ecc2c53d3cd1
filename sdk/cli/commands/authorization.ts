import { Command } from 'commander'
import { getChainId } from 'viem/actions'
import { cancelAuthorization } from '../../chain/actions/cancelAuthorization.ts'
import { getCurrency } from '../../chain/actions/getCurrency.ts'
import { permit } from '../../chain/actions/permit.ts'
import { signPermit } from '../../chain/actions/signPermit.ts'
import { signTransferAuthorization } from '../../chain/actions/signTransferAuthorization.ts'
import { useTransferAuthorization } from '../../chain/actions/useTransferAuthorization.ts'
import { ScripError } from '../../errors/ScripError.ts'
import { writeMessage } from '../../http/gatewayMessages.ts'
import { command, run } from '../command.ts'
import { type CommonOptions, connect } from '../context.ts'
import { isSame } from '../network.ts'
import { cost, costData, type Output } from '../output.ts'
import { parseAddress, parseAmount, parseFee, parseWhole } from '../parse.ts'
import { readSigned, type Signed } from '../signedFile.ts'
import { amountOf, inUnit } from '../units.ts'

type SignOptions = CommonOptions & { validFor: string }
type TransferOptions = SignOptions & { receiveOnly?: boolean }

const HOUR = 3_600
const MOST_SECONDS = 10 * 365 * 24 * HOUR

/** `scrip authorization`: what a holder signs, and who has it brings to the chain. */
export function authorizationCommand(): Command {
  const group = new Command('authorization').description('sign transfers and approvals that others bring to the chain')
  const signing = (name: string, description: string, who: string, whom: string) =>
    command(name, description)
      .argument('<currency>', 'its address')
      .argument(who, whom)
      .argument('<amount>', "in the currency's own unit, as in 12.5")
      .option('--valid-for <seconds>', 'how long it can be used', `${HOUR}`)
  group.addCommand(
    signing('transfer', 'sign a transfer of yours (ERC-3009), and print it', '<to>', 'address')
      .option('--receive-only', 'let only the recipient use it')
      .action(run<TransferOptions>(signTransfer)),
  )
  group.addCommand(
    signing(
      'permit',
      'sign an approval of yours (ERC-2612), and print it',
      '<spender>',
      'who may take the amount',
    ).action(run<SignOptions>(signApproval)),
  )
  group.addCommand(
    command('use', 'bring to the chain what somebody signed')
      .argument('<signed>', 'a file of what was printed, or - for what is piped in')
      .action(run(use)),
  )
  group.addCommand(
    command('cancel', 'make a transfer worthless that you signed and nobody used')
      .argument('<signed>', 'a file of what was printed, or - for what is piped in')
      .action(run(cancel)),
  )
  return group
}

async function signTransfer(options: TransferOptions, name = '', recipient = '', amount = '') {
  const currency = parseAddress(name, 'currency')
  const to = parseAddress(recipient, 'to')
  const validBefore = timeIn(options)
  const client = await connect(options)
  const { decimals } = await getCurrency(client, { currency })
  const value = parseAmount(amount, decimals)
  const receiveOnly = options.receiveOnly ?? false
  const signed = await signTransferAuthorization(client, { currency, to, value, validBefore, receiveOnly })
  return printed({ kind: 'transfer', chainId: await getChainId(client), currency, ...signed })
}

async function signApproval(options: SignOptions, name = '', whom = '', amount = '') {
  const currency = parseAddress(name, 'currency')
  const spender = parseAddress(whom, 'spender')
  const deadline = timeIn(options)
  const client = await connect(options)
  const { decimals } = await getCurrency(client, { currency })
  // Nothing takes an approval back.
  const value = parseFee(amount, decimals, 'amount')
  const signed = await signPermit(client, { currency, spender, value, deadline })
  return printed({ kind: 'permit', chainId: await getChainId(client), currency, ...signed })
}

function timeIn({ validFor }: SignOptions): bigint {
  return BigInt(Math.floor(Date.now() / 1_000) + parseWhole(validFor, 'valid-for', MOST_SECONDS))
}

/** What was signed is data, whoever reads it. */
function printed(signed: Signed): Output {
  return { lines: [writeMessage(signed)], data: signed }
}

async function use(options: CommonOptions, source = '') {
  const signed = await readSigned(source)
  const { currency, value } = signed
  const client = await connect({ ...options, chainId: `${signed.chainId}` })
  const terms = await getCurrency(client, { currency })
  const transaction = await inUnit(terms, () =>
    signed.kind === 'permit'
      ? permit(client, { currency, permit: signed })
      : useTransferAuthorization(client, { currency, authorization: signed }),
  )
  const line =
    signed.kind === 'permit'
      ? `${signed.spender} may take up to ${amountOf(value, terms)} from ${signed.owner}.`
      : `Moved ${amountOf(value, terms)} from ${signed.from} to ${signed.to}.`
  return { lines: [line, cost(transaction)], data: { ...signed, transaction: costData(transaction) } }
}

async function cancel(options: CommonOptions, source = '') {
  const signed = await readSigned(source)
  if (signed.kind === 'permit') {
    throw new ScripError('INVALID_ARGUMENT', {
      detail: 'A permit is not cancelled: the next one of its owner that is used makes it worthless.',
      hint: 'Sign a permit for 0 with `scrip authorization permit`, and use it.',
    })
  }
  const { currency, nonce, from } = signed
  const client = await connect({ ...options, chainId: `${signed.chainId}` })
  if (!isSame(from, client.account.address)) {
    throw new ScripError('INVALID_ARGUMENT', {
      detail: `It was signed by ${from}, not by ${client.account.address}.`,
      hint: 'Only who signed it can cancel it: use the key of the first address.',
      values: { from, account: client.account.address },
    })
  }
  const transaction = await cancelAuthorization(client, { currency, nonce })
  return {
    lines: ['It is worthless from now on.', cost(transaction)],
    data: { currency, nonce, from, transaction: costData(transaction) },
  }
}
