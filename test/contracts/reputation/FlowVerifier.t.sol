// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IInteractionHistory} from "../../../contracts/history/IInteractionHistory.sol";
import {IFlowVerifier} from "../../../contracts/reputation/IFlowVerifier.sol";
import {FlowTest} from "./FlowTest.sol";

/// @dev The branches are those of `FlowVerifier.tree`. That proofs are accepted exactly where they are sound, field by field,
/// is for `FlowVerifier.differential.test.ts`.
contract FlowVerifierTest is FlowTest {
    function setUp() external {
        setUpHistory();
    }

    // what every question has to be

    function testFuzz_RevertGiven_UnknownNetwork(uint256 unknown) external {
        vm.assume(unknown != networkId);
        IFlowVerifier.FlowEdge[] memory flow = wholeFlow();
        bytes memory reason = abi.encodeWithSelector(IInteractionHistory.UnknownNetwork.selector, unknown);
        vm.expectRevert(reason);
        verifier.lowerBound(unknown, epoch, only(alice), tina, flow);
        vm.expectRevert(reason);
        verifier.upperBound(unknown, epoch, only(alice), tina, only(tina), false, noEdge());
    }

    function testFuzz_RevertWhen_EpochIsNotCurrent(uint32 given) external {
        vm.assume(given != epoch);
        _expectStale(given, epoch);
    }

    function test_RevertGiven_EpochClosed() external {
        uint32 last = epoch;
        closeEpoch();
        _expectStale(last, last + 1);
        assertEq(verifier.lowerBound(networkId, epoch, only(alice), tina, wholeFlow()), 57);
    }

    function test_RevertWhen_NoSources() external {
        _expect(abi.encodeWithSelector(IFlowVerifier.NoSources.selector), new address[](0), tina);
    }

    function test_RevertWhen_SourcesDoNotAscend() external {
        address[] memory sources = both(alice, bert);
        (sources[0], sources[1]) = (sources[1], sources[0]);
        _expect(abi.encodeWithSelector(IFlowVerifier.UnsortedSources.selector, 1), sources, tina);
        _expect(abi.encodeWithSelector(IFlowVerifier.UnsortedSources.selector, 1), both(alice, alice), tina);
    }

    function test_RevertWhen_TargetIsSource() external {
        _expect(abi.encodeWithSelector(IFlowVerifier.TargetIsSource.selector, tina), only(tina), tina);
        _expect(abi.encodeWithSelector(IFlowVerifier.TargetIsSource.selector, bert), both(alice, bert), bert);
        _expect(
            abi.encodeWithSelector(IFlowVerifier.TargetIsSource.selector, alice),
            both(alice, bert),
            alice
        );
    }

    // lowerBound

    function test_LowerBound_OfAllThatFlows() external {
        assertEq(verifier.lowerBound(networkId, epoch, only(alice), tina, wholeFlow()), 57);
    }

    function test_LowerBound_OfNoFlow() external view {
        assertEq(verifier.lowerBound(networkId, epoch, only(alice), tina, noEdge()), 0);
    }

    function test_LowerBound_RevertWhen_EdgesDoNotAscend() external {
        IFlowVerifier.FlowEdge[] memory flow = wholeFlow();
        for (uint256 i = 1; i < flow.length; ++i) {
            (flow[i], flow[i - 1]) = (flow[i - 1], flow[i]);
            _expectFlow(abi.encodeWithSelector(IFlowVerifier.UnsortedEdges.selector, i), flow);
            (flow[i], flow[i - 1]) = (flow[i - 1], flow[i]);
        }
        // Half of Bert's purchase twice would pass for all of it.
        addEdge(alice, bert, 30);
        addEdge(bert, tina, 15);
        addEdge(bert, tina, 15);
        flow = takeEdges();
        _expectFlow(abi.encodeWithSelector(IFlowVerifier.UnsortedEdges.selector, alice < bert ? 2 : 1), flow);
    }

    function test_LowerBound_RevertWhen_EdgeToOneself() external {
        _expectFlow(abi.encodeWithSelector(IFlowVerifier.SelfEdge.selector, bert), oneEdge(bert, bert, 1));
    }

    function test_LowerBound_RevertWhen_NothingFlows() external {
        _expectFlow(
            abi.encodeWithSelector(IFlowVerifier.ZeroAmount.selector, alice, bert),
            oneEdge(alice, bert, 0)
        );
    }

    function test_LowerBound_RevertWhen_AboveCapacity() external {
        addEdge(alice, carl, 21);
        addEdge(carl, tina, 21);
        IFlowVerifier.FlowEdge[] memory flow = takeEdges();
        bytes memory reason = abi.encodeWithSelector(
            IFlowVerifier.AboveCapacity.selector,
            alice,
            carl,
            21,
            20
        );
        _expectFlow(reason, flow);
        // What is settled since the last epoch closed counts when this one closes.
        serve("alice", "carl", 1);
        _expectFlow(reason, flow);
        closeEpoch();
        assertEq(verifier.lowerBound(networkId, epoch, only(alice), tina, flow), 21);
    }

    function test_LowerBound_RevertWhen_EdgeIsNotThere() external {
        _expectFlow(
            abi.encodeWithSelector(IFlowVerifier.AboveCapacity.selector, alice, tina, 1, 0),
            oneEdge(alice, tina, 1)
        );
    }

    /// @dev Addresses and amounts that are no such thing never count for what is left of them.
    function test_LowerBound_RevertWhen_AWordHasABitTooMany() external {
        bytes memory data = abi.encodeCall(
            verifier.lowerBound,
            (networkId, epoch, only(alice), carl, oneEdge(alice, carl, 7))
        );
        (bool sound, ) = address(verifier).staticcall(data);
        assertTrue(sound);
        // The edge comes last, in three words: the highest byte of each has to be zero.
        for (uint256 word = 1; word <= 3; ++word) {
            bytes memory changed = bytes.concat(data);
            changed[data.length - 32 * word] = 0x01;
            (bool ok, ) = address(verifier).staticcall(changed);
            assertFalse(ok);
        }
    }

    function test_LowerBound_RevertWhen_PeerPassesOnLessOrMore() external {
        for (uint96 passed = 6; passed <= 8; passed += 2) {
            addEdge(alice, carl, 7);
            addEdge(carl, tina, passed);
            _expectFlow(abi.encodeWithSelector(IFlowVerifier.NotConserved.selector, carl), takeEdges());
        }
    }

    function test_LowerBound_RevertWhen_PeerKeepsAll() external {
        _expectFlow(
            abi.encodeWithSelector(IFlowVerifier.NotConserved.selector, carl),
            oneEdge(alice, carl, 7)
        );
    }

    function test_LowerBound_RevertWhen_FlowBeginsAtNoSource() external {
        _expectFlow(
            abi.encodeWithSelector(IFlowVerifier.NotConserved.selector, bert),
            oneEdge(bert, tina, 30)
        );
    }

    function test_LowerBound_CountsNothingThatEndsAtASource() external {
        // From Bert, one of the sources, to the other one, who spends nothing here.
        addEdge(bert, carl, 7);
        addEdge(bert, tina, 30);
        assertEq(verifier.lowerBound(networkId, epoch, both(bert, carl), tina, takeEdges()), 30);
        addEdge(alice, bert, 50);
        addEdge(bert, tina, 30);
        assertEq(verifier.lowerBound(networkId, epoch, both(alice, bert), tina, takeEdges()), 30);
    }

    function test_LowerBound_TakesOffWhatFlowsOutOfTheTarget() external {
        addEdge(alice, carl, 20);
        addEdge(carl, tina, 20);
        addEdge(tina, alice, 5);
        assertEq(verifier.lowerBound(networkId, epoch, only(alice), tina, takeEdges()), 15);
        assertEq(verifier.lowerBound(networkId, epoch, only(alice), tina, oneEdge(tina, alice, 5)), 0);
    }

    function test_LowerBound_SeveralSourcesCountAsOne() external {
        addEdge(bert, tina, 30);
        addEdge(carl, tina, 40);
        assertEq(verifier.lowerBound(networkId, epoch, both(bert, carl), tina, takeEdges()), 70);
        // Alone, each of Alice and Bert has Carl's 20 and 7 of Carl's 40: together no more than 27 pass through Carl.
        addEdge(alice, carl, 20);
        addEdge(bert, carl, 7);
        addEdge(carl, tina, 27);
        assertEq(verifier.lowerBound(networkId, epoch, both(alice, bert), tina, takeEdges()), 27);
    }

    // upperBound

    function test_UpperBound_OfTheLeastCut() external {
        assertEq(_cut(both(alice, bert), true, oneEdge(alice, bert, 50)), 57);
        assertEq(_cut(both(carl, tina), false, oneEdge(carl, tina, 40)), 57);
    }

    function test_UpperBound_OfOnePeer() external view {
        assertEq(_cut(only(alice), true, noEdge()), 70);
        assertEq(_cut(only(tina), false, noEdge()), 70);
    }

    function testFuzz_UpperBound_IsWeakerWithLessOfAnInternalEdge(uint96 amount) external {
        amount = bound96(amount, 1, 50);
        assertEq(_cut(both(alice, bert), true, oneEdge(alice, bert, amount)), 107 - amount);
        assertEq(_cut(both(alice, bert), true, noEdge()), 107);
    }

    function test_UpperBound_OfSeveralSources() external {
        address[] memory sources = both(alice, bert);
        IFlowVerifier.FlowEdge[] memory inner = oneEdge(alice, bert, 50);
        assertEq(verifier.upperBound(networkId, epoch, sources, tina, sources, true, inner), 57);
        inner = oneEdge(carl, tina, 40);
        assertEq(verifier.upperBound(networkId, epoch, sources, tina, both(carl, tina), false, inner), 57);
    }

    function test_UpperBound_RevertWhen_SideDoesNotAscend() external {
        address[] memory side = both(alice, bert);
        (side[0], side[1]) = (side[1], side[0]);
        _expectCut(abi.encodeWithSelector(IFlowVerifier.UnsortedSide.selector, 1), side, true, noEdge());
        // Twice the same would hide what is internal to it twice.
        side = both(alice, alice);
        _expectCut(abi.encodeWithSelector(IFlowVerifier.UnsortedSide.selector, 1), side, true, noEdge());
    }

    function test_UpperBound_RevertWhen_SideLeavesOutWhatItHasToHold() external {
        bytes4 lacks = IFlowVerifier.SideLacks.selector;
        _expectCut(abi.encodeWithSelector(lacks, alice), only(bert), true, noEdge());
        _expectCut(abi.encodeWithSelector(lacks, tina), only(carl), false, noEdge());
        _expectCut(abi.encodeWithSelector(lacks, alice), new address[](0), true, noEdge());
        _expectCut(abi.encodeWithSelector(lacks, tina), new address[](0), false, noEdge());
        vm.expectRevert(abi.encodeWithSelector(lacks, bert));
        verifier.upperBound(networkId, epoch, both(alice, bert), tina, only(alice), true, noEdge());
    }

    function test_UpperBound_RevertWhen_SideHoldsTheOtherEnd() external {
        bytes4 holds = IFlowVerifier.SideHolds.selector;
        _expectCut(abi.encodeWithSelector(holds, tina), both(alice, tina), true, noEdge());
        _expectCut(abi.encodeWithSelector(holds, alice), both(alice, tina), false, noEdge());
    }

    function test_UpperBound_RevertWhen_EdgeIsNotInternal() external {
        bytes4 not = IFlowVerifier.NotInternal.selector;
        _expectCut(
            abi.encodeWithSelector(not, alice, carl),
            both(alice, bert),
            true,
            oneEdge(alice, carl, 20)
        );
        _expectCut(abi.encodeWithSelector(not, tina, alice), only(alice), true, oneEdge(tina, alice, 5));
    }

    function test_UpperBound_RevertWhen_InternalEdgesAreNotSound() external {
        address[] memory side = both(alice, bert);
        bytes4 above = IFlowVerifier.AboveCapacity.selector;
        _expectCut(abi.encodeWithSelector(above, alice, bert, 51, 50), side, true, oneEdge(alice, bert, 51));
        _expectCut(
            abi.encodeWithSelector(IFlowVerifier.ZeroAmount.selector, alice, bert),
            side,
            true,
            oneEdge(alice, bert, 0)
        );
        _expectCut(
            abi.encodeWithSelector(IFlowVerifier.SelfEdge.selector, bert),
            side,
            true,
            oneEdge(bert, bert, 1)
        );
        addEdge(alice, bert, 50);
        addEdge(alice, bert, 50);
        _expectCut(abi.encodeWithSelector(IFlowVerifier.UnsortedEdges.selector, 1), side, true, takeEdges());
    }

    function test_UpperBound_RevertGiven_TotalAtItsLimit() external {
        // A heavy token takes Alice's purchases beyond what a total can hold: the rest is not counted.
        uint256 heavy = history.createNetwork(steward, EPOCH_LENGTH, "");
        vm.prank(steward);
        history.setWeight(heavy, address(token), MOST);
        history.sync(heavy, settle("alice", "carl", 1e18));
        history.sync(heavy, settle("bert", "tina", 1e18));
        history.sync(heavy, settle("carl", "tina", 1e18));
        vm.warp(block.timestamp + EPOCH_LENGTH);
        (, , uint32 now_) = history.network(heavy);
        (, , uint96 provided, uint96 consumed) = history.totals(heavy, alice);
        assertEq(provided, 0);
        assertEq(consumed, MOST);
        vm.expectRevert(abi.encodeWithSelector(IFlowVerifier.SaturatedTotal.selector, alice));
        verifier.upperBound(heavy, now_, only(alice), tina, only(alice), true, noEdge());
        vm.expectRevert(abi.encodeWithSelector(IFlowVerifier.SaturatedTotal.selector, tina));
        verifier.upperBound(heavy, now_, only(alice), tina, only(tina), false, noEdge());
        // Flows have no such limit: edges that are full are no less than they say.
        addEdge(alice, carl, MOST);
        addEdge(carl, tina, MOST);
        assertEq(verifier.lowerBound(heavy, now_, only(alice), tina, takeEdges()), MOST);
        addEdge(bert, tina, MOST);
        addEdge(carl, tina, MOST);
        assertEq(verifier.lowerBound(heavy, now_, both(bert, carl), tina, takeEdges()), 2 * uint256(MOST));
    }

    // bounds

    function test_Bounds_AreBoth() external {
        address[] memory side = both(alice, bert);
        IFlowVerifier.FlowEdge[] memory inner = oneEdge(alice, bert, 50);
        (uint256 least, uint256 most) = verifier.bounds(
            networkId,
            epoch,
            only(alice),
            tina,
            wholeFlow(),
            side,
            true,
            inner
        );
        assertEq(least, 57);
        assertEq(most, 57);
    }

    function test_Bounds_RevertWhen_EitherIsNotSound() external {
        IFlowVerifier.FlowEdge[] memory flow = wholeFlow();
        vm.expectRevert(abi.encodeWithSelector(IFlowVerifier.SideLacks.selector, alice));
        verifier.bounds(networkId, epoch, only(alice), tina, flow, only(bert), true, noEdge());
        flow = oneEdge(alice, carl, 7);
        vm.expectRevert(abi.encodeWithSelector(IFlowVerifier.NotConserved.selector, carl));
        verifier.bounds(networkId, epoch, only(alice), tina, flow, only(alice), true, noEdge());
        vm.expectRevert(abi.encodeWithSelector(IFlowVerifier.StaleEpoch.selector, epoch + 1, epoch));
        verifier.bounds(networkId, epoch + 1, only(alice), tina, noEdge(), only(alice), true, noEdge());
    }

    // what the tests above share

    function _cut(
        address[] memory side,
        bool sourceSide,
        IFlowVerifier.FlowEdge[] memory internalEdges
    ) private view returns (uint256) {
        return verifier.upperBound(networkId, epoch, only(alice), tina, side, sourceSide, internalEdges);
    }

    function _expectStale(uint32 given, uint32 current) private {
        IFlowVerifier.FlowEdge[] memory flow = wholeFlow();
        bytes memory reason = abi.encodeWithSelector(IFlowVerifier.StaleEpoch.selector, given, current);
        vm.expectRevert(reason);
        verifier.lowerBound(networkId, given, only(alice), tina, flow);
        vm.expectRevert(reason);
        verifier.upperBound(networkId, given, only(alice), tina, only(tina), false, noEdge());
    }

    function _expect(bytes memory reason, address[] memory sources, address target) private {
        vm.expectRevert(reason);
        verifier.lowerBound(networkId, epoch, sources, target, noEdge());
        vm.expectRevert(reason);
        verifier.upperBound(networkId, epoch, sources, target, only(target), false, noEdge());
    }

    function _expectFlow(bytes memory reason, IFlowVerifier.FlowEdge[] memory flow) private {
        vm.expectRevert(reason);
        verifier.lowerBound(networkId, epoch, only(alice), tina, flow);
    }

    function _expectCut(
        bytes memory reason,
        address[] memory side,
        bool sourceSide,
        IFlowVerifier.FlowEdge[] memory internalEdges
    ) private {
        vm.expectRevert(reason);
        verifier.upperBound(networkId, epoch, only(alice), tina, side, sourceSide, internalEdges);
    }
}
