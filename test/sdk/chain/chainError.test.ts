import { createCurrency, deployContracts, getTotals, openChannel } from '@scrip/sdk/chain'
import { ScripError } from '@scrip/sdk/errors'
import { expect } from 'chai'
import { createWalletClient, http, type PrivateKeyAccount } from 'viem'
import { mnemonicToAccount } from 'viem/accounts'
import { DEV_MNEMONIC, type LocalChain, type LocalChainKind, startLocalChain } from '../../../sdk/cli/localChain.ts'

for (const kind of ['hardhat', 'anvil'] satisfies LocalChainKind[]) {
  describe(`what ${kind} answers, as a coded error`, function () {
    this.timeout(60_000)
    let chain: LocalChain
    const client = (addressIndex: number) =>
      createWalletClient({
        account: mnemonicToAccount(DEV_MNEMONIC, { addressIndex }) as unknown as PrivateKeyAccount,
        transport: http(chain.url, { retryCount: 0 }),
        pollingInterval: 20,
      })

    before(async () => {
      chain = await startLocalChain({ kind, port: 0 })
      await deployContracts(client(0))
    })
    after(() => chain.stop())

    it('names the error of a contract that refuses a reading call', async () => {
      const error = await getTotals(client(0), { networkId: 99n }).catch((cause) => cause)
      expect(error).to.be.instanceOf(ScripError)
      expect(error).to.include({ code: 'TRANSACTION_REVERTED', message: 'The contract refused: UnknownNetwork(99).' })
      expect(error.values).to.deep.equal({ error: 'UnknownNetwork', args: ['99'] })
    })

    it('says who lacks how much of a token, also where another contract moves it', async () => {
      const { currency } = await createCurrency(client(0), { name: 'Claire dollar', symbol: 'CLD', decimals: 6 })
      const [payer, payee] = [client(1), client(2)]
      const opening = openChannel(payer, { payee: payee.account.address, currency, deposit: 5n })
      const error = await opening.catch((cause) => cause)
      expect(error).to.be.instanceOf(ScripError)
      expect(error.code).to.equal('INSUFFICIENT_BALANCE')
      expect(error.values.args).to.deep.equal([payer.account.address, '0', '5'])
    })
  })
}
