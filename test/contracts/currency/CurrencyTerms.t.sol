// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {CurrencyTerms} from "../../../contracts/currency/CurrencyTerms.sol";
import {CurrencyConfig} from "../../../contracts/currency/ICurrencyFactory.sol";
import {Test} from "../support/Test.sol";

contract CurrencyTermsTest is Test {
    using CurrencyTerms for bytes;

    /// @dev `pack` reads calldata.
    function pack(
        address issuer,
        CurrencyConfig calldata config,
        bytes32 salt
    ) external pure returns (bytes memory) {
        return CurrencyTerms.pack(issuer, config, salt);
    }

    function testFuzz_WhatIsPackedIsReadBack(
        address issuer,
        CurrencyConfig memory config,
        bytes32 salt
    ) external view {
        config.name = _cut(config.name, 64);
        config.symbol = _cut(config.symbol, 16);
        config.contractURI = _cut(config.contractURI, 128);
        bytes memory terms = this.pack(issuer, config, salt);
        assertEq(terms.issuer(), issuer);
        assertEq(terms.decimals(), config.decimals);
        assertEq(terms.maxSupply(), config.maxSupply);
        assertEq(terms.feeFlat(), config.feeFlat);
        assertEq(terms.feeBps(), config.feeBps);
        assertEq(terms.redemptionWindow(), config.redemptionWindow);
        assertEq(terms.name(), config.name);
        assertEq(terms.symbol(), config.symbol);
        assertEq(terms.contractURI(), config.contractURI);
    }

    /// @dev The longest strings that the factory lets through, and none at all.
    function test_StringsOfEveryAllowedLength() external view {
        CurrencyConfig memory config;
        for (uint256 length = 0; length <= 64; ++length) {
            config.name = string(new bytes(length));
            config.symbol = string(new bytes(length / 4));
            config.contractURI = string(new bytes(2 * length));
            bytes memory terms = this.pack(address(this), config, 0);
            assertEq(terms.name(), config.name);
            assertEq(terms.symbol(), config.symbol);
            assertEq(terms.contractURI(), config.contractURI);
        }
    }

    /// @dev Two currencies share an address only where issuer, salt and every term are the same.
    function testFuzz_OtherTermsArePackedOtherwise(
        address issuer,
        CurrencyConfig memory config,
        bytes32 salt,
        uint256 which
    ) external view {
        config.name = _cut(config.name, 63);
        config.symbol = _cut(config.symbol, 15);
        config.contractURI = _cut(config.contractURI, 127);
        bytes32 before = keccak256(this.pack(issuer, config, salt));
        which = bound(which, 0, 9);
        if (which == 0) issuer = address(uint160(issuer) ^ 1);
        if (which == 1) salt = bytes32(uint256(salt) ^ 1);
        if (which == 2) config.decimals ^= 1;
        if (which == 3) config.maxSupply ^= 1;
        if (which == 4) config.feeFlat ^= 1;
        if (which == 5) config.feeBps ^= 1;
        if (which == 6) config.redemptionWindow ^= 1;
        if (which == 7) config.name = string.concat(config.name, "x");
        if (which == 8) config.symbol = string.concat("x", config.symbol);
        if (which == 9) config.contractURI = string.concat("x", config.contractURI);
        assertNotEq(keccak256(this.pack(issuer, config, salt)), before);
    }

    function _cut(string memory text, uint256 length) private pure returns (string memory) {
        if (bytes(text).length > length) {
            assembly ("memory-safe") {
                mstore(text, length)
            }
        }
        return text;
    }
}
