// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ChannelHashes} from "../channels/ChannelHashes.sol";
import {IPaymentChannels} from "../channels/IPaymentChannels.sol";
import {EpochValue} from "./EpochValue.sol";
import {IInteractionHistory} from "./IInteractionHistory.sol";
import {Networks} from "./Networks.sol";

/// @title Edges and totals: what was settled in channels, pulled and weighed
abstract contract SettledEdges is Networks {
    uint256 private constant WEIGHT_UNIT = 1e18;

    /// @inheritdoc IInteractionHistory
    IPaymentChannels public immutable channels;

    constructor(IPaymentChannels channels_) {
        channels = channels_;
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
    function syncedOf(uint256 networkId, bytes32 channelId) external view returns (uint96) {
        return uint96(_networks[networkId].synced[channelId]);
    }

    /// @inheritdoc IInteractionHistory
    function edge(
        uint256 networkId,
        address consumer,
        address provider
    ) external view returns (uint96 served, uint96 servedLastEpoch, uint96 faulted) {
        Network storage network_ = _network(networkId);
        EpochValue storage value = network_.edges[consumer][provider];
        served = value.current;
        faulted = network_.statements[consumer][provider].faulted;
        return (served, value.atClose(_epoch(network_)), faulted < served ? faulted : served);
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
        Valuation storage valuation = network_.valuations[channel.token];
        uint256 weight = valuation.weight;
        if (weight == 0) {
            if (valuation.retired != 0) return;
            revert NoWeight(networkId, channel.token);
        }

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
}
