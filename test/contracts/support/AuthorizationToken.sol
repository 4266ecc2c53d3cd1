// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IReceiveWithAuthorization} from "../../../contracts/channels/IReceiveWithAuthorization.sol";

/// @notice As little of ERC-3009 as a token can have: it receives by authorization, of plain keys only. Anyone mints.
contract AuthorizationToken is ERC20("Bare", "BARE"), EIP712("Bare", "2"), IReceiveWithAuthorization {
    error Refused();

    mapping(address authorizer => mapping(bytes32 nonce => bool)) public authorizationState;

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    /// @inheritdoc IReceiveWithAuthorization
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external {
        bytes32 message = keccak256(
            abi.encode(
                keccak256(
                    "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
                ),
                from,
                to,
                value,
                validAfter,
                validBefore,
                nonce
            )
        );
        bool inTime = block.timestamp > validAfter && block.timestamp < validBefore;
        bool isSigned = ECDSA.recover(_hashTypedDataV4(message), signature) == from;
        if (msg.sender != to || !inTime || !isSigned || authorizationState[from][nonce]) revert Refused();
        authorizationState[from][nonce] = true;
        _transfer(from, to, value);
    }

    /// @inheritdoc IReceiveWithAuthorization
    function DOMAIN_SEPARATOR() external view returns (bytes32) {
        return _domainSeparatorV4();
    }
}
