// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {AbstractSigner} from "@openzeppelin/contracts/utils/cryptography/signers/AbstractSigner.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ERC7739} from "@openzeppelin/contracts/utils/cryptography/signers/draft-ERC7739.sol";
import {SignerECDSA} from "@openzeppelin/contracts/utils/cryptography/signers/SignerECDSA.sol";
import {SignerEIP7702} from "@openzeppelin/contracts/utils/cryptography/signers/SignerEIP7702.sol";

/// @title Takes what a key signed as if for itself: 65 bytes
abstract contract Plain is AbstractSigner, IERC1271 {
    /// @inheritdoc IERC1271
    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        return
            _rawSignatureValidation(hash, signature)
                ? IERC1271.isValidSignature.selector
                : bytes4(0xffffffff);
    }
}

/// @title A wallet that takes its owner's plain signatures
contract PlainWallet is Plain, SignerECDSA {
    constructor(address owner) SignerECDSA(owner) {}
}

/// @title A wallet that takes its owner's signatures as ERC-7739 nests them: more than 65 bytes
contract NestingWallet is ERC7739, SignerECDSA {
    constructor(address owner) EIP712("Nesting wallet", "1") SignerECDSA(owner) {}
}

/// @title Code for an account under EIP-7702 that takes plain signatures of the account's own key
contract PlainCode is Plain, SignerEIP7702 {}

/// @title Code for an account under EIP-7702 that takes nested signatures of the account's own key
contract NestingCode is ERC7739, SignerEIP7702 {
    constructor() EIP712("Nesting code", "1") {}
}
