import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { type EmptyProject, emptyProject } from '../support/emptyProject.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
type Manifest = {
  exports: Record<string, string | Record<string, string>>
  bin: Record<string, string>
  version: string
}

describe('the package in an empty project', function () {
  this.timeout(120_000)
  let project: EmptyProject
  let installed: string
  let manifest: Manifest

  before(async () => {
    project = await emptyProject('viem')
    installed = join(project.path, 'node_modules/@scrip/sdk')
    manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))
  })

  it('has a subpath for every folder of the SDK, and nothing else', () => {
    const folders = readdirSync(join(installed, 'sdk'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name !== 'cli')
      .map((entry) => `./${entry.name}`)
    const subpaths = Object.keys(modules(manifest))
    expect(subpaths).to.have.members(['.', ...folders])
  })

  it('has the files that its exports and its command name', () => {
    const files = Object.values(modules(manifest)).flatMap((conditions) => Object.values(conditions))
    for (const file of [...files, ...Object.values(manifest.bin)]) {
      expect(existsSync(join(installed, file)), file).to.equal(true)
    }
  })

  it('holds what users need and nothing of the workshop', () => {
    expect(readdirSync(installed)).to.include.members(['LICENSE', 'contracts', 'dist', 'package.json', 'sdk'])
    expect(readdirSync(installed)).not.to.include.members(['test', 'scripts', 'bench', 'node_modules', '.ci'])
    expect(globSync('**/*.{test.ts,t.sol}', { cwd: installed })).to.deep.equal([])
  })

  it('brings nothing of Hardhat, ethers or the compiler', () => {
    const names = readdirSync(join(project.path, 'node_modules'))
    expect(names).to.include('viem')
    expect(
      names.filter((name) => /hardhat|nomicfoundation|ethers|solc|openzeppelin|typechain|mocha/.test(name)),
    ).to.deep.equal([])
  })

  it('imports in plain Node under every subpath', async () => {
    for (const subpath of Object.keys(modules(manifest))) {
      if (subpath === './typechain') continue
      const specifier = `@scrip/sdk${subpath.slice(1)}`
      const count = await project.run('node', '-e', `console.log(Object.keys(await import('${specifier}')).length)`)
      expect(Number(count), specifier).to.be.greaterThan(0)
    }
  })

  it('signs by WebAssembly where nobody installed the native add-on', async () => {
    const code = "import('@scrip/sdk/channels').then((channels) => channels.signatureProvider()).then(console.log)"
    expect(await project.run('node', '-e', code)).to.equal('@bitauth/libauth\n')
  })

  it('says that the ethers types need ethers', async () => {
    const error = await project.run('node', '-e', "await import('@scrip/sdk/typechain')").then(
      () => undefined,
      (cause: Error) => cause.message,
    )
    expect(error).to.include("Cannot find package 'ethers'")
  })

  it('gives the contracts’ sources by path', async () => {
    const sources = globSync('**/*.sol', { cwd: join(root, 'contracts') })
    expect(sources).to.include('channels/PaymentChannels.sol')
    const resolve = `for (const source of ${JSON.stringify(sources)}) console.log(import.meta.resolve('@scrip/sdk/contracts/' + source))`
    const urls = (await project.run('node', '-e', resolve)).trim().split('\n')
    for (const [index, url] of urls.entries()) {
      expect(
        readFileSync(fileURLToPath(url)).equals(readFileSync(join(root, 'contracts', sources[index] ?? ''))),
      ).to.equal(true)
    }
  })

  it('is typed under every subpath, with the library’s own checks on', async () => {
    const imports = Object.keys(modules(manifest))
      .filter((subpath) => subpath !== './typechain')
      .map((subpath, index) => `import * as m${index} from '@scrip/sdk${subpath.slice(1)}'\nvoid m${index}\n`)
    project.write('all.ts', imports.join(''))
    const options = ['--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2022,dom,esnext.disposable']
    const types = ['--typeRoots', join(root, 'node_modules/@types'), '--types', 'node']
    for (const modules of [
      ['--module', 'nodenext'],
      ['--module', 'esnext', '--moduleResolution', 'bundler'],
    ]) {
      await project.run(join(root, 'node_modules/.bin/tsc'), ...options, ...types, ...modules, 'all.ts')
    }
  })

  it('has the command', async () => {
    expect(await project.run('scrip', '--help')).to.match(/Usage: scrip/)
  })
})

/** The exports that are modules: what is left are files by path. */
function modules({ exports }: Manifest): Record<string, Record<string, string>> {
  return Object.fromEntries(
    Object.entries(exports).filter((entry): entry is [string, Record<string, string>] => typeof entry[1] === 'object'),
  )
}
