import { type Command, Option } from 'commander'
import { getChainId } from 'viem/actions'
import { recordReceipt } from '../../chain/actions/recordReceipt.ts'
import { recordReceipts, type SkippedReceipt } from '../../chain/actions/recordReceipts.ts'
import { setReceiptSigner } from '../../chain/actions/setReceiptSigner.ts'
import { signReceipt } from '../../chain/actions/signReceipt.ts'
import { verifyReceipt } from '../../chain/actions/verifyReceipt.ts'
import type { Receipt, SignedReceipt } from '../../chain/Receipt.ts'
import { ScripError } from '../../errors/ScripError.ts'
import { writeMessage } from '../../http/gatewayMessages.ts'
import { command, networkOption, run } from '../command.ts'
import { type AccountClient, type CommonOptions, connect } from '../context.ts'
import { isSame, readNetwork } from '../network.ts'
import { cost, costData, type Output, time } from '../output.ts'
import { parseAddress, parseNetwork, parseWhole } from '../parse.ts'
import { type ReceiptFile, readReceipt } from '../signedReceipt.ts'

type Side = 'consumer' | 'provider'
type SideOptions = CommonOptions & { as?: Side }
type SignOptions = SideOptions & { network: string }
type SignerOptions = CommonOptions & { validFor: string }

const MOST_COUNT = 2 ** 32 - 1
const MONTH = 30 * 24 * 3600
const MOST_SECONDS = 10 * 365 * 24 * 3600

/** The commands of `scrip history` by which two peers state what one served, without having been paid through a channel. */
export function receiptCommands(): Command[] {
  return [
    command('sign-receipt', 'sign what one peer served to another in all, and print it')
      .argument('<consumer>', 'address')
      .argument('<provider>', 'address')
      .argument('<served>', 'the total ever, as `scrip history edge` writes it')
      .argument('<count>', 'in how many times')
      .addOption(networkOption())
      .addOption(sideOption())
      .action(run<SignOptions>(sign)),
    command('co-sign', 'check what the other peer signed, sign it as well, and print it')
      .argument('<receipt>', 'a file of what was printed, or - for what is piped in')
      .addOption(sideOption())
      .action(run<SideOptions>(coSign)),
    command('record', 'bring receipts to the chain that both peers signed')
      .argument('<receipts...>', 'files of what was printed, or - for what is piped in')
      .action(run(record)),
    command('receipt-signer', 'let a key, an agent’s say, sign your receipts')
      .argument('<signer>', 'its address')
      .option('--valid-for <seconds>', 'from now on; 0 ends it', `${MONTH}`)
      .action(run<SignerOptions>(letSign)),
  ]
}

function sideOption(): Option {
  return new Option('--as <side>', 'for whom you sign, where your key is an agent’s').choices(['consumer', 'provider'])
}

async function sign(options: SignOptions, from = '', to = '', total = '', times = '') {
  const networkId = parseNetwork(options)
  const [consumer, provider] = [parseAddress(from, 'consumer'), parseAddress(to, 'provider')]
  const count = parseWhole(times, 'count', MOST_COUNT)
  const client = await connect(options)
  const network = await readNetwork(client, networkId)
  const receipt = { networkId, consumer, provider, served: network.parse(total, 'served'), count }
  const side = options.as ?? sideOf(client, receipt)
  return printed(await withSignature(client, { kind: 'receipt', chainId: await getChainId(client), ...receipt }, side))
}

async function coSign(options: SideOptions, source = '') {
  const receipt = await readReceipt(source)
  const client = await connect({ ...options, chainId: `${receipt.chainId}` })
  const side = options.as ?? sideOf(client, receipt)
  await requireSignature(client, receipt, side === 'consumer' ? 'provider' : 'consumer')
  return printed(await withSignature(client, receipt, side))
}

async function record(options: CommonOptions, sources: string[] = []) {
  const receipts = await Promise.all(sources.map(readReceipt))
  const [first] = receipts
  const client = await connect({ ...options, ...(first && { chainId: `${first.chainId}` }) })
  const signed: SignedReceipt[] = []
  for (const receipt of receipts) {
    const [consumerSig, providerSig] = [signatureOf(receipt, 'consumer'), signatureOf(receipt, 'provider')]
    signed.push({ receipt, consumerSig, providerSig })
  }
  const [only] = signed
  const alone = signed.length === 1 && only !== undefined
  const { skipped, ...transaction } = alone
    ? { skipped: [] as SkippedReceipt[], ...(await recordReceipt(client, { signed: only })) }
    : await recordReceipts(client, { signed })
  const reasons = new Map(skipped.map((one) => [one.signed, one.reason]))
  const rows = signed.map((one) => ({ ...one.receipt, skipped: reasons.get(one) }))
  return {
    lines: [
      ...rows.map(({ consumer, provider, skipped: reason }) =>
        reason === undefined
          ? `Recorded what ${provider} and ${consumer} state.`
          : `Skipped what ${provider} and ${consumer} state: ${reason}.`,
      ),
      cost(transaction),
    ],
    data: {
      recorded: rows.filter((row) => row.skipped === undefined).map(statement),
      skipped: rows.flatMap((row) => (row.skipped === undefined ? [] : [{ ...statement(row), reason: row.skipped }])),
      transaction: costData(transaction),
    },
  }
}

async function letSign(options: SignerOptions, name = '') {
  const signer = parseAddress(name, 'signer')
  const seconds = parseWhole(options.validFor, 'valid-for', MOST_SECONDS)
  const validUntil = seconds === 0 ? 0 : Math.floor(Date.now() / 1_000) + seconds
  const client = await connect(options)
  const transaction = await setReceiptSigner(client, { signer, validUntil })
  const line =
    validUntil === 0
      ? `${signer} signs your receipts no more.`
      : `${signer} signs your receipts until ${time(validUntil)}; record them by then.`
  return { lines: [line, cost(transaction)], data: { signer, validUntil, transaction: costData(transaction) } }
}

/** Which of the two peers the account is. @throws `INVALID_ARGUMENT` */
function sideOf({ account: { address } }: AccountClient, { consumer, provider }: Receipt): Side {
  if (isSame(address, consumer)) return 'consumer'
  if (isSame(address, provider)) return 'provider'
  throw new ScripError('INVALID_ARGUMENT', {
    detail: `${address} is neither the consumer nor the provider.`,
    hint: 'Use the key of one of them; with a key that one of them lets sign, say for whom: --as consumer or provider.',
    values: { account: address, consumer, provider },
  })
}

async function withSignature(client: AccountClient, receipt: ReceiptFile, side: Side): Promise<ReceiptFile> {
  const signature = await signReceipt(client, { receipt })
  const signed = { ...receipt, [side === 'consumer' ? 'consumerSig' : 'providerSig']: signature }
  await requireSignature(client, signed, side)
  return signed
}

/** @throws `INVALID_ARGUMENT` where it would not count */
async function requireSignature(client: AccountClient, receipt: ReceiptFile, by: Side): Promise<void> {
  const signature = signatureOf(receipt, by)
  if (await verifyReceipt(client, { receipt, by, signature })) return
  throw new ScripError('INVALID_ARGUMENT', {
    detail: `The signature for the ${by} ${receipt[by]} is not the ${by}’s, nor of a key that it lets sign.`,
    hint: 'Let it sign just this receipt, or let the key sign with `scrip history receipt-signer`.',
    values: { [by]: receipt[by], signature },
  })
}

function signatureOf(receipt: ReceiptFile, by: Side) {
  const signature = by === 'consumer' ? receipt.consumerSig : receipt.providerSig
  if (signature !== undefined) return signature
  throw new ScripError('INVALID_ARGUMENT', {
    detail: `The ${by} ${receipt[by]} did not sign.`,
    hint: 'Let it sign with `scrip history co-sign`.',
    values: { [by]: receipt[by] },
  })
}

function statement({ networkId, consumer, provider, served, count }: Receipt): Receipt {
  return { networkId, consumer, provider, served, count }
}

/** What was signed is data, whoever reads it. */
function printed(receipt: ReceiptFile): Output {
  return { lines: [writeMessage(receipt)], data: receipt }
}
