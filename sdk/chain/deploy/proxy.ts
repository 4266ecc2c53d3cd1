import type { Address, Hex } from 'viem'

/**
 * The deterministic deployment proxy: a contract without owner or state, at the same address on nearly every chain, that
 * creates whatever it is sent (32 bytes of salt, then init code) by CREATE2. See
 * https://github.com/Arachnid/deterministic-deployment-proxy.
 */
export const proxyAddress: Address = '0x4e59b44847b379578588920cA78FbF26c0B4956C'

/** The proxy's runtime code. */
export const proxyCode: Hex =
  '0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3'

/** Nobody's account: its one transaction is the proxy's, whose signature was made up and the account computed from it. */
export const proxyDeployer: Address = '0x3fAB184622Dc19b6109349B94811493BF2a45362'

/** What `proxyTransaction` costs at most, in wei: its 100,000 gas at 100 gwei. */
export const proxyDeployerFunds = 10_000_000_000_000_000n

/**
 * The transaction that creates the proxy. It names no chain (a legacy transaction without EIP-155), so it is valid on
 * every one, and changing a byte would change the sender and with it the proxy's address.
 */
export const proxyTransaction: Hex =
  '0xf8a58085174876e800830186a08080b853604580600e600039806000f350fe7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf31ba02222222222222222222222222222222222222222222222222222222222222222a02222222222222222222222222222222222222222222222222222222222222222'
