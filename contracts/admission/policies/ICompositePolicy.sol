// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IAdmissionPolicy} from "../IAdmissionPolicy.sol";
import {IStewardedPolicy} from "./IStewardedPolicy.sol";

/// @title Composite policy
/// @notice A policy made of others. One contract serves every network; its steward names the parts. A proof is the
/// ABI-encoded array (`bytes[]`) of the parts' proofs, in the order of `childrenOf`, empty ones where a part needs none.
/// @dev No composite contains itself, however deep: each looks below its parts when they are set, so that the last link
/// of a circle is refused. As parts differ and are few, a question costs what its parts cost, and who asks pays for it.
interface ICompositePolicy is IStewardedPolicy {
    /// @notice A network's parts changed.
    event ChildrenSet(uint256 indexed networkId, IAdmissionPolicy[] children);

    /// @notice There are no parts, or more than `most`.
    error InvalidChildCount(uint256 count, uint256 most);
    /// @notice The policy would contain itself.
    error ContainsItself(uint256 networkId);
    /// @notice There is no contract at the address.
    error NotAPolicy(address child);
    /// @notice A part is named twice.
    error DuplicateChild(IAdmissionPolicy child);
    /// @notice The proof holds another number of proofs than there are parts; none at all where it is empty.
    error ProofCountMismatch(uint256 count, uint256 expected);

    /// @notice Names the parts, at most 8. Emits `ChildrenSet`.
    /// @dev Steward only. Errors: `OnlySteward`, `InvalidChildCount`, `ContainsItself`, `NotAPolicy`, `DuplicateChild`,
    /// `UnknownNetwork` of the history.
    function setChildren(uint256 networkId, IAdmissionPolicy[] calldata children) external;

    /// @notice The parts; none where none are set, and then nobody is admitted or expelled.
    function childrenOf(uint256 networkId) external view returns (IAdmissionPolicy[] memory);
}
