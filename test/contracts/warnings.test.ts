import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import hre from 'hardhat'

type Output = { output: { errors?: { errorCode: string; sourceLocation?: { file: string } }[] } }

/** What the compiler says of a build, once each: code and file. Tests may be larger than a contract on a chain. */
function warningsOf({ output }: Output): string[] {
  return (output.errors ?? [])
    .map(({ errorCode, sourceLocation }) => `${errorCode} ${sourceLocation?.file}`)
    .filter((warning) => !warning.includes(' project/test/'))
}

describe('The contracts', () => {
  it('compile without warnings, but for OpenZeppelin’s transient storage (EIP-1153)', async () => {
    const names = [...(await hre.artifacts.getAllFullyQualifiedNames())].filter((name) => name.startsWith('contracts/'))
    expect(names).to.include('contracts/channels/PaymentChannels.sol:PaymentChannels')
    const builds = new Set(await Promise.all(names.map((name) => hre.artifacts.getBuildInfoId(name))))
    const paths = await Promise.all([...builds].map((id) => hre.artifacts.getBuildInfoOutputPath(id ?? '')))
    const warnings = paths.flatMap((path) => warningsOf(JSON.parse(readFileSync(path ?? '', 'utf8')) as Output))
    expect(new Set(warnings.map((warning) => warning.replace(/@[\d.]+\//, '/')))).to.deep.equal(
      new Set(['2394 npm/@openzeppelin/contracts/utils/TransientSlot.sol']),
    )
  })
})
