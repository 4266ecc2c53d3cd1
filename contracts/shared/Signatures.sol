// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

/// @title Whose signature counts
/// @notice A signature of 65 bytes is recovered first and goes to ERC-1271 only where that fails: an account under EIP-7702
/// has code and still signs plainly. A high s is never accepted.
library Signatures {
    /// @notice Whether `signer` signed `digest`, by its key or by its code.
    function isValid(address signer, bytes32 digest, bytes memory signature) internal view returns (bool) {
        if (signature.length == 65) {
            (address recovered, ECDSA.RecoverError failure, ) = ECDSA.tryRecover(digest, signature);
            if (failure == ECDSA.RecoverError.NoError && recovered == signer) return true;
        }
        return
            signer.code.length != 0 && SignatureChecker.isValidERC1271SignatureNow(signer, digest, signature);
    }

    /// @notice The key that made a plain signature of 65 bytes; zero where it is none.
    function keyOf(bytes32 digest, bytes calldata signature) internal pure returns (address) {
        (address recovered, ECDSA.RecoverError failure, ) = ECDSA.tryRecoverCalldata(digest, signature);
        return failure == ECDSA.RecoverError.NoError ? recovered : address(0);
    }

    /// @notice Whether an account's code says (ERC-1271) that it signed `digest`, asked with at most `gas_` gas and heard for
    /// one word: for calls that nobody's code may stop.
    function isValidByCode(
        address account,
        bytes32 digest,
        bytes calldata signature,
        uint256 gas_
    ) internal view returns (bool valid) {
        if (account.code.length == 0) return false;
        bytes memory question = abi.encodeCall(IERC1271.isValidSignature, (digest, signature));
        bytes32 yes = IERC1271.isValidSignature.selector;
        assembly ("memory-safe") {
            let success := staticcall(gas_, account, add(question, 0x20), mload(question), 0, 0x20)
            valid := and(success, and(gt(returndatasize(), 0x1f), eq(mload(0), yes)))
        }
    }
}
