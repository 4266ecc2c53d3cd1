// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {LowLevelCall} from "@openzeppelin/contracts/utils/LowLevelCall.sol";
import {Signatures} from "../shared/Signatures.sol";
import {HistoryHashes} from "./HistoryHashes.sol";
import {IInteractionHistory} from "./IInteractionHistory.sol";
import {Networks} from "./Networks.sol";

/// @title Receipts: what two peers state together, beside what was settled
abstract contract Receipts is Networks, EIP712 {
    /// @dev What an account's code gets in a batch to judge one signature. The code is somebody's, and could burn all that
    /// it gets. An event costs more than the 64th of this that a call leaves behind: a batch that has not even this much
    /// left fails as a whole, and skips no row for want of gas.
    uint256 private constant CODE_GAS_IN_BATCH = 80_000;

    mapping(address account => mapping(address signer => uint40 validUntil)) private _receiptSigners;

    /// @inheritdoc IInteractionHistory
    function setReceiptSigner(address signer, uint40 validUntil) external {
        if (signer == address(0)) revert InvalidReceiptSigner();
        _receiptSigners[msg.sender][signer] = validUntil;
        emit ReceiptSignerSet(msg.sender, signer, validUntil);
    }

    /// @inheritdoc IInteractionHistory
    function record(SignedReceipt calldata signed) external {
        (, bytes memory failure) = _record(_domainSeparatorV4(), signed, gasleft());
        if (failure.length != 0) LowLevelCall.bubbleRevert(failure);
    }

    /// @inheritdoc IInteractionHistory
    function recordBatch(SignedReceipt[] calldata signed) external {
        bytes32 domain = _domainSeparatorV4();
        for (uint256 i = 0; i < signed.length; ++i) {
            (bytes32 hash, bytes memory failure) = _record(domain, signed[i], CODE_GAS_IN_BATCH);
            if (failure.length != 0) emit ReceiptSkipped(hash, bytes4(failure));
        }
    }

    /// @inheritdoc IInteractionHistory
    function receiptOf(
        uint256 networkId,
        address consumer,
        address provider
    ) external view returns (uint96 served, uint32 count) {
        Statement storage statement = _network(networkId).statements[consumer][provider];
        return (statement.served, statement.count);
    }

    /// @inheritdoc IInteractionHistory
    function receiptHash(Receipt calldata receipt) external view returns (bytes32) {
        return _hashTypedDataV4(HistoryHashes.receipt(receipt));
    }

    /// @inheritdoc IInteractionHistory
    function receiptSignerUntil(address account, address signer) external view returns (uint40) {
        return _receiptSigners[account][signer];
    }

    /// @dev Records what both peers signed. Where it cannot, it changes nothing and `failure` is the error to revert with.
    function _record(
        bytes32 domain,
        SignedReceipt calldata signed,
        uint256 codeGas
    ) private returns (bytes32 hash, bytes memory failure) {
        Receipt calldata receipt = signed.receipt;
        (uint256 networkId, address consumer, address provider) = (
            receipt.networkId,
            receipt.consumer,
            receipt.provider
        );
        hash = MessageHashUtils.toTypedDataHash(domain, HistoryHashes.receipt(receipt));
        Network storage network_ = _networks[networkId];
        if (network_.steward == address(0)) {
            return (hash, abi.encodeWithSelector(UnknownNetwork.selector, networkId));
        }
        if (consumer == provider) return (hash, abi.encodeWithSelector(SelfDealing.selector, consumer));

        Statement storage statement = network_.statements[consumer][provider];
        (uint96 served, uint32 count) = (statement.served, statement.count);
        // Both are cumulative: neither falls, and one grows.
        bool grows = receipt.served > served || receipt.count > count;
        if (!grows || receipt.served < served || receipt.count < count) {
            return (
                hash,
                abi.encodeWithSelector(StaleReceipt.selector, networkId, consumer, provider, served, count)
            );
        }
        if (!_signs(consumer, hash, signed.consumerSig, codeGas)) {
            return (hash, abi.encodeWithSelector(InvalidSignature.selector, consumer));
        }
        if (!_signs(provider, hash, signed.providerSig, codeGas)) {
            return (hash, abi.encodeWithSelector(InvalidSignature.selector, provider));
        }
        (statement.served, statement.count) = (receipt.served, receipt.count);
        emit ReceiptRecorded(networkId, consumer, provider, receipt.served, receipt.count);
    }

    /// @dev Whether an account signed: by its key, by a receipt signer of its own, or by its code.
    function _signs(
        address account,
        bytes32 digest,
        bytes calldata signature,
        uint256 codeGas
    ) private view returns (bool) {
        address key = Signatures.keyOf(digest, signature);
        if (key != address(0)) {
            if (key == account || block.timestamp <= _receiptSigners[account][key]) return true;
        }
        return Signatures.isValidByCode(account, digest, signature, codeGas);
    }
}
