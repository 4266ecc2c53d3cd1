import { readFileSync } from 'node:fs'
import { expect } from 'chai'

type Entry = {
  resolved?: string
  hasInstallScript?: boolean
  optional?: boolean
  optionalDependencies?: Record<string, string>
}

const read = (file: string) => JSON.parse(readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8'))
const { packages } = read('package-lock.json') as { packages: Record<string, Entry> }
const manifest = read('package.json') as Record<
  'dependencies' | 'devDependencies' | 'allowScripts',
  Record<string, string>
>

describe('the lockfile', () => {
  it('has every package for every platform: `npm ci` refuses one that lacks any', () => {
    const names = new Set(Object.keys(packages).map((path) => path.slice(path.lastIndexOf('node_modules/') + 13)))
    const wanted = Object.values(packages).flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}))
    expect(wanted).to.include('@foundry-rs/anvil-darwin-arm64')
    expect(wanted.filter((name) => !names.has(name))).to.deep.equal([])
  })

  it('names no registry', () => {
    expect(Object.values(packages).filter(({ resolved }) => resolved !== undefined)).to.deep.equal([])
  })

  it('has install scripts of the packages only that package.json allows', () => {
    const scripts = Object.entries(packages).filter(([, entry]) => entry.hasInstallScript)
    const names = scripts.map(([path]) => path.replace('node_modules/', ''))
    // What only some platforms install must be allowed only where it cannot do without.
    const needed = scripts.filter(([, entry]) => !entry.optional).map(([path]) => path.replace('node_modules/', ''))
    expect(names).to.include.members(Object.keys(manifest.allowScripts))
    expect(manifest.allowScripts).to.include.keys(needed)
  })

  it('stands for exact versions, also where a package has no others than beta', () => {
    const versions = Object.values({ ...manifest.dependencies, ...manifest.devDependencies })
    expect(versions.filter((version) => !/^\d+\.\d+\.\d+(-beta\.\d+)?$/.test(version))).to.deep.equal([])
  })
})
