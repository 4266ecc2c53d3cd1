// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IInteractionHistory} from "../../history/IInteractionHistory.sol";
import {IAdmissionPolicy} from "../IAdmissionPolicy.sol";
import {CompositePolicy} from "./CompositePolicy.sol";
import {StewardedPolicy} from "./StewardedPolicy.sol";

/// @title All of several policies
/// @notice Admits whom every part admits, until the first of their ends; expels whom any part expels.
/// @dev See `ICompositePolicy`.
contract AllOfPolicy is CompositePolicy {
    constructor(IInteractionHistory history_) StewardedPolicy(history_) {}

    /// @inheritdoc IAdmissionPolicy
    /// @dev A part that reverts makes this revert: its error says what its proof lacks. Errors: `ProofCountMismatch`.
    function canAdmit(
        uint256 networkId,
        address peer,
        bytes calldata proof
    ) external view returns (bool ok, uint40 validUntil) {
        (IAdmissionPolicy[] memory children, bytes[] memory proofs) = _parts(networkId, proof);
        if (children.length == 0) return (false, 0);
        validUntil = type(uint40).max;
        for (uint256 i = 0; i < children.length; ++i) {
            (bool childOk, uint40 until) = children[i].canAdmit(networkId, peer, proofs[i]);
            if (!childOk) return (false, 0);
            if (until < validUntil) validUntil = until;
        }
        return (true, validUntil);
    }

    /// @inheritdoc IAdmissionPolicy
    /// @dev One part's proof is enough. A part that reverts, as for want of a proof, proves nothing; so does one that is
    /// left too little gas. Errors: `ProofCountMismatch`.
    function canExpel(uint256 networkId, address peer, bytes calldata proof) external view returns (bool) {
        (IAdmissionPolicy[] memory children, bytes[] memory proofs) = _parts(networkId, proof);
        for (uint256 i = 0; i < children.length; ++i) {
            try children[i].canExpel(networkId, peer, proofs[i]) returns (bool proved) {
                if (proved) return true;
                // solhint-disable-next-line no-empty-blocks
            } catch {}
        }
        return false;
    }
}
