// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IInteractionHistory} from "../../history/IInteractionHistory.sol";
import {IAdmissionPolicy} from "../IAdmissionPolicy.sol";
import {IRatioPolicy} from "./IRatioPolicy.sol";

/// @title Ratio policy
/// @dev See `IRatioPolicy`.
contract RatioPolicy is IRatioPolicy {
    uint256 private constant RATIO_UNIT = 1e18;

    /// @inheritdoc IRatioPolicy
    IInteractionHistory public immutable history;

    mapping(uint256 networkId => Terms) private _terms;

    constructor(IInteractionHistory history_) {
        history = history_;
    }

    /// @inheritdoc IRatioPolicy
    function setTerms(uint256 networkId, Terms calldata terms) external {
        (address steward, , ) = history.network(networkId);
        if (msg.sender != steward) revert OnlySteward(msg.sender, steward);
        if (terms.keepRatio == 0 || terms.keepRatio > terms.admitRatio || terms.admissionPeriod == 0) {
            revert InvalidTerms();
        }
        _terms[networkId] = terms;
        emit TermsSet(networkId, terms.admitRatio, terms.keepRatio, terms.allowance, terms.admissionPeriod);
    }

    /// @inheritdoc IAdmissionPolicy
    function canAdmit(
        uint256 networkId,
        address peer,
        bytes calldata
    ) external view returns (bool ok, uint40 validUntil) {
        Terms memory terms = _terms[networkId];
        ok = terms.admitRatio != 0 && _lacks(networkId, peer, terms, terms.admitRatio) == 0;
        validUntil = ok ? uint40(block.timestamp) + terms.admissionPeriod : 0;
    }

    /// @inheritdoc IAdmissionPolicy
    /// @dev The proof is what the history holds: a ratio below the one to keep. Without terms nothing is proved.
    function canExpel(uint256 networkId, address peer, bytes calldata) external view returns (bool) {
        Terms memory terms = _terms[networkId];
        return terms.keepRatio != 0 && _lacks(networkId, peer, terms, terms.keepRatio) != 0;
    }

    /// @inheritdoc IRatioPolicy
    function termsOf(uint256 networkId) external view returns (Terms memory) {
        return _terms[networkId];
    }

    /// @inheritdoc IRatioPolicy
    function headroom(uint256 networkId, address peer) external view returns (uint256) {
        Terms memory terms = _terms[networkId];
        if (terms.admitRatio == 0) return 0;
        (uint96 provided, uint96 consumed, , ) = history.totals(networkId, peer);
        uint256 allowed = terms.allowance + Math.mulDiv(provided, RATIO_UNIT, terms.admitRatio);
        return Math.saturatingSub(allowed, consumed);
    }

    /// @inheritdoc IRatioPolicy
    function shortfall(uint256 networkId, address peer) external view returns (uint256) {
        Terms memory terms = _terms[networkId];
        return _lacks(networkId, peer, terms, terms.admitRatio);
    }

    /// @dev What the peer must still provide to reach a ratio on its consumption beyond the allowance, rounded up.
    function _lacks(
        uint256 networkId,
        address peer,
        Terms memory terms,
        uint256 ratio
    ) private view returns (uint256) {
        (uint96 provided, uint96 consumed, , ) = history.totals(networkId, peer);
        uint256 beyond = Math.saturatingSub(consumed, terms.allowance);
        return Math.saturatingSub(Math.mulDiv(beyond, ratio, RATIO_UNIT, Math.Rounding.Ceil), provided);
    }
}
