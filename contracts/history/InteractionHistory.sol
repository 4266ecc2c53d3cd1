// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {IPaymentChannels} from "../channels/IPaymentChannels.sol";
import {EpochValue} from "./EpochValue.sol";
import {IInteractionHistory} from "./IInteractionHistory.sol";

/// @title Interaction history
/// @dev See `IInteractionHistory`.
contract InteractionHistory is IInteractionHistory, Multicall {
    uint40 private constant MIN_EPOCH_LENGTH = 1 hours;
    uint256 private constant WEIGHT_UNIT = 1e18;

    /// @dev One slot: `steward` 160 bits | `epochLength` 40 | `createdAt` 40 | 16 spare.
    struct Network {
        address steward;
        uint40 epochLength;
        uint40 createdAt;
    }

    /// @inheritdoc IInteractionHistory
    IPaymentChannels public immutable channels;

    uint256 private _networkCount;
    mapping(uint256 networkId => Network) private _networks;
    mapping(uint256 networkId => mapping(address token => uint96)) private _weights;
    mapping(uint256 networkId => mapping(bytes32 channelId => uint96)) private _synced;
    mapping(uint256 networkId => mapping(address consumer => mapping(address provider => EpochValue)))
        private _edges;
    mapping(uint256 networkId => mapping(address peer => EpochValue)) private _provided;
    mapping(uint256 networkId => mapping(address peer => EpochValue)) private _consumed;

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
        _networks[networkId] = Network(steward, epochLength, uint40(block.timestamp));
        emit NetworkCreated(networkId, steward, epochLength, metadataURI);
    }

    /// @inheritdoc IInteractionHistory
    function setWeight(uint256 networkId, address token, uint96 weight) external {
        address steward = _network(networkId).steward;
        if (msg.sender != steward) revert OnlySteward(msg.sender, steward);
        if (weight == 0) revert InvalidWeight();
        uint96 present = _weights[networkId][token];
        if (present != 0) revert WeightAlreadySet(networkId, token, present);
        _weights[networkId][token] = weight;
        emit WeightSet(networkId, token, weight);
    }

    /// @inheritdoc IInteractionHistory
    function sync(uint256 networkId, IPaymentChannels.Channel[] calldata channels_) external {
        uint32 epoch = _epoch(_network(networkId));
        for (uint256 i = 0; i < channels_.length; ++i) {
            _syncOne(networkId, epoch, channels_[i]);
        }
    }

    /// @inheritdoc IInteractionHistory
    function network(
        uint256 networkId
    ) external view returns (address steward, uint40 epochLength, uint32 epoch) {
        Network memory network_ = _network(networkId);
        return (network_.steward, network_.epochLength, _epoch(network_));
    }

    /// @inheritdoc IInteractionHistory
    function weightOf(uint256 networkId, address token) external view returns (uint96) {
        return _weights[networkId][token];
    }

    /// @inheritdoc IInteractionHistory
    function edge(
        uint256 networkId,
        address consumer,
        address provider
    ) external view returns (uint96 served, uint96 servedLastEpoch, uint96 faulted) {
        EpochValue memory value = _edges[networkId][consumer][provider];
        return (value.current, value.atClose(_epoch(_network(networkId))), 0);
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
        uint32 epoch = _epoch(_network(networkId));
        EpochValue memory given = _provided[networkId][peer];
        EpochValue memory taken = _consumed[networkId][peer];
        return (given.current, taken.current, given.atClose(epoch), taken.atClose(epoch));
    }

    /// @dev Counts floor(claimed * w) - floor(synced * w): the parts add up to the whole whatever the steps, so that dust
    /// syncs cannot round an edge away.
    function _syncOne(uint256 networkId, uint32 epoch, IPaymentChannels.Channel calldata channel) private {
        uint256 weight = _weights[networkId][channel.token];
        if (weight == 0) revert NoWeight(networkId, channel.token);

        bytes32 id = channels.channelId(channel);
        (uint96 claimed, , , ) = channels.state(id);
        uint96 synced = _synced[networkId][id];
        if (claimed == synced || channel.payer == channel.payee) return;
        _synced[networkId][id] = claimed;

        uint256 step = (claimed * weight) / WEIGHT_UNIT - (synced * weight) / WEIGHT_UNIT;
        if (step == 0) return;
        uint96 served = _edges[networkId][channel.payer][channel.payee].add(step, epoch);
        _provided[networkId][channel.payee].add(step, epoch);
        _consumed[networkId][channel.payer].add(step, epoch);
        emit EdgeUpdated(networkId, channel.payer, channel.payee, served);
    }

    function _network(uint256 networkId) private view returns (Network memory network_) {
        network_ = _networks[networkId];
        if (network_.steward == address(0)) revert UnknownNetwork(networkId);
    }

    function _epoch(Network memory network_) private view returns (uint32) {
        return uint32((block.timestamp - network_.createdAt) / network_.epochLength) + 1;
    }
}
