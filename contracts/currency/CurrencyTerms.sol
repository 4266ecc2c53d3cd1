// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {CurrencyConfig} from "./ICurrencyFactory.sol";

/// @title The terms of a currency as clone arguments
/// @notice Packs issuer, salt and terms into the bytes that a clone carries behind its code, and reads them back.
/// @dev Code costs 200 gas a byte and is read for 3 gas a word; a storage slot costs 22,100 and 2,100. Layout:
///
/// | offset | bytes | field            |
/// | ------ | ----- | ---------------- |
/// | 0      | 20    | issuer           |
/// | 20     | 32    | salt             |
/// | 52     | 1     | decimals         |
/// | 53     | 12    | maxSupply        |
/// | 65     | 12    | feeFlat          |
/// | 77     | 2     | feeBps           |
/// | 79     | 4     | redemptionWindow |
/// | 83     | 1     | length of name   |
/// | 84     | 1     | length of symbol |
/// | 85     | rest  | name, symbol, contractURI |
library CurrencyTerms {
    uint256 private constant STRINGS = 85;

    /// @notice The clone arguments for these terms. Lengths must have been checked: they are narrowed to one byte.
    function pack(
        address issuer_,
        CurrencyConfig calldata config,
        bytes32 salt
    ) internal pure returns (bytes memory) {
        bytes calldata name_ = bytes(config.name);
        bytes calldata symbol_ = bytes(config.symbol);
        return
            abi.encodePacked(
                issuer_,
                salt,
                config.decimals,
                config.maxSupply,
                config.feeFlat,
                config.feeBps,
                config.redemptionWindow,
                uint8(name_.length),
                uint8(symbol_.length),
                name_,
                symbol_,
                config.contractURI
            );
    }

    function issuer(bytes memory terms) internal pure returns (address) {
        return address(uint160(_number(terms, 0, 20)));
    }

    function decimals(bytes memory terms) internal pure returns (uint8) {
        return uint8(_number(terms, 52, 1));
    }

    function maxSupply(bytes memory terms) internal pure returns (uint96) {
        return uint96(_number(terms, 53, 12));
    }

    function feeFlat(bytes memory terms) internal pure returns (uint96) {
        return uint96(_number(terms, 65, 12));
    }

    function feeBps(bytes memory terms) internal pure returns (uint16) {
        return uint16(_number(terms, 77, 2));
    }

    function redemptionWindow(bytes memory terms) internal pure returns (uint32) {
        return uint32(_number(terms, 79, 4));
    }

    function name(bytes memory terms) internal pure returns (string memory) {
        return _string(terms, STRINGS, _nameLength(terms));
    }

    function symbol(bytes memory terms) internal pure returns (string memory) {
        return _string(terms, STRINGS + _nameLength(terms), _symbolLength(terms));
    }

    function contractURI(bytes memory terms) internal pure returns (string memory) {
        uint256 start = STRINGS + _nameLength(terms) + _symbolLength(terms);
        return _string(terms, start, terms.length - start);
    }

    /// @notice The fee's terms of the running clone, read without copying the rest: this is on the way of every payment.
    function ownFees() internal view returns (uint256 flat, uint256 bps) {
        uint256 word = _ownWord(65);
        return (word >> 160, (word >> 144) & type(uint16).max);
    }

    /// @notice The first issuer of the running clone, read without copying the rest.
    function ownIssuer() internal view returns (address) {
        return address(uint160(_ownWord(0) >> 96));
    }

    /// @dev 32 bytes of the running clone's arguments, which lie behind the 45 bytes of its code.
    function _ownWord(uint256 offset) private view returns (uint256 word) {
        assembly ("memory-safe") {
            extcodecopy(address(), 0x00, add(offset, 45), 0x20)
            word := mload(0x00)
        }
    }

    function _nameLength(bytes memory terms) private pure returns (uint256) {
        return _number(terms, 83, 1);
    }

    function _symbolLength(bytes memory terms) private pure returns (uint256) {
        return _number(terms, 84, 1);
    }

    /// @dev The big-endian number in `size` bytes from `offset`.
    function _number(bytes memory terms, uint256 offset, uint256 size) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := shr(sub(256, mul(8, size)), mload(add(add(terms, 0x20), offset)))
        }
    }

    function _string(bytes memory terms, uint256 start, uint256 length) private pure returns (string memory) {
        bytes memory part = new bytes(length);
        assembly ("memory-safe") {
            mcopy(add(part, 0x20), add(add(terms, 0x20), start), length)
        }
        return string(part);
    }
}
