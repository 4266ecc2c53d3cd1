import { once } from 'node:events'
import { expect } from 'chai'
import { hideSqliteWarning } from '../../../sdk/cli/hideSqliteWarning.ts'

describe('hideSqliteWarning', () => {
  const { emitWarning } = process
  afterEach(() => {
    process.emitWarning = emitWarning
  })

  it('hides what Node 22 says of its SQLite, and nothing else', async () => {
    hideSqliteWarning()
    const [first] = await Promise.all([
      once(process, 'warning'),
      process.emitWarning('SQLite is an experimental feature and might change at any time', 'ExperimentalWarning'),
      process.emitWarning('Something else', { type: 'TestWarning', code: 'SCRIP_TEST' }),
    ])
    expect(first[0]).to.include({ name: 'TestWarning', code: 'SCRIP_TEST', message: 'Something else' })
  })
})
