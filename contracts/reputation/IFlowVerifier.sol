// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IInteractionHistory} from "../history/IInteractionHistory.sol";

/// @title Flow verifier
/// @notice Checks on chain what a peer is worth in the eyes of others: the max-flow from them to the peer along the
/// edges of a network's history, from consumer to provider (Feldman, Lai, Stoica and Chuang 2004). To find a max-flow is
/// dear; to check one is cheap. A flow is the witness that it is no less, a cut the certificate that it is no more, and
/// where both come to the same, that is the max-flow.
/// @dev An edge's capacity is its value as of the last closed epoch, so a proof holds until the current epoch closes.
/// Several sources count as one, because flows from each that share edges do not add up. All functions are views that
/// anyone may call; a proof that is not sound reverts with the reason. Lists are strictly ascending, which keeps a peer or
/// an edge from being counted twice.
interface IFlowVerifier {
    /// @notice What flows over an edge.
    /// @param from The consumer.
    /// @param to The provider.
    /// @param amount Above 0 and no more than the edge's capacity, in the network's unit of value.
    struct FlowEdge {
        address from;
        address to;
        uint96 amount;
    }

    /// @notice The proof is about another epoch than the network's current one.
    error StaleEpoch(uint32 given, uint32 current);
    /// @notice Nobody is a source.
    error NoSources();
    /// @notice The source at this index does not come after the one before it.
    error UnsortedSources(uint256 index);
    /// @notice Nobody has a reputation in their own eyes.
    error TargetIsSource(address target);
    /// @notice The edge at this index does not come after the one before it, by `from` and then by `to`.
    error UnsortedEdges(uint256 index);
    /// @notice An edge from a peer to itself counts nothing.
    error SelfEdge(address peer);
    /// @notice Nothing flows over an edge that is listed.
    error ZeroAmount(address from, address to);
    /// @notice More flows over an edge than it held when the last epoch closed.
    error AboveCapacity(address from, address to, uint96 amount, uint96 capacity);
    /// @notice Not as much flows into a peer as out of it, and it is neither a source nor the target.
    error NotConserved(address peer);
    /// @notice The peer of the side at this index does not come after the one before it.
    error UnsortedSide(uint256 index);
    /// @notice The side leaves out a peer that it must hold: a source, or the target.
    error SideLacks(address peer);
    /// @notice The side holds a peer of the other side: the target, or a source.
    error SideHolds(address peer);
    /// @notice An edge that is listed as internal does not run between two peers of the side.
    error NotInternal(address from, address to);
    /// @notice The total of a peer is at its limit of 2^96 - 1: what lies beyond was not counted, so it bounds nothing.
    error SaturatedTotal(address peer);

    /// @notice Checks a flow from the sources to the target: the max-flow is at least what is returned.
    /// @dev Errors: `StaleEpoch`, `NoSources`, `UnsortedSources`, `TargetIsSource`, `UnsortedEdges`, `SelfEdge`,
    /// `ZeroAmount`, `AboveCapacity`, `NotConserved`, `UnknownNetwork` of the history.
    /// @param epoch The network's current epoch; the values are those at its start.
    /// @param sources In whose eyes, ascending.
    /// @param target Who is looked at.
    /// @param flow Each edge over which something flows, ascending by `from`, then by `to`.
    /// @return What flows into the target, less what flows out of it; 0 where that is more. In the network's unit of value.
    function lowerBound(
        uint256 networkId,
        uint32 epoch,
        address[] calldata sources,
        address target,
        FlowEdge[] calldata flow
    ) external view returns (uint256);

    /// @notice Checks a cut between the sources and the target: the max-flow is at most what is returned.
    /// @dev What leaves a set of peers is all that they consumed, less what they consumed of each other; what enters
    /// it, all that they provided, less what they provided to each other. To leave out an internal edge makes the bound
    /// weaker and never wrong. Errors: `StaleEpoch`, `NoSources`, `UnsortedSources`, `TargetIsSource`, `UnsortedSide`,
    /// `SideLacks`, `SideHolds`, `UnsortedEdges`, `SelfEdge`, `ZeroAmount`, `NotInternal`, `AboveCapacity`,
    /// `SaturatedTotal`, `UnknownNetwork` of the history.
    /// @param epoch The network's current epoch; the values are those at its start.
    /// @param sources In whose eyes, ascending.
    /// @param target Who is looked at.
    /// @param side The peers of one side of the cut, ascending.
    /// @param sourceSide Whether that is the sources' side, which holds them all and not the target; else it is the
    /// target's, which holds the target and no source.
    /// @param internalEdges Edges between peers of the side, ascending by `from`, then by `to`.
    /// @return What crosses the cut from the sources' side to the target's, in the network's unit of value.
    function upperBound(
        uint256 networkId,
        uint32 epoch,
        address[] calldata sources,
        address target,
        address[] calldata side,
        bool sourceSide,
        FlowEdge[] calldata internalEdges
    ) external view returns (uint256);

    /// @notice Checks a flow and a cut in one call: the max-flow is at least `least` and at most `most`, and both where they
    /// are equal.
    /// @dev As `lowerBound` and `upperBound`, with the errors of both.
    function bounds(
        uint256 networkId,
        uint32 epoch,
        address[] calldata sources,
        address target,
        FlowEdge[] calldata flow,
        address[] calldata side,
        bool sourceSide,
        FlowEdge[] calldata internalEdges
    ) external view returns (uint256 least, uint256 most);

    /// @notice The history whose edges are read.
    function history() external view returns (IInteractionHistory);
}
