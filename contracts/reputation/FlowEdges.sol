// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IInteractionHistory} from "../history/IInteractionHistory.sol";
import {IFlowVerifier} from "./IFlowVerifier.sol";

/// @dev The edges of a proof in memory, in four lists of `count` words, `stride` bytes from one to the next, each after a
/// word of its own: consumers, providers, capacities, balances. The consumers begin at `start`.
struct FlowTable {
    uint256 start;
    uint256 stride;
    uint256 count;
}

/// @title The loops over the edges of a proof
/// @dev In assembly, because the compiler's checks of every index and every field come to more than the storage that a
/// proof reads. An edge is three words of calldata: `from`, `to`, `amount`. A loop only finds where something is wrong;
/// `FlowVerifier` says what. Sums of amounts up to their capacities of 96 bits cannot overflow; a balance that saw a larger
/// amount counts nothing, because that amount is refused.
library FlowEdges {
    /// @notice Enters the edges into a table, as far as they ascend strictly by `from`, then by `to`. The balance of a
    /// consumer is what flows out of it, at the first of the edges out of it.
    /// @return table The table, without capacities.
    /// @return entered How many edges were entered: all, or those before the first that does not ascend.
    function enter(
        IFlowVerifier.FlowEdge[] calldata edges
    ) internal pure returns (FlowTable memory table, uint256 entered) {
        (table.count, table.stride) = (edges.length, 0x20 * edges.length + 0x20);
        assembly ("memory-safe") {
            let stride := mload(add(table, 0x20))
            // Room before it for the call of `capacities`.
            let place := add(mload(0x40), 0xa0)
            let balances := add(place, mul(3, stride))
            mstore(table, place)
            mstore(0x40, add(balances, stride))
            calldatacopy(balances, calldatasize(), stride)
            // Below every address as a signed number, so that the first edge comes after it.
            let last := not(0)
            let edge := edges.offset
            for {
                let end := add(edge, mul(0x60, edges.length))
            } lt(edge, end) {
                edge := add(edge, 0x60)
            } {
                let consumer := calldataload(edge)
                let provider := calldataload(add(edge, 0x20))
                switch eq(consumer, last)
                case 0 {
                    if iszero(slt(last, consumer)) {
                        break
                    }
                    last := consumer
                    balances := add(place, mul(3, stride))
                }
                default {
                    if iszero(lt(mload(sub(add(place, stride), 0x20)), provider)) {
                        break
                    }
                }
                mstore(place, consumer)
                mstore(add(place, stride), provider)
                mstore(balances, add(mload(balances), calldataload(add(edge, 0x40))))
                place := add(place, 0x20)
            }
            entered := shr(5, sub(place, mload(table)))
        }
    }

    /// @notice Asks the history for the capacities. Reverts with the history's reason, and where an address has a bit too
    /// many.
    function readCapacities(
        FlowTable memory table,
        IInteractionHistory history,
        uint256 networkId
    ) internal view {
        uint256 selector = uint32(IInteractionHistory.capacities.selector);
        assembly ("memory-safe") {
            let start := mload(table)
            let stride := mload(add(table, 0x20))
            let count := mload(add(table, 0x40))
            // capacities(networkId, from, to): the lists lie where the call has them, each after its length.
            mstore(sub(start, 0xa0), selector)
            mstore(sub(start, 0x80), networkId)
            mstore(sub(start, 0x60), 0x60)
            mstore(sub(start, 0x40), add(0x60, stride))
            mstore(sub(start, 0x20), count)
            mstore(sub(add(start, stride), 0x20), count)
            if iszero(staticcall(gas(), history, sub(start, 0x84), add(0x64, mul(2, stride)), 0, 0)) {
                returndatacopy(start, 0, returndatasize())
                revert(start, returndatasize())
            }
            returndatacopy(add(start, mul(2, stride)), 0x40, shl(5, count))
            // Above every address: where a search among the consumers ends.
            mstore(sub(add(start, stride), 0x20), not(0))
        }
    }

    /// @notice The index of the first edge over which nothing flows, or more than its capacity; the number of edges where
    /// there is none.
    function firstUnfit(
        FlowTable memory table,
        IFlowVerifier.FlowEdge[] calldata edges
    ) internal pure returns (uint256 index) {
        assembly ("memory-safe") {
            let capacity := add(mload(table), mul(2, mload(add(table, 0x20))))
            let amount := add(edges.offset, 0x40)
            for {} lt(index, edges.length) {
                index := add(index, 1)
            } {
                // Nothing less one is more than anything.
                if iszero(lt(sub(calldataload(amount), 1), mload(capacity))) {
                    break
                }
                amount := add(amount, 0x60)
                capacity := add(capacity, 0x20)
            }
        }
    }

    /// @notice Takes from the balance of each consumer what flows into it.
    /// @param start The index of the first edge to follow.
    /// @return next The index of the first edge over which nothing flows, or more than its capacity, or that leads to
    /// somebody who is neither a consumer nor the target; the number of edges where there is none.
    /// @return value What flows into the target on the edges before.
    function settle(
        FlowTable memory table,
        IFlowVerifier.FlowEdge[] calldata edges,
        uint256 start,
        address target
    ) internal pure returns (uint256 next, uint256 value) {
        assembly ("memory-safe") {
            let stride := mload(add(table, 0x20))
            let place := add(add(mload(table), stride), shl(5, start))
            let edge := add(edges.offset, mul(start, 0x60))
            for {
                let end := sub(add(mload(table), mul(2, stride)), 0x20)
            } lt(place, end) {} {
                let amount := calldataload(add(edge, 0x40))
                let provider := mload(place)
                // Nothing less one is more than anything.
                if iszero(lt(sub(amount, 1), mload(add(place, stride)))) {
                    break
                }
                place := add(place, 0x20)
                edge := add(edge, 0x60)
                if eq(provider, target) {
                    value := add(value, amount)
                    continue
                }
                // The first of the edges out of the provider. One after another: bisection is no quicker below thirty.
                let found := mload(table)
                for {} lt(mload(found), provider) {} {
                    found := add(found, 0x20)
                }
                if sub(mload(found), provider) {
                    place := sub(place, 0x20)
                    break
                }
                found := add(found, mul(3, stride))
                mstore(found, sub(mload(found), amount))
            }
            next := shr(5, sub(place, add(mload(table), stride)))
        }
    }

    /// @notice The index of the next balance, from `start` on, that is not 0; the number of edges where there is none.
    function nextUneven(FlowTable memory table, uint256 start) internal pure returns (uint256 index) {
        assembly ("memory-safe") {
            index := start
            let count := mload(add(table, 0x40))
            let place := add(add(mload(table), mul(3, mload(add(table, 0x20)))), shl(5, index))
            for {} lt(index, count) {
                index := add(index, 1)
            } {
                if mload(place) {
                    break
                }
                place := add(place, 0x20)
            }
        }
    }

    /// @notice The capacity of an edge, by its index.
    function capacityAt(FlowTable memory table, uint256 index) internal pure returns (uint96 capacity) {
        assembly ("memory-safe") {
            capacity := mload(add(add(mload(table), mul(2, mload(add(table, 0x20)))), shl(5, index)))
        }
    }

    /// @notice The balance of the consumer whose first edge has this index.
    function balanceAt(FlowTable memory table, uint256 index) internal pure returns (int256 value) {
        assembly ("memory-safe") {
            value := mload(add(add(mload(table), mul(3, mload(add(table, 0x20)))), shl(5, index)))
        }
    }
}
