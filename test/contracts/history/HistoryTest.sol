// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IPaymentChannels} from "../../../contracts/channels/IPaymentChannels.sol";
import {IInteractionHistory} from "../../../contracts/history/IInteractionHistory.sol";
import {InteractionHistory} from "../../../contracts/history/InteractionHistory.sol";
import {Settlement} from "../support/Settlement.sol";

/// @title A network and peers that settle, and sign statements as their software does
/// @dev The messages are written from EIP-712 and not from the contracts' own library, so that a slip in it shows.
abstract contract HistoryTest is Settlement {
    uint96 internal constant ONE = 1e18;
    uint256 internal constant START = 1_800_000_000;

    InteractionHistory internal history;
    uint256 internal networkId;
    address internal steward;
    address internal alice;
    address internal bob;
    uint256 internal aliceKey;
    uint256 internal bobKey;

    function setUp() public virtual {
        vm.warp(START);
        deployChannels();
        history = new InteractionHistory(channels);
        steward = makeAddr("steward");
        (alice, aliceKey) = makeAddrAndKey("alice");
        (bob, bobKey) = makeAddrAndKey("bob");
        networkId = history.createNetwork(steward, 1 days, "");
    }

    function setWeight(uint96 weight) internal {
        vm.prank(steward);
        history.setWeight(networkId, address(token), weight);
    }

    function retire() internal {
        vm.prank(steward);
        history.retire(networkId, address(token));
    }

    /// @dev `payer` pays `payee`, and the network counts it.
    function settleAndSync(string memory payer, string memory payee, uint96 amount) internal {
        history.sync(networkId, settle(payer, payee, amount));
    }

    function servedOf(address consumer, address provider) internal view returns (uint96 served) {
        (served, , ) = history.edge(networkId, consumer, provider);
    }

    function faultedOf(address consumer, address provider) internal view returns (uint96 faulted) {
        (, , faulted) = history.edge(networkId, consumer, provider);
    }

    function signOf(uint256 privateKey, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(privateKey, digest);
        return abi.encodePacked(r, s, v);
    }

    /// @dev What Bob served to Alice, as they state it.
    function receiptOf(
        uint96 served,
        uint32 count
    ) internal view returns (IInteractionHistory.Receipt memory) {
        return IInteractionHistory.Receipt(networkId, alice, bob, served, count);
    }

    /// @dev Both sign a receipt as it is, for this chain and this history.
    function signedByBoth(
        IInteractionHistory.Receipt memory receipt
    ) internal view returns (IInteractionHistory.SignedReceipt memory) {
        return signedFor(receipt, receiptDigest(receipt, block.chainid, address(history)));
    }

    /// @dev The same with a digest of the caller's choice: for receipts that were meant for something else.
    function signedFor(
        IInteractionHistory.Receipt memory receipt,
        bytes32 digest
    ) internal view returns (IInteractionHistory.SignedReceipt memory) {
        return IInteractionHistory.SignedReceipt(receipt, signOf(aliceKey, digest), signOf(bobKey, digest));
    }

    function receiptDigest(
        IInteractionHistory.Receipt memory receipt,
        uint256 chainId,
        address verifier
    ) internal pure returns (bytes32) {
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256(
                    "Receipt(uint256 networkId,address consumer,address provider,uint96 served,uint32 count)"
                ),
                receipt.networkId,
                receipt.consumer,
                receipt.provider,
                receipt.served,
                receipt.count
            )
        );
        return keccak256(abi.encodePacked(hex"1901", historyDomain(chainId, verifier), structHash));
    }

    function faultsDigest(
        uint256 networkId_,
        address consumer,
        address provider,
        uint96 faulted,
        uint256 chainId,
        address verifier
    ) internal pure returns (bytes32) {
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256("Faults(uint256 networkId,address consumer,address provider,uint96 faulted)"),
                networkId_,
                consumer,
                provider,
                faulted
            )
        );
        return keccak256(abi.encodePacked(hex"1901", historyDomain(chainId, verifier), structHash));
    }

    function historyDomain(uint256 chainId, address verifier) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    keccak256(
                        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                    ),
                    keccak256("Scrip Interaction History"),
                    keccak256("1"),
                    chainId,
                    verifier
                )
            );
    }

    function one(
        IPaymentChannels.Channel memory channel
    ) internal pure returns (IPaymentChannels.Channel[] memory channels_) {
        channels_ = new IPaymentChannels.Channel[](1);
        channels_[0] = channel;
    }
}
