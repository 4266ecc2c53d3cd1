// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {CurrencyFactory} from "../../../contracts/currency/CurrencyFactory.sol";
import {CurrencyConfig} from "../../../contracts/currency/ICurrencyFactory.sol";
import {IssuerCurrency} from "../../../contracts/currency/IssuerCurrency.sol";
import {Test} from "./Test.sol";

/// @title Currencies for tests, and signatures for them
abstract contract Currencies is Test {
    uint32 internal constant WINDOW = 7 days;

    CurrencyFactory private _factory;
    uint256 private _created;
    address internal issuer;

    /// @dev A new currency of `issuer`, without a fee.
    function newCurrency(string memory name, uint32 window) internal returns (IssuerCurrency) {
        return newCurrency(name, window, 0, 0);
    }

    function newCurrency(
        string memory name,
        uint32 window,
        uint96 feeFlat,
        uint16 feeBps
    ) internal returns (IssuerCurrency) {
        if (address(_factory) == address(0)) _factory = new CurrencyFactory(makeAddr("channels"));
        if (issuer == address(0)) issuer = makeAddr("issuer");
        CurrencyConfig memory config = CurrencyConfig({
            name: name,
            symbol: "CUR",
            decimals: 6,
            maxSupply: type(uint96).max,
            feeFlat: feeFlat,
            feeBps: feeBps,
            redemptionWindow: window,
            contractURI: ""
        });
        vm.prank(issuer);
        return IssuerCurrency(_factory.createCurrency(config, bytes32(++_created)));
    }

    function give(IssuerCurrency currency, address to, uint256 amount) internal {
        vm.prank(currency.issuer());
        currency.mint(to, amount);
    }

    /// @dev The 65 bytes of a signature of a struct for a currency.
    function sign(
        IssuerCurrency currency,
        uint256 key,
        bytes32 structHash
    ) internal view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = signParts(currency, key, structHash);
        return abi.encodePacked(r, s, v);
    }

    function signParts(
        IssuerCurrency currency,
        uint256 key,
        bytes32 structHash
    ) internal view returns (uint8 v, bytes32 r, bytes32 s) {
        return vm.sign(key, MessageHashUtils.toTypedDataHash(domainOf(currency), structHash));
    }

    /// @dev The EIP-712 domain separator, computed from what a wallet would be told.
    function domainOf(IssuerCurrency currency) internal view returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    keccak256(
                        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                    ),
                    keccak256(bytes(currency.name())),
                    keccak256("1"),
                    block.chainid,
                    address(currency)
                )
            );
    }
}
