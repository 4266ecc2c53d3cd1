// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IFlowVerifier} from "../../reputation/IFlowVerifier.sol";
import {IAdmissionPolicy} from "../IAdmissionPolicy.sol";

/// @title Flow policy
/// @notice Admits a peer that the network's seed peers vouch for: by the max-flow from the seeds to the peer along the
/// edges from consumer to provider. It counts what the peer served to seeds, to peers that served seeds, to peers that
/// served those, and so on. What sock puppets, strangers or a ring pay each other counts nothing: all of it lies behind
/// the edges that others made to them. One contract serves every network; its steward sets the terms.
/// @dev A proof to be admitted is `abi.encode(uint32 epoch, IFlowVerifier.FlowEdge[] flow)`, the witness of
/// `IFlowVerifier.lowerBound`; one to expel is `abi.encode(uint32 epoch, address[] side, bool sourceSide,
/// IFlowVerifier.FlowEdge[] internalEdges)`, the certificate of `IFlowVerifier.upperBound`. Both are about values as of
/// the last closed epoch. An empty proof proves nothing; one that is not sound reverts with the verifier's reason.
interface IFlowPolicy is IAdmissionPolicy {
    /// @notice The terms of a network.
    /// @param seeds The peers that others are measured from, ascending; they need no proof themselves.
    /// @param admitFlow The flow that admits a peer, in the network's unit of value.
    /// @param keepFlow Below this it can be expelled; at most `admitFlow`, so that a peer at the edge is not thrown in and out.
    /// @param admissionPeriod Seconds that an admission lasts.
    struct Terms {
        address[] seeds;
        uint96 admitFlow;
        uint96 keepFlow;
        uint32 admissionPeriod;
    }

    /// @notice A network's terms changed.
    event TermsSet(
        uint256 indexed networkId,
        address[] seeds,
        uint96 admitFlow,
        uint96 keepFlow,
        uint32 admissionPeriod
    );

    /// @notice Only the network's steward may do this.
    error OnlySteward(address caller, address steward);
    /// @notice There is no seed, the seeds are not strictly ascending, a flow is zero, the one to keep exceeds the one to
    /// admit, or admissions would last no time.
    error InvalidTerms();

    /// @notice Sets the terms of a network. Emits `TermsSet`.
    /// @dev Steward only. Errors: `OnlySteward`, `InvalidTerms`, `UnknownNetwork` of the history.
    function setTerms(uint256 networkId, Terms calldata terms) external;

    /// @notice The terms of a network; all zero where none are set, and then nobody is admitted.
    function termsOf(uint256 networkId) external view returns (Terms memory);

    /// @notice What checks the proofs.
    function verifier() external view returns (IFlowVerifier);
}
