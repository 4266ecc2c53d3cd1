import { typePage } from '../../support/typedPage.ts'

describe('docs/storage.md', function () {
  this.timeout(120_000)
  typePage('storage.md')
})
