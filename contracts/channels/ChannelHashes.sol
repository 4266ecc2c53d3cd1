// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {IPaymentChannels} from "./IPaymentChannels.sol";

/// @title EIP-712 hashes of channels and vouchers
library ChannelHashes {
    string internal constant DOMAIN_NAME = "Scrip Payment Channels";
    string internal constant DOMAIN_VERSION = "1";

    bytes32 private constant DOMAIN_TYPEHASH = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );
    bytes32 private constant DOMAIN_NAME_HASH = keccak256(bytes(DOMAIN_NAME));
    bytes32 private constant DOMAIN_VERSION_HASH = keccak256(bytes(DOMAIN_VERSION));
    bytes32 internal constant CHANNEL_TYPEHASH = keccak256(
        "Channel(address payer,address payee,address token,address signer,uint40 exitDelay,uint8 flags,bytes32 salt)"
    );
    bytes32 internal constant VOUCHER_TYPEHASH = keccak256(
        "Voucher(bytes32 channelId,uint96 total,bytes32 tickRoot,uint96 tickAmount,uint32 maxTicks)"
    );

    bytes32 private constant REQUEST_EXIT_TYPEHASH = keccak256(
        "RequestExit(bytes32 channelId,uint256 deadline)"
    );
    bytes32 private constant WITHDRAW_TYPEHASH = keccak256(
        "Withdraw(address owner,address token,uint96 amount,address to,bytes32 nonce,uint256 deadline)"
    );

    /// @notice The domain separator of a channels contract on this chain.
    /// @dev For contracts that need the ids of many channels: asking for each costs 900 gas more.
    function domainSeparator(IPaymentChannels channels) internal view returns (bytes32) {
        return
            keccak256(
                abi.encode(DOMAIN_TYPEHASH, DOMAIN_NAME_HASH, DOMAIN_VERSION_HASH, block.chainid, channels)
            );
    }

    /// @notice The id of a channel under a domain.
    function id(
        bytes32 domain,
        IPaymentChannels.Channel calldata descriptor
    ) internal pure returns (bytes32) {
        return MessageHashUtils.toTypedDataHash(domain, channel(descriptor));
    }

    /// @notice The struct hash of a channel's descriptor.
    function channel(IPaymentChannels.Channel calldata descriptor) internal pure returns (bytes32) {
        return keccak256(abi.encode(CHANNEL_TYPEHASH, descriptor));
    }

    /// @notice The struct hash of a voucher. The ticks and the preimage of a claim are no part of it.
    function voucher(
        bytes32 channelId,
        uint96 total,
        bytes32 tickRoot,
        uint96 tickAmount,
        uint32 maxTicks
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(VOUCHER_TYPEHASH, channelId, total, tickRoot, tickAmount, maxTicks));
    }

    /// @notice The struct hash of a payer's relayed wish to leave.
    function requestExit(bytes32 channelId, uint256 deadline) internal pure returns (bytes32) {
        return keccak256(abi.encode(REQUEST_EXIT_TYPEHASH, channelId, deadline));
    }

    /// @notice The struct hash of a relayed withdrawal.
    function withdraw(
        address owner,
        address token,
        uint96 amount,
        address to,
        bytes32 nonce,
        uint256 deadline
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(WITHDRAW_TYPEHASH, owner, token, amount, to, nonce, deadline));
    }
}
