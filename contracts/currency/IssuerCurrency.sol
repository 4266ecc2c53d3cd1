// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {CurrencyTerms} from "./CurrencyTerms.sol";
import {IIssuerCurrency} from "./IIssuerCurrency.sol";

/// @title Issuer currency
/// @dev See `IIssuerCurrency`.
contract IssuerCurrency is IIssuerCurrency, ERC20, Multicall {
    using CurrencyTerms for bytes;

    uint256 private constant BASIS_POINTS = 10_000;
    uint256 private constant FEE_CAP_DIVISOR = 10;

    /// @inheritdoc IIssuerCurrency
    address public immutable channels;

    /// @dev The implementation's own name and symbol are never seen: every clone answers from its terms.
    constructor(address channels_) ERC20("", "") {
        channels = channels_;
    }

    /// @inheritdoc IIssuerCurrency
    function mint(address to, uint256 amount) external {
        bytes memory terms = _terms();
        if (msg.sender != terms.issuer()) revert OnlyIssuer(msg.sender, terms.issuer());
        _mint(to, amount);
        uint256 supply = totalSupply();
        if (supply > terms.maxSupply()) revert SupplyCapExceeded(terms.maxSupply(), supply);
    }

    /// @inheritdoc IIssuerCurrency
    function transferFunds(
        address recipient,
        uint256 amount,
        bytes32 transactionId
    ) external returns (uint256 fee) {
        bytes memory terms = _terms();
        fee = _fee(terms, amount);
        if (fee != 0) _transfer(msg.sender, terms.issuer(), fee);
        _transfer(msg.sender, recipient, amount);
        emit Deposited(msg.sender, recipient, transactionId, amount, fee);
    }

    /// @inheritdoc IIssuerCurrency
    function quoteFee(uint256 amount) external view returns (uint256 fee) {
        return _fee(_terms(), amount);
    }

    /// @inheritdoc IIssuerCurrency
    function issuer() external view returns (address) {
        return _terms().issuer();
    }

    /// @inheritdoc IIssuerCurrency
    function maxSupply() external view returns (uint96) {
        return _terms().maxSupply();
    }

    /// @inheritdoc IIssuerCurrency
    function feeFlat() external view returns (uint96) {
        return _terms().feeFlat();
    }

    /// @inheritdoc IIssuerCurrency
    function feeBps() external view returns (uint16) {
        return _terms().feeBps();
    }

    /// @inheritdoc IIssuerCurrency
    function redemptionWindow() external view returns (uint32) {
        return _terms().redemptionWindow();
    }

    /// @inheritdoc IIssuerCurrency
    function contractURI() external view returns (string memory) {
        return _terms().contractURI();
    }

    /// @inheritdoc IERC20Metadata
    function name() public view override(ERC20, IERC20Metadata) returns (string memory) {
        return _terms().name();
    }

    /// @inheritdoc IERC20Metadata
    function symbol() public view override(ERC20, IERC20Metadata) returns (string memory) {
        return _terms().symbol();
    }

    /// @inheritdoc IERC20Metadata
    function decimals() public view override(ERC20, IERC20Metadata) returns (uint8) {
        return _terms().decimals();
    }

    /// @notice What `spender` may move for `owner`; without limit where the spender is the channels contract.
    function allowance(address owner, address spender) public view override(ERC20, IERC20) returns (uint256) {
        return spender == channels ? type(uint256).max : super.allowance(owner, spender);
    }

    function _approve(address owner, address spender, uint256 value, bool emitEvent) internal override {
        if (spender == channels) revert ChannelsAlwaysApproved();
        super._approve(owner, spender, value, emitEvent);
    }

    /// @dev Nothing can leave the currency's own account again, so nothing may go there.
    function _update(address from, address to, uint256 value) internal override {
        if (to == address(this)) revert ERC20InvalidReceiver(to);
        super._update(from, to, value);
    }

    function _terms() private view returns (bytes memory) {
        return Clones.fetchCloneArgs(address(this));
    }

    function _fee(bytes memory terms, uint256 amount) private pure returns (uint256) {
        uint256 cap = amount / FEE_CAP_DIVISOR;
        uint256 proportional = Math.mulDiv(amount, terms.feeBps(), BASIS_POINTS);
        // The flat part has 96 bits and the proportional one is at most a tenth of 256: the sum cannot overflow.
        return Math.min(terms.feeFlat() + proportional, cap);
    }
}
