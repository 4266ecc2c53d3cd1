// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IInteractionHistory} from "../history/IInteractionHistory.sol";
import {FlowEdges, FlowTable} from "./FlowEdges.sol";
import {IFlowVerifier} from "./IFlowVerifier.sol";
import {SortedPeers} from "./SortedPeers.sol";

/// @title Flow verifier
/// @dev See `IFlowVerifier`.
contract FlowVerifier is IFlowVerifier {
    using SortedPeers for address[];
    using FlowEdges for FlowEdge[];
    using FlowEdges for FlowTable;

    /// @inheritdoc IFlowVerifier
    IInteractionHistory public immutable history;

    constructor(IInteractionHistory history_) {
        history = history_;
    }

    /// @inheritdoc IFlowVerifier
    function lowerBound(
        uint256 networkId,
        uint32 epoch,
        address[] calldata sources,
        address target,
        FlowEdge[] calldata flow
    ) external view returns (uint256) {
        _checkQuestion(networkId, epoch, sources, target);
        return _lowerBound(networkId, sources, target, flow);
    }

    /// @inheritdoc IFlowVerifier
    function upperBound(
        uint256 networkId,
        uint32 epoch,
        address[] calldata sources,
        address target,
        address[] calldata side,
        bool sourceSide,
        FlowEdge[] calldata internalEdges
    ) external view returns (uint256) {
        _checkQuestion(networkId, epoch, sources, target);
        return _upperBound(networkId, sources, target, side, sourceSide, internalEdges);
    }

    /// @inheritdoc IFlowVerifier
    function bounds(
        uint256 networkId,
        uint32 epoch,
        address[] calldata sources,
        address target,
        FlowEdge[] calldata flow,
        address[] calldata side,
        bool sourceSide,
        FlowEdge[] calldata internalEdges
    ) external view returns (uint256 least, uint256 most) {
        _checkQuestion(networkId, epoch, sources, target);
        least = _lowerBound(networkId, sources, target, flow);
        most = _upperBound(networkId, sources, target, side, sourceSide, internalEdges);
    }

    function _checkQuestion(
        uint256 networkId,
        uint32 epoch,
        address[] calldata sources,
        address target
    ) private view {
        (, , uint32 current) = history.network(networkId);
        if (epoch != current) revert StaleEpoch(epoch, current);
        if (sources.length == 0) revert NoSources();
        uint256 unsorted = sources.firstUnsorted();
        if (unsorted != sources.length) revert UnsortedSources(unsorted);
        if (sources.contains(target)) revert TargetIsSource(target);
    }

    /// @dev What flows into the target, less what flows out of it, where all peers between pass on what they get.
    function _lowerBound(
        uint256 networkId,
        address[] calldata sources,
        address target,
        FlowEdge[] calldata flow
    ) private view returns (uint256 value) {
        FlowTable memory table = _read(networkId, flow);
        for (uint256 i = 0; i < flow.length; ++i) {
            uint256 more;
            (i, more) = table.settle(flow, i, target);
            value += more;
            if (i == flow.length) break;
            _checkAmount(flow[i], table.capacityAt(i));
            // A source may keep what it gets; others have to pass it on.
            if (!sources.contains(flow[i].to)) revert NotConserved(flow[i].to);
        }
        for (uint256 i = table.nextUneven(0); i < flow.length; i = table.nextUneven(i + 1)) {
            address consumer = flow[i].from;
            if (consumer == target) value -= Math.min(value, uint256(table.balanceAt(i)));
            else if (!sources.contains(consumer)) revert NotConserved(consumer);
        }
    }

    function _upperBound(
        uint256 networkId,
        address[] calldata sources,
        address target,
        address[] calldata side,
        bool sourceSide,
        FlowEdge[] calldata internalEdges
    ) private view returns (uint256 bound) {
        _checkSide(sources, target, side, sourceSide);
        for (uint256 i = 0; i < side.length; ++i) bound += _total(networkId, side[i], sourceSide);
        if (internalEdges.length == 0) return bound;
        FlowTable memory table = _read(networkId, internalEdges);
        uint256 unfit = table.firstUnfit(internalEdges);
        if (unfit != internalEdges.length) _checkAmount(internalEdges[unfit], table.capacityAt(unfit));
        for (uint256 i = 0; i < internalEdges.length; ++i) {
            FlowEdge calldata edge = internalEdges[i];
            if (!side.contains(edge.from) || !side.contains(edge.to)) revert NotInternal(edge.from, edge.to);
            // It is part of the total of a peer of the side, and none is listed twice.
            bound -= edge.amount;
        }
    }

    /// @dev The sources all lie on one side and the target on the other.
    function _checkSide(
        address[] calldata sources,
        address target,
        address[] calldata side,
        bool sourceSide
    ) private pure {
        uint256 unsorted = side.firstUnsorted();
        if (unsorted < side.length) revert UnsortedSide(unsorted);
        for (uint256 i = 0; i < sources.length; ++i) _checkPlace(side, sources[i], sourceSide);
        _checkPlace(side, target, !sourceSide);
    }

    function _checkPlace(address[] calldata side, address peer, bool within) private pure {
        if (side.contains(peer) == within) return;
        if (within) revert SideLacks(peer);
        revert SideHolds(peer);
    }

    /// @dev The edges with their capacities, after a check that they ascend.
    function _read(
        uint256 networkId,
        FlowEdge[] calldata edges
    ) private view returns (FlowTable memory table) {
        uint256 entered;
        (table, entered) = edges.enter();
        if (entered != edges.length) revert UnsortedEdges(entered);
        table.readCapacities(history, networkId);
    }

    /// @dev The history keeps no edge of a peer to itself, so that nothing fits through one.
    function _checkAmount(FlowEdge calldata edge, uint96 capacity) private pure {
        if (edge.from == edge.to) revert SelfEdge(edge.from);
        if (edge.amount == 0) revert ZeroAmount(edge.from, edge.to);
        if (edge.amount > capacity) revert AboveCapacity(edge.from, edge.to, edge.amount, capacity);
    }

    /// @dev All that a peer consumed or provided up to the last closed epoch.
    function _total(uint256 networkId, address peer, bool consumed) private view returns (uint256 total) {
        (, , uint96 providedLastEpoch, uint96 consumedLastEpoch) = history.totals(networkId, peer);
        total = consumed ? consumedLastEpoch : providedLastEpoch;
        if (total == type(uint96).max) revert SaturatedTotal(peer);
    }
}
