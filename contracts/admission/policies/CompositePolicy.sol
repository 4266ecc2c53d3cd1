// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ERC165} from "@openzeppelin/contracts/utils/introspection/ERC165.sol";
import {ERC165Checker} from "@openzeppelin/contracts/utils/introspection/ERC165Checker.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {IAdmissionPolicy} from "../IAdmissionPolicy.sol";
import {ICompositePolicy} from "./ICompositePolicy.sol";
import {StewardedPolicy} from "./StewardedPolicy.sol";

/// @title Composite policy
/// @dev See `ICompositePolicy`.
abstract contract CompositePolicy is ICompositePolicy, StewardedPolicy, ERC165, Multicall {
    uint256 private constant MAX_CHILDREN = 8;

    mapping(uint256 networkId => IAdmissionPolicy[]) private _children;

    /// @inheritdoc ICompositePolicy
    function setChildren(
        uint256 networkId,
        IAdmissionPolicy[] calldata children
    ) external onlySteward(networkId) {
        uint256 count = children.length;
        if (count == 0 || count > MAX_CHILDREN) revert InvalidChildCount(count, MAX_CHILDREN);
        for (uint256 i = 0; i < count; ++i) {
            for (uint256 j = 0; j < i; ++j) {
                if (address(children[i]) == address(children[j])) revert DuplicateChild(children[i]);
            }
            _requireAcyclic(networkId, children[i]);
        }
        _children[networkId] = children;
        emit ChildrenSet(networkId, children);
    }

    /// @inheritdoc ICompositePolicy
    function childrenOf(uint256 networkId) public view returns (IAdmissionPolicy[] memory) {
        return _children[networkId];
    }

    /// @inheritdoc ERC165
    function supportsInterface(bytes4 interfaceId) public view override returns (bool) {
        return interfaceId == type(ICompositePolicy).interfaceId || super.supportsInterface(interfaceId);
    }

    /// @dev The parts and their proofs.
    function _parts(
        uint256 networkId,
        bytes calldata proof
    ) internal view returns (IAdmissionPolicy[] memory children, bytes[] memory proofs) {
        children = childrenOf(networkId);
        if (children.length == 0) return (children, proofs);
        if (proof.length != 0) proofs = abi.decode(proof, (bytes[]));
        if (proofs.length != children.length) revert ProofCountMismatch(proofs.length, children.length);
    }

    /// @dev Refuses a part that is this policy or contains it.
    function _requireAcyclic(uint256 networkId, IAdmissionPolicy child) private view {
        if (address(child) == address(this)) revert ContainsItself(networkId);
        if (address(child).code.length == 0) revert NotAPolicy(address(child));
        if (!ERC165Checker.supportsInterface(address(child), type(ICompositePolicy).interfaceId)) return;
        IAdmissionPolicy[] memory children = ICompositePolicy(address(child)).childrenOf(networkId);
        for (uint256 i = 0; i < children.length; ++i) {
            _requireAcyclic(networkId, children[i]);
        }
    }
}
