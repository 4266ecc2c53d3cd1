// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {EpochValue} from "../../../contracts/history/EpochValue.sol";
import {Test} from "../support/Test.sol";

contract EpochValueTest is Test {
    EpochValue private value;

    function test_NothingAddedIsNothing() external view {
        assertEq(value.current, 0);
        assertEq(value.atClose(1), 0);
        assertEq(value.atClose(type(uint32).max), 0);
    }

    /// @dev Beside a plain list of what the sum was when each epoch closed.
    function testFuzz_RemembersTheLastClosedEpoch(
        uint64[12] memory amounts,
        uint8[12] memory pauses
    ) external {
        uint256[] memory closes = new uint256[](12 * 4 + 2);
        uint256 sum;
        uint32 epoch = 1;
        for (uint256 i = 0; i < amounts.length; ++i) {
            for (uint256 pause = pauses[i] % 5; pause > 0; --pause) closes[epoch++] = sum;
            assertEq(value.atClose(epoch), closes[epoch - 1], "before the change");
            sum += amounts[i];
            assertEq(value.add(amounts[i], epoch), sum, "the sum after it");
            assertEq(value.current, sum, "the sum now");
            assertEq(value.atClose(epoch), closes[epoch - 1], "after the change");
            assertEq(value.atClose(epoch + 1), sum, "once this epoch is closed");
        }
    }

    /// @dev Steps are as large as two numbers of 96 bits multiplied and divided by a unit of weight.
    function testFuzz_SaturatesAndNeverReverts(uint256 first, uint256 second, uint32 epoch) external {
        uint256 largest = (uint256(type(uint96).max) * type(uint96).max) / 1e18;
        first = bound(first, 0, largest);
        second = bound(second, 0, largest);
        uint256 most = type(uint96).max;
        assertEq(value.add(first, epoch), first < most ? first : most);
        assertEq(value.add(second, epoch), first + second < most ? first + second : most);
    }

    function testFuzz_IsOneSlot(uint96 current, uint96 added, uint32 epoch) external {
        added = bound96(added, 0, type(uint96).max - current);
        epoch = uint32(bound(epoch, 1, type(uint32).max - 1));
        value.add(current, epoch);
        value.add(added, epoch + 1);
        bytes32 slot;
        assembly ("memory-safe") {
            slot := value.slot
        }
        assertEq(
            vm.load(address(this), slot),
            bytes32((uint256(epoch + 1) << 192) | (uint256(current) << 96) | (current + added))
        );
        assertEq(vm.load(address(this), bytes32(uint256(slot) + 1)), 0);
    }
}
