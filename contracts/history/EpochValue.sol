// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice A sum that also remembers its value at the end of the last closed epoch. One slot:
/// `current` 96 bits | `closed` 96 | `epoch` 32 | 32 spare.
/// @param current The sum now.
/// @param closed The sum when the epoch before `epoch` closed.
/// @param epoch The epoch of the last change; 0 where there was none.
struct EpochValue {
    uint96 current;
    uint96 closed;
    uint32 epoch;
}

using EpochValues for EpochValue global;

/// @title Sums with a memory of the last closed epoch
library EpochValues {
    /// @notice Adds to the sum, saturating at 2^96 - 1.
    /// @return current The sum after it.
    function add(EpochValue storage self, uint256 amount, uint32 epoch) internal returns (uint96 current) {
        EpochValue memory value = self;
        if (value.epoch != epoch) {
            value.closed = value.current;
            value.epoch = epoch;
        }
        // An edge's step has at most 137 bits (96 + 96 - log2(1e18) + 1): the sum cannot overflow 256.
        uint256 sum = value.current + amount;
        value.current = sum > type(uint96).max ? type(uint96).max : uint96(sum);
        self.current = value.current;
        self.closed = value.closed;
        self.epoch = value.epoch;
        return value.current;
    }

    /// @notice The sum when the epoch before `epoch` closed.
    function atClose(EpochValue memory self, uint32 epoch) internal pure returns (uint96) {
        return self.epoch == epoch ? self.closed : self.current;
    }
}
