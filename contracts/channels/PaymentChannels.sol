// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {ChannelHashes} from "./ChannelHashes.sol";
import {IPaymentChannels} from "./IPaymentChannels.sol";
import {Ticks} from "./Ticks.sol";

/// @title Payment channels
/// @dev See `IPaymentChannels`.
contract PaymentChannels is IPaymentChannels, EIP712, Multicall, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    uint40 private constant MIN_EXIT_DELAY = 15 minutes;
    uint40 private constant MAX_EXIT_DELAY = 30 days;
    uint32 private constant MAX_TICKS = 1_024;

    /// @dev One slot: `claimed` 96 bits | `deposit` 96 | `exitAt` 40 | `opened` 8 | 16 spare.
    struct Account {
        uint96 claimed;
        uint96 deposit;
        uint40 exitAt;
        bool opened;
    }

    mapping(bytes32 channelId => Account) private _accounts;
    mapping(address owner => mapping(address token => uint96)) private _balances;

    constructor() EIP712(ChannelHashes.DOMAIN_NAME, ChannelHashes.DOMAIN_VERSION) {}

    /// @inheritdoc IPaymentChannels
    function fund(Channel calldata channel, uint96 amount) external nonReentrant {
        if (amount == 0) revert ZeroAmount();
        bytes32 id = channelId(channel);
        Account memory account = _accounts[id];
        if (!account.opened) {
            _checkOpening(channel);
            account.opened = true;
            _emitOpened(id, channel);
        }
        if (account.exitAt != 0) revert ChannelExiting(id, account.exitAt);
        account.deposit += amount;
        _write(id, account);
        emit Funded(id, amount, account.deposit);
        _pull(IERC20(channel.token), amount);
    }

    /// @inheritdoc IPaymentChannels
    function claim(Claim calldata claim_) external returns (uint96 paid) {
        Channel calldata channel = claim_.channel;
        bytes32 id = channelId(channel);
        Account memory account = _accounts[id];
        if (!account.opened) revert UnknownChannel(id);

        uint96 total = _provenTotal(id, claim_);
        if (total <= account.claimed) revert NothingToClaim(id, account.claimed);
        uint96 owed = total - account.claimed;
        if (account.deposit == 0) revert DepositSpent(id, owed);

        paid = owed < account.deposit ? owed : account.deposit;
        account.claimed += paid;
        account.deposit -= paid;
        _write(id, account);
        _balances[channel.payee][channel.token] += paid;
        emit Claimed(id, channel.payer, channel.payee, channel.token, paid, account.claimed);
    }

    /// @inheritdoc IPaymentChannels
    function requestExit(Channel calldata channel) external {
        bytes32 id = channelId(channel);
        Account memory account = _accounts[id];
        if (!account.opened) revert UnknownChannel(id);
        if (msg.sender != channel.payer) revert OnlyPayer(msg.sender, channel.payer);
        if (account.exitAt != 0) revert ChannelExiting(id, account.exitAt);
        uint40 exitAt = uint40(block.timestamp) + channel.exitDelay;
        _accounts[id].exitAt = exitAt;
        emit ExitRequested(id, channel.payer, channel.payee, exitAt);
    }

    /// @inheritdoc IPaymentChannels
    function exit(Channel calldata channel) external {
        bytes32 id = channelId(channel);
        Account memory account = _accounts[id];
        if (account.exitAt == 0) revert ExitNotRequested(id);
        if (block.timestamp < account.exitAt) revert ExitNotDue(id, account.exitAt);
        uint96 amount = account.deposit;
        account.deposit = 0;
        account.exitAt = 0;
        _write(id, account);
        _balances[channel.payer][channel.token] += amount;
        emit Exited(id, amount);
    }

    /// @inheritdoc IPaymentChannels
    function withdraw(address token, uint96 amount, address to) external nonReentrant {
        if (amount == 0) revert ZeroAmount();
        if (to == address(0) || to == address(this)) revert InvalidRecipient(to);
        uint96 balance = _balances[msg.sender][token];
        if (balance < amount) revert InsufficientBalance(msg.sender, token, balance, amount);
        _balances[msg.sender][token] = balance - amount;
        emit Withdrawn(msg.sender, token, amount, to);
        IERC20(token).safeTransfer(to, amount);
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
        return _balances[owner][token];
    }

    /// @dev One write of the whole slot: the compiler would read and write it once a field.
    function _write(bytes32 id, Account memory account) private {
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

    /// @dev What the claim proves as ever paid: the signed total and the ticks on top of it.
    function _provenTotal(bytes32 id, Claim calldata claim_) private view returns (uint96) {
        bytes32 digest = _hashTypedDataV4(ChannelHashes.voucher(id, claim_));
        (address recovered, ECDSA.RecoverError failure, ) = ECDSA.tryRecover(digest, claim_.r, claim_.vs);
        if (failure != ECDSA.RecoverError.NoError || recovered != claim_.channel.signer)
            revert InvalidVoucher(id);

        uint32 ticks = claim_.ticks;
        uint32 maxTicks = claim_.maxTicks;
        if (ticks > maxTicks || maxTicks > MAX_TICKS) revert TooManyTicks(ticks, maxTicks);
        if (ticks == 0) return claim_.total;
        if (Ticks.root(claim_.preimage, ticks) != claim_.tickRoot) revert InvalidTick(id);

        uint256 total = uint256(claim_.total) + uint256(ticks) * claim_.tickAmount;
        if (total > type(uint96).max) revert TotalTooLarge(total);
        return uint96(total);
    }

    /// @dev Only its payer opens a channel: otherwise anyone could forge debts and history in somebody's name.
    function _checkOpening(Channel calldata channel) private view {
        if (msg.sender != channel.payer) revert OnlyPayer(msg.sender, channel.payer);
        if (channel.payee == address(0)) revert InvalidPayee();
        if (channel.signer == address(0)) revert InvalidSigner();
        if (channel.token.code.length == 0) revert InvalidToken(channel.token);
        if (channel.exitDelay < MIN_EXIT_DELAY || channel.exitDelay > MAX_EXIT_DELAY) {
            revert InvalidExitDelay(channel.exitDelay);
        }
        if (channel.flags != 0) revert InvalidFlags(channel.flags);
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

    /// @dev Takes exactly `amount` from the caller or reverts. Tokens are untrusted code: the guard is up meanwhile.
    function _pull(IERC20 token, uint96 amount) private {
        uint256 expected = token.balanceOf(address(this)) + amount;
        token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 balance = token.balanceOf(address(this));
        if (balance != expected) revert InexactTransfer(address(token), expected, balance);
    }
}
