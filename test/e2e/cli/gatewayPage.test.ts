import { spawnSync } from 'node:child_process'
import { typePage } from '../../support/typedPage.ts'

describe('docs/issuer-gateway.md', function () {
  this.timeout(30_000)
  before(function () {
    // The page needs it; the package does not.
    if (spawnSync('curl', ['--version']).error !== undefined) this.skip()
  })
  typePage('issuer-gateway.md')
})
