// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IAdmissionPolicy} from "../../../contracts/admission/IAdmissionPolicy.sol";

/// @notice A policy that answers what it was told for a peer, and expels only on the proof it was told.
contract StatedPolicy is IAdmissionPolicy {
    mapping(address peer => uint40) public admitsUntil;
    mapping(address peer => bytes32) public proofHash;

    function state(address peer, uint40 until, bytes calldata proof) external {
        admitsUntil[peer] = until;
        proofHash[peer] = keccak256(proof);
    }

    function canAdmit(
        uint256,
        address peer,
        bytes calldata
    ) external view returns (bool ok, uint40 validUntil) {
        return (admitsUntil[peer] != 0, admitsUntil[peer]);
    }

    function canExpel(uint256, address peer, bytes calldata proof) external view returns (bool) {
        return keccak256(proof) == proofHash[peer];
    }
}
