// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";
import {CurrencyTerms} from "./CurrencyTerms.sol";

/// @title A currency's terms, and the EIP-712 domain that follows from them
/// @dev Apart from ERC20, whose `name` would keep what `eip712Domain` returns from having the standard's names: ethers and
/// explorers read it by them.
abstract contract CurrencyDomain is IERC5267 {
    using CurrencyTerms for bytes;

    string internal constant VERSION = "1";

    /// @inheritdoc IERC5267
    function eip712Domain()
        external
        view
        returns (
            bytes1 fields,
            string memory name,
            string memory version,
            uint256 chainId,
            address verifyingContract,
            bytes32 salt,
            uint256[] memory extensions
        )
    {
        return (hex"0f", _terms().name(), VERSION, block.chainid, address(this), 0, new uint256[](0));
    }

    function _terms() internal view returns (bytes memory) {
        return Clones.fetchCloneArgs(address(this));
    }
}
