// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {LowLevelCall} from "@openzeppelin/contracts/utils/LowLevelCall.sol";
import {ChannelClaims} from "./ChannelClaims.sol";
import {ChannelHashes} from "./ChannelHashes.sol";
import {IPaymentChannels} from "./IPaymentChannels.sol";

/// @title The ways out of a channel: at once by the payee, after the delay by the payer
abstract contract ChannelExits is ChannelClaims {
    /// @inheritdoc IPaymentChannels
    function close(Claim calldata last) external {
        _requirePayee(last.channel);
        (bytes32 id, , bytes memory failure) = _settle(_domainSeparatorV4(), last);
        if (failure.length != 0 && bytes4(failure) != NothingToClaim.selector)
            LowLevelCall.bubbleRevert(failure);
        if (_accounts[id].deposit != 0) _release(id, last.channel);
    }

    /// @inheritdoc IPaymentChannels
    function release(Channel calldata channel) external {
        _requirePayee(channel);
        bytes32 id = channelId(channel);
        if (!_accounts[id].opened) revert UnknownChannel(id);
        if (_accounts[id].deposit == 0) revert ZeroAmount();
        _release(id, channel);
    }

    /// @inheritdoc IPaymentChannels
    function requestExit(Channel calldata channel) external {
        _requirePayer(channel);
        _requestExit(channelId(channel), channel);
    }

    /// @inheritdoc IPaymentChannels
    function requestExitFor(Channel calldata channel, uint256 deadline, bytes calldata payerSig) external {
        bytes32 id = channelId(channel);
        bytes32 message = ChannelHashes.requestExit(id, deadline);
        _requireMessage(channel.payer, message, message, deadline, payerSig);
        _requestExit(id, channel);
    }

    /// @inheritdoc IPaymentChannels
    function cancelExit(Channel calldata channel) external {
        _requirePayer(channel);
        bytes32 id = channelId(channel);
        if (_accounts[id].exitAt == 0) revert ExitNotRequested(id);
        _accounts[id].exitAt = 0;
        emit ExitCancelled(id);
    }

    /// @inheritdoc IPaymentChannels
    function exit(Channel calldata channel) external {
        bytes32 id = channelId(channel);
        uint40 exitAt = _accounts[id].exitAt;
        if (exitAt == 0) revert ExitNotRequested(id);
        if (block.timestamp < exitAt) revert ExitNotDue(id, exitAt);
        emit Exited(id, _giveBack(id, channel));
    }

    function _requestExit(bytes32 id, Channel calldata channel) private {
        Account memory account = _accounts[id];
        if (!account.opened) revert UnknownChannel(id);
        if (account.exitAt != 0) revert ChannelExiting(id, account.exitAt);
        account.exitAt = uint40(block.timestamp) + channel.exitDelay;
        _write(id, account);
        emit ExitRequested(id, channel.payer, channel.payee, account.exitAt);
    }

    function _release(bytes32 id, Channel calldata channel) private {
        emit Released(id, _giveBack(id, channel));
    }

    /// @dev Moves the deposit to the payer's balance, and ends the exit.
    function _giveBack(bytes32 id, Channel calldata channel) private returns (uint96 amount) {
        Account memory account = _accounts[id];
        amount = account.deposit;
        account.deposit = 0;
        account.exitAt = 0;
        _write(id, account);
        _credit(channel.payer, channel.token, amount);
    }
}
