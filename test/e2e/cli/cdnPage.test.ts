import { typePage } from '../../support/typedPage.ts'

describe('docs/cdn.md', function () {
  this.timeout(120_000)
  typePage('cdn.md')
})
