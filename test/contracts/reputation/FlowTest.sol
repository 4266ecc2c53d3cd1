// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {InteractionHistory} from "../../../contracts/history/InteractionHistory.sol";
import {FlowVerifier} from "../../../contracts/reputation/FlowVerifier.sol";
import {IFlowVerifier} from "../../../contracts/reputation/IFlowVerifier.sol";
import {Settlement} from "../support/Settlement.sol";

/// @title A history with proofs about it
/// @dev Alice bought of Bert for 50 and of Carl for 20, Bert of Tina for 30 and of Carl for 7, Carl of Tina for 40, and Tina
/// of Alice for 5. From Alice to Tina flow 57: Bert passes on no more than 37.
abstract contract FlowTest is Settlement {
    uint40 internal constant NOW = 1_800_000_000;
    uint40 internal constant EPOCH_LENGTH = 1 days;
    uint96 internal constant MOST = type(uint96).max;

    InteractionHistory internal history;
    FlowVerifier internal verifier;
    address internal steward;
    address internal alice;
    address internal bert;
    address internal carl;
    address internal tina;
    uint256 internal networkId;
    uint32 internal epoch;

    IFlowVerifier.FlowEdge[] private _edges;

    function setUpHistory() internal {
        vm.warp(NOW);
        deployChannels();
        history = new InteractionHistory(channels);
        verifier = new FlowVerifier(history);
        (steward, alice, bert) = (makeAddr("steward"), makeAddr("alice"), makeAddr("bert"));
        (carl, tina) = (makeAddr("carl"), makeAddr("tina"));
        networkId = history.createNetwork(steward, EPOCH_LENGTH, "");
        vm.prank(steward);
        history.setWeight(networkId, address(token), 1e18);
        serve("alice", "bert", 50);
        serve("alice", "carl", 20);
        serve("bert", "tina", 30);
        serve("bert", "carl", 7);
        serve("carl", "tina", 40);
        serve("tina", "alice", 5);
        closeEpoch();
    }

    function serve(string memory consumer, string memory provider, uint96 amount) internal {
        history.sync(networkId, settle(consumer, provider, amount));
    }

    function closeEpoch() internal {
        (, , epoch) = history.network(networkId);
        vm.warp(NOW + epoch * EPOCH_LENGTH);
        ++epoch;
    }

    /// @dev All that flows from Alice to Tina: 57.
    function wholeFlow() internal returns (IFlowVerifier.FlowEdge[] memory) {
        addEdge(alice, bert, 37);
        addEdge(alice, carl, 20);
        addEdge(bert, tina, 30);
        addEdge(bert, carl, 7);
        addEdge(carl, tina, 27);
        return takeEdges();
    }

    function addEdge(address from, address to, uint96 amount) internal {
        _edges.push(IFlowVerifier.FlowEdge(from, to, amount));
    }

    /// @dev The edges added since the last time, in order.
    function takeEdges() internal returns (IFlowVerifier.FlowEdge[] memory edges) {
        edges = _edges;
        delete _edges;
        for (uint256 i = 1; i < edges.length; ++i) {
            for (uint256 j = i; j > 0 && _before(edges[j], edges[j - 1]); --j) {
                (edges[j], edges[j - 1]) = (edges[j - 1], edges[j]);
            }
        }
    }

    function oneEdge(
        address from,
        address to,
        uint96 amount
    ) internal returns (IFlowVerifier.FlowEdge[] memory) {
        addEdge(from, to, amount);
        return takeEdges();
    }

    function noEdge() internal pure returns (IFlowVerifier.FlowEdge[] memory) {
        return new IFlowVerifier.FlowEdge[](0);
    }

    function only(address peer) internal pure returns (address[] memory list) {
        list = new address[](1);
        list[0] = peer;
    }

    /// @dev Two peers, in order.
    function both(address a, address b) internal pure returns (address[] memory list) {
        list = new address[](2);
        (list[0], list[1]) = a < b ? (a, b) : (b, a);
    }

    function _before(
        IFlowVerifier.FlowEdge memory a,
        IFlowVerifier.FlowEdge memory b
    ) private pure returns (bool) {
        return a.from < b.from || (a.from == b.from && a.to < b.to);
    }
}
