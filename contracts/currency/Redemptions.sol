// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {CurrencyTerms} from "./CurrencyTerms.sol";
import {IRedemptions} from "./IRedemptions.sol";
import {Issuership} from "./Issuership.sol";

/// @title Redemption with a track record
abstract contract Redemptions is Issuership, IRedemptions {
    using CurrencyTerms for bytes;

    /// @dev Slots: `holder` 160 | `amount` 96, `termsHash`, `deadline` 40 | `status` 8.
    struct Redemption {
        address holder;
        uint96 amount;
        bytes32 termsHash;
        uint40 deadline;
        Status status;
    }

    /// @dev Slots: `minted` 128 | `redeemed` 128, `defaulted` 128 | `disputed` 128, `lapsed` 128.
    struct Record {
        uint128 minted;
        uint128 redeemed;
        uint128 defaulted;
        uint128 disputed;
        uint128 lapsed;
    }

    Record private _record;
    uint256 private _redemptionCount;
    mapping(uint256 id => Redemption) private _redemptions;

    /// @inheritdoc IRedemptions
    function redeem(uint256 amount, bytes32 termsHash) external returns (uint256 id) {
        uint40 window = _terms().redemptionWindow();
        if (window == 0) revert RedemptionNotOffered();
        if (amount == 0 || amount > type(uint96).max) revert InvalidRedemption(amount);
        id = ++_redemptionCount;
        uint40 deadline = uint40(block.timestamp) + window;
        _redemptions[id] = Redemption(msg.sender, uint96(amount), termsHash, deadline, Status.Requested);
        ERC20._update(msg.sender, address(this), amount);
        emit RedemptionRequested(id, msg.sender, uint96(amount), termsHash, deadline);
    }

    /// @inheritdoc IRedemptions
    function accept(uint256 id) external onlyIssuer {
        Redemption storage open = _inTime(id, Status.Requested);
        open.status = Status.Accepted;
        emit RedemptionAccepted(id);
    }

    /// @inheritdoc IRedemptions
    function fulfill(uint256 id, bytes32 proofHash) external onlyIssuer {
        Redemption storage open = _inTime(id, Status.Accepted);
        open.status = Status.Fulfilled;
        open.deadline = uint40(block.timestamp) + _terms().redemptionWindow();
        emit RedemptionFulfilled(id, proofHash);
    }

    /// @inheritdoc IRedemptions
    function confirm(uint256 id) external {
        Redemption storage open = _inStatus(id, Status.Fulfilled);
        _requireHolder(open);
        _record.redeemed += open.amount;
        _burnLocked(id, open, Status.Redeemed);
    }

    /// @inheritdoc IRedemptions
    function dispute(uint256 id) external {
        Redemption storage open = _inTime(id, Status.Fulfilled);
        _requireHolder(open);
        _record.disputed += open.amount;
        _burnLocked(id, open, Status.Disputed);
    }

    /// @inheritdoc IRedemptions
    function settle(uint256 id) external {
        Redemption storage open = _redemptions[id];
        Status status = open.status;
        if (status == Status.None || status > Status.Fulfilled)
            revert WrongRedemptionStatus(id, uint8(status));
        if (block.timestamp <= open.deadline) revert RedemptionOpen(id, open.deadline);
        if (status == Status.Requested) {
            _record.lapsed += open.amount;
            _returnLocked(id, open, Status.Lapsed);
        } else if (status == Status.Accepted) {
            _record.defaulted += open.amount;
            _returnLocked(id, open, Status.Defaulted);
        } else {
            _record.redeemed += open.amount;
            _burnLocked(id, open, Status.Redeemed);
        }
    }

    /// @inheritdoc IRedemptions
    function redemption(
        uint256 id
    )
        external
        view
        returns (address holder, uint96 amount, bytes32 termsHash, uint40 deadline, uint8 status)
    {
        Redemption memory found = _redemptions[id];
        return (found.holder, found.amount, found.termsHash, found.deadline, uint8(found.status));
    }

    /// @inheritdoc IRedemptions
    function record()
        external
        view
        returns (uint128 minted, uint128 redeemed, uint128 defaulted, uint128 disputed, uint128 lapsed)
    {
        Record memory sums = _record;
        return (sums.minted, sums.redeemed, sums.defaulted, sums.disputed, sums.lapsed);
    }

    /// @dev Adds to what was ever minted. The supply has at most 96 bits at a time: 128 bits outlast 2^32 turns of all of it.
    function _countMinted(uint256 amount) internal {
        _record.minted += uint128(amount);
    }

    function _returnLocked(uint256 id, Redemption storage open, Status status) private {
        ERC20._update(address(this), open.holder, open.amount);
        _close(id, open, status);
    }

    function _burnLocked(uint256 id, Redemption storage open, Status status) private {
        ERC20._update(address(this), address(0), open.amount);
        _close(id, open, status);
    }

    function _close(uint256 id, Redemption storage open, Status status) private {
        open.status = status;
        emit RedemptionClosed(id, uint8(status));
    }

    function _inTime(uint256 id, Status expected) private view returns (Redemption storage open) {
        open = _inStatus(id, expected);
        if (block.timestamp > open.deadline) revert RedemptionExpired(id, open.deadline);
    }

    function _inStatus(uint256 id, Status expected) private view returns (Redemption storage open) {
        open = _redemptions[id];
        if (open.status != expected) revert WrongRedemptionStatus(id, uint8(open.status));
    }

    function _requireHolder(Redemption storage open) private view {
        if (msg.sender != open.holder) revert OnlyHolder(msg.sender, open.holder);
    }
}
