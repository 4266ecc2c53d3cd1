import { expect } from 'chai'
import { createLimiter } from '../../../sdk/issuer/createLimiter.ts'
import { refusal } from '../errors/support/refusal.ts'

describe('a limit', () => {
  const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

  it('lets so many through at once, and then as many as time allows', async () => {
    const limiter = createLimiter({ burst: 3, perSecond: 2 })
    for (let n = 0; n < 3; n++) limiter.take('alice')
    const error = await refusal(() => limiter.take('alice'))
    expect(error.code).to.equal('TOO_MANY_REQUESTS')
    expect(error.values).to.deep.equal({ retryAfter: 1 })
    await pause(520)
    limiter.take('alice')
    expect((await refusal(() => limiter.take('alice'))).code).to.equal('TOO_MANY_REQUESTS')
  })

  it('says in how many seconds it is worth asking again', async () => {
    const limiter = createLimiter({ burst: 1, perSecond: 0.02 })
    limiter.take('alice')
    expect((await refusal(() => limiter.take('alice'))).values).to.deep.equal({ retryAfter: 50 })
  })

  it('counts each key by itself', () => {
    const limiter = createLimiter({ burst: 1, perSecond: 0.01 })
    limiter.take('alice')
    limiter.take('bob')
  })

  it('does not count what it refused', async () => {
    const limiter = createLimiter({ burst: 1, perSecond: 2 })
    limiter.take('alice')
    for (let n = 0; n < 50; n++) await refusal(() => limiter.take('alice'))
    await pause(520)
    limiter.take('alice')
  })

  it('remembers 10,000 keys, and forgets who was not seen for longest', async () => {
    const limiter = createLimiter({ burst: 1, perSecond: 0.01 })
    limiter.take('first')
    limiter.take('second')
    for (let n = 0; n < 9_998; n++) limiter.take(`${n}`)
    // Seen again, the first is younger than the second.
    expect((await refusal(() => limiter.take('first'))).code).to.equal('TOO_MANY_REQUESTS')
    limiter.take('one more')
    limiter.take('second')
    expect((await refusal(() => limiter.take('first'))).code).to.equal('TOO_MANY_REQUESTS')
  })
})
