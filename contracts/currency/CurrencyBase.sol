// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {CurrencyDomain} from "./CurrencyDomain.sol";

/// @title What every part of a currency builds on: balances, its terms, and signatures for it
abstract contract CurrencyBase is ERC20, CurrencyDomain {
    /// @notice The version of the EIP-712 domain.
    function version() external pure returns (string memory) {
        return VERSION;
    }
}
