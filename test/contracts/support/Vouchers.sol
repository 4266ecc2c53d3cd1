// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IPaymentChannels} from "../../../contracts/channels/IPaymentChannels.sol";
import {Test} from "./Test.sol";

/// @title Vouchers as a payer's software makes them
/// @dev Written from EIP-712 and not from the contracts' own libraries, so that a slip in one of them shows.
abstract contract Vouchers is Test {
    /// @dev Of secp256k1.
    uint256 internal constant CURVE_ORDER =
        0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    /// @dev What a payer signs; the ticks that it reveals later are no part of it.
    struct Voucher {
        uint96 total;
        bytes32 tickRoot;
        uint96 tickAmount;
        uint32 maxTicks;
    }

    function domainSeparator(uint256 chainId, address channels) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    keccak256(
                        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                    ),
                    keccak256("Scrip Payment Channels"),
                    keccak256("1"),
                    chainId,
                    channels
                )
            );
    }

    function idOf(bytes32 domain, IPaymentChannels.Channel memory channel) internal pure returns (bytes32) {
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256(
                    "Channel(address payer,address payee,address token,address signer,uint40 exitDelay,uint8 flags,bytes32 salt)"
                ),
                channel.payer,
                channel.payee,
                channel.token,
                channel.signer,
                channel.exitDelay,
                channel.flags,
                channel.salt
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    function digestOf(
        bytes32 domain,
        bytes32 channelId,
        Voucher memory voucher
    ) internal pure returns (bytes32) {
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256(
                    "Voucher(bytes32 channelId,uint96 total,bytes32 tickRoot,uint96 tickAmount,uint32 maxTicks)"
                ),
                channelId,
                voucher.total,
                voucher.tickRoot,
                voucher.tickAmount,
                voucher.maxTicks
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    /// @dev The claim that a voucher makes on a channel of this chain's `channels`, without ticks.
    function signed(
        address channels,
        IPaymentChannels.Channel memory channel,
        Voucher memory voucher,
        uint256 privateKey
    ) internal view returns (IPaymentChannels.Claim memory) {
        bytes32 domain = domainSeparator(block.chainid, channels);
        return signedDigest(channel, voucher, privateKey, digestOf(domain, idOf(domain, channel), voucher));
    }

    /// @dev The same with a digest of the caller's choice: for vouchers that were meant for something else.
    function signedDigest(
        IPaymentChannels.Channel memory channel,
        Voucher memory voucher,
        uint256 privateKey,
        bytes32 digest
    ) internal pure returns (IPaymentChannels.Claim memory claim) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(privateKey, digest);
        claim.channel = channel;
        claim.total = voucher.total;
        claim.tickRoot = voucher.tickRoot;
        claim.tickAmount = voucher.tickAmount;
        claim.maxTicks = voucher.maxTicks;
        claim.r = r;
        claim.vs = compact(v, s);
    }

    /// @dev Second half of a signature in the form of ERC-2098.
    function compact(uint8 v, bytes32 s) internal pure returns (bytes32) {
        return bytes32(uint256(s) | (uint256(v - 27) << 255));
    }

    /// @dev `value` hashed `count` times, as anybody would write it.
    function hashed(bytes32 value, uint256 count) internal pure returns (bytes32) {
        for (uint256 i = 0; i < count; ++i) {
            value = keccak256(abi.encode(value));
        }
        return value;
    }

    /// @dev A voucher whose chain of `maxTicks` hashes starts at `seed`.
    function anchored(
        uint96 total,
        bytes32 seed,
        uint96 tickAmount,
        uint32 maxTicks
    ) internal pure returns (Voucher memory) {
        return Voucher(total, hashed(seed, maxTicks), tickAmount, maxTicks);
    }

    /// @dev Adds the preimage that pays for `ticks` of a claim's voucher.
    function reveal(
        IPaymentChannels.Claim memory claim,
        bytes32 seed,
        uint32 ticks
    ) internal pure returns (IPaymentChannels.Claim memory) {
        claim.ticks = ticks;
        claim.preimage = hashed(seed, claim.maxTicks - ticks);
        return claim;
    }
}
