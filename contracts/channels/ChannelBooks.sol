// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Signatures} from "../shared/Signatures.sol";
import {ChannelHashes} from "./ChannelHashes.sol";
import {IPaymentChannels} from "./IPaymentChannels.sol";

/// @title The books: what each channel and each owner has, and the way out of the contract
/// @dev Tokens are untrusted code: whatever calls one does so last, under the guard.
abstract contract ChannelBooks is IPaymentChannels, EIP712, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @dev The flag of channels that may draw on the purse; no other has a meaning.
    uint8 internal constant DRAWS_ON_PURSE = 1;

    /// @dev One slot: `claimed` 96 bits | `deposit` 96 | `exitAt` 40 | `opened` 8 | 16 spare.
    struct Account {
        uint96 claimed;
        uint96 deposit;
        uint40 exitAt;
        bool opened;
    }

    /// @dev One slot.
    struct Balance {
        uint96 amount;
    }

    mapping(bytes32 channelId => Account) internal _accounts;
    mapping(address owner => mapping(address token => Balance)) private _balances;
    mapping(address account => mapping(bytes32 nonce => bool)) private _used;

    /// @inheritdoc IPaymentChannels
    function withdraw(address token, uint96 amount, address to) external nonReentrant {
        _withdraw(msg.sender, token, amount, to);
    }

    /// @inheritdoc IPaymentChannels
    function withdrawFor(
        address owner,
        address token,
        uint96 amount,
        address to,
        bytes32 nonce,
        uint256 deadline,
        bytes calldata sig
    ) external nonReentrant {
        bytes32 message = ChannelHashes.withdraw(owner, token, amount, to, nonce, deadline);
        _requireMessage(owner, message, nonce, deadline, sig);
        _withdraw(owner, token, amount, to);
    }

    /// @inheritdoc IPaymentChannels
    function channelId(Channel calldata channel) public view returns (bytes32) {
        return _hashTypedDataV4(ChannelHashes.channel(channel));
    }

    /// @inheritdoc IPaymentChannels
    function state(
        bytes32 channelId_
    ) external view returns (uint96 claimed, uint96 deposit, uint40 exitAt, bool opened) {
        Account storage account = _accounts[channelId_];
        return (account.claimed, account.deposit, account.exitAt, account.opened);
    }

    /// @inheritdoc IPaymentChannels
    function balanceOf(address owner, address token) external view returns (uint96) {
        return _balances[owner][token].amount;
    }

    /// @dev One write of the whole slot: the compiler would read and write it once a field.
    function _write(bytes32 id, Account memory account) internal {
        Account storage slot = _accounts[id];
        uint256 word =
            account.claimed |
                (uint256(account.deposit) << 96) |
                (uint256(account.exitAt) << 192) |
                (account.opened ? 1 << 232 : 0);
        assembly ("memory-safe") {
            sstore(slot.slot, word)
        }
    }

    function _credit(address owner, address token, uint96 amount) internal {
        if (!_tryCredit(owner, token, amount)) revert BalanceFull(owner, token);
    }

    /// @dev Whether the balance has room for it.
    function _tryCredit(address owner, address token, uint96 amount) internal returns (bool) {
        Balance storage balance = _balances[owner][token];
        uint96 present = balance.amount;
        if (amount > type(uint96).max - present) return false;
        unchecked {
            balance.amount = present + amount;
        }
        return true;
    }

    function _debit(address owner, address token, uint96 amount) internal {
        Balance storage balance = _balances[owner][token];
        uint96 present = balance.amount;
        if (present < amount) revert InsufficientBalance(owner, token, present, amount);
        unchecked {
            balance.amount = present - amount;
        }
    }

    /// @dev Callers hold the guard.
    function _withdraw(address owner, address token, uint96 amount, address to) internal {
        if (amount == 0) revert ZeroAmount();
        if (to == address(0) || to == address(this)) revert InvalidRecipient(to);
        _debit(owner, token, amount);
        emit Withdrawn(owner, token, amount, to);
        IERC20(token).safeTransfer(to, amount);
    }

    /// @dev Takes exactly `amount` from the caller or reverts. Callers hold the guard.
    function _pull(address token, uint96 amount) internal {
        uint256 expected = IERC20(token).balanceOf(address(this)) + amount;
        IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
        _requireBalance(token, expected);
    }

    /// @dev Refuses a token that moved more or less than it was told to.
    function _requireBalance(address token, uint256 expected) internal view {
        uint256 balance = IERC20(token).balanceOf(address(this));
        if (balance != expected) revert InexactTransfer(token, expected, balance);
    }

    function _requirePayer(Channel calldata channel) internal view {
        if (msg.sender != channel.payer) revert OnlyPayer(msg.sender, channel.payer);
    }

    function _requirePayee(Channel calldata channel) internal view {
        if (msg.sender != channel.payee) revert OnlyPayee(msg.sender, channel.payee);
    }

    function _requireToken(address token) internal view {
        if (token.code.length == 0) revert InvalidToken(token);
    }

    /// @dev Takes a relayed message, once.
    function _requireMessage(
        address account,
        bytes32 message,
        bytes32 nonce,
        uint256 deadline,
        bytes calldata signature
    ) internal {
        if (block.timestamp > deadline) revert SignatureExpired(deadline);
        if (_used[account][nonce]) revert MessageUsed(account, nonce);
        if (!Signatures.isValid(account, _hashTypedDataV4(message), signature))
            revert InvalidSignature(account);
        _used[account][nonce] = true;
    }
}
