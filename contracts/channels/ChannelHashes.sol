// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IPaymentChannels} from "./IPaymentChannels.sol";

/// @title EIP-712 struct hashes of channels and vouchers
library ChannelHashes {
    bytes32 internal constant CHANNEL_TYPEHASH = keccak256(
        "Channel(address payer,address payee,address token,address signer,uint40 exitDelay,uint8 flags,bytes32 salt)"
    );
    bytes32 internal constant VOUCHER_TYPEHASH = keccak256(
        "Voucher(bytes32 channelId,uint96 total,bytes32 tickRoot,uint96 tickAmount,uint32 maxTicks)"
    );

    /// @notice The struct hash of a channel's descriptor.
    function channel(IPaymentChannels.Channel calldata descriptor) internal pure returns (bytes32) {
        return keccak256(abi.encode(CHANNEL_TYPEHASH, descriptor));
    }

    /// @notice The struct hash of the voucher in a claim. Ticks and preimage are no part of it.
    function voucher(
        bytes32 channelId,
        IPaymentChannels.Claim calldata claim
    ) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    VOUCHER_TYPEHASH,
                    channelId,
                    claim.total,
                    claim.tickRoot,
                    claim.tickAmount,
                    claim.maxTicks
                )
            );
    }
}
