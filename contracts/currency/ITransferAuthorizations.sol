// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC3009, IERC3009Cancel} from "@openzeppelin/contracts/interfaces/draft-IERC3009.sol";

/// @title ERC-3009 in both overloads
/// @notice Transfers by signature with random nonces. The overloads that take the signature as bytes accept contract
/// wallets (ERC-1271), too. All amounts are base units, all times Unix seconds.
interface ITransferAuthorizations is IERC3009, IERC3009Cancel {
    /// @notice The authorization's time has not come: it holds after `validAfter`.
    error AuthorizationNotYetValid(uint256 validAfter);
    /// @notice The authorization's time is over: it held before `validBefore`.
    error AuthorizationExpired(uint256 validBefore);
    /// @notice The nonce was used or cancelled.
    error AuthorizationAlreadyUsed(address authorizer, bytes32 nonce);
    /// @notice Only the recipient may use a receive authorization.
    error OnlyRecipient(address caller, address recipient);

    /// @notice Carries out a transfer that `from` signed. Emits `AuthorizationUsed` and `Transfer`.
    /// @dev Anyone may call. Errors: `InvalidSignature`, `AuthorizationNotYetValid`, `AuthorizationExpired`,
    /// `AuthorizationAlreadyUsed`, and those of ERC-20.
    function transferWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external;

    /// @notice Carries out a transfer that `from` signed for its recipient alone. Emits `AuthorizationUsed` and `Transfer`.
    /// @dev Only `to` may call, so that nobody can tear the transfer out of the call that it was meant for. Errors:
    /// `OnlyRecipient`, and those of `transferWithAuthorization`.
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external;

    /// @notice Makes an unused nonce worthless, by its signer's word. Emits `AuthorizationCanceled`.
    /// @dev Anyone may call. Errors: `InvalidSignature`, `AuthorizationAlreadyUsed`.
    function cancelAuthorization(address authorizer, bytes32 nonce, bytes calldata signature) external;
}
