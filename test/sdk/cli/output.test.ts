import { ScripError } from '@scrip/sdk/errors'
import { expect } from 'chai'
import { contractHints } from '../../../sdk/cli/contractHints.ts'
import { count, duration, fail, harmless, time } from '../../../sdk/cli/output.ts'
import { inUnit } from '../../../sdk/cli/units.ts'
import { errorsOfContracts } from '../../support/errorsOfContracts.ts'
import { refusal } from '../errors/support/refusal.ts'

const unit = { decimals: 6, symbol: 'CLD' }

describe('fail', () => {
  const write = process.stderr.write
  let written = ''
  beforeEach(() => {
    written = ''
    process.stderr.write = ((text: string) => {
      written += text
      return true
    }) as typeof write
  })
  afterEach(() => {
    process.stderr.write = write
  })

  it('prints one line: code, sentence, next step', () => {
    expect(fail(new ScripError('PORT_IN_USE', { detail: 'Port 1 is taken' }), false)).to.equal(1)
    expect(written).to.equal('PORT_IN_USE: Port 1 is taken. Stop what listens there, or choose another with --port.\n')
  })

  it('keeps it one line whatever the error says', () => {
    fail(new Error('several\nlines\r\n  of it'), false)
    expect(written).to.match(/^INTERNAL: Error: several lines of it\. \S.*\n$/)
  })

  it('prints one line of JSON where data is asked for', () => {
    fail(new ScripError('PORT_IN_USE', { detail: 'Port\n1', values: { port: 1n, path: 'a  b' } }), true)
    expect(JSON.parse(written)).to.include({ code: 'PORT_IN_USE', detail: 'Port\n1', port: '1', path: 'a  b' })
    expect(written.indexOf('\n')).to.equal(written.length - 1)
  })

  it('knows the next step for what a contract refused', () => {
    fail(new ScripError('TRANSACTION_REVERTED', { detail: 'x', values: { error: 'UnknownNetwork' } }), false)
    expect(written).to.equal(`TRANSACTION_REVERTED: x. ${contractHints['UnknownNetwork']}\n`)
  })

  it('gives the status of a stopped program where somebody stopped it', () => {
    expect(fail(new ScripError('STOPPED'), false)).to.equal(130)
  })
})

describe('contractHints', () => {
  it('names errors that the contracts have', () => {
    expect(errorsOfContracts()).to.include.members(Object.keys(contractHints))
  })
})

describe('inUnit', () => {
  const inCurrency = (error: ScripError) => refusal(() => inUnit(unit, () => Promise.reject(error)))

  it('says amounts in the currency’s own unit, and keeps code and values', async () => {
    const values = { args: ['0xabc', '1500000', '2000000'] }
    const error = await inCurrency(new ScripError('INSUFFICIENT_BALANCE', { values }))
    expect(error).to.include({ code: 'INSUFFICIENT_BALANCE', message: '0xabc holds 1.5 CLD and needs 2 CLD.' })
    expect(error.values).to.equal(values)
  })

  it('says limits so, too', async () => {
    const rest = await inCurrency(new ScripError('LIMIT_EXCEEDED', { values: { cost: 3_000_000n, left: 1n } }))
    expect(rest.message).to.equal('The rest costs 3 CLD; the limit leaves 0.000001 CLD.')
    const day = await inCurrency(
      new ScripError('LIMIT_EXCEEDED', { values: { wanted: 2_000_000n, limit: 1_000_000n } }),
    )
    expect(day.message).to.equal('That would make 2 CLD; the limit is 1 CLD.')
  })

  it('leaves everything else as it is', async () => {
    const error = new ScripError('PEER_UNREACHABLE')
    expect(await inCurrency(error)).to.equal(error)
  })
})

describe('harmless', () => {
  it('leaves nothing in a line that a terminal would act on, and the rest as it is', () => {
    const line = 'a\nb\r\u001b[31mc\u009bd\u2028e\u202ef\u2066g\u0000'
    expect(harmless(line)).to.equal('a\ufffdb\ufffd\ufffd[31mc\ufffdd\ufffde\ufffdf\ufffdg\ufffd')
    expect(harmless('Čapek’s “hour” 時 👩‍🌾 שלום')).to.equal('Čapek’s “hour” 時 👩‍🌾 שלום')
  })
})

describe('time, duration and count', () => {
  it('read well', () => {
    expect([86_400, 604_800, 7_200, 90, 60, 61].map(duration)).to.deep.equal([
      '1 day',
      '7 days',
      '2 hours',
      '90 seconds',
      '1 minute',
      '61 seconds',
    ])
    expect(time(1_800_000_000)).to.equal('2027-01-15 08:00:00 UTC')
    expect([count(1, 'byte'), count(0, 'byte'), count(12_345, 'byte')]).to.deep.equal([
      '1 byte',
      '0 bytes',
      '12,345 bytes',
    ])
  })
})
