// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IInteractionHistory} from "../../../contracts/history/IInteractionHistory.sol";
import {InteractionHistory} from "../../../contracts/history/InteractionHistory.sol";
import {Wallet1271} from "../support/Wallet1271.sol";
import {HistoryTest} from "./HistoryTest.sol";
import {HostileWallet} from "./HostileWallet.sol";

/// @dev The branches are those of `Faults.tree`. Bob served Alice 1,000.
contract FaultsTest is HistoryTest {
    function setUp() public override {
        super.setUp();
        setWeight(ONE);
        settleAndSync("alice", "bob", 1_000);
    }

    function testFuzz_StateFaults_RevertGiven_UnknownNetwork(uint256 unknown) external {
        vm.assume(unknown != networkId);
        vm.expectRevert(abi.encodeWithSelector(IInteractionHistory.UnknownNetwork.selector, unknown));
        vm.prank(alice);
        history.stateFaults(unknown, alice, bob, 1, "");
    }

    function test_StateFaults_RevertWhen_TheyAreOnesOwn() external {
        vm.expectRevert(abi.encodeWithSelector(IInteractionHistory.SelfDealing.selector, alice));
        vm.prank(alice);
        history.stateFaults(networkId, alice, alice, 1, "");
    }

    /// @dev In whatever order they come, the most that was stated counts, as far as it was served.
    function testFuzz_StateFaults_TheMostCounts(uint16[6] memory stated) external {
        uint96 most = 0;
        for (uint256 i = 0; i < stated.length; ++i) {
            if (stated[i] <= most) {
                vm.expectRevert(_stale(most));
            } else {
                most = stated[i];
                vm.expectEmit(address(history));
                emit IInteractionHistory.FaultsStated(networkId, alice, bob, most);
            }
            vm.prank(alice);
            history.stateFaults(networkId, alice, bob, stated[i], "");
            assertEq(faultedOf(alice, bob), most < 1_000 ? most : 1_000);
        }
    }

    /// @dev What was stated before it was synced takes back all the same: nobody can slip a sync in between.
    function testFuzz_StateFaults_TheOrderOfSyncsDoesNotMatter(uint96 stated, uint96 later) external {
        later = bound96(later, 1, type(uint64).max);
        stated = bound96(stated, 1, type(uint96).max);
        vm.prank(alice);
        history.stateFaults(networkId, alice, bob, stated, "");
        settleAndSync("alice", "bob", later);
        assertEq(faultedOf(alice, bob), stated < 1_000 + later ? stated : 1_000 + later);
        assertEq(servedOf(alice, bob), 1_000 + later);
    }

    function testFuzz_StateFaults_NothingElseChanges(uint96 stated) external {
        stated = bound96(stated, 1, type(uint96).max);
        settleAndSync("carol", "bob", 500);
        settleAndSync("bob", "alice", 70);
        history.record(signedByBoth(receiptOf(40, 4)));
        vm.warp(START + 1 days);
        bytes32 before = _otherState();
        vm.prank(alice);
        history.stateFaults(networkId, alice, bob, stated, "");
        assertEq(_otherState(), before);
        assertEq(faultedOf(makeAddr("carol"), bob), 0);
        assertEq(faultedOf(bob, alice), 0);
        // Nor the other way round: a later receipt leaves the faults.
        history.record(signedByBoth(receiptOf(50, 5)));
        assertEq(faultedOf(alice, bob), stated < 1_000 ? stated : 1_000);
    }

    /// @dev Whom nothing was served has nothing to take back.
    function test_StateFaults_WithoutAnEdgeTheyAreNothing() external {
        address carol = makeAddr("carol");
        vm.prank(carol);
        history.stateFaults(networkId, carol, bob, type(uint96).max, "");
        assertEq(faultedOf(carol, bob), 0);
    }

    function testFuzz_StateFaults_AnybodyRelaysWhatTheConsumerSigned(address relay, uint96 stated) external {
        vm.assume(relay != alice);
        stated = bound96(stated, 1, type(uint96).max);
        bytes memory signature = signOf(aliceKey, _digest(stated));
        vm.prank(relay);
        history.stateFaults(networkId, alice, bob, stated, signature);
        assertEq(faultedOf(alice, bob), stated < 1_000 ? stated : 1_000);
        // And once.
        vm.expectRevert(_stale(stated));
        history.stateFaults(networkId, alice, bob, stated, signature);
    }

    function testFuzz_StateFaults_RevertWhen_TheConsumerDidNotSign(address caller, uint256 key) external {
        vm.assume(caller != alice);
        key = bound(key, 1, CURVE_ORDER - 1);
        vm.assume(key != aliceKey);
        bytes memory genuine = signOf(aliceKey, _digest(100));
        _isRefused(caller, 100, "");
        _isRefused(caller, 100, signOf(key, _digest(100)));
        _isRefused(caller, 100, signOf(bobKey, _digest(100)));
        _isRefused(caller, 100, malleable(genuine));
        _isRefused(caller, 100, bytes.concat(genuine, hex"00"));
        _isRefused(caller, 101, genuine);
        // Alice's own call does not make a bad signature good.
        _isRefused(alice, 101, genuine);
    }

    function testFuzz_StateFaults_RevertWhen_SignedForSomethingElse(uint64 other, address another) external {
        vm.assume(other != block.chainid && other != networkId && another != bob);
        bytes32[5] memory digests = [
            faultsDigest(networkId, alice, bob, 100, other, address(history)),
            faultsDigest(
                networkId,
                alice,
                bob,
                100,
                block.chainid,
                address(new InteractionHistory(channels))
            ),
            faultsDigest(other, alice, bob, 100, block.chainid, address(history)),
            faultsDigest(networkId, alice, another, 100, block.chainid, address(history)),
            history.receiptHash(receiptOf(100, 1))
        ];
        for (uint256 i = 0; i < digests.length; ++i) {
            _isRefused(bob, 100, signOf(aliceKey, digests[i]));
        }
    }

    /// @dev A key for receipts takes nothing back.
    function test_StateFaults_RevertWhen_AReceiptSignerSigned() external {
        (address agent, uint256 agentKey) = makeAddrAndKey("agent");
        vm.prank(alice);
        history.setReceiptSigner(agent, type(uint40).max);
        _isRefused(agent, 100, signOf(agentKey, _digest(100)));
        _isRefused(agent, 100, "");
    }

    function test_StateFaults_TakesAccountsWithCode() external {
        Wallet1271 wallet = new Wallet1271(alice);
        bytes32 digest = faultsDigest(networkId, address(wallet), bob, 100, block.chainid, address(history));
        history.stateFaults(networkId, address(wallet), bob, 100, signOf(aliceKey, digest));
        // A wallet that takes an empty signature is asked, and need not be the caller.
        HostileWallet lenient = new HostileWallet();
        history.stateFaults(networkId, address(lenient), bob, 100, "");
        lenient.behave(HostileWallet.Manner.Reverts, 0);
        vm.expectRevert(
            abi.encodeWithSelector(IInteractionHistory.InvalidSignature.selector, address(lenient))
        );
        history.stateFaults(networkId, address(lenient), bob, 101, "");
        // An account under EIP-7702 signs plainly as before.
        vm.etch(alice, abi.encodePacked(hex"ef0100", lenient));
        history.stateFaults(networkId, alice, bob, 100, signOf(aliceKey, _digest(100)));
        assertEq(faultedOf(alice, bob), 100);
    }

    // what the tests above share

    function _digest(uint96 faulted) private view returns (bytes32) {
        return faultsDigest(networkId, alice, bob, faulted, block.chainid, address(history));
    }

    function _stale(uint96 faulted) private view returns (bytes memory) {
        return
            abi.encodeWithSelector(IInteractionHistory.StaleFaults.selector, networkId, alice, bob, faulted);
    }

    function _isRefused(address caller, uint96 faulted, bytes memory signature) private {
        vm.expectRevert(abi.encodeWithSelector(IInteractionHistory.InvalidSignature.selector, alice));
        vm.prank(caller);
        history.stateFaults(networkId, alice, bob, faulted, signature);
    }

    /// @dev All but what the faults of Alice's edge to Bob are, in one word.
    function _otherState() private view returns (bytes32) {
        (uint96 served, uint96 closed, ) = history.edge(networkId, alice, bob);
        (uint96 a, uint96 b, uint96 c, uint96 d) = history.totals(networkId, alice);
        (uint96 e, uint96 f, uint96 g, uint96 h) = history.totals(networkId, bob);
        (uint96 stated, uint32 count) = history.receiptOf(networkId, alice, bob);
        (address[] memory from, address[] memory to) = (new address[](1), new address[](1));
        (from[0], to[0]) = (alice, bob);
        uint96 capacity = history.capacities(networkId, from, to)[0];
        return keccak256(abi.encode(served, closed, a, b, c, d, e, f, g, h, stated, count, capacity));
    }
}
