import { addresses, type ScripActions, scripActions } from '@scrip/sdk/chain'
import { createPayee, createPayer } from '@scrip/sdk/channels'
import { memoryStore } from '@scrip/sdk/store'
import { expect } from 'chai'
import { type Address, createTestClient, createWalletClient, type Hex, http, type PrivateKeyAccount } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { newTypist, type Typist } from '../../support/scrip.ts'

const DAY = 86_400

type Account = { role: string; address: Address; key: Hex }
type Dev = { url: string; currency: Address; accounts: Account[] }
type Person = { account: PrivateKeyAccount; does: ScripActions }

describe('flows proved by hand', function () {
  this.timeout(60_000)
  let typist: Typist
  let dev: Dev
  let networkId: bigint
  let environment: { SCRIP_RPC_URL: string; SCRIP_KEY: string }
  let [issuer, buyer, seller, other]: Person[] = []
  const network = () => ['--network', `${networkId}`]

  const person = (role: string): Person => {
    const account = privateKeyToAccount(dev.accounts.find((one) => one.role === role)?.key as Hex)
    const client = createWalletClient({ account, transport: http(dev.url), pollingInterval: 50 })
    return { account, does: scripActions()(client) }
  }
  const serve = async (consumer: Person, provider: Person, amount: bigint) => {
    const { currency } = dev
    const channel = await consumer.does.openChannel({ payee: provider.account.address, currency, deposit: amount })
    const payer = createPayer({ channel, signer: consumer.account, store: memoryStore() })
    const accept = { chainId: channel.chainId, contract: channel.contract, currencies: [currency], maxExposure: 0n }
    const payee = createPayee({ account: provider.account, store: memoryStore(), accept })
    await payee.observe(channel, { claimed: 0n, deposit: amount, exitAt: 0 })
    await payee.accept(await payer.pay(amount))
    await consumer.does.claimBatch({ claims: await payee.claimable() })
    await consumer.does.sync({ networkId, channels: [channel] })
  }
  const closeEpoch = async () => {
    const chain = createTestClient({ mode: 'anvil', transport: http(dev.url) })
    await chain.increaseTime({ seconds: DAY })
    await chain.mine({ blocks: 1 })
  }

  before(async () => {
    typist = newTypist()
    dev = await typist.start(['dev', '--port', '0', '--json', '--chain', 'anvil']).ready()
    ;[issuer, buyer, seller, other] = ['issuer', 'buyer', 'seller', 'other'].map(person)
    if (!issuer || !buyer || !seller || !other) throw new Error('Somebody is missing.')
    environment = { SCRIP_RPC_URL: dev.url, SCRIP_KEY: dev.accounts.find(({ role }) => role === 'seller')?.key ?? '' }
    ;({ networkId } = await issuer.does.createNetwork({ epochLength: DAY }))
    await issuer.does.setWeight({ networkId, currency: dev.currency })
    await issuer.does.setPolicy({ networkId, policy: addresses.flowPolicy })
    await serve(buyer, other, 3_000_000n)
    await serve(other, seller, 2_000_000n)
  })
  after(() => typist.leave())

  it('reputation prove: says in whose eyes, or asks', async () => {
    const asked = await typist.quick(['reputation', 'prove', ...network()], environment)
    expect(asked.stderr).to.match(
      /^INVALID_ARGUMENT: Network \d+ has no seed peers\. Say with --from in whose eyes\.\n$/,
    )
    const from = ['--from', buyer?.account.address ?? '']
    const young = await typist.quick(['reputation', 'prove', ...network(), ...from], environment)
    expect(young.stdout).to.match(/^0x\S+ is worth 0 CLD to 0x/)
    await closeEpoch()
    const proved = await typist.quick(['reputation', 'prove', ...network(), ...from], environment)
    expect(proved).to.include({ status: 0, stderr: '' })
    expect(proved.stdout).to.equal(
      `${seller?.account.address} is worth 2 CLD to ${buyer?.account.address}\n` +
        '  checked by the chain: 2 edges of flow show no less, a cut around 1 peer no more\n' +
        '  as of the end of epoch 1; good for as long as epoch 2 lasts\n',
    )
  })

  it('admission join, show, expel: attach the proof that the flow policy asks for', async () => {
    if (!issuer || !buyer || !seller) throw new Error('Somebody is missing.')
    const seeds = [buyer.account.address]
    const terms = { networkId, seeds, keepFlow: 1_000_000n, admissionPeriod: 7 * DAY }
    await issuer.does.setFlowTerms({ ...terms, admitFlow: 3_000_000n })
    const refused = await typist.quick(['admission', 'join', ...network()], environment)
    expect(refused.stderr).to.contain('NotEligible')
    const shown = await typist.quick(['admission', 'show', ...network()], environment)
    expect(shown.stdout)
      .to.contain("  is worth 2 CLD in the eyes of the network's seed peers, as of the last closed epoch\n")
      .and.to.contain('  needs 3 CLD to be admitted, 1 CLD to stay\n')

    await issuer.does.setFlowTerms({ ...terms, admitFlow: 2_000_000n })
    const joined = await typist.quick(['admission', 'join', ...network()], environment)
    expect(joined).to.include({ status: 0, stderr: '' })
    expect(joined.stdout).to.match(/^0x\S+ is admitted to network \d+ until/)
    const seed = await typist.quick(['admission', 'join', buyer.account.address, ...network()], environment)
    expect(seed).to.include({ status: 0 })

    const expel = () => typist.quick(['admission', 'expel', seller?.account.address ?? '', ...network()], environment)
    expect((await expel()).stderr).to.contain('StillEligible')
    await issuer.does.setFlowTerms({ ...terms, admitFlow: 9_000_000n, keepFlow: 2_000_001n })
    expect((await expel()).stdout).to.match(/^0x\S+ is no longer admitted/)
  })
})
