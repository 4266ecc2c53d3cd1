// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IInteractionHistory} from "../../history/IInteractionHistory.sol";
import {IAdmissionPolicy} from "../IAdmissionPolicy.sol";

/// @title Stewarded policy
/// @notice A policy that serves every network, each under what its steward set.
interface IStewardedPolicy is IAdmissionPolicy {
    /// @notice Only the network's steward may do this.
    error OnlySteward(address caller, address steward);

    /// @notice The history that knows the networks and their stewards.
    function history() external view returns (IInteractionHistory);
}
