// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {PlainToken} from "../support/PlainToken.sol";

/// @notice An ERC-20 that answers every call it does not know, and does nothing, as wrapped ether does.
contract PhantomToken is PlainToken {
    fallback() external {
        assembly ("memory-safe") {
            mstore(0, 0)
            return(0, 0x20)
        }
    }
}
