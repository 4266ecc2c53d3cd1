import { mnemonicToAccount } from 'viem/accounts'
import { DEV_MNEMONIC } from '../../../../sdk/cli/localChain.ts'

/** Issues the currency of these tests, and has coins on every local chain. */
export const issuer = mnemonicToAccount(DEV_MNEMONIC)
