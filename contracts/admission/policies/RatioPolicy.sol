// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {IInteractionHistory} from "../../history/IInteractionHistory.sol";
import {IAdmissionPolicy} from "../IAdmissionPolicy.sol";
import {IRatioPolicy} from "./IRatioPolicy.sol";
import {StewardedPolicy} from "./StewardedPolicy.sol";

/// @title Ratio policy
/// @dev See `IRatioPolicy`.
contract RatioPolicy is IRatioPolicy, StewardedPolicy, Multicall {
    uint256 private constant RATIO_UNIT = 1e18;

    /// @dev What newcomers took out of an epoch's budget. One slot: `epoch` 32 bits | `amount` 96 | 128 spare.
    struct Spent {
        uint32 epoch;
        uint96 amount;
    }

    mapping(uint256 networkId => Terms) private _terms;
    mapping(uint256 networkId => Spent) private _spent;
    mapping(uint256 networkId => mapping(address peer => uint96)) private _claimed;

    constructor(IInteractionHistory history_) StewardedPolicy(history_) {}

    /// @inheritdoc IRatioPolicy
    function setTerms(uint256 networkId, Terms calldata terms) external onlySteward(networkId) {
        if (terms.keepRatio == 0 || terms.keepRatio > terms.admitRatio) {
            revert InvalidRatios(terms.admitRatio, terms.keepRatio);
        }
        if (terms.admissionPeriod == 0) revert InvalidAdmissionPeriod();
        if (terms.allowance == 0 ? terms.budget != 0 : terms.budget < terms.allowance) {
            revert InvalidBudget(terms.budget, terms.allowance);
        }
        address claimPolicy = address(terms.claimPolicy);
        if (claimPolicy == address(this) || (claimPolicy != address(0) && claimPolicy.code.length == 0)) {
            revert InvalidClaimPolicy(terms.claimPolicy);
        }
        _terms[networkId] = terms;
        emit TermsSet(networkId, terms);
    }

    /// @inheritdoc IRatioPolicy
    function claimAllowance(uint256 networkId, bytes calldata proof) external returns (uint96 allowance) {
        Terms memory terms = _terms[networkId];
        allowance = terms.allowance;
        if (allowance == 0) revert NoAllowance(networkId);
        if (_claimed[networkId][msg.sender] != 0) revert AlreadyClaimed(networkId, msg.sender);
        (, uint40 epochLength, uint32 epoch) = history.network(networkId);
        uint96 left = _budgetLeft(networkId, terms.budget, epoch);
        if (left < allowance) revert BudgetSpent(networkId, epoch, left);
        if (address(terms.claimPolicy) != address(0)) {
            uint40 needed = uint40(block.timestamp) + epochLength;
            (bool ok, uint40 validUntil) = terms.claimPolicy.canAdmit(networkId, msg.sender, proof);
            if (!ok || validUntil < needed) revert ClaimRefused(networkId, msg.sender, validUntil, needed);
        }
        left -= allowance;
        // What is left of a budget that was lowered within the epoch is 0 until the next one.
        _spent[networkId] = Spent(epoch, terms.budget - left);
        _claimed[networkId][msg.sender] = allowance;
        emit AllowanceClaimed(networkId, msg.sender, epoch, allowance, left);
    }

    /// @inheritdoc IAdmissionPolicy
    /// @dev Needs no proof. A peer of whom nothing is known, which neither provided nor claimed, is a stranger: it is not
    /// admitted, though it owes nothing.
    function canAdmit(
        uint256 networkId,
        address peer,
        bytes calldata
    ) external view returns (bool ok, uint40 validUntil) {
        Terms storage terms = _terms[networkId];
        ok = terms.admitRatio != 0 && _shortfall(networkId, peer, terms) == 0;
        validUntil = ok ? uint40(block.timestamp) + terms.admissionPeriod : 0;
    }

    /// @inheritdoc IAdmissionPolicy
    /// @dev The proof is what the history holds: a ratio below the one to keep. Without terms nothing is proved.
    function canExpel(uint256 networkId, address peer, bytes calldata) external view returns (bool) {
        Terms storage terms = _terms[networkId];
        if (terms.keepRatio == 0) return false;
        (uint96 provided, uint96 consumed, , ) = history.totals(networkId, peer);
        return _lacks(provided, consumed, _allowance(networkId, peer, terms), terms.keepRatio) != 0;
    }

    /// @inheritdoc IRatioPolicy
    function termsOf(uint256 networkId) external view returns (Terms memory) {
        return _terms[networkId];
    }

    /// @inheritdoc IRatioPolicy
    function allowanceOf(uint256 networkId, address peer) external view returns (uint96) {
        return _allowance(networkId, peer, _terms[networkId]);
    }

    /// @inheritdoc IRatioPolicy
    function budgetLeft(uint256 networkId) external view returns (uint96) {
        (, , uint32 epoch) = history.network(networkId);
        return _budgetLeft(networkId, _terms[networkId].budget, epoch);
    }

    /// @inheritdoc IRatioPolicy
    function headroom(uint256 networkId, address peer) external view returns (uint256) {
        Terms storage terms = _terms[networkId];
        if (terms.admitRatio == 0) return 0;
        (uint96 provided, uint96 consumed, , ) = history.totals(networkId, peer);
        uint256 earned = Math.mulDiv(provided, RATIO_UNIT, terms.admitRatio);
        return Math.saturatingSub(_allowance(networkId, peer, terms) + earned, consumed);
    }

    /// @inheritdoc IRatioPolicy
    function shortfall(uint256 networkId, address peer) external view returns (uint256) {
        Terms storage terms = _terms[networkId];
        return terms.admitRatio == 0 ? 0 : _shortfall(networkId, peer, terms);
    }

    function _shortfall(uint256 networkId, address peer, Terms storage terms) private view returns (uint256) {
        (uint96 provided, uint96 consumed, , ) = history.totals(networkId, peer);
        uint256 allowance = _allowance(networkId, peer, terms);
        bool isStranger = provided == 0 && allowance == 0;
        return Math.max(_lacks(provided, consumed, allowance, terms.admitRatio), isStranger ? 1 : 0);
    }

    /// @dev What must still be provided to reach a ratio on the consumption beyond the allowance, rounded up.
    function _lacks(
        uint256 provided,
        uint256 consumed,
        uint256 allowance,
        uint256 ratio
    ) private pure returns (uint256) {
        uint256 beyond = Math.saturatingSub(consumed, allowance);
        return Math.saturatingSub(Math.mulDiv(beyond, ratio, RATIO_UNIT, Math.Rounding.Ceil), provided);
    }

    function _allowance(uint256 networkId, address peer, Terms storage terms) private view returns (uint96) {
        return uint96(Math.min(_claimed[networkId][peer], terms.allowance));
    }

    function _budgetLeft(uint256 networkId, uint96 budget, uint32 epoch) private view returns (uint96) {
        Spent memory spent = _spent[networkId];
        return spent.epoch == epoch ? uint96(Math.saturatingSub(budget, spent.amount)) : budget;
    }
}
