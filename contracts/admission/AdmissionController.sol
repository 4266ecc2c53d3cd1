// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {IInteractionHistory} from "../history/IInteractionHistory.sol";
import {IAdmissionController} from "./IAdmissionController.sol";
import {IAdmissionPolicy} from "./IAdmissionPolicy.sol";

/// @title Admission controller
/// @dev See `IAdmissionController`.
contract AdmissionController is IAdmissionController, Multicall {
    /// @inheritdoc IAdmissionController
    IInteractionHistory public immutable history;

    /// @inheritdoc IAdmissionController
    mapping(uint256 networkId => IAdmissionPolicy) public policyOf;

    mapping(uint256 networkId => mapping(address peer => uint40)) private _validUntil;

    constructor(IInteractionHistory history_) {
        history = history_;
    }

    /// @inheritdoc IAdmissionController
    function setPolicy(uint256 networkId, IAdmissionPolicy policy) external {
        (address steward, , ) = history.network(networkId);
        if (msg.sender != steward) revert OnlySteward(msg.sender, steward);
        policyOf[networkId] = policy;
        emit PolicySet(networkId, address(policy));
    }

    /// @inheritdoc IAdmissionController
    function admit(
        uint256 networkId,
        address peer,
        bytes calldata proof
    ) external returns (uint40 validUntil) {
        bool ok;
        (ok, validUntil) = _policy(networkId).canAdmit(networkId, peer, proof);
        if (!ok) revert NotEligible(networkId, peer);
        // Anyone may ask for anyone's admission, also under new terms: that must not shorten a standing one.
        uint40 standing = _validUntil[networkId][peer];
        if (validUntil < standing) validUntil = standing;
        _validUntil[networkId][peer] = validUntil;
        emit Admitted(networkId, peer, validUntil);
    }

    /// @inheritdoc IAdmissionController
    function expel(uint256 networkId, address peer, bytes calldata proof) external {
        if (!_admitted(_validUntil[networkId][peer])) revert NotAdmitted(networkId, peer);
        if (!_policy(networkId).canExpel(networkId, peer, proof)) revert StillEligible(networkId, peer);
        _validUntil[networkId][peer] = 0;
        emit Expelled(networkId, peer);
    }

    /// @inheritdoc IAdmissionController
    function admission(
        uint256 networkId,
        address peer
    ) external view returns (bool admitted, uint40 validUntil) {
        validUntil = _validUntil[networkId][peer];
        return (_admitted(validUntil), validUntil);
    }

    function _admitted(uint40 validUntil) private view returns (bool) {
        return block.timestamp < validUntil;
    }

    function _policy(uint256 networkId) private view returns (IAdmissionPolicy policy) {
        policy = policyOf[networkId];
        if (address(policy) == address(0)) revert NoPolicy(networkId);
    }
}
