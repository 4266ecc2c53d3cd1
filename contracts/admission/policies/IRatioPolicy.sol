// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IAdmissionPolicy} from "../IAdmissionPolicy.sol";
import {IStewardedPolicy} from "./IStewardedPolicy.sol";

/// @title Ratio policy
/// @notice Admits a peer that provided enough for what it consumed beyond a newcomer's allowance (Kung & Wu 2003). One
/// contract serves every network; its steward sets the terms.
/// @dev Addresses cost nothing, so an allowance that every address had would be worth any number of addresses. Newcomers
/// share a budget instead: an address has no allowance until it claims one, once, and all claims of an epoch together
/// take at most the budget. What free riders get in an epoch is thereby bounded by a figure that the steward chose,
/// however many addresses they use.
///
/// A shared budget can be jammed: who claims all of it first keeps newcomers out. Against that the steward names a
/// policy for claims: a claimant satisfies it, and for a whole epoch to come. With `BondPolicy` every claim of an
/// epoch has a stake of its own locked until that epoch is over, so that jamming every epoch keeps
/// `budget / allowance` stakes locked for good, while a newcomer locks one, once. Without a policy for claims, jamming
/// costs the gas of that many transactions an epoch. A claim is made by the newcomer itself, so that nobody's is used up
/// by others, and it stays whole: nobody can leave a remainder that is too small for the next.
///
/// What two addresses of one owner pay each other counts as provided: alone, this policy stops fresh addresses, not sock
/// puppets. Combine it with a proved flow from the network's seeds.
interface IRatioPolicy is IStewardedPolicy {
    /// @notice The terms of a network.
    /// @param admitRatio What a peer must have provided for each unit consumed beyond the allowance to be admitted; 1e18 is 1.
    /// @param keepRatio Below this it can be expelled; at most `admitRatio`, so that a peer at the edge is not thrown in and out.
    /// @param allowance What a newcomer that claimed it may consume before it has to provide, in the network's unit of value.
    /// @param admissionPeriod Seconds that an admission lasts.
    /// @param budget The most that newcomers may claim in an epoch together; 0 only where the allowance is 0.
    /// @param claimPolicy Whom claims are open to; zero opens them to everybody.
    struct Terms {
        uint64 admitRatio;
        uint64 keepRatio;
        uint96 allowance;
        uint32 admissionPeriod;
        uint96 budget;
        IAdmissionPolicy claimPolicy;
    }

    /// @notice A network's terms changed.
    event TermsSet(uint256 indexed networkId, Terms terms);
    /// @notice A newcomer took its allowance out of the epoch's budget; `left` is what others can still take.
    event AllowanceClaimed(
        uint256 indexed networkId,
        address indexed peer,
        uint32 epoch,
        uint96 allowance,
        uint96 left
    );

    /// @notice A ratio is zero, or the one to keep exceeds the one to admit.
    error InvalidRatios(uint64 admitRatio, uint64 keepRatio);
    /// @notice Admissions would last no time.
    error InvalidAdmissionPeriod();
    /// @notice The budget does not hold one allowance, or is for nothing.
    error InvalidBudget(uint96 budget, uint96 allowance);
    /// @notice The policy for claims is no contract, or this policy: that admits no newcomer before it claimed.
    error InvalidClaimPolicy(IAdmissionPolicy claimPolicy);
    /// @notice The network grants newcomers nothing.
    error NoAllowance(uint256 networkId);
    /// @notice The peer claimed before; an address does so once.
    error AlreadyClaimed(uint256 networkId, address peer);
    /// @notice Newcomers took the epoch's budget: `left` of it is less than an allowance. The next epoch has a new one.
    error BudgetSpent(uint256 networkId, uint32 epoch, uint96 left);
    /// @notice The policy for claims does not admit the peer, or only until `validUntil` when `needed` is asked for.
    error ClaimRefused(uint256 networkId, address peer, uint40 validUntil, uint40 needed);

    /// @notice Sets the terms of a network. Emits `TermsSet`.
    /// @dev Steward only. What was claimed stays claimed, but counts for no more than the allowance of the new terms.
    /// Errors: `OnlySteward`, `InvalidRatios`, `InvalidAdmissionPeriod`, `InvalidBudget`, `InvalidClaimPolicy`,
    /// `UnknownNetwork` of the history.
    function setTerms(uint256 networkId, Terms calldata terms) external;

    /// @notice Takes the caller's allowance out of the epoch's budget. Emits `AllowanceClaimed`.
    /// @dev Anyone may call, once. Errors: `NoAllowance`, `AlreadyClaimed`, `BudgetSpent`, `ClaimRefused`, those of the
    /// policy for claims.
    /// @param proof What the policy for claims asks for.
    /// @return allowance What the caller may consume before it has to provide.
    function claimAllowance(uint256 networkId, bytes calldata proof) external returns (uint96 allowance);

    /// @notice The terms of a network; all zero where none are set, and then nobody is admitted.
    function termsOf(uint256 networkId) external view returns (Terms memory);

    /// @notice What a peer may consume before it has to provide: what it claimed, or the terms' allowance where that is less.
    function allowanceOf(uint256 networkId, address peer) external view returns (uint96);

    /// @notice What newcomers can still claim in this epoch. `UnknownNetwork` of the history.
    function budgetLeft(uint256 networkId) external view returns (uint96);

    /// @notice How much more value a peer may consume and still be admitted.
    /// @dev What it is served off chain counts against this before it is settled.
    function headroom(uint256 networkId, address peer) external view returns (uint256);

    /// @notice How much more value a peer must provide to be admitted: at least 1 where it neither provided nor claimed.
    function shortfall(uint256 networkId, address peer) external view returns (uint256);
}
