// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {HostileToken} from "../HostileToken.sol";

/// @notice A hostile token that takes any signature for an authorization.
contract CredulousToken is HostileToken {
    // solhint-disable-next-line func-name-mixedcase
    function DOMAIN_SEPARATOR() external pure returns (bytes32) {
        return keccak256("credulous");
    }

    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256,
        uint256,
        bytes32,
        bytes calldata
    ) external {
        transferFrom(from, to, value);
    }
}
