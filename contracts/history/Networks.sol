// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {EpochValue} from "./EpochValue.sol";
import {IInteractionHistory} from "./IInteractionHistory.sol";

/// @title Networks: their stewards, their epochs, and what they value
abstract contract Networks is IInteractionHistory {
    uint40 private constant MIN_EPOCH_LENGTH = 1 hours;

    /// @dev One slot: `weight` 96 bits | `retired` 96 | 64 spare. A weight moves from the first to the second when its token
    /// retires, so that who counts needs to look at the first only.
    struct Valuation {
        uint96 weight;
        uint96 retired;
    }

    /// @dev What two peers state of each other. One slot: `served` 96 bits | `count` 32 | `faulted` 96 | 32 spare.
    struct Statement {
        uint96 served;
        uint32 count;
        uint96 faulted;
    }

    /// @dev First slot: `steward` 160 bits | `epochLength` 40 | `createdAt` 40 | 16 spare.
    struct Network {
        address steward;
        uint40 epochLength;
        uint40 createdAt;
        address candidate;
        mapping(address token => Valuation) valuations;
        mapping(bytes32 channelId => uint256 claimed) synced;
        mapping(address consumer => mapping(address provider => EpochValue)) edges;
        mapping(address peer => EpochValue) provided;
        mapping(address peer => EpochValue) consumed;
        mapping(address consumer => mapping(address provider => Statement)) statements;
    }

    uint256 private _networkCount;
    mapping(uint256 networkId => Network) internal _networks;

    /// @inheritdoc IInteractionHistory
    function createNetwork(
        address steward,
        uint40 epochLength,
        string calldata metadataURI
    ) external returns (uint256 networkId) {
        if (steward == address(0)) revert InvalidSteward();
        if (epochLength < MIN_EPOCH_LENGTH) revert InvalidEpochLength(epochLength);
        networkId = ++_networkCount;
        Network storage network_ = _networks[networkId];
        network_.steward = steward;
        network_.epochLength = epochLength;
        network_.createdAt = uint40(block.timestamp);
        emit NetworkCreated(networkId, steward, epochLength, metadataURI);
    }

    /// @inheritdoc IInteractionHistory
    function transferSteward(uint256 networkId, address next) external {
        _stewarded(networkId).candidate = next;
        emit StewardTransferStarted(networkId, msg.sender, next);
    }

    /// @inheritdoc IInteractionHistory
    function acceptSteward(uint256 networkId) external {
        Network storage network_ = _network(networkId);
        address candidate = network_.candidate;
        if (msg.sender != candidate) revert OnlyStewardCandidate(msg.sender, candidate);
        network_.steward = msg.sender;
        network_.candidate = address(0);
        emit StewardChanged(networkId, msg.sender);
    }

    /// @inheritdoc IInteractionHistory
    function setWeight(uint256 networkId, address token, uint96 weight) external {
        Valuation storage valuation = _stewarded(networkId).valuations[token];
        if (weight == 0) revert InvalidWeight();
        if (valuation.weight != 0) revert WeightAlreadySet(networkId, token, valuation.weight);
        if (valuation.retired != 0) revert AlreadyRetired(networkId, token);
        valuation.weight = weight;
        emit WeightSet(networkId, token, weight);
    }

    /// @inheritdoc IInteractionHistory
    function retire(uint256 networkId, address token) external {
        Valuation storage valuation = _stewarded(networkId).valuations[token];
        if (valuation.retired != 0) revert AlreadyRetired(networkId, token);
        if (valuation.weight == 0) revert NoWeight(networkId, token);
        (valuation.weight, valuation.retired) = (0, valuation.weight);
        emit TokenRetired(networkId, token);
    }

    /// @inheritdoc IInteractionHistory
    function network(
        uint256 networkId
    ) external view returns (address steward, uint40 epochLength, uint32 epoch) {
        Network storage network_ = _network(networkId);
        return (network_.steward, network_.epochLength, _epoch(network_));
    }

    /// @inheritdoc IInteractionHistory
    function weightOf(uint256 networkId, address token) external view returns (uint96) {
        return _networks[networkId].valuations[token].weight;
    }

    function _network(uint256 networkId) internal view returns (Network storage network_) {
        network_ = _networks[networkId];
        if (network_.steward == address(0)) revert UnknownNetwork(networkId);
    }

    function _epoch(Network storage network_) internal view returns (uint32) {
        unchecked {
            // Time does not run backwards, and 2^32 epochs of an hour are half a million years.
            return uint32((block.timestamp - network_.createdAt) / network_.epochLength) + 1;
        }
    }

    /// @dev The network, for its steward only.
    function _stewarded(uint256 networkId) private view returns (Network storage network_) {
        network_ = _network(networkId);
        if (msg.sender != network_.steward) revert OnlySteward(msg.sender, network_.steward);
    }
}
