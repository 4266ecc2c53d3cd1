import { privateKeySigner, type VoucherSigner } from '@scrip/sdk/channels'
import {
  type Agreement,
  agreementDigest,
  type Offer,
  offerDigest,
  type Proposal,
  type SignedOffer,
  termsFor,
} from '@scrip/sdk/market'
import type { Address, Hex } from 'viem'
import { generatePrivateKey } from 'viem/accounts'

export const CURRENCY: Address = `0x${'cc'.repeat(20)}`
export const NOW = 1_800_000_000
const WEEK = 7 * 86_400

export const newSigner = () => privateKeySigner(generatePrivateKey())

export function newHash(): Hex {
  return generatePrivateKey()
}

/** The offer of the paper, changed where a test cares. */
export function offerOf({ address }: VoucherSigner, changes: Partial<Offer> = {}): Offer {
  return {
    chainId: 31_337,
    contract: `0x${'ab'.repeat(20)}`,
    seller: address,
    resource: 'storage',
    capacity: 2 ** 30,
    blockBytes: 2 ** 20,
    blockSeconds: 2 * WEEK,
    prices: [{ currency: CURRENCY, block: 10n, perKilobyteWritten: 1n, perKilobyteRead: 4n, perLeaf: 1n }],
    minBytes: 1,
    maxBytes: 2 ** 30,
    minSeconds: 60,
    maxSeconds: 52 * WEEK,
    mostLeaves: 32,
    answerSeconds: 60,
    issuedAt: NOW,
    expiresAt: NOW + 86_400,
    endpoints: ['https://storage.example'],
    region: 'eu-north',
    operator: 'Bob',
    nonce: newHash(),
    ...changes,
  }
}

export async function signOffer(signer: VoucherSigner, offer: Offer): Promise<SignedOffer> {
  return { offer, signature: await signer.sign({ hash: offerDigest(offer) }) }
}

/** What a buyer proposes for an offer, changed where a test cares. */
export async function propose(
  buyer: VoucherSigner,
  offer: Offer,
  changes: Partial<Agreement> = {},
  wish: { size?: number; seconds?: number; start?: number } = {},
): Promise<Proposal> {
  const { size = 2 ** 20, seconds = 2 * WEEK, start = NOW } = wish
  const agreement: Agreement = {
    chainId: offer.chainId,
    contract: offer.contract,
    offer: offerDigest(offer),
    seller: offer.seller,
    buyer: buyer.address,
    currency: CURRENCY,
    channelId: newHash(),
    ...termsFor(offer, { currency: CURRENCY, size, start, seconds }),
    nonce: newHash(),
    ...changes,
  }
  const id = agreementDigest(agreement)
  return { id, agreement, buyerSignature: await buyer.sign({ hash: id }) }
}
