// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Many views in one call
/// @dev Takes queries without gaps, each the target's 20 bytes, the length of its calldata in one byte, and the calldata.
contract Reader {
    /// @notice What the queries answer, one after another without gaps.
    fallback(bytes calldata queries) external returns (bytes memory answers) {
        while (queries.length != 0) {
            uint256 end = 21 + uint8(queries[20]);
            (, bytes memory answer) = address(bytes20(queries[:20])).staticcall(queries[21:end]);
            answers = bytes.concat(answers, answer);
            queries = queries[end:];
        }
    }
}
