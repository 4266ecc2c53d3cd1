// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IPaymentChannels} from "../channels/IPaymentChannels.sol";

/// @title Interaction history
/// @notice What peers settled through payment channels, weighed by each network: directed edges from consumer to
/// provider. Values are in a network's own unit, where a weight of 1e18 counts one base unit of a token as 1.
/// @dev History pulls from the channels contract, and channels know nothing of history. Sums saturate at 2^96 - 1 and
/// never revert, so that nobody can jam them.
interface IInteractionHistory {
    /// @notice A network was created.
    event NetworkCreated(
        uint256 indexed networkId,
        address indexed steward,
        uint40 epochLength,
        string metadataURI
    );
    /// @notice The network values settlement in `token` from now on, what was settled before included.
    event WeightSet(uint256 indexed networkId, address indexed token, uint96 weight);
    /// @notice The total of value that `provider` served to `consumer` is now `served`.
    event EdgeUpdated(
        uint256 indexed networkId,
        address indexed consumer,
        address indexed provider,
        uint96 served
    );

    /// @notice Nobody created this network.
    error UnknownNetwork(uint256 networkId);
    /// @notice Only the network's steward may do this.
    error OnlySteward(address caller, address steward);
    /// @notice The steward is the zero address.
    error InvalidSteward();
    /// @notice An epoch is shorter than an hour.
    error InvalidEpochLength(uint40 epochLength);
    /// @notice A weight of zero counts nothing.
    error InvalidWeight();
    /// @notice A weight is set once a token and stays.
    error WeightAlreadySet(uint256 networkId, address token, uint96 weight);
    /// @notice The network does not value this token.
    error NoWeight(uint256 networkId, address token);
    /// @notice Each edge needs one peer that it comes from and one that it goes to.
    error UnequalLengths(uint256 from, uint256 to);

    /// @notice Creates a network. Emits `NetworkCreated`.
    /// @dev Anyone may call. Errors: `InvalidSteward`, `InvalidEpochLength`.
    /// @param steward Decides weights and admission policy.
    /// @param epochLength Seconds, at least one hour. Values as of the last closed epoch stand still for a whole epoch.
    /// @param metadataURI Where the network describes itself; only emitted.
    /// @return networkId Counted from 1.
    function createNetwork(
        address steward,
        uint40 epochLength,
        string calldata metadataURI
    ) external returns (uint256 networkId);

    /// @notice States what one base unit of a token is worth in the network, once and for all. Emits `WeightSet`.
    /// @dev Steward only. Errors: `UnknownNetwork`, `OnlySteward`, `InvalidWeight`, `WeightAlreadySet`.
    /// @param weight 1e18 counts one unit of value for one base unit.
    function setWeight(uint256 networkId, address token, uint96 weight) external;

    /// @notice Pulls what was newly settled in these channels into the network's edges and totals.
    /// @dev Anyone may call. Emits `EdgeUpdated` for each edge that grew. Payments to oneself count nothing.
    /// Errors: `UnknownNetwork`, `NoWeight`.
    function sync(uint256 networkId, IPaymentChannels.Channel[] calldata channels_) external;

    /// @notice A network's steward, seconds an epoch, and current epoch, counted from 1.
    function network(
        uint256 networkId
    ) external view returns (address steward, uint40 epochLength, uint32 epoch);

    /// @notice What the network counts for one base unit of a token; 0 where it does not value it.
    function weightOf(uint256 networkId, address token) external view returns (uint96);

    /// @notice What `provider` served to `consumer`: now, as of the last closed epoch, and what the consumer took back.
    /// @dev `faulted` is 0 as long as no faults can be stated.
    function edge(
        uint256 networkId,
        address consumer,
        address provider
    ) external view returns (uint96 served, uint96 servedLastEpoch, uint96 faulted);

    /// @notice All that a peer provided and consumed: now and as of the last closed epoch.
    function totals(
        uint256 networkId,
        address peer
    )
        external
        view
        returns (uint96 provided, uint96 consumed, uint96 providedLastEpoch, uint96 consumedLastEpoch);

    /// @notice What the edges from each peer in `from` to the one at the same place in `to` had served when the last epoch
    /// closed. Nothing moves these values until the next epoch closes: proofs of flow hold for a whole epoch.
    /// @dev Reads one slot an edge. Faults and receipts are no part of it. Errors: `UnknownNetwork`, `UnequalLengths`.
    /// @param from Consumers.
    /// @param to Providers, as many.
    function capacities(
        uint256 networkId,
        address[] calldata from,
        address[] calldata to
    ) external view returns (uint96[] memory);

    /// @notice The payment channels whose settlement this history reads.
    function channels() external view returns (IPaymentChannels);
}
