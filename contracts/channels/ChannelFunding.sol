// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {Signatures} from "../shared/Signatures.sol";
import {ChannelBooks} from "./ChannelBooks.sol";
import {IPaymentChannels} from "./IPaymentChannels.sol";
import {IReceiveWithAuthorization} from "./IReceiveWithAuthorization.sol";

/// @title Opening channels and filling their deposits
abstract contract ChannelFunding is ChannelBooks {
    uint40 private constant MIN_EXIT_DELAY = 15 minutes;
    uint40 private constant MAX_EXIT_DELAY = 30 days;

    bytes32 private constant RECEIVE_TYPEHASH = keccak256(
        "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );

    /// @inheritdoc IPaymentChannels
    function fund(Channel calldata channel, uint96 amount) external nonReentrant {
        bytes32 id = channelId(channel);
        if (_deposit(id, channel, amount)) {
            _requirePayer(channel);
            _requireToken(channel.token);
        }
        _pull(channel.token, amount);
    }

    /// @inheritdoc IPaymentChannels
    function fundFromBalance(Channel calldata channel, uint96 amount) external {
        _requirePayer(channel);
        _deposit(channelId(channel), channel, amount);
        // Who has a balance in it was paid in it: there is no need to look whether the token is a contract.
        _debit(msg.sender, channel.token, amount);
    }

    /// @inheritdoc IPaymentChannels
    function fundWithAuthorization(
        Channel calldata channel,
        uint96 amount,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 salt,
        bytes calldata signature
    ) external nonReentrant {
        bytes32 id = channelId(channel);
        bytes32 nonce = keccak256(abi.encode(id, salt));
        IReceiveWithAuthorization token = IReceiveWithAuthorization(channel.token);
        if (_deposit(id, channel, amount)) {
            _requireToken(channel.token);
            bytes32 message = keccak256(
                abi.encode(
                    RECEIVE_TYPEHASH,
                    channel.payer,
                    address(this),
                    uint256(amount),
                    validAfter,
                    validBefore,
                    nonce
                )
            );
            bytes32 digest = MessageHashUtils.toTypedDataHash(token.DOMAIN_SEPARATOR(), message);
            if (!Signatures.isValid(channel.payer, digest, signature)) revert InvalidSignature(channel.payer);
        }
        uint256 expected = IERC20(channel.token).balanceOf(address(this)) + amount;
        token.receiveWithAuthorization(
            channel.payer,
            address(this),
            amount,
            validAfter,
            validBefore,
            nonce,
            signature
        );
        _requireBalance(channel.token, expected);
    }

    /// @dev Books `amount`. Who opens a channel must be shown to be its payer: otherwise anyone could forge debts and
    /// history in somebody's name.
    function _deposit(bytes32 id, Channel calldata channel, uint96 amount) private returns (bool isOpening) {
        if (amount == 0) revert ZeroAmount();
        Account memory account = _accounts[id];
        isOpening = !account.opened;
        if (isOpening) {
            _checkDescriptor(channel);
            account.opened = true;
            _emitOpened(id, channel);
        }
        if (account.exitAt != 0) revert ChannelExiting(id, account.exitAt);
        account.deposit += amount;
        _write(id, account);
        emit Funded(id, amount, account.deposit);
    }

    function _checkDescriptor(Channel calldata channel) private pure {
        if (channel.payee == address(0)) revert InvalidPayee();
        if (channel.signer == address(0)) revert InvalidSigner();
        if (channel.exitDelay < MIN_EXIT_DELAY || channel.exitDelay > MAX_EXIT_DELAY) {
            revert InvalidExitDelay(channel.exitDelay);
        }
        if (channel.flags & ~DRAWS_ON_PURSE != 0) revert InvalidFlags(channel.flags);
    }

    function _emitOpened(bytes32 id, Channel calldata channel) private {
        emit ChannelOpened(
            id,
            channel.payer,
            channel.payee,
            channel.token,
            channel.signer,
            channel.exitDelay,
            channel.flags,
            channel.salt
        );
    }
}
