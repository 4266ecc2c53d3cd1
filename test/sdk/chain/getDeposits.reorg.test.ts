import { createCurrency, getDeposits, mint, type ScripClient } from '@scrip/sdk/chain'
import { deployScrip } from '@scrip/sdk/testing'
import { expect } from 'chai'
import { type Address, createWalletClient, encodeFunctionData, type Hex, http, publicActions, toHex } from 'viem'
import { mnemonicToAccount } from 'viem/accounts'
import { issuerCurrencyAbi as abi } from '../../../sdk/abi/issuerCurrency.ts'
import { DEV_MNEMONIC } from '../../../sdk/cli/localChain.ts'
import { type LocalChain, startAnvil } from '../../support/chain.ts'

const issuer = mnemonicToAccount(DEV_MNEMONIC)
const recipient = mnemonicToAccount(DEV_MNEMONIC, { addressIndex: 1 }).address

describe('getDeposits across reorgs', function () {
  this.timeout(60_000)
  let chain: LocalChain
  let currency: Address
  const client = () =>
    createWalletClient({ account: issuer, transport: http(chain.url), pollingInterval: 20 }).extend(publicActions)
  const rpc = (method: string, ...params: unknown[]) => client().request({ method, params } as never)

  before(async () => {
    chain = await startAnvil()
    await deployScrip({ provider: client() as never })
    const created = await createCurrency(client(), { name: 'Reorg dollar', symbol: 'RGD', decimals: 6 })
    currency = created.currency
    await mint(client(), { currency, to: issuer.address, amount: 1_000_000n })
  })
  after(() => chain.stop())

  /** Pays the recipient. @returns The raw transaction, to send it again after a reorg took it away. */
  const pay = async (transactionId: Hex): Promise<Hex> => {
    const data = encodeFunctionData({ abi, functionName: 'transferFunds', args: [recipient, 5n, transactionId] })
    const request = await client().prepareTransactionRequest({ to: currency, data, chain: null } as never)
    const raw = await client().signTransaction(request as never)
    await client().sendRawTransaction({ serializedTransaction: raw })
    return raw
  }
  const read = (cursor?: string) =>
    getDeposits(client() as ScripClient, { currency, recipient, ...(cursor !== undefined && { cursor }) })
  const ids = ({ deposits }: Awaited<ReturnType<typeof read>>) =>
    deposits.map(({ transactionId }) => BigInt(transactionId))
  const id = (number: number) => toHex(number, { size: 32 })

  it('gives no deposit again that was gone for a while', async () => {
    const { cursor } = await read()
    const raw = await pay(id(1))
    const given = await read(cursor)
    expect(ids(given)).to.deep.equal([1n])
    await rpc('anvil_reorg', 1, [])
    const without = await read(given.cursor)
    expect(ids(without)).to.deep.equal([])
    await client().sendRawTransaction({ serializedTransaction: raw })
    const back = await read(without.cursor)
    expect(back.balance - without.balance).to.equal(5n)
    expect(ids(back)).to.deep.equal([])
    await pay(id(2))
    expect(ids(await read(back.cursor))).to.deep.equal([2n])
  })

  it('gives none again when the chain is shorter for a while, as with a node that lags behind', async () => {
    const { cursor } = await read()
    const snapshot = await rpc('evm_snapshot')
    const raws = [await pay(id(11)), await pay(id(12))]
    await rpc('anvil_mine', toHex(70))
    const given = await read(cursor)
    expect(ids(given)).to.deep.equal([11n, 12n])
    await rpc('evm_revert', snapshot)
    const shorter = await read(given.cursor)
    expect(ids(shorter)).to.deep.equal([])
    for (const raw of raws) await client().sendRawTransaction({ serializedTransaction: raw })
    await rpc('anvil_mine', toHex(70))
    const back = await read(shorter.cursor)
    expect(back.balance).to.equal(given.balance)
    expect(ids(back)).to.deep.equal([])
  })

  it('gives none again, and the new ones, when the chain is shorter by a few blocks and grows on', async () => {
    const { cursor } = await read()
    await pay(id(21))
    await rpc('anvil_mine', toHex(60))
    const snapshot = await rpc('evm_snapshot')
    await pay(id(22))
    await rpc('anvil_mine', toHex(3))
    const given = await read(cursor)
    expect(ids(given)).to.deep.equal([21n, 22n])
    await rpc('evm_revert', snapshot)
    const shorter = await read(given.cursor)
    await pay(id(23))
    await rpc('anvil_mine', toHex(6))
    const later = await read(shorter.cursor)
    expect([...ids(shorter), ...ids(later)]).to.deep.equal([23n])
  })
})
