// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IReceiveWithAuthorization} from "../../../contracts/channels/IReceiveWithAuthorization.sol";

/// @notice An ERC-20 that behaves as badly as it is told to. Anyone mints, anyone sets its mood.
contract HostileToken is ERC20("Hostile", "HOSTILE"), IReceiveWithAuthorization {
    enum Mood {
        Honest,
        TakesFee,
        ReturnsFalse,
        ReturnsNothing,
        Reenters,
        PretendsToMove,
        LiesAboutBalances,
        BurnsGas,
        Refuses,
        Blacklists
    }

    error Refused();

    Mood public mood;

    /// @notice Whose transfers it refuses, in the mood to blacklist.
    address public blacklisted;

    /// @notice What it says its EIP-712 domain is.
    // solhint-disable-next-line var-name-mixedcase
    bytes32 public DOMAIN_SEPARATOR;

    /// @notice What the last attempt to reenter came to.
    bool public reentered;
    bytes public reentryResult;

    address private _reentryTarget;
    bytes private _reentry;

    /// @dev What it pretends to have moved, in the mood to pretend.
    mapping(address account => uint256) private _pretended;

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function setMood(Mood mood_) external {
        mood = mood_;
    }

    function blacklist(address account) external {
        mood = Mood.Blacklists;
        blacklisted = account;
    }

    function setDomain(bytes32 domain) external {
        DOMAIN_SEPARATOR = domain;
    }

    /// @notice Moves anybody's tokens by any signature at any time.
    /// @inheritdoc IReceiveWithAuthorization
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256,
        uint256,
        bytes32,
        bytes calldata
    ) external {
        _misbehave(from, to, value);
    }

    /// @notice What it calls in the middle of the next transfers, in the mood to reenter.
    function setReentry(address target, bytes calldata data) external {
        mood = Mood.Reenters;
        _reentryTarget = target;
        _reentry = data;
    }

    /// @notice Takes from any account without asking: a negative rebase.
    function shrink(address account, uint256 amount) external {
        _burn(account, amount);
    }

    function balanceOf(address account) public view override returns (uint256) {
        if (mood == Mood.LiesAboutBalances) return type(uint256).max;
        return super.balanceOf(account) + _pretended[account];
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        return _misbehave(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        return _misbehave(from, to, amount);
    }

    function _misbehave(address from, address to, uint256 amount) private returns (bool) {
        if (mood == Mood.Refuses) revert Refused();
        if (mood == Mood.Blacklists && (from == blacklisted || to == blacklisted)) revert Refused();
        if (mood == Mood.ReturnsFalse) return false;
        if (mood == Mood.BurnsGas) {
            assembly ("memory-safe") {
                invalid()
            }
        }
        if (mood == Mood.PretendsToMove) {
            _pretended[to] += amount;
            return true;
        }
        if (mood == Mood.Reenters) (reentered, reentryResult) = _reentryTarget.call(_reentry);
        _transfer(from, to, amount);
        if (mood == Mood.TakesFee) _burn(to, amount / 100);
        if (mood == Mood.ReturnsNothing) {
            assembly ("memory-safe") {
                return(0, 0)
            }
        }
        return true;
    }
}
