// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IInteractionHistory} from "../../history/IInteractionHistory.sol";
import {IStewardedPolicy} from "./IStewardedPolicy.sol";

/// @title Stewarded policy
/// @dev See `IStewardedPolicy`.
abstract contract StewardedPolicy is IStewardedPolicy {
    /// @inheritdoc IStewardedPolicy
    IInteractionHistory public immutable history;

    constructor(IInteractionHistory history_) {
        history = history_;
    }

    /// @dev Reverts with `UnknownNetwork` of the history where there is no such network.
    modifier onlySteward(uint256 networkId) {
        (address steward, , ) = history.network(networkId);
        if (msg.sender != steward) revert OnlySteward(msg.sender, steward);
        _;
    }
}
