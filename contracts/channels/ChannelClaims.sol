// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {LowLevelCall} from "@openzeppelin/contracts/utils/LowLevelCall.sol";
import {ChannelHashes} from "./ChannelHashes.sol";
import {IPaymentChannels} from "./IPaymentChannels.sol";
import {Purses} from "./Purses.sol";
import {Ticks} from "./Ticks.sol";

/// @title Claims: what vouchers and ticks prove moves to the payee
abstract contract ChannelClaims is Purses {
    uint32 private constant MAX_TICKS = 1_024;

    /// @inheritdoc IPaymentChannels
    function claim(Claim calldata claim_) external returns (uint96 paid) {
        return _claim(claim_);
    }

    /// @inheritdoc IPaymentChannels
    function claimTo(Claim calldata claim_, address to) external nonReentrant returns (uint96 paid) {
        _requirePayee(claim_.channel);
        paid = _claim(claim_);
        if (paid != 0) _withdraw(msg.sender, claim_.channel.token, paid, to);
    }

    /// @inheritdoc IPaymentChannels
    function claimBatch(Claim[] calldata claims) external returns (uint96[] memory paid) {
        bytes32 domain = _domainSeparatorV4();
        paid = new uint96[](claims.length);
        for (uint256 i = 0; i < claims.length; ++i) {
            bytes32 id;
            bytes memory failure;
            (id, paid[i], failure) = _settle(domain, claims[i]);
            if (failure.length != 0) emit ClaimSkipped(id, bytes4(failure));
        }
    }

    function _claim(Claim calldata claim_) private returns (uint96 paid) {
        bytes memory failure;
        (, paid, failure) = _settle(_domainSeparatorV4(), claim_);
        if (failure.length != 0) LowLevelCall.bubbleRevert(failure);
    }

    /// @dev Pays what a claim proves, from the deposit first. Where it cannot, it changes nothing and `failure` is the error
    /// to revert with.
    function _settle(
        bytes32 domain,
        Claim calldata claim_
    ) internal returns (bytes32 id, uint96 paid, bytes memory failure) {
        Channel calldata channel = claim_.channel;
        id = ChannelHashes.id(domain, channel);
        Account memory account = _accounts[id];
        if (!account.opened && channel.flags != DRAWS_ON_PURSE) {
            return (id, 0, abi.encodeWithSelector(UnknownChannel.selector, id));
        }
        uint96 owed;
        (owed, failure) = _owed(domain, id, claim_, account.claimed);
        if (failure.length != 0) return (id, 0, failure);

        address payer = channel.payer;
        address payee = channel.payee;
        address token = channel.token;
        unchecked {
            // What is paid is part of what is owed, and what is drawn is part of the purse.
            paid = _smaller(owed, account.deposit);
            account.deposit -= paid;
            uint96 drawn;
            bool bounces;
            if (paid != owed && channel.flags == DRAWS_ON_PURSE) {
                Purse storage purse = _purse(payer, token, channel.signer);
                drawn = _smaller(owed - paid, purse.balance);
                paid += drawn;
                bounces = paid != owed && purse.opened;
            }
            if (paid == 0 && !bounces) return (id, 0, _uncovered(id, channel, owed));
            if (!_tryCredit(payee, token, paid)) {
                return (id, 0, abi.encodeWithSelector(BalanceFull.selector, payee, token));
            }

            if (drawn != 0) _purse(payer, token, channel.signer).balance -= drawn;
            if (paid != 0) {
                account.claimed += paid;
                _write(id, account);
                emit Claimed(id, payer, payee, token, paid, account.claimed);
            }
            if (bounces) emit Bounced(id, payer, payee, token, paid, owed - paid);
        }
    }

    /// @dev Why nothing at all can be paid of what is owed.
    function _uncovered(
        bytes32 id,
        Channel calldata channel,
        uint96 owed
    ) private pure returns (bytes memory failure) {
        if (channel.flags == DRAWS_ON_PURSE) {
            return
                abi.encodeWithSelector(UnknownPurse.selector, channel.payer, channel.token, channel.signer);
        }
        return abi.encodeWithSelector(DepositSpent.selector, id, owed);
    }

    /// @dev What the signed total and the ticks on top of it prove beyond what was claimed.
    function _owed(
        bytes32 domain,
        bytes32 id,
        Claim calldata claim_,
        uint96 claimed
    ) private pure returns (uint96 owed, bytes memory failure) {
        uint96 total = claim_.total;
        uint96 tickAmount = claim_.tickAmount;
        uint32 maxTicks = claim_.maxTicks;
        bytes32 tickRoot = claim_.tickRoot;
        bytes32 digest = MessageHashUtils.toTypedDataHash(
            domain,
            ChannelHashes.voucher(id, total, tickRoot, tickAmount, maxTicks)
        );
        (address recovered, ECDSA.RecoverError error_, ) = ECDSA.tryRecover(digest, claim_.r, claim_.vs);
        if (error_ != ECDSA.RecoverError.NoError || recovered != claim_.channel.signer) {
            return (0, abi.encodeWithSelector(InvalidVoucher.selector, id));
        }
        uint32 ticks = claim_.ticks;
        if (ticks > maxTicks || maxTicks > MAX_TICKS) {
            return (0, abi.encodeWithSelector(TooManyTicks.selector, ticks, maxTicks));
        }
        if (ticks != 0) {
            if (Ticks.root(claim_.preimage, ticks) != tickRoot) {
                return (0, abi.encodeWithSelector(InvalidTick.selector, id));
            }
            uint256 sum = uint256(total) + uint256(ticks) * tickAmount;
            if (sum > type(uint96).max) return (0, abi.encodeWithSelector(TotalTooLarge.selector, sum));
            total = uint96(sum);
        }
        if (total <= claimed) return (0, abi.encodeWithSelector(NothingToClaim.selector, id, claimed));
        unchecked {
            return (total - claimed, failure);
        }
    }

    function _smaller(uint96 one, uint96 other) private pure returns (uint96) {
        return one < other ? one : other;
    }
}
