import { type LocalChain, startLocalChain } from '../../sdk/cli/localChain.ts'

export type { LocalChain }

// A chain ends with this process where the process ends by itself; a signal would leave it behind.
for (const [signal, status] of Object.entries({ SIGHUP: 129, SIGINT: 130, SIGTERM: 143 })) {
  process.on(signal, () => process.exit(status))
}

/** Foundry's chain at a free port. It has the deterministic deployment proxy unless it is told otherwise. */
export function startAnvil(...options: string[]): Promise<LocalChain> {
  return startLocalChain({ kind: 'anvil', port: 0, options })
}

/** Hardhat's chain at a free port. */
export function startHardhatNode(): Promise<LocalChain> {
  return startLocalChain({ kind: 'hardhat', port: 0 })
}
