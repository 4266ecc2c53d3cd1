import { getChannelState } from '../chain/actions/getChannelState.ts'
import { openChannel } from '../chain/actions/openChannel.ts'
import { topUp } from '../chain/actions/topUp.ts'
import { accountOf, type ScripClient } from '../chain/transact.ts'
import { fromHex } from '../channels/bytes.ts'
import type { Channel } from '../channels/Channel.ts'
import { createPayer, type Payer, payers } from '../channels/Payer.ts'
import type { VoucherSigner } from '../channels/signatures.ts'
import { ScripError } from '../errors/ScripError.ts'
import { PAYMENT_HEADER, PAYMENT_PATH, writePaymentHeader } from '../http/headers.ts'
import { readProblem } from '../http/problem.ts'
import type { Quote } from '../http/quote.ts'
import type { Store } from '../store/Store.ts'
import { reach } from './reach.ts'

/** A channel to one peer, in use. */
export type Session = {
  /** Base units a kilobyte; moves with the peer's quote. */
  perKilobyte: bigint
  /** Answers under way that are paid from this channel. */
  active: number
  /** The bytes of a payment of `amount` base units; tops the channel up where its deposit is spent. */
  pay(amount: bigint): Promise<Uint8Array>
  /** Brings a payment to the peer, apart from any request. */
  send(payment: Uint8Array): Promise<void>
  /** Does what a peer's refusal asks for, so that the next payment is taken. @throws the refusal where nothing helps. */
  resolve(problem: ScripError): Promise<void>
}

/** What `openSession` takes. */
export type SessionParameters = {
  client: ScripClient
  signer: VoucherSigner
  store: Store
  /** Somewhere at the peer. */
  url: string
  quote: Quote
  /** Base units to open and to top up the channel with. */
  deposit: bigint
}

/** Goes on with a channel from the store, or opens one. */
export async function openSession(parameters: SessionParameters): Promise<Session> {
  const { client, signer, store, url, quote, deposit } = parameters
  const channel = (await findChannel(parameters)) ?? (await open(parameters))
  const payer = createPayer({ channel, signer, store, tickAmount: quote.perKilobyte })

  const send = async (payment: Uint8Array): Promise<void> => {
    const headers = { [PAYMENT_HEADER]: writePaymentHeader(payment) }
    const answer = await reach(new Request(new URL(PAYMENT_PATH, url), { method: 'POST', headers }))
    if (!answer.ok) await resolve(readProblem(answer.status, await answer.text()))
    else await answer.body?.cancel()
  }

  const resolve = async (problem: ScripError): Promise<void> => {
    switch (problem.code) {
      case 'STALE_PAYMENT':
        return payer.recover(stateOf(problem))
      case 'UNKNOWN_CHANNEL':
      case 'INVALID_TICK':
        return introduce(payer, url)
      case 'PAYMENT_REPLAYED':
        return
      default:
        throw problem
    }
  }

  return {
    perKilobyte: quote.perKilobyte,
    active: 0,
    send,
    resolve,
    pay: async (amount) => {
      try {
        return await payer.pay(amount)
      } catch (error) {
        if (!(error instanceof ScripError) || error.code !== 'DEPOSIT_EXCEEDED') throw error
        const missing = error.values['missing'] as bigint
        const { funded } = await topUp(client, { channel, amount: missing > deposit ? missing : deposit })
        await payer.setFunded(funded)
        return payer.pay(amount)
      }
    },
  }
}

/** Tells the peer all about the channel. @throws the peer's refusal */
async function introduce(payer: Payer, url: string): Promise<void> {
  const headers = { [PAYMENT_HEADER]: writePaymentHeader(await payer.introduction()) }
  const answer = await reach(new Request(new URL(PAYMENT_PATH, url), { method: 'POST', headers }))
  if (answer.ok) await answer.body?.cancel()
  else throw readProblem(answer.status, await answer.text())
}

function stateOf(problem: ScripError): Uint8Array {
  const state = String(problem.values['state'])
  if (!/^0x([0-9a-f]{2})+$/.test(state)) throw new ScripError('PROTOCOL_VIOLATION', { cause: problem })
  return fromHex(state as `0x${string}`)
}

/** A channel of the store that still pays this payee. */
async function findChannel({ client, signer, store, quote }: SessionParameters): Promise<(Channel & { funded: bigint }) | undefined> {
  const payer = accountOf(client).address.toLowerCase()
  for (const { channel, funded } of await store.all(payers)) {
    const fits =
      channel.payer === payer &&
      channel.payee === quote.payee &&
      channel.token === quote.currency &&
      channel.chainId === quote.chainId &&
      channel.contract === quote.contract &&
      channel.signer === signer.address.toLowerCase()
    if (!fits) continue
    const { opened, exitAt, claimed, deposit } = await getChannelState(client, { channelId: channel.id })
    if (opened && exitAt === 0) return { ...channel, funded: claimed + deposit > funded ? claimed + deposit : funded }
  }
  return undefined
}

async function open({ client, signer, quote, deposit }: SessionParameters): Promise<Channel & { funded: bigint }> {
  const { transaction: _, ...channel } = await openChannel(client, {
    payee: quote.payee,
    currency: quote.currency,
    deposit,
    signer,
  })
  if (channel.chainId === quote.chainId && channel.contract === quote.contract) return channel
  throw new ScripError('WRONG_CHAIN', {
    detail: `The peer is paid on chain ${quote.chainId}; the client is on ${channel.chainId}.`,
    values: { expected: quote.chainId, chainId: channel.chainId },
  })
}
