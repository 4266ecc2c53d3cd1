// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IInteractionHistory} from "../../history/IInteractionHistory.sol";
import {IAdmissionPolicy} from "../IAdmissionPolicy.sol";

/// @title Ratio policy
/// @notice Admits a peer that provided enough for what it consumed beyond a newcomer's allowance (Kung & Wu 2003). One
/// contract serves every network; its steward sets the terms.
/// @dev The allowance is granted to every address: alone, this policy does not stop a peer that comes back under new ones.
interface IRatioPolicy is IAdmissionPolicy {
    /// @notice The terms of a network.
    /// @param admitRatio What a peer must have provided for each unit consumed beyond the allowance to be admitted; 1e18 is 1.
    /// @param keepRatio Below this it can be expelled; at most `admitRatio`, so that a peer at the edge is not thrown in and out.
    /// @param allowance What a peer may consume before it has to provide, in the network's unit of value.
    /// @param admissionPeriod Seconds that an admission lasts.
    struct Terms {
        uint64 admitRatio;
        uint64 keepRatio;
        uint96 allowance;
        uint32 admissionPeriod;
    }

    /// @notice A network's terms changed.
    event TermsSet(
        uint256 indexed networkId,
        uint64 admitRatio,
        uint64 keepRatio,
        uint96 allowance,
        uint32 admissionPeriod
    );

    /// @notice Only the network's steward may do this.
    error OnlySteward(address caller, address steward);
    /// @notice A ratio is zero, the ratio to keep exceeds the one to admit, or admissions would last no time.
    error InvalidTerms();

    /// @notice Sets the terms of a network. Emits `TermsSet`.
    /// @dev Steward only. Errors: `OnlySteward`, `InvalidTerms`, `UnknownNetwork` of the history.
    function setTerms(uint256 networkId, Terms calldata terms) external;

    /// @notice The terms of a network; all zero where none are set, and then nobody is admitted.
    function termsOf(uint256 networkId) external view returns (Terms memory);

    /// @notice How much more value a peer may consume and still be admitted.
    /// @dev What it is served off chain counts against this before it is settled.
    function headroom(uint256 networkId, address peer) external view returns (uint256);

    /// @notice How much more value a peer must provide to be admitted.
    function shortfall(uint256 networkId, address peer) external view returns (uint256);

    /// @notice The history that the ratio is read from.
    function history() external view returns (IInteractionHistory);
}
