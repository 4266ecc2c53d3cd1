import { type ErrorCode, errorCodes, ScripError } from '@scrip/sdk/errors'
import { expect } from 'chai'
import fc from 'fast-check'

const codes = Object.keys(errorCodes) as ErrorCode[]

/** What another program reads of an error. */
const sent = (error: ScripError) => JSON.parse(JSON.stringify(error.toProblem()))

describe('ScripError', () => {
  it('says what its code says where nothing is known of the case', () => {
    for (const code of codes) {
      const error = new ScripError(code)
      expect(error).to.be.instanceOf(Error)
      expect(error.name).to.equal('ScripError')
      expect(error.code).to.equal(code)
      expect(error.message).to.equal(errorCodes[code].title)
      expect(error.hint).to.equal(errorCodes[code].hint)
      expect(error.status).to.equal(errorCodes[code].status)
      expect(error.values).to.deep.equal({})
      expect('cause' in error).to.equal(false)
      expect(error.docs).to.equal(`docs/errors.md#${code.toLowerCase()}`)
    }
  })

  it('says what is known of the case where something is', () => {
    const cause = new Error('beneath')
    const error = new ScripError('STALE_PAYMENT', {
      detail: 'This.',
      hint: 'Do that.',
      values: { accepted: 5n },
      cause,
    })
    expect(error.message).to.equal('This.')
    expect(error.hint).to.equal('Do that.')
    expect(error.values).to.deep.equal({ accepted: 5n })
    expect(error.cause).to.equal(cause)
    expect(String(error)).to.equal('ScripError: This.')
    expect(error.stack).to.include('ScripError.test.ts')
  })

  it('becomes problem details', () => {
    const values = { total: 2n ** 96n, name: 'x', nothing: undefined, none: null }
    expect(
      sent(new ScripError('DEPOSIT_EXCEEDED', { detail: 'Too much.', values, cause: new Error('beneath') })),
    ).to.deep.equal({
      type: 'urn:scrip:error:DEPOSIT_EXCEEDED',
      title: errorCodes.DEPOSIT_EXCEEDED.title,
      status: 402,
      detail: 'Too much.',
      code: 'DEPOSIT_EXCEEDED',
      hint: errorCodes.DEPOSIT_EXCEEDED.hint,
      total: '79228162514264337593543950336',
      name: 'x',
      none: null,
    })
  })

  it('turns bigints into decimal strings however deep they are', () => {
    const values = { args: [1n, [2n]], state: { deposit: 3n, more: [{ deep: 4n }] } }
    const { args, state } = sent(new ScripError('TRANSACTION_REVERTED', { values }))
    expect(args).to.deep.equal(['1', ['2']])
    expect(state).to.deep.equal({ deposit: '3', more: [{ deep: '4' }] })
  })

  it('lets no value pass for the code, the status or the hint', () => {
    const values = { type: 'x', title: 'x', status: 200, detail: 'x', code: 'x', hint: 'x' }
    expect(sent(new ScripError('INTERNAL', { values }))).to.deep.equal(sent(new ScripError('INTERNAL')))
  })

  it('can be sent whatever its values are', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...codes),
        fc.dictionary(
          fc.string(),
          fc.anything({
            withBigInt: true,
            withNullPrototype: true,
            withDate: true,
            withMap: true,
            withTypedArray: true,
          }),
        ),
        (code, values) => {
          expect(sent(new ScripError(code, { values }))).to.include({ code, status: errorCodes[code].status })
        },
      ),
    )
    const circular: { self?: object } = {}
    circular.self = circular
    const values = { circular, error: new Error('beneath'), call: () => 1, mark: Symbol('mark'), amount: 5n }
    expect(sent(new ScripError('INTERNAL', { values }))).to.include({ code: 'INTERNAL', amount: '5' })
  })

  it('leaves its own values as they are', () => {
    const values = { state: { deposit: 3n } }
    const error = new ScripError('INTERNAL', { values })
    error.toProblem()
    expect(error.values).to.deep.equal({ state: { deposit: 3n } })
  })
})
