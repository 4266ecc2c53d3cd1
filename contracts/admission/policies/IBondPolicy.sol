// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IStewardedPolicy} from "./IStewardedPolicy.sol";

/// @title Bond policy
/// @notice Admits a peer that has a stake locked for the network. One contract serves every network; its steward says
/// what to lock. Nobody can take a stake: it goes back to who locked it, when its lock is over.
/// @dev The peer chooses how long it locks, and an admission ends with the lock at the latest: a stake is locked as long
/// as the admission that it gave. It does not depend on the steward, who could otherwise hold it by a policy that
/// admits everybody for ever; and a peer that is expelled before waits for its lock, so that one stake does not carry
/// one address after another. Stakes are a network's own: the same tokens never count twice.
///
/// Tokens are untrusted code. Books are kept for each token, a transfer that moves another amount than it was told to is
/// refused, and a token that changes balances by itself harms those who locked that token only.
interface IBondPolicy is IStewardedPolicy {
    /// @notice The terms of a network.
    /// @param token What to lock, an ERC-20.
    /// @param amount How much of it, in base units.
    /// @param admissionPeriod Seconds that an admission lasts at most.
    struct Terms {
        address token;
        uint96 amount;
        uint32 admissionPeriod;
    }

    /// @notice A network's terms changed.
    event BondTermsSet(
        uint256 indexed networkId,
        address indexed token,
        uint96 amount,
        uint32 admissionPeriod
    );
    /// @notice A peer locked `amount` more, or for longer: `bond` is locked until `lockedUntil` (Unix seconds).
    event BondFunded(
        uint256 indexed networkId,
        address indexed peer,
        address indexed token,
        uint96 amount,
        uint96 bond,
        uint40 lockedUntil
    );
    /// @notice A peer took `amount` back; `bond` is what is left.
    event BondWithdrawn(
        uint256 indexed networkId,
        address indexed peer,
        address indexed token,
        uint96 amount,
        uint96 bond,
        address to
    );

    /// @notice There is no contract at the token's address.
    error InvalidToken(address token);
    /// @notice The amount is zero.
    error ZeroAmount();
    /// @notice Admissions would last no time.
    error InvalidAdmissionPeriod();
    /// @notice A lock ends after now, not before the one that stands, and within a year.
    error InvalidLock(uint40 lockedUntil, uint40 earliest, uint40 latest);
    /// @notice The bond is locked until `lockedUntil`.
    error BondLocked(uint256 networkId, address peer, address token, uint40 lockedUntil);
    /// @notice The bond is less than that.
    error InsufficientBond(uint256 networkId, address peer, address token, uint96 bond, uint96 amount);
    /// @notice The bond would exceed 2^96 - 1.
    error BondFull(uint256 networkId, address peer, address token);
    /// @notice Tokens must not go there.
    error InvalidRecipient(address to);
    /// @notice The token moved another amount than it was told to.
    error InexactTransfer(address token, uint256 expected, uint256 balance);

    /// @notice Sets the terms of a network. Emits `BondTermsSet`.
    /// @dev Steward only. Bonds stay where they are, of whatever token. Errors: `OnlySteward`, `InvalidToken`,
    /// `ZeroAmount`, `InvalidAdmissionPeriod`, `UnknownNetwork` of the history.
    function setTerms(uint256 networkId, Terms calldata terms) external;

    /// @notice Locks `amount` more of the caller's tokens; 0 prolongs the lock of what is there. Emits `BondFunded`.
    /// @dev Anyone may call, for itself: who could do so for others could prolong their locks. The token is named, so
    /// that nobody locks another one than it meant to when the terms change. Errors: `ZeroAmount` where there is nothing
    /// to prolong, `InvalidLock`, `BondFull`, `InvalidToken`, `InexactTransfer`, those of the token, `UnknownNetwork` of
    /// the history.
    /// @param lockedUntil Unix seconds; all that is locked in this network and token stays so until then.
    function fundBond(uint256 networkId, address token, uint96 amount, uint40 lockedUntil) external;

    /// @notice Takes back what is no longer locked. Emits `BondWithdrawn`.
    /// @dev Anyone may call, for itself. Errors: `ZeroAmount`, `InvalidRecipient`, `BondLocked`, `InsufficientBond`,
    /// those of the token.
    function withdrawBond(uint256 networkId, address token, uint96 amount, address to) external;

    /// @notice The terms of a network; all zero where none are set, and then nobody is admitted.
    function termsOf(uint256 networkId) external view returns (Terms memory);

    /// @notice What a peer locked in a network, and until when (Unix seconds).
    function bondOf(
        uint256 networkId,
        address peer,
        address token
    ) external view returns (uint96 amount, uint40 lockedUntil);
}
