// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IFlowVerifier} from "../../reputation/IFlowVerifier.sol";
import {SortedPeers} from "../../reputation/SortedPeers.sol";
import {IAdmissionPolicy} from "../IAdmissionPolicy.sol";
import {IFlowPolicy} from "./IFlowPolicy.sol";

/// @title Flow policy
/// @dev See `IFlowPolicy`.
contract FlowPolicy is IFlowPolicy {
    using SortedPeers for address[];

    /// @inheritdoc IFlowPolicy
    IFlowVerifier public immutable verifier;

    mapping(uint256 networkId => Terms) private _terms;

    constructor(IFlowVerifier verifier_) {
        verifier = verifier_;
    }

    /// @inheritdoc IFlowPolicy
    function setTerms(uint256 networkId, Terms calldata terms) external {
        (address steward, , ) = verifier.history().network(networkId);
        if (msg.sender != steward) revert OnlySteward(msg.sender, steward);
        bool sound =
            terms.seeds.length != 0 &&
                terms.seeds.firstUnsorted() == terms.seeds.length &&
                terms.keepFlow != 0 &&
                terms.keepFlow <= terms.admitFlow &&
                terms.admissionPeriod != 0;
        if (!sound) revert InvalidTerms();
        _terms[networkId] = terms;
        emit TermsSet(networkId, terms.seeds, terms.admitFlow, terms.keepFlow, terms.admissionPeriod);
    }

    /// @inheritdoc IAdmissionPolicy
    /// @dev A seed is admitted without a proof.
    function canAdmit(
        uint256 networkId,
        address peer,
        bytes calldata proof
    ) external view returns (bool ok, uint40 validUntil) {
        Terms memory terms = _terms[networkId];
        ok = _isSeed(terms, peer) || _earns(networkId, terms, peer, proof);
        validUntil = ok ? uint40(block.timestamp) + terms.admissionPeriod : 0;
    }

    /// @inheritdoc IAdmissionPolicy
    /// @dev No cut keeps a seed from itself.
    function canExpel(uint256 networkId, address peer, bytes calldata proof) external view returns (bool) {
        Terms memory terms = _terms[networkId];
        if (proof.length == 0 || terms.seeds.length == 0 || _isSeed(terms, peer)) return false;
        (
            uint32 epoch,
            address[] memory side,
            bool sourceSide,
            IFlowVerifier.FlowEdge[] memory internalEdges
        ) = abi.decode(proof, (uint32, address[], bool, IFlowVerifier.FlowEdge[]));
        uint256 most = verifier.upperBound(
            networkId,
            epoch,
            terms.seeds,
            peer,
            side,
            sourceSide,
            internalEdges
        );
        return most < terms.keepFlow;
    }

    /// @inheritdoc IFlowPolicy
    function termsOf(uint256 networkId) external view returns (Terms memory) {
        return _terms[networkId];
    }

    /// @dev Whether the proof shows a flow from the seeds that admits. Without terms nothing is shown.
    function _earns(
        uint256 networkId,
        Terms memory terms,
        address peer,
        bytes calldata proof
    ) private view returns (bool) {
        if (proof.length == 0 || terms.seeds.length == 0) return false;
        (uint32 epoch, IFlowVerifier.FlowEdge[] memory flow) = abi.decode(
            proof,
            (uint32, IFlowVerifier.FlowEdge[])
        );
        return verifier.lowerBound(networkId, epoch, terms.seeds, peer, flow) >= terms.admitFlow;
    }

    function _isSeed(Terms memory terms, address peer) private pure returns (bool) {
        for (uint256 i = 0; i < terms.seeds.length; ++i) {
            if (terms.seeds[i] == peer) return true;
        }
        return false;
    }
}
