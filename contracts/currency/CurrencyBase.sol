// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {Signatures} from "../shared/Signatures.sol";
import {CurrencyDomain} from "./CurrencyDomain.sol";

/// @title What every part of a currency builds on: its terms, and signatures for it
/// @dev Every clone has an EIP-712 domain of its own, `(name(), "1", chain id, address)`. It is computed for each signature:
/// OpenZeppelin's EIP712 keeps the name in the constructor's code, which would be the implementation's for all clones.
abstract contract CurrencyBase is ERC20, CurrencyDomain {
    bytes32 private constant DOMAIN_TYPEHASH = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );

    /// @notice The signature is not the signer's, or has a high s.
    error InvalidSignature(address signer);

    /// @notice The version of the EIP-712 domain.
    function version() external pure returns (string memory) {
        return VERSION;
    }

    function _domainSeparator() internal view returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    DOMAIN_TYPEHASH,
                    keccak256(bytes(name())),
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
