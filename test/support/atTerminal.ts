import { expect } from 'chai'
import type { Hex } from 'viem'
import type { Typist } from './scrip.ts'

/** An account of `scrip dev`. */
export type Role = { role: string; address: Hex; key: Hex }

/** What `scrip dev` says of itself. */
export type Dev = { url: string; currency: Hex; networkId: string; accounts: Role[] }

/** The line that says what a transaction cost, as a pattern. */
export const COST = "  transaction 0x[0-9a-f]{64}, [\\d,]+ gas, 0\\.\\d+ of the chain's coin"

/** The accounts of a local chain as people who type commands of one group. */
export function atTerminal(typist: Typist, dev: Dev, group: string) {
  const who = (role: string) => dev.accounts.find((one) => one.role === role) as Role
  const typed = (words: string[], role: string) =>
    typist.quick([group, ...words], { SCRIP_RPC_URL: dev.url, SCRIP_KEY: who(role).key })
  return {
    who,
    typed,
    /** A command that prints just these lines, each a pattern. */
    printed: async (words: string[], role: string, lines: string[]) => {
      const { status, stdout, stderr } = await typed(words, role)
      expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' })
      expect(stdout).to.match(new RegExp(`^${lines.join('\n')}\n$`))
    },
    /** A command that ends with one line of error, and nothing else. */
    refused: async (words: string[], role: string, error: RegExp) => {
      const { status, stdout, stderr } = await typed(words, role)
      expect({ status, stdout }, words.join(' ')).to.deep.equal({ status: 1, stdout: '' })
      expect(stderr).to.match(error)
      expect(stderr.indexOf('\n'), stderr).to.equal(stderr.length - 1)
    },
  }
}
