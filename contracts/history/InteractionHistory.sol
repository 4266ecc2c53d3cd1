// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {ChannelHashes} from "../channels/ChannelHashes.sol";
import {IPaymentChannels} from "../channels/IPaymentChannels.sol";
import {EpochValue} from "./EpochValue.sol";
import {IInteractionHistory} from "./IInteractionHistory.sol";

/// @title Interaction history
/// @dev See `IInteractionHistory`.
contract InteractionHistory is IInteractionHistory, Multicall {
    uint40 private constant MIN_EPOCH_LENGTH = 1 hours;
    uint256 private constant WEIGHT_UNIT = 1e18;

    /// @dev First slot: `steward` 160 bits | `epochLength` 40 | `createdAt` 40 | 16 spare.
    struct Network {
        address steward;
        uint40 epochLength;
        uint40 createdAt;
        mapping(address token => uint96) weights;
        mapping(bytes32 channelId => uint256 claimed) synced;
        mapping(address consumer => mapping(address provider => EpochValue)) edges;
        mapping(address peer => EpochValue) provided;
        mapping(address peer => EpochValue) consumed;
    }

    /// @inheritdoc IInteractionHistory
    IPaymentChannels public immutable channels;

    uint256 private _networkCount;
    mapping(uint256 networkId => Network) private _networks;

    constructor(IPaymentChannels channels_) {
        channels = channels_;
    }

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
    function setWeight(uint256 networkId, address token, uint96 weight) external {
        Network storage network_ = _network(networkId);
        if (msg.sender != network_.steward) revert OnlySteward(msg.sender, network_.steward);
        if (weight == 0) revert InvalidWeight();
        uint96 present = network_.weights[token];
        if (present != 0) revert WeightAlreadySet(networkId, token, present);
        network_.weights[token] = weight;
        emit WeightSet(networkId, token, weight);
    }

    /// @inheritdoc IInteractionHistory
    function sync(uint256 networkId, IPaymentChannels.Channel[] calldata channels_) external {
        Network storage network_ = _network(networkId);
        uint32 epoch = _epoch(network_);
        bytes32 domain = ChannelHashes.domainSeparator(channels);
        for (uint256 i = 0; i < channels_.length; ++i) {
            IPaymentChannels.Channel calldata channel = channels_[i];
            _syncOne(networkId, network_, epoch, channel, ChannelHashes.id(domain, channel));
        }
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
        return _networks[networkId].weights[token];
    }

    /// @inheritdoc IInteractionHistory
    function edge(
        uint256 networkId,
        address consumer,
        address provider
    ) external view returns (uint96 served, uint96 servedLastEpoch, uint96 faulted) {
        Network storage network_ = _network(networkId);
        EpochValue storage value = network_.edges[consumer][provider];
        return (value.current, value.atClose(_epoch(network_)), 0);
    }

    /// @inheritdoc IInteractionHistory
    function totals(
        uint256 networkId,
        address peer
    )
        external
        view
        returns (uint96 provided, uint96 consumed, uint96 providedLastEpoch, uint96 consumedLastEpoch)
    {
        Network storage network_ = _network(networkId);
        uint32 epoch = _epoch(network_);
        EpochValue storage given = network_.provided[peer];
        EpochValue storage taken = network_.consumed[peer];
        return (given.current, taken.current, given.atClose(epoch), taken.atClose(epoch));
    }

    /// @inheritdoc IInteractionHistory
    function capacities(
        uint256 networkId,
        address[] calldata from,
        address[] calldata to
    ) external view returns (uint96[] memory served) {
        if (from.length != to.length) revert UnequalLengths(from.length, to.length);
        Network storage network_ = _network(networkId);
        uint32 epoch = _epoch(network_);
        served = new uint96[](from.length);
        for (uint256 i = 0; i < from.length; ++i) {
            served[i] = network_.edges[from[i]][to[i]].atClose(epoch);
        }
    }

    /// @dev Counts floor(claimed * w) - floor(synced * w): the parts add up to the whole whatever the steps, so that dust
    /// syncs cannot round an edge away.
    function _syncOne(
        uint256 networkId,
        Network storage network_,
        uint32 epoch,
        IPaymentChannels.Channel calldata channel,
        bytes32 id
    ) private {
        uint256 weight = network_.weights[channel.token];
        if (weight == 0) revert NoWeight(networkId, channel.token);

        (uint96 claimed, , , ) = channels.state(id);
        uint256 synced = network_.synced[id];
        address consumer = channel.payer;
        address provider = channel.payee;
        if (claimed == synced || consumer == provider) return;
        network_.synced[id] = claimed;

        uint256 step;
        unchecked {
            // Each product has at most 192 bits, and what is claimed never falls.
            step = (claimed * weight) / WEIGHT_UNIT - (synced * weight) / WEIGHT_UNIT;
        }
        if (step == 0) return;
        uint96 served = network_.edges[consumer][provider].add(step, epoch);
        network_.provided[provider].add(step, epoch);
        network_.consumed[consumer].add(step, epoch);
        emit EdgeUpdated(networkId, consumer, provider, served);
    }

    function _network(uint256 networkId) private view returns (Network storage network_) {
        network_ = _networks[networkId];
        if (network_.steward == address(0)) revert UnknownNetwork(networkId);
    }

    function _epoch(Network storage network_) private view returns (uint32) {
        return uint32((block.timestamp - network_.createdAt) / network_.epochLength) + 1;
    }
}
