// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title What channels use of a token with ERC-3009
/// @notice The overload with `bytes`, which issuer currencies have, and USD Coin since version 2.2: it takes smart wallets too.
interface IReceiveWithAuthorization {
    /// @notice Moves `value` from `from` to the caller by `from`'s signature.
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external;

    /// @notice The token's EIP-712 domain.
    function DOMAIN_SEPARATOR() external view returns (bytes32);
}
