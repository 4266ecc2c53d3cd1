// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IInteractionHistory} from "../../history/IInteractionHistory.sol";
import {IAdmissionPolicy} from "../IAdmissionPolicy.sol";
import {IBondPolicy} from "./IBondPolicy.sol";
import {StewardedPolicy} from "./StewardedPolicy.sol";

/// @title Bond policy
/// @dev See `IBondPolicy`.
contract BondPolicy is IBondPolicy, StewardedPolicy, Multicall, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @dev A lock is meant for admissions, and a slip of the pen must not last for ever.
    uint40 private constant MAX_LOCK = 366 days;

    /// @dev One slot: `amount` 96 bits | `lockedUntil` 40 | 120 spare.
    struct Bond {
        uint96 amount;
        uint40 lockedUntil;
    }

    mapping(uint256 networkId => Terms) private _terms;
    mapping(uint256 networkId => mapping(address peer => mapping(address token => Bond))) private _bonds;

    constructor(IInteractionHistory history_) StewardedPolicy(history_) {}

    /// @inheritdoc IBondPolicy
    function setTerms(uint256 networkId, Terms calldata terms) external onlySteward(networkId) {
        _requireToken(terms.token);
        if (terms.amount == 0) revert ZeroAmount();
        if (terms.admissionPeriod == 0) revert InvalidAdmissionPeriod();
        _terms[networkId] = terms;
        emit BondTermsSet(networkId, terms.token, terms.amount, terms.admissionPeriod);
    }

    /// @inheritdoc IBondPolicy
    function fundBond(
        uint256 networkId,
        address token,
        uint96 amount,
        uint40 lockedUntil
    ) external nonReentrant {
        history.network(networkId);
        _requireToken(token);
        Bond memory bond = _bonds[networkId][msg.sender][token];
        if (amount == 0 && bond.amount == 0) revert ZeroAmount();
        uint40 earliest = uint40(Math.max(block.timestamp + 1, bond.lockedUntil));
        uint40 latest = uint40(block.timestamp) + MAX_LOCK;
        if (lockedUntil < earliest || lockedUntil > latest) revert InvalidLock(lockedUntil, earliest, latest);
        if (amount > type(uint96).max - bond.amount) revert BondFull(networkId, msg.sender, token);
        bond = Bond(bond.amount + amount, lockedUntil);
        _bonds[networkId][msg.sender][token] = bond;
        emit BondFunded(networkId, msg.sender, token, amount, bond.amount, lockedUntil);
        if (amount != 0) _pull(token, amount);
    }

    /// @inheritdoc IBondPolicy
    function withdrawBond(uint256 networkId, address token, uint96 amount, address to) external nonReentrant {
        if (amount == 0) revert ZeroAmount();
        if (to == address(0) || to == address(this)) revert InvalidRecipient(to);
        Bond storage bond = _bonds[networkId][msg.sender][token];
        (uint96 present, uint40 lockedUntil) = (bond.amount, bond.lockedUntil);
        if (block.timestamp < lockedUntil) revert BondLocked(networkId, msg.sender, token, lockedUntil);
        if (present < amount) revert InsufficientBond(networkId, msg.sender, token, present, amount);
        unchecked {
            present -= amount;
        }
        bond.amount = present;
        emit BondWithdrawn(networkId, msg.sender, token, amount, present, to);
        IERC20(token).safeTransfer(to, amount);
    }

    /// @inheritdoc IAdmissionPolicy
    /// @dev Needs no proof: the bond is here.
    function canAdmit(
        uint256 networkId,
        address peer,
        bytes calldata
    ) external view returns (bool ok, uint40 validUntil) {
        Terms memory terms = _terms[networkId];
        Bond memory bond = _bonds[networkId][peer][terms.token];
        ok = terms.amount != 0 && _holds(bond, terms);
        if (ok) validUntil = uint40(Math.min(block.timestamp + terms.admissionPeriod, bond.lockedUntil));
    }

    /// @inheritdoc IAdmissionPolicy
    /// @dev The proof is the bond itself: too small, or no longer locked. Without terms nothing is proved.
    function canExpel(uint256 networkId, address peer, bytes calldata) external view returns (bool) {
        Terms memory terms = _terms[networkId];
        return terms.amount != 0 && !_holds(_bonds[networkId][peer][terms.token], terms);
    }

    /// @inheritdoc IBondPolicy
    function termsOf(uint256 networkId) external view returns (Terms memory) {
        return _terms[networkId];
    }

    /// @inheritdoc IBondPolicy
    function bondOf(
        uint256 networkId,
        address peer,
        address token
    ) external view returns (uint96 amount, uint40 lockedUntil) {
        Bond storage bond = _bonds[networkId][peer][token];
        return (bond.amount, bond.lockedUntil);
    }

    function _holds(Bond memory bond, Terms memory terms) private view returns (bool) {
        return bond.amount >= terms.amount && block.timestamp < bond.lockedUntil;
    }

    /// @dev Takes exactly `amount` from the caller or reverts. Callers hold the guard.
    function _pull(address token, uint96 amount) private {
        uint256 expected = IERC20(token).balanceOf(address(this)) + amount;
        IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
        uint256 balance = IERC20(token).balanceOf(address(this));
        if (balance != expected) revert InexactTransfer(token, expected, balance);
    }

    function _requireToken(address token) private view {
        if (token.code.length == 0) revert InvalidToken(token);
    }
}
