// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Strictly ascending lists of peers
/// @dev Order makes a list a set: it is checked in one pass, and a peer is found by bisection. In assembly, as
/// `FlowEdges` is.
library SortedPeers {
    /// @notice The first index whose peer does not come after the one before it, or has a bit too many; the list's length
    /// where there is none.
    function firstUnsorted(address[] calldata peers) internal pure returns (uint256 index) {
        assembly ("memory-safe") {
            // Below every address as a signed number, so that the first peer comes after it.
            let last := not(0)
            for {} lt(index, peers.length) {
                index := add(index, 1)
            } {
                let peer := calldataload(add(peers.offset, shl(5, index)))
                if or(iszero(slt(last, peer)), shr(160, peer)) {
                    break
                }
                last := peer
            }
        }
    }

    /// @notice Whether an ascending list has the peer.
    function contains(address[] calldata peers, address peer) internal pure returns (bool found) {
        assembly ("memory-safe") {
            let low := sub(peers.offset, 0x20)
            for {
                let left := peers.length
            } left {} {
                let half := shr(1, add(left, 1))
                let middle := add(low, shl(5, half))
                low := xor(low, mul(xor(low, middle), iszero(gt(calldataload(middle), peer))))
                left := sub(left, half)
            }
            found := and(lt(peers.offset, add(low, 1)), eq(calldataload(low), peer))
        }
    }
}
