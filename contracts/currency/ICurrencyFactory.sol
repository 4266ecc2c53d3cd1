// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice The terms of a currency, fixed when it is created.
/// @param name 1 to 64 bytes.
/// @param symbol 1 to 16 bytes.
/// @param decimals At most 18.
/// @param maxSupply The most base units that may ever exist at once; at least 1.
/// @param feeFlat Flat part of the fee for `transferFunds`, in base units.
/// @param feeBps Proportional part of that fee, in ten-thousandths of the amount; at most 1,000.
/// @param redemptionWindow Seconds in which the issuer promises to act on a redemption.
/// @param contractURI ERC-7572 metadata, at most 128 bytes.
struct CurrencyConfig {
    string name;
    string symbol;
    uint8 decimals;
    uint96 maxSupply;
    uint96 feeFlat;
    uint16 feeBps;
    uint32 redemptionWindow;
    string contractURI;
}

/// @title Factory of issuer currencies
/// @notice Anyone creates a currency; each is an ERC-20 of its own, a clone whose terms are part of its code.
interface ICurrencyFactory {
    /// @notice A currency was created.
    event CurrencyCreated(
        address indexed currency,
        address indexed issuer,
        string name,
        string symbol,
        uint8 decimals
    );

    /// @notice The name is empty or longer than 64 bytes.
    error InvalidName(uint256 length);
    /// @notice The symbol is empty or longer than 16 bytes.
    error InvalidSymbol(uint256 length);
    /// @notice More than 18 decimals.
    error InvalidDecimals(uint8 decimals);
    /// @notice A currency that could never be minted.
    error InvalidMaxSupply();
    /// @notice More than 1,000 basis points: no fee may exceed a tenth of the amount.
    error InvalidFee(uint16 feeBps);
    /// @notice The metadata URI is longer than 128 bytes.
    error InvalidContractURI(uint256 length);
    /// @notice The same issuer already created the same terms under the same salt.
    error CurrencyExists(address currency);

    /// @notice Creates a currency issued by the caller. Emits `CurrencyCreated`.
    /// @dev Anyone may call. The address depends on the issuer, the terms and the salt only, so nobody can take it first.
    /// @param config The terms, fixed for ever.
    /// @param salt Tells apart several currencies of one issuer with the same terms.
    /// @return currency The new ERC-20.
    function createCurrency(CurrencyConfig calldata config, bytes32 salt) external returns (address currency);

    /// @notice The address that `createCurrency` gives to these terms when `issuer` calls it.
    function predictCurrency(
        address issuer,
        CurrencyConfig calldata config,
        bytes32 salt
    ) external view returns (address);

    /// @notice Whether this factory created the account.
    function isCurrency(address account) external view returns (bool);

    /// @notice The code that every currency of this factory runs.
    function implementation() external view returns (address);
}
