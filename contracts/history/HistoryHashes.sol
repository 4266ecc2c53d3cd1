// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IInteractionHistory} from "./IInteractionHistory.sol";

/// @title EIP-712 struct hashes of what peers sign for the history
library HistoryHashes {
    string internal constant DOMAIN_NAME = "Scrip Interaction History";
    string internal constant DOMAIN_VERSION = "1";

    bytes32 private constant RECEIPT_TYPEHASH = keccak256(
        "Receipt(uint256 networkId,address consumer,address provider,uint96 served,uint32 count)"
    );
    bytes32 private constant FAULTS_TYPEHASH = keccak256(
        "Faults(uint256 networkId,address consumer,address provider,uint96 faulted)"
    );

    /// @notice The struct hash of a receipt: both peers sign it.
    function receipt(IInteractionHistory.Receipt calldata receipt_) internal pure returns (bytes32) {
        return keccak256(abi.encode(RECEIPT_TYPEHASH, receipt_));
    }

    /// @notice The struct hash of a statement of faults: its consumer signs it.
    function faults(
        uint256 networkId,
        address consumer,
        address provider,
        uint96 faulted
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(FAULTS_TYPEHASH, networkId, consumer, provider, faulted));
    }
}
