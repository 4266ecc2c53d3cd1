// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC3009, IERC3009Cancel} from "@openzeppelin/contracts/interfaces/draft-IERC3009.sol";
import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC165} from "@openzeppelin/contracts/utils/introspection/ERC165.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {CurrencyPermit} from "./CurrencyPermit.sol";
import {CurrencyTerms} from "./CurrencyTerms.sol";
import {IIssuerCurrency} from "./IIssuerCurrency.sol";
import {IIssuership} from "./IIssuership.sol";
import {IRedemptions} from "./IRedemptions.sol";
import {ITransferAuthorizations} from "./ITransferAuthorizations.sol";
import {Redemptions} from "./Redemptions.sol";
import {TransferAuthorizations} from "./TransferAuthorizations.sol";

/// @title Issuer currency
/// @dev See `IIssuerCurrency`; permits, transfers by signature, the issuer's place and redemption are in contracts of their own.
contract IssuerCurrency is
    IIssuerCurrency,
    CurrencyPermit,
    TransferAuthorizations,
    Redemptions,
    ERC165,
    Multicall
{
    using CurrencyTerms for bytes;

    uint256 private constant BASIS_POINTS = 10_000;
    uint256 private constant FEE_CAP_DIVISOR = 10;
    bytes32 private constant TRANSFER_FUNDS_TYPEHASH = keccak256(
        "TransferFunds(address from,address recipient,uint256 amount,bytes32 transactionId,"
        "uint256 messageCounter,uint256 validBefore)"
    );

    /// @inheritdoc IIssuerCurrency
    address public immutable channels;

    /// @dev The struct hash of the message that was carried out under a counter.
    mapping(address from => mapping(uint256 messageCounter => bytes32)) private _messages;

    /// @dev The implementation's own name and symbol are never seen: every clone answers from its terms.
    constructor(address channels_) ERC20("", "") {
        channels = channels_;
    }

    /// @inheritdoc IIssuerCurrency
    function mint(address to, uint256 amount) external onlyIssuer {
        _mint(to, amount);
        uint256 supply = totalSupply();
        uint96 cap = _terms().maxSupply();
        if (supply > cap) revert SupplyCapExceeded(cap, supply);
        _countMinted(amount);
    }

    /// @inheritdoc IIssuerCurrency
    function transferFunds(
        address recipient,
        uint256 amount,
        bytes32 transactionId
    ) external returns (uint256 fee) {
        return _transferFunds(msg.sender, recipient, amount, transactionId);
    }

    /// @inheritdoc IIssuerCurrency
    function transferFundsWithAuthorization(
        address from,
        address recipient,
        uint256 amount,
        bytes32 transactionId,
        uint256 messageCounter,
        uint256 validBefore,
        bytes calldata signature
    ) external returns (uint256 fee) {
        bytes32 message = keccak256(
            abi.encode(
                TRANSFER_FUNDS_TYPEHASH,
                from,
                recipient,
                amount,
                transactionId,
                messageCounter,
                validBefore
            )
        );
        bytes32 executed = _messages[from][messageCounter];
        // The terms are fixed, so the fee is today what it was then.
        if (executed == message) return quoteFee(amount);
        if (executed != 0) revert MessageCounterConflict(from, messageCounter);
        if (block.timestamp >= validBefore) revert MessageExpired(validBefore);
        _requireSignature(from, message, signature);
        _messages[from][messageCounter] = message;
        return _transferFunds(from, recipient, amount, transactionId);
    }

    /// @inheritdoc IIssuerCurrency
    function messageExecuted(address from, uint256 messageCounter) external view returns (bool) {
        return _messages[from][messageCounter] != 0;
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

    /// @inheritdoc IIssuerCurrency
    function quoteFee(uint256 amount) public view returns (uint256 fee) {
        (uint256 flat, uint256 bps) = CurrencyTerms.ownFees();
        if (flat == 0 && bps == 0) return 0;
        // Split at ten thousand, so that no amount overflows.
        uint256 proportional = (amount / BASIS_POINTS) * bps + ((amount % BASIS_POINTS) * bps) / BASIS_POINTS;
        return Math.min(flat + proportional, amount / FEE_CAP_DIVISOR);
    }

    /// @notice What `spender` may move for `owner`; without limit where the spender is the channels contract.
    function allowance(address owner, address spender) public view override(ERC20, IERC20) returns (uint256) {
        return spender == channels ? type(uint256).max : super.allowance(owner, spender);
    }

    /// @inheritdoc ERC165
    function supportsInterface(bytes4 interfaceId) public view override returns (bool) {
        return
            interfaceId == type(IERC20).interfaceId ||
            interfaceId == type(IERC20Metadata).interfaceId ||
            interfaceId == type(IERC20Permit).interfaceId ||
            interfaceId == type(IERC3009).interfaceId ||
            interfaceId == type(IERC3009Cancel).interfaceId ||
            interfaceId == type(IERC5267).interfaceId ||
            interfaceId == type(ITransferAuthorizations).interfaceId ||
            interfaceId == type(IIssuership).interfaceId ||
            interfaceId == type(IRedemptions).interfaceId ||
            interfaceId == type(IIssuerCurrency).interfaceId ||
            super.supportsInterface(interfaceId);
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

    function _approve(address owner, address spender, uint256 value, bool emitEvent) internal override {
        if (spender == channels) revert ChannelsAlwaysApproved();
        super._approve(owner, spender, value, emitEvent);
    }

    /// @dev Only redemption puts units into the currency's own account, and it does not come this way: anything else there
    /// would be lost.
    function _update(address from, address to, uint256 value) internal override {
        if (to == address(this)) revert ERC20InvalidReceiver(to);
        super._update(from, to, value);
    }

    function _transferFunds(
        address from,
        address recipient,
        uint256 amount,
        bytes32 transactionId
    ) private returns (uint256 fee) {
        // The wallet would be as before, less the fee: nobody means that.
        if (recipient == from) revert ERC20InvalidReceiver(recipient);
        fee = quoteFee(amount);
        if (fee != 0) {
            uint256 needed = Math.saturatingAdd(amount, fee);
            if (balanceOf(from) < needed) revert ERC20InsufficientBalance(from, balanceOf(from), needed);
            _transfer(from, issuer(), fee);
        }
        _transfer(from, recipient, amount);
        emit Deposited(from, recipient, transactionId, amount, fee);
    }
}
