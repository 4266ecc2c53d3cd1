// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

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
}
