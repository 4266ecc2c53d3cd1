// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Signatures} from "../shared/Signatures.sol";
import {HistoryHashes} from "./HistoryHashes.sol";
import {IInteractionHistory} from "./IInteractionHistory.sol";
import {Networks} from "./Networks.sol";

/// @title Faults: what a consumer takes back from its own edge
abstract contract Faults is Networks, EIP712 {
    /// @inheritdoc IInteractionHistory
    function stateFaults(
        uint256 networkId,
        address consumer,
        address provider,
        uint96 faulted,
        bytes calldata consumerSig
    ) external {
        Statement storage statement = _network(networkId).statements[consumer][provider];
        if (consumer == provider) revert SelfDealing(consumer);
        if (faulted <= statement.faulted) {
            revert StaleFaults(networkId, consumer, provider, statement.faulted);
        }
        // A wallet may take an empty signature for what it approved before: only its own call needs none.
        if (msg.sender != consumer || consumerSig.length != 0) {
            bytes32 digest = _hashTypedDataV4(HistoryHashes.faults(networkId, consumer, provider, faulted));
            if (!Signatures.isValid(consumer, digest, consumerSig)) revert InvalidSignature(consumer);
        }
        statement.faulted = faulted;
        emit FaultsStated(networkId, consumer, provider, faulted);
    }
}
