// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Hash chains
/// @notice A tick is a preimage in a chain of Keccak-256 hashes; revealing one pays for all ticks up to it (PayWord, Rivest
/// and Shamir 1996).
library Ticks {
    /// @notice Hashes `preimage` `count` times.
    /// @dev Eight hashes a turn of the loop: 51 gas a tick against 84 with one.
    function root(bytes32 preimage, uint256 count) internal pure returns (bytes32 value) {
        assembly ("memory-safe") {
            mstore(0x00, preimage)
            for {
                let turns := shr(3, count)
            } turns {
                turns := sub(turns, 1)
            } {
                mstore(0x00, keccak256(0x00, 0x20))
                mstore(0x00, keccak256(0x00, 0x20))
                mstore(0x00, keccak256(0x00, 0x20))
                mstore(0x00, keccak256(0x00, 0x20))
                mstore(0x00, keccak256(0x00, 0x20))
                mstore(0x00, keccak256(0x00, 0x20))
                mstore(0x00, keccak256(0x00, 0x20))
                mstore(0x00, keccak256(0x00, 0x20))
            }
            for {
                let rest := and(count, 7)
            } rest {
                rest := sub(rest, 1)
            } {
                mstore(0x00, keccak256(0x00, 0x20))
            }
            value := mload(0x00)
        }
    }
}
