// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Admission policy
/// @notice Decides for a network whom it serves. A policy only answers; `AdmissionController` keeps the decisions.
interface IAdmissionPolicy {
    /// @notice Whether a peer may be admitted now.
    /// @param proof What the policy cannot see by itself; its format is the policy's own.
    /// @return ok Whether it may.
    /// @return validUntil Until when the admission holds, in Unix seconds.
    function canAdmit(
        uint256 networkId,
        address peer,
        bytes calldata proof
    ) external view returns (bool ok, uint40 validUntil);

    /// @notice Whether an admitted peer is shown to be no longer eligible.
    /// @dev True only where ineligibility is proved, from the proof or from the chain's own records.
    function canExpel(uint256 networkId, address peer, bytes calldata proof) external view returns (bool);
}
