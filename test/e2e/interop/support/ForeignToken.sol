// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC3009} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC3009.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

/// @title Somebody else's token with ERC-3009, as OpenZeppelin has it: no bytes overloads, no DOMAIN_SEPARATOR
contract ForeignToken is ERC20, ERC3009 {
    constructor(address holder, uint256 amount) ERC20("Foreign token", "FOR") EIP712("Foreign token", "2") {
        _mint(holder, amount);
    }
}
