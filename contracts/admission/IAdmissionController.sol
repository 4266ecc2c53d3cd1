// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IInteractionHistory} from "../history/IInteractionHistory.sol";
import {IAdmissionPolicy} from "./IAdmissionPolicy.sol";

/// @title Admission controller
/// @notice Keeps each network's policy and whom it admitted until when.
interface IAdmissionController {
    /// @notice The network's policy changed. Standing admissions keep their end.
    event PolicySet(uint256 indexed networkId, address indexed policy);
    /// @notice The network serves the peer until `validUntil` (Unix seconds).
    event Admitted(uint256 indexed networkId, address indexed peer, uint40 validUntil);
    /// @notice The network no longer serves the peer.
    event Expelled(uint256 indexed networkId, address indexed peer);

    /// @notice Only the network's steward may do this.
    error OnlySteward(address caller, address steward);
    /// @notice The network has no policy, so nobody can be admitted or expelled.
    error NoPolicy(uint256 networkId);
    /// @notice The policy does not admit the peer.
    error NotEligible(uint256 networkId, address peer);
    /// @notice The peer is not admitted.
    error NotAdmitted(uint256 networkId, address peer);
    /// @notice Nothing shows that the peer became ineligible.
    error StillEligible(uint256 networkId, address peer);

    /// @notice Sets the policy of a network. Emits `PolicySet`.
    /// @dev Steward only. Errors: `OnlySteward`, `UnknownNetwork` of the history.
    function setPolicy(uint256 networkId, IAdmissionPolicy policy) external;

    /// @notice Admits a peer that the policy finds eligible. Emits `Admitted`.
    /// @dev Anyone may call. Errors: `NoPolicy`, `NotEligible`.
    /// @return validUntil When the admission ends, in Unix seconds: never earlier than a standing one did.
    function admit(
        uint256 networkId,
        address peer,
        bytes calldata proof
    ) external returns (uint40 validUntil);

    /// @notice Ends the admission of a peer that is proved ineligible. Emits `Expelled`.
    /// @dev Anyone may call. Errors: `NoPolicy`, `NotAdmitted`, `StillEligible`.
    function expel(uint256 networkId, address peer, bytes calldata proof) external;

    /// @notice A network's policy; zero where it has none.
    function policyOf(uint256 networkId) external view returns (IAdmissionPolicy);

    /// @notice Whether a peer is admitted now, and when that ends or ended.
    function admission(
        uint256 networkId,
        address peer
    ) external view returns (bool admitted, uint40 validUntil);

    /// @notice The history that knows the networks' stewards.
    function history() external view returns (IInteractionHistory);
}
