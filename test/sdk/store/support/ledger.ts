import { expect } from 'chai'
import type { Use } from './points.ts'

/** A payment on its way: what it is worth, what it makes in all, and what the payee does with it. */
export type Sent = { readonly number: number; readonly use: Use; readonly amount: bigint; readonly total: bigint }

/** How a payee says that it stands. */
export type Opened = { accepted: bigint; charged: bigint; credit: bigint }

/**
 * What a payer knows of a payee that is killed again and again, from what it sent and from the answers that reached it. The
 * payee may know more, by what it had no time to say, and by nothing else.
 */
export function createLedger() {
  const sent: Sent[] = []
  const unanswered = new Map<number, Sent>()
  /** What was accepted and charged when the payee was started, and what it said since. */
  let opened: Opened = { accepted: 0n, charged: 0n, credit: 0n }
  let said = 0n
  let acknowledged = 0n
  let served = 0n
  /** Charges and returns that were begun in this life and not reported, in base units. */
  const open = { charges: new Map<number, bigint>(), returns: new Map<number, bigint>() }

  const sum = (amounts: Iterable<bigint>) => [...amounts].reduce((total, amount) => total + amount, 0n)

  return {
    unanswered: () => [...unanswered.values()],
    acknowledged: () => acknowledged,
    served: () => served,
    paid: () => sent.at(-1)?.total ?? 0n,

    send: (payment: Sent) => {
      sent.push(payment)
      unanswered.set(payment.number, payment)
    },

    /** The payee stands again: nothing is lost, and nothing there twice. */
    open: (now: Opened) => {
      expect(now.accepted >= acknowledged, `${now.accepted} kept of ${acknowledged} acknowledged`).to.equal(true)
      const totals = [0n, ...sent.map(({ total }) => total)]
      expect(totals.includes(now.accepted), `a payment makes ${now.accepted}`).to.equal(true)
      let least = opened.charged + said - sum(open.returns.values())
      let most = opened.charged + said + sum(open.charges.values())
      for (const { use, amount, total } of unanswered.values()) {
        // Accepted in the life that ended, without an answer: what was held was held in the same write.
        if (total > now.accepted || total <= opened.accepted) continue
        if (use === 'now') least += amount
        if (use !== 'failing') continue
        most += amount
      }
      for (const { use, amount, total } of unanswered.values()) {
        if (total > now.accepted || total <= opened.accepted) continue
        if (use !== 'failing') most += amount
      }
      expect(now.charged >= least, `charged ${now.charged} of ${least} that were`).to.equal(true)
      expect(now.charged <= most, `charged ${now.charged} of at most ${most}`).to.equal(true)
      expect(now.credit).to.equal(now.accepted - now.charged)
      opened = now
      said = 0n
      open.charges.clear()
      open.returns.clear()
    },

    /** A payment was acknowledged. One that the payee had before it was killed adds nothing. */
    answer: (number: number, accepted: bigint, added: bigint, held: bigint) => {
      const { use, amount, total } = unanswered.get(number) as Sent
      unanswered.delete(number)
      expect(accepted >= total, `${accepted} accepted by a payment that makes ${total}`).to.equal(true)
      expect(added, `added by payment ${number}`).to.equal(total > opened.accepted ? amount : 0n)
      expect(held).to.equal(use === 'later' ? 0n : added)
      if (total > acknowledged) acknowledged = total
      said += held
      if (use === 'now') served += held
      if (use === 'later') open.charges.set(number, amount)
      if (use === 'failing') open.returns.set(number, held)
    },

    charge: (number: number, amount: bigint) => {
      open.charges.delete(number)
      said += amount
      served += amount
    },

    giveBack: (number: number, amount: bigint) => {
      open.returns.delete(number)
      said -= amount
    },
  }
}

export type Ledger = ReturnType<typeof createLedger>
