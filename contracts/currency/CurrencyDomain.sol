// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {Signatures} from "../shared/Signatures.sol";
import {CurrencyTerms} from "./CurrencyTerms.sol";

/// @title A currency's terms, and signatures for it
/// @dev Every clone has an EIP-712 domain of its own, `(name(), "1", chain id, address)`. It is computed for each signature:
/// OpenZeppelin's EIP712 keeps the name in the constructor's code, which would be the implementation's for all clones.
/// Apart from ERC20, so that what `eip712Domain` returns can have the names of the standard: readers of the ABI ask by them.
abstract contract CurrencyDomain is IERC5267 {
    using CurrencyTerms for bytes;

    bytes32 private constant DOMAIN_TYPEHASH = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );
    string internal constant VERSION = "1";

    /// @notice The signature is not the signer's, or has a high s.
    error InvalidSignature(address signer);

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

    function _domainSeparator() internal view returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    DOMAIN_TYPEHASH,
                    keccak256(bytes(_terms().name())),
                    keccak256(bytes(VERSION)),
                    block.chainid,
                    address(this)
                )
            );
    }

    /// @dev Reverts unless `signer` signed the struct for this currency on this chain.
    function _requireSignature(address signer, bytes32 structHash, bytes memory signature) internal view {
        bytes32 digest = MessageHashUtils.toTypedDataHash(_domainSeparator(), structHash);
        if (!Signatures.isValid(signer, digest, signature)) revert InvalidSignature(signer);
    }
}
