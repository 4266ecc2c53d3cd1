/**
 * A program that prints what it computes, and by which means, as one line of JSON. The tests run it where some means are
 * missing.
 */
import {
  channelId,
  compactSignature,
  isPreimage,
  privateKeySigner,
  recoverSigner,
  signatureProvider,
  tickChain,
  voucherDigest,
} from '@scrip/sdk/channels'
import { type Hex, toHex } from 'viem'

const word = (byte: string): Hex => `0x${byte.repeat(32)}`
const address = (byte: string): Hex => `0x${byte.repeat(20)}`

async function print(): Promise<void> {
  const signer = privateKeySigner(word('17'))
  const descriptor = {
    chainId: 31_337,
    contract: address('c0'),
    payer: address('a1'),
    payee: address('a2'),
    token: address('70'),
    signer: signer.address,
    exitDelay: 86_400,
    flags: 0,
    salt: word('5a'),
  }
  const chain = tickChain(new Uint8Array(32).fill(7), 1_024)
  const root = chain[0] as Uint8Array
  const terms = { total: 2n ** 95n + 1n, tickRoot: toHex(root), tickAmount: 3n, maxTicks: 1_024 }
  const digest = voucherDigest({ id: channelId(descriptor), ...descriptor }, terms)
  const signature = await signer.sign({ hash: toHex(digest) })
  const answers = {
    root: toHex(root),
    isPreimage: isPreimage(chain[1_024] as Uint8Array, 1_024, root),
    digest: toHex(digest),
    signature,
    isRecovered: recoverSigner(digest, compactSignature(signature)) === signer.address,
  }
  console.log(JSON.stringify({ wasm: typeof WebAssembly, provider: await signatureProvider(), answers }))
}

print()
