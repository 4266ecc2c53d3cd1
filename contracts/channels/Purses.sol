// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ChannelBooks} from "./ChannelBooks.sol";
import {IPaymentChannels} from "./IPaymentChannels.sol";

/// @title Purses: a payer's unsecured pot, one for each token and signer
/// @dev Only its payer opens one, and the signer is part of its name: nobody else can make a claim on it bounce.
abstract contract Purses is ChannelBooks {
    /// @dev One slot: `balance` 96 bits | `opened` 8.
    struct Purse {
        uint96 balance;
        bool opened;
    }

    mapping(address payer => mapping(address token => mapping(address signer => Purse))) private _purses;

    /// @inheritdoc IPaymentChannels
    function fundPurse(address token, address signer, uint96 amount) external nonReentrant {
        if (amount == 0) revert ZeroAmount();
        if (signer == address(0)) revert InvalidSigner();
        _requireToken(token);
        Purse storage purse = _purse(msg.sender, token, signer);
        uint96 balance = purse.balance + amount;
        purse.balance = balance;
        purse.opened = true;
        emit PurseFunded(msg.sender, token, signer, amount, balance);
        _pull(token, amount);
    }

    /// @inheritdoc IPaymentChannels
    function withdrawPurse(address token, address signer, uint96 amount) external {
        if (amount == 0) revert ZeroAmount();
        Purse storage purse = _purse(msg.sender, token, signer);
        uint96 balance = purse.balance;
        if (balance < amount) revert InsufficientPurse(msg.sender, token, signer, balance, amount);
        unchecked {
            balance -= amount;
        }
        purse.balance = balance;
        _credit(msg.sender, token, amount);
        emit PurseWithdrawn(msg.sender, token, signer, amount, balance);
    }

    /// @inheritdoc IPaymentChannels
    function purseOf(
        address payer,
        address token,
        address signer
    ) external view returns (uint96 balance, bool opened) {
        Purse storage purse = _purse(payer, token, signer);
        return (purse.balance, purse.opened);
    }

    function _purse(address payer, address token, address signer) internal view returns (Purse storage) {
        return _purses[payer][token][signer];
    }
}
