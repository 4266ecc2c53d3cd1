import { expect } from 'chai'
import { progressLine } from '../../../sdk/cli/progress.ts'

const state = { bytes: 1_500_000, payments: 1_465, spent: '1.465 CLD' }

describe('progressLine', () => {
  it('shows how far it is, how much was paid, and how fast', () => {
    expect(progressLine('a.bin', { ...state, total: 3_000_000 }, 2)).to.equal(
      'a.bin ████████████░░░░░░░░░░░░ 50% 1.50 MB, 1465 payments, 733/s, 1.465 CLD',
    )
  })

  it('shows no bar where the end is not known', () => {
    expect(progressLine('a.bin', state, 0)).to.equal('a.bin 1.50 MB, 1465 payments, 0/s, 1.465 CLD')
  })
})
