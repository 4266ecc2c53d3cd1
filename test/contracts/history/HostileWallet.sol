// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

/// @title A contract wallet that answers as a test wants, whatever was signed
contract HostileWallet is IERC1271 {
    /// @dev How it takes a signature.
    enum Manner {
        Accepts,
        BurnsAllGas,
        ReturnsMuch,
        ReturnsLittle,
        ReturnsNothing,
        SaysAlmostYes,
        Reverts
    }

    Manner public manner;
    /// @dev Gas that it burns before it answers.
    uint256 public burns;

    function behave(Manner manner_, uint256 burns_) external {
        (manner, burns) = (manner_, burns_);
    }

    /// @inheritdoc IERC1271
    function isValidSignature(bytes32, bytes calldata) external view returns (bytes4) {
        for (uint256 until = gasleft() > burns ? gasleft() - burns : 0; gasleft() > until;) {}
        if (manner == Manner.BurnsAllGas) {
            for (; gasleft() > 0;) {}
        }
        bytes4 yes = this.isValidSignature.selector;
        if (manner == Manner.ReturnsMuch) {
            assembly ("memory-safe") {
                mstore(0, yes)
                return(0, 100000)
            }
        }
        if (manner == Manner.ReturnsLittle) {
            assembly ("memory-safe") {
                mstore(0, yes)
                return(0, 4)
            }
        }
        if (manner == Manner.ReturnsNothing) {
            assembly ("memory-safe") {
                return(0, 0)
            }
        }
        if (manner == Manner.SaysAlmostYes) {
            assembly ("memory-safe") {
                mstore(0, or(yes, 1))
                return(0, 0x20)
            }
        }
        require(manner != Manner.Reverts);
        return yes;
    }
}
