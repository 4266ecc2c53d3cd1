// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {CurrencyTerms} from "./CurrencyTerms.sol";
import {CurrencyConfig, ICurrencyFactory} from "./ICurrencyFactory.sol";
import {IssuerCurrency} from "./IssuerCurrency.sol";

/// @title Factory of issuer currencies
/// @dev See `ICurrencyFactory`.
contract CurrencyFactory is ICurrencyFactory, Multicall {
    uint256 private constant MAX_NAME = 64;
    uint256 private constant MAX_SYMBOL = 16;
    uint256 private constant MAX_CONTRACT_URI = 128;
    uint8 private constant MAX_DECIMALS = 18;
    uint16 private constant MAX_FEE_BPS = 1_000;

    /// @dev What OpenZeppelin's clones put before the arguments, in bytes.
    uint256 private constant CLONE_CODE = 45;

    /// @dev The salt of the issuer is among the clone arguments and so in the hashed code; CREATE2 needs no second one.
    bytes32 private constant CREATE2_SALT = 0;

    /// @inheritdoc ICurrencyFactory
    address public immutable implementation;

    /// @param channels The payment channels that every currency approves by construction.
    constructor(address channels) {
        implementation = address(new IssuerCurrency(channels));
    }

    /// @inheritdoc ICurrencyFactory
    function createCurrency(
        CurrencyConfig calldata config,
        bytes32 salt
    ) external returns (address currency) {
        _check(config);
        bytes memory terms = CurrencyTerms.pack(msg.sender, config, salt);
        currency = _predict(terms);
        if (currency.code.length != 0) revert CurrencyExists(currency);
        Clones.cloneDeterministicWithImmutableArgs(implementation, terms, CREATE2_SALT);
        emit CurrencyCreated(currency, msg.sender, config.name, config.symbol, config.decimals);
    }

    /// @inheritdoc ICurrencyFactory
    function predictCurrency(
        address issuer,
        CurrencyConfig calldata config,
        bytes32 salt
    ) external view returns (address) {
        _check(config);
        return _predict(CurrencyTerms.pack(issuer, config, salt));
    }

    /// @inheritdoc ICurrencyFactory
    function isCurrency(address account) external view returns (bool) {
        if (account.code.length <= CLONE_CODE) return false;
        return _predict(Clones.fetchCloneArgs(account)) == account;
    }

    function _predict(bytes memory terms) private view returns (address) {
        return Clones.predictDeterministicAddressWithImmutableArgs(implementation, terms, CREATE2_SALT);
    }

    function _check(CurrencyConfig calldata config) private pure {
        uint256 nameLength = bytes(config.name).length;
        uint256 symbolLength = bytes(config.symbol).length;
        uint256 uriLength = bytes(config.contractURI).length;
        if (nameLength == 0 || nameLength > MAX_NAME) revert InvalidName(nameLength);
        if (symbolLength == 0 || symbolLength > MAX_SYMBOL) revert InvalidSymbol(symbolLength);
        if (config.decimals > MAX_DECIMALS) revert InvalidDecimals(config.decimals);
        if (config.maxSupply == 0) revert InvalidMaxSupply();
        if (config.feeBps > MAX_FEE_BPS) revert InvalidFee(config.feeBps);
        if (uriLength > MAX_CONTRACT_URI) revert InvalidContractURI(uriLength);
    }
}
