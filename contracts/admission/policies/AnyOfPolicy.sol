// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IInteractionHistory} from "../../history/IInteractionHistory.sol";
import {IAdmissionPolicy} from "../IAdmissionPolicy.sol";
import {CompositePolicy} from "./CompositePolicy.sol";
import {StewardedPolicy} from "./StewardedPolicy.sol";

/// @title Any of several policies
/// @notice Admits whom at least one part admits, until the last end that one gives: as long as the peer would get by
/// asking that part alone. Expels whom every part expels.
/// @dev See `ICompositePolicy`.
contract AnyOfPolicy is CompositePolicy {
    constructor(IInteractionHistory history_) StewardedPolicy(history_) {}

    /// @inheritdoc IAdmissionPolicy
    /// @dev A part that reverts, as for want of a proof, does not admit; so does one that is left too little gas.
    /// Errors: `ProofCountMismatch`.
    function canAdmit(
        uint256 networkId,
        address peer,
        bytes calldata proof
    ) external view returns (bool ok, uint40 validUntil) {
        (IAdmissionPolicy[] memory children, bytes[] memory proofs) = _parts(networkId, proof);
        for (uint256 i = 0; i < children.length; ++i) {
            try children[i].canAdmit(networkId, peer, proofs[i]) returns (bool childOk, uint40 until) {
                if (childOk) ok = true;
                if (childOk && until > validUntil) validUntil = until;
                // solhint-disable-next-line no-empty-blocks
            } catch {}
        }
    }

    /// @inheritdoc IAdmissionPolicy
    /// @dev A part that reverts makes this revert: its error says what its proof lacks. Errors: `ProofCountMismatch`.
    function canExpel(uint256 networkId, address peer, bytes calldata proof) external view returns (bool) {
        (IAdmissionPolicy[] memory children, bytes[] memory proofs) = _parts(networkId, proof);
        for (uint256 i = 0; i < children.length; ++i) {
            if (!children[i].canExpel(networkId, peer, proofs[i])) return false;
        }
        return children.length != 0;
    }
}
