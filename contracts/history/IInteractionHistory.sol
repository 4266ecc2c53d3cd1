// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IPaymentChannels} from "../channels/IPaymentChannels.sol";

/// @title Interaction history
/// @notice What peers settled through payment channels, weighed by each network: directed edges from consumer to
/// provider. Beside them, in counters of their own, what two peers state together in receipts, and what a consumer
/// takes back. Values are in a network's own unit, where a weight of 1e18 counts one base unit of a token as 1.
/// @dev History pulls from the channels contract, and channels know nothing of history. Sums saturate at 2^96 - 1 and
/// never revert, so that nobody can jam them. Signatures are by EIP-712, under the domain "Scrip Interaction History",
/// "1": plain ones of 65 bytes with a low s, or what an account's code accepts (ERC-1271).
interface IInteractionHistory {
    /// @notice What two peers state together that one served to the other without being paid through a channel: gifts,
    /// barter, deals elsewhere. Cumulative: a newer one replaces an older one.
    /// @param networkId The network whose unit `served` is in.
    /// @param consumer Who was served.
    /// @param provider Who served.
    /// @param served The total value ever served so.
    /// @param count How often.
    struct Receipt {
        uint256 networkId;
        address consumer;
        address provider;
        uint96 served;
        uint32 count;
    }

    /// @notice A receipt and both peers' signatures.
    /// @param receipt The receipt.
    /// @param consumerSig By the consumer, or by a receipt signer of its own.
    /// @param providerSig By the provider, or by a receipt signer of its own.
    struct SignedReceipt {
        Receipt receipt;
        bytes consumerSig;
        bytes providerSig;
    }

    /// @notice A network was created.
    event NetworkCreated(
        uint256 indexed networkId,
        address indexed steward,
        uint40 epochLength,
        string metadataURI
    );
    /// @notice The steward offered its place.
    event StewardTransferStarted(uint256 indexed networkId, address indexed steward, address indexed next);
    /// @notice The place changed hands.
    event StewardChanged(uint256 indexed networkId, address indexed steward);
    /// @notice The network values settlement in `token` from now on, what was settled before included.
    event WeightSet(uint256 indexed networkId, address indexed token, uint96 weight);
    /// @notice The network counts nothing more of what is settled in `token`.
    event TokenRetired(uint256 indexed networkId, address indexed token);
    /// @notice The total of value that `provider` served to `consumer` is now `served`.
    event EdgeUpdated(
        uint256 indexed networkId,
        address indexed consumer,
        address indexed provider,
        uint96 served
    );
    /// @notice Both peers state that `provider` served `served` to `consumer` in `count` times, beside what was settled.
    event ReceiptRecorded(
        uint256 indexed networkId,
        address indexed consumer,
        address indexed provider,
        uint96 served,
        uint32 count
    );
    /// @notice A row of a batch changed nothing; `reason` is the error with which `record` refuses it.
    event ReceiptSkipped(bytes32 indexed receiptHash, bytes4 reason);
    /// @notice `signer` signs receipts for `account` up to `validUntil`, that second included; 0 ends it.
    event ReceiptSignerSet(address indexed account, address indexed signer, uint40 validUntil);
    /// @notice `consumer` takes back `faulted` in all from what `provider` served to it, as far as it was served.
    event FaultsStated(
        uint256 indexed networkId,
        address indexed consumer,
        address indexed provider,
        uint96 faulted
    );

    /// @notice Nobody created this network.
    error UnknownNetwork(uint256 networkId);
    /// @notice Only the network's steward may do this.
    error OnlySteward(address caller, address steward);
    /// @notice Only whom the steward offered its place may take it.
    error OnlyStewardCandidate(address caller, address candidate);
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
    /// @notice The token is retired, and stays so.
    error AlreadyRetired(uint256 networkId, address token);
    /// @notice Nobody serves itself.
    error SelfDealing(address account);
    /// @notice A receipt at least as new is recorded, with this `served` and `count`: neither may fall, and one has to
    /// grow.
    error StaleReceipt(uint256 networkId, address consumer, address provider, uint96 served, uint32 count);
    /// @notice As much was stated before.
    error StaleFaults(uint256 networkId, address consumer, address provider, uint96 faulted);
    /// @notice `account` did not sign just this, nor did a receipt signer whose time is not over.
    error InvalidSignature(address account);
    /// @notice The receipt signer is the zero address.
    error InvalidReceiptSigner();
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

    /// @notice Offers the steward's place to `next`, a contract wallet if need be; zero takes an offer back. Emits
    /// `StewardTransferStarted`.
    /// @dev Steward only. Errors: `UnknownNetwork`, `OnlySteward`.
    function transferSteward(uint256 networkId, address next) external;

    /// @notice Takes the offered place. Emits `StewardChanged`.
    /// @dev Only whom it was offered. Errors: `UnknownNetwork`, `OnlyStewardCandidate`.
    function acceptSteward(uint256 networkId) external;

    /// @notice States what one base unit of a token is worth in the network, once and for all. Emits `WeightSet`.
    /// @dev Steward only. Errors: `UnknownNetwork`, `OnlySteward`, `InvalidWeight`, `WeightAlreadySet`,
    /// `AlreadyRetired`.
    /// @param weight 1e18 counts one unit of value for one base unit.
    function setWeight(uint256 networkId, address token, uint96 weight) external;

    /// @notice Lets a token count nothing more, from this call on and for ever. Edges and totals keep what they have.
    /// Emits `TokenRetired`.
    /// @dev Steward only. What was settled before and not synced until now counts nothing either: a channel does not say
    /// when it was settled, and any later sync would let in what an issuer printed since. A steward that wants it counted
    /// syncs it first, in the same `multicall`. Errors: `UnknownNetwork`, `OnlySteward`, `NoWeight`, `AlreadyRetired`.
    function retire(uint256 networkId, address token) external;

    /// @notice Pulls what was newly settled in these channels into the network's edges and totals.
    /// @dev Anyone may call. Emits `EdgeUpdated` for each edge that grew. Payments to oneself and settlement in a retired
    /// token count nothing. Errors: `UnknownNetwork`, `NoWeight`. No row can be made to fail after it was sent: a weight
    /// that is set never goes away.
    function sync(uint256 networkId, IPaymentChannels.Channel[] calldata channels_) external;

    /// @notice Records a receipt that both peers signed. Emits `ReceiptRecorded`.
    /// @dev Anyone may call. Edges, totals and capacities do not change. Errors: `UnknownNetwork`, `SelfDealing`,
    /// `StaleReceipt`, `InvalidSignature`.
    function record(SignedReceipt calldata signed) external;

    /// @notice The same for many. A row that `record` would refuse changes nothing and emits `ReceiptSkipped`.
    /// @dev Anyone may call. A row can turn bad after it was sent: anybody may record the same receipt first, a peer may end
    /// its signer or change its wallet's mind. So a bad row is skipped, and cannot stop the others. A contract wallet has
    /// 80,000 gas to accept a signature here: whoever includes rows of wallets that it does not trust adds as much gas for
    /// each; a wallet that needs more takes `record`.
    function recordBatch(SignedReceipt[] calldata signed) external;

    /// @notice Lets a key, an agent's say, sign receipts for the caller in all networks up to `validUntil`, that second
    /// included; 0 ends it at once. Emits `ReceiptSignerSet`.
    /// @dev Receipts count when they are recorded: what the key signed in time has to be recorded in time. It signs
    /// nothing else, no faults either. Errors: `InvalidReceiptSigner`.
    /// @param signer A secp256k1 key.
    /// @param validUntil In seconds.
    function setReceiptSigner(address signer, uint40 validUntil) external;

    /// @notice Takes back a total from what `provider` served to `consumer`, because it failed. It lowers what scorers make
    /// of the consumer's own edge, and nothing else: no totals, no capacities, no receipts. Emits `FaultsStated`.
    /// @dev Anyone who has the consumer's signature may call; the consumer itself needs none. Errors: `UnknownNetwork`,
    /// `SelfDealing`, `StaleFaults`, `InvalidSignature`.
    /// @param faulted Cumulative, and never less than before. It counts as far as there is an edge: what is above also takes
    /// back what is served, or synced, later.
    /// @param consumerSig By the consumer itself, over `Faults(uint256 networkId,address consumer,address provider,uint96
    /// faulted)`; empty where the consumer calls.
    function stateFaults(
        uint256 networkId,
        address consumer,
        address provider,
        uint96 faulted,
        bytes calldata consumerSig
    ) external;

    /// @notice A network's steward, seconds an epoch, and current epoch, counted from 1.
    function network(
        uint256 networkId
    ) external view returns (address steward, uint40 epochLength, uint32 epoch);

    /// @notice What the network counts for one base unit of a token; 0 where it does not value it, or no more.
    function weightOf(uint256 networkId, address token) external view returns (uint96);

    /// @notice What of a channel's claimed total is counted in the network, in base units of its token.
    function syncedOf(uint256 networkId, bytes32 channelId) external view returns (uint96);

    /// @notice What `provider` served to `consumer`: now, as of the last closed epoch, and what the consumer took back.
    /// @dev `faulted` is at most `served`. Errors: `UnknownNetwork`.
    function edge(
        uint256 networkId,
        address consumer,
        address provider
    ) external view returns (uint96 served, uint96 servedLastEpoch, uint96 faulted);

    /// @notice What the last receipt that both recorded states, beside what was settled; zeros where there is none.
    /// @dev Errors: `UnknownNetwork`.
    function receiptOf(
        uint256 networkId,
        address consumer,
        address provider
    ) external view returns (uint96 served, uint32 count);

    /// @notice The EIP-712 digest that both peers of a receipt sign.
    function receiptHash(Receipt calldata receipt) external view returns (bytes32);

    /// @notice Until when a key signs receipts for an account, in seconds; 0 where it does not.
    function receiptSignerUntil(address account, address signer) external view returns (uint40);

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
