// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Ticks} from "../../../contracts/channels/Ticks.sol";
import {Vouchers} from "../support/Vouchers.sol";

contract TicksTest is Vouchers {
    function test_NoHashesLeaveThePreimage() external pure {
        assertEq(Ticks.root("preimage", 0), "preimage");
    }

    function test_EveryCountAroundATurnOfTheLoop() external pure {
        for (uint256 count = 0; count <= 33; ++count) {
            assertEq(Ticks.root("preimage", count), hashed("preimage", count));
        }
    }

    function testFuzz_RootIsThePlainLoop(bytes32 preimage, uint256 count) external pure {
        count = bound(count, 0, 1_024);
        assertEq(Ticks.root(preimage, count), hashed(preimage, count));
    }

    function testFuzz_ChainsJoin(bytes32 preimage, uint256 first, uint256 second) external pure {
        first = bound(first, 0, 512);
        second = bound(second, 0, 512);
        assertEq(Ticks.root(Ticks.root(preimage, first), second), Ticks.root(preimage, first + second));
    }

    /// @dev The loop works in scratch space: what the caller keeps in memory stays as it was.
    function testFuzz_LeavesMemoryAlone(bytes32 preimage, uint256 count, bytes memory kept) external pure {
        bytes32 before = keccak256(kept);
        Ticks.root(preimage, bound(count, 0, 1_024));
        assertEq(keccak256(kept), before);
    }
}
