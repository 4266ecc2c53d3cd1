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
        (uint96 before, uint256 closed, uint32 changed) = (self.current, self.closed, self.epoch);
        if (changed != epoch) closed = before;
        uint256 sum;
        unchecked {
            // A step has at most 133 bits: two of 96, less the 59 of the weight's unit. The sum cannot overflow 256.
            sum = before + amount;
        }
        current = sum > type(uint96).max ? type(uint96).max : uint96(sum);
        uint256 word = current | (closed << 96) | (uint256(epoch) << 192);
        // One write of the whole slot: the compiler would read and write it once a field.
        assembly ("memory-safe") {
            sstore(self.slot, word)
        }
    }

    /// @notice The sum when the epoch before `epoch` closed.
    function atClose(EpochValue storage self, uint32 epoch) internal view returns (uint96) {
        return self.epoch == epoch ? self.closed : self.current;
    }
}
