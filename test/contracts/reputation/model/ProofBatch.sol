// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice Makes many calls in one, and says of each whether it went through and what it returned first.
contract ProofBatch {
    function run(
        address target,
        bytes[] calldata calls
    ) external view returns (bool[] memory accepted, uint256[] memory values) {
        accepted = new bool[](calls.length);
        values = new uint256[](calls.length);
        for (uint256 i = 0; i < calls.length; ++i) {
            (bool ok, bytes memory result) = target.staticcall(calls[i]);
            accepted[i] = ok;
            if (ok) values[i] = abi.decode(result, (uint256));
        }
    }
}
