// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IPaymentChannels} from "../../../contracts/channels/IPaymentChannels.sol";
import {IInteractionHistory} from "../../../contracts/history/IInteractionHistory.sol";
import {PlainToken} from "../support/PlainToken.sol";
import {HistoryTest} from "./HistoryTest.sol";

/// @dev The branches are those of `InteractionHistory.tree`.
contract InteractionHistoryTest is HistoryTest {
    // createNetwork

    function test_CreateNetwork_RevertWhen_StewardIsZero() external {
        vm.expectRevert(IInteractionHistory.InvalidSteward.selector);
        history.createNetwork(address(0), 1 days, "");
    }

    function testFuzz_CreateNetwork_EpochsLastAnHourAtLeast(uint40 epochLength) external {
        if (epochLength < 1 hours) {
            vm.expectRevert(
                abi.encodeWithSelector(IInteractionHistory.InvalidEpochLength.selector, epochLength)
            );
        }
        history.createNetwork(steward, epochLength, "");
    }

    function testFuzz_CreateNetwork_StartsInTheFirstEpoch(
        uint40 epochLength,
        uint40 created,
        uint40 passed
    ) external {
        epochLength = uint40(bound(epochLength, 1 hours, 365 days));
        created = uint40(bound(created, 1, type(uint32).max));
        passed = uint40(bound(passed, 0, 100 * uint256(epochLength)));
        vm.warp(created);
        vm.expectEmit(address(history));
        emit IInteractionHistory.NetworkCreated(networkId + 1, steward, epochLength, "ipfs://network");
        uint256 created_ = history.createNetwork(steward, epochLength, "ipfs://network");
        assertEq(created_, networkId + 1);
        vm.warp(created + passed);
        (address steward_, uint40 epochLength_, uint32 epoch) = history.network(created_);
        assertEq(steward_, steward);
        assertEq(epochLength_, epochLength);
        assertEq(epoch, passed / epochLength + 1);
    }

    // setWeight

    function testFuzz_UnknownNetworksAreRefused(uint256 unknown) external {
        vm.assume(unknown != networkId);
        bytes memory failure = abi.encodeWithSelector(IInteractionHistory.UnknownNetwork.selector, unknown);
        IPaymentChannels.Channel[] memory none = new IPaymentChannels.Channel[](0);
        vm.expectRevert(failure);
        history.setWeight(unknown, address(token), ONE);
        vm.expectRevert(failure);
        history.retire(unknown, address(token));
        vm.expectRevert(failure);
        history.transferSteward(unknown, steward);
        vm.expectRevert(failure);
        history.acceptSteward(unknown);
        vm.expectRevert(failure);
        history.sync(unknown, none);
        vm.expectRevert(failure);
        history.network(unknown);
        vm.expectRevert(failure);
        history.edge(unknown, alice, bob);
        vm.expectRevert(failure);
        history.totals(unknown, alice);
        address[] memory nobody = new address[](0);
        vm.expectRevert(failure);
        history.capacities(unknown, nobody, nobody);
    }

    function testFuzz_SetWeight_RevertWhen_CallerIsNotTheSteward(address caller) external {
        vm.assume(caller != steward);
        vm.expectRevert(abi.encodeWithSelector(IInteractionHistory.OnlySteward.selector, caller, steward));
        vm.prank(caller);
        history.setWeight(networkId, address(token), ONE);
    }

    function test_SetWeight_RevertWhen_WeightIsZero() external {
        vm.expectRevert(IInteractionHistory.InvalidWeight.selector);
        setWeight(0);
    }

    function testFuzz_SetWeight_RevertGiven_TheTokenHasOne(uint96 first, uint96 second) external {
        first = bound96(first, 1, type(uint96).max);
        second = bound96(second, 1, type(uint96).max);
        vm.expectEmit(address(history));
        emit IInteractionHistory.WeightSet(networkId, address(token), first);
        setWeight(first);
        assertEq(history.weightOf(networkId, address(token)), first);
        vm.expectRevert(
            abi.encodeWithSelector(IInteractionHistory.WeightAlreadySet.selector, networkId, token, first)
        );
        setWeight(second);
    }

    // transferSteward, acceptSteward

    function testFuzz_TransferSteward_RevertWhen_CallerIsNotTheSteward(address caller) external {
        vm.assume(caller != steward);
        vm.expectRevert(abi.encodeWithSelector(IInteractionHistory.OnlySteward.selector, caller, steward));
        vm.prank(caller);
        history.transferSteward(networkId, caller);
    }

    function testFuzz_AcceptSteward_RevertWhen_ItWasNotOffered(address caller, address next) external {
        vm.assume(caller != next);
        if (next != address(0)) _offer(next);
        vm.expectRevert(
            abi.encodeWithSelector(IInteractionHistory.OnlyStewardCandidate.selector, caller, next)
        );
        vm.prank(caller);
        history.acceptSteward(networkId);
    }

    function testFuzz_AcceptSteward_ThePlaceIsTheNextOnes(address next) external {
        vm.assume(next != steward && next != address(0));
        vm.expectEmit(address(history));
        emit IInteractionHistory.StewardTransferStarted(networkId, steward, next);
        _offer(next);
        _assertSteward(steward);
        vm.expectEmit(address(history));
        emit IInteractionHistory.StewardChanged(networkId, next);
        vm.prank(next);
        history.acceptSteward(networkId);
        _assertSteward(next);
        // The first one has nothing left to say, nor can the second one accept again.
        vm.expectRevert(abi.encodeWithSelector(IInteractionHistory.OnlySteward.selector, steward, next));
        setWeight(ONE);
        vm.expectRevert(
            abi.encodeWithSelector(IInteractionHistory.OnlyStewardCandidate.selector, next, address(0))
        );
        vm.prank(next);
        history.acceptSteward(networkId);
        vm.prank(next);
        history.setWeight(networkId, address(token), ONE);
    }

    function testFuzz_TransferSteward_AnOfferIsTakenBackOrReplaced(address first, address second) external {
        vm.assume(first != second && first != address(0));
        _offer(first);
        _offer(second);
        vm.expectRevert(
            abi.encodeWithSelector(IInteractionHistory.OnlyStewardCandidate.selector, first, second)
        );
        vm.prank(first);
        history.acceptSteward(networkId);
        _assertSteward(steward);
    }

    /// @dev Nobody holds the place of zero, in any network that there is.
    function test_AcceptSteward_OfOneNetworkOnly() external {
        uint256 other = history.createNetwork(alice, 1 hours, "");
        _offer(bob);
        vm.expectRevert(
            abi.encodeWithSelector(IInteractionHistory.OnlyStewardCandidate.selector, bob, address(0))
        );
        vm.prank(bob);
        history.acceptSteward(other);
    }

    // retire

    function testFuzz_Retire_RevertWhen_CallerIsNotTheSteward(address caller) external {
        vm.assume(caller != steward);
        setWeight(ONE);
        vm.expectRevert(abi.encodeWithSelector(IInteractionHistory.OnlySteward.selector, caller, steward));
        vm.prank(caller);
        history.retire(networkId, address(token));
    }

    function test_Retire_RevertGiven_NoWeight() external {
        vm.expectRevert(abi.encodeWithSelector(IInteractionHistory.NoWeight.selector, networkId, token));
        retire();
    }

    function testFuzz_Retire_IsForEver(uint96 weight, uint96 again) external {
        setWeight(bound96(weight, 1, type(uint96).max));
        vm.expectEmit(address(history));
        emit IInteractionHistory.TokenRetired(networkId, address(token));
        retire();
        assertEq(history.weightOf(networkId, address(token)), 0);
        bytes memory failure = abi.encodeWithSelector(
            IInteractionHistory.AlreadyRetired.selector,
            networkId,
            token
        );
        vm.expectRevert(failure);
        retire();
        vm.expectRevert(failure);
        setWeight(bound96(again, 1, type(uint96).max));
    }

    /// @dev What was counted stays; what was settled before and comes late counts as little as what is settled later.
    function testFuzz_Retire_ThePastStaysAndTheRestCountsNothing(
        uint96 counted,
        uint96 late,
        uint96 later
    ) external {
        counted = bound96(counted, 1, type(uint64).max);
        setWeight(ONE);
        settleAndSync("alice", "bob", counted);
        settle("alice", "bob", bound96(late, 1, type(uint64).max));
        retire();
        settleAndSync("alice", "bob", bound96(later, 1, type(uint64).max));
        settleAndSync("carol", "bob", 1);
        _assertEdge(alice, bob, counted, 0);
        assertEq(history.syncedOf(networkId, channels.channelId(channelOf("alice", "bob"))), counted);
        _assertEdge(makeAddr("carol"), bob, 0, 0);
        vm.warp(START + 1 days);
        _assertEpoch(counted, counted);
    }

    /// @dev Retiring a token while a batch is under way stops nothing else in it, and another network not at all.
    function test_Retire_JamsNoBatch() external {
        uint256 other = history.createNetwork(steward, 1 days, "");
        vm.prank(steward);
        history.setWeight(other, address(token), ONE);
        setWeight(ONE);
        IPaymentChannels.Channel[] memory batch = new IPaymentChannels.Channel[](2);
        batch[0] = settle("alice", "bob", 100)[0];
        PlainToken second = new PlainToken();
        retire();
        token = second;
        setWeight(ONE);
        batch[1] = settle("carol", "bob", 30)[0];
        history.sync(networkId, batch);
        _assertEdge(alice, bob, 0, 0);
        _assertEdge(makeAddr("carol"), bob, 30, 0);
        batch[1] = batch[0];
        history.sync(other, batch);
        (uint96 served, , ) = history.edge(other, alice, bob);
        assertEq(served, 100);
    }

    /// @dev A steward that wants all counted that was settled syncs and retires in one transaction.
    function test_Retire_CanCountTheLastInTheSameCall() external {
        setWeight(ONE);
        IPaymentChannels.Channel[] memory settled = settle("alice", "bob", 100);
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(history.sync, (networkId, settled));
        calls[1] = abi.encodeCall(history.retire, (networkId, address(token)));
        vm.prank(steward);
        history.multicall(calls);
        settleAndSync("alice", "bob", 1);
        _assertEdge(alice, bob, 100, 0);
    }

    // sync

    function test_Sync_RevertGiven_NoWeight() external {
        IPaymentChannels.Channel[] memory settled = settle("alice", "bob", 100);
        vm.expectRevert(abi.encodeWithSelector(IInteractionHistory.NoWeight.selector, networkId, token));
        history.sync(networkId, settled);
    }

    /// @dev Nobody can put an edge into somebody's name: what counts is what that payer's signer signed and was claimed.
    function testFuzz_Sync_AnUnopenedChannelIsNoEdge(IPaymentChannels.Channel memory forged) external {
        setWeight(ONE);
        forged.token = address(token);
        IPaymentChannels.Channel[] memory forgeries = new IPaymentChannels.Channel[](1);
        forgeries[0] = forged;
        history.sync(networkId, forgeries);
        _assertEdge(forged.payer, forged.payee, 0, 0);
    }

    function testFuzz_Sync_ADescriptorThatNamesAnotherIsNoEdge(uint96 amount, address other) external {
        amount = bound96(amount, 1, type(uint64).max);
        vm.assume(other != alice && other != bob);
        setWeight(ONE);
        IPaymentChannels.Channel[] memory settled = settle("alice", "bob", amount);
        settled[0].payer = other;
        history.sync(networkId, settled);
        settled[0].payer = alice;
        settled[0].payee = other;
        history.sync(networkId, settled);
        _assertEdge(other, bob, 0, 0);
        _assertEdge(alice, other, 0, 0);
    }

    function testFuzz_Sync_PayingOneselfCountsNothing(uint96 amount) external {
        amount = bound96(amount, 1, type(uint64).max);
        setWeight(ONE);
        history.sync(networkId, settle("alice", "alice", amount));
        _assertEdge(alice, alice, 0, 0);
        (uint96 provided, uint96 consumed, , ) = history.totals(networkId, alice);
        assertEq(provided, 0);
        assertEq(consumed, 0);
    }

    function testFuzz_Sync_CountsWhatWasSettled(uint96 weight, uint96 amount) external {
        weight = bound96(weight, 1, type(uint96).max);
        amount = bound96(amount, 1, type(uint96).max);
        setWeight(weight);
        IPaymentChannels.Channel[] memory settled = settle("alice", "bob", amount);
        uint96 served = _saturated((uint256(weight) * amount) / ONE);
        if (served != 0) {
            vm.expectEmit(address(history));
            emit IInteractionHistory.EdgeUpdated(networkId, alice, bob, served);
        }
        history.sync(networkId, settled);
        // The same again, also twice in one call, changes nothing.
        IPaymentChannels.Channel[] memory twice = new IPaymentChannels.Channel[](2);
        (twice[0], twice[1]) = (settled[0], settled[0]);
        history.sync(networkId, twice);
        assertEq(history.syncedOf(networkId, channels.channelId(settled[0])), amount);
        assertEq(history.syncedOf(networkId + 1, channels.channelId(settled[0])), 0);
        _assertEdge(alice, bob, served, 0);
        (uint96 provided, uint96 consumed, , ) = history.totals(networkId, bob);
        assertEq(provided, served);
        assertEq(consumed, 0);
        (provided, consumed, , ) = history.totals(networkId, alice);
        assertEq(provided, 0);
        assertEq(consumed, served);
    }

    /// @dev However the settlements are cut and synced, the edge ends as one sync at the end leaves it.
    function testFuzz_Sync_DustIsNotLost(uint96 weight, uint32[10] memory amounts, uint256 syncs) external {
        weight = bound96(weight, 1, 10 * ONE);
        setWeight(weight);
        IPaymentChannels.Channel[] memory settled;
        uint256 total;
        for (uint256 i = 0; i < amounts.length; ++i) {
            uint96 amount = bound96(amounts[i], 1, type(uint32).max);
            settled = settle("alice", "bob", amount);
            total += amount;
            if ((syncs >> i) & 1 == 1) history.sync(networkId, settled);
        }
        history.sync(networkId, settled);
        _assertEdge(alice, bob, uint96((total * weight) / ONE), 0);
    }

    /// @dev At half a unit a payment of one each, every second one counts.
    function test_Sync_DustOfHalfAUnit() external {
        setWeight(ONE / 2);
        for (uint96 payments = 1; payments <= 5; ++payments) {
            history.sync(networkId, settle("alice", "bob", 1));
            _assertEdge(alice, bob, payments / 2, 0);
        }
    }

    function testFuzz_Sync_AWeightSetLateCountsWhatWasBefore(uint96 before, uint96 later) external {
        before = bound96(before, 1, type(uint64).max);
        later = bound96(later, 1, type(uint64).max);
        settle("alice", "bob", before);
        setWeight(ONE);
        history.sync(networkId, settle("alice", "bob", later));
        _assertEdge(alice, bob, before + later, 0);
    }

    function test_Sync_SaturatesAndGoesOn() external {
        setWeight(type(uint96).max);
        history.sync(networkId, settle("alice", "bob", type(uint64).max));
        _assertEdge(alice, bob, type(uint96).max, 0);
        // Neither more on the same edge nor another edge of the same peers is jammed.
        history.sync(networkId, settle("alice", "bob", type(uint64).max));
        history.sync(networkId, settle("alice", "carol", type(uint64).max));
        _assertEdge(alice, bob, type(uint96).max, 0);
        _assertEdge(alice, makeAddr("carol"), type(uint96).max, 0);
        (, uint96 consumed, , ) = history.totals(networkId, alice);
        assertEq(consumed, type(uint96).max);
        vm.warp(START + 1 days);
        _assertEdge(alice, bob, type(uint96).max, type(uint96).max);
    }

    /// @dev What consumers consumed, what providers provided and what the edges say is the same.
    function testFuzz_Sync_TotalsAddUp(uint32[8] memory amounts, uint256 whom) external {
        string[4] memory names = ["alice", "bob", "carol", "dave"];
        setWeight(ONE / 3);
        for (uint256 i = 0; i < amounts.length; ++i) {
            uint256 pair = (whom >> (8 * i)) % 16;
            uint96 amount = bound96(amounts[i], 1, type(uint32).max);
            history.sync(networkId, settle(names[pair / 4], names[pair % 4], amount));
        }
        uint256[3] memory sums;
        for (uint256 i = 0; i < 4; ++i) {
            address peer = makeAddr(names[i]);
            (uint96 provided, uint96 consumed, , ) = history.totals(networkId, peer);
            sums[0] += provided;
            sums[1] += consumed;
            for (uint256 j = 0; j < 4; ++j) {
                (uint96 served, , ) = history.edge(networkId, peer, makeAddr(names[j]));
                sums[2] += served;
            }
        }
        assertEq(sums[0], sums[1]);
        assertEq(sums[0], sums[2]);
    }

    function testFuzz_Sync_NetworksCountForThemselves(uint96 weight, uint96 amount) external {
        weight = bound96(weight, ONE, 10 * ONE);
        amount = bound96(amount, 1, type(uint64).max);
        uint256 other = history.createNetwork(steward, 1 hours, "");
        setWeight(ONE);
        vm.prank(steward);
        history.setWeight(other, address(token), weight);
        IPaymentChannels.Channel[] memory settled = settle("alice", "bob", amount);
        history.sync(networkId, settled);
        (uint96 served, , ) = history.edge(other, alice, bob);
        assertEq(served, 0);
        history.sync(other, settled);
        (served, , ) = history.edge(other, alice, bob);
        assertEq(served, uint96((uint256(amount) * weight) / ONE));
        _assertEdge(alice, bob, amount, 0);
    }

    // epochs

    /// @dev What was served as of the last closed epoch stands still until the next one closes.
    function testFuzz_Epochs_LastEpochStandsStill(
        uint32[6] memory amounts,
        uint16[6] memory hourly
    ) external {
        setWeight(ONE);
        uint96 sum;
        uint96 closed;
        uint256 passed;
        for (uint256 i = 0; i < amounts.length; ++i) {
            uint256 epoch = passed / 1 days;
            // Counted here: the optimizer takes the time of a block for constant.
            passed += bound(hourly[i], 0, 40) * 1 hours;
            vm.warp(START + passed);
            if (passed / 1 days != epoch) closed = sum;
            _assertEpoch(sum, closed);
            uint96 amount = bound96(amounts[i], 1, type(uint32).max);
            history.sync(networkId, settle("alice", "bob", amount));
            sum += amount;
            _assertEpoch(sum, closed);
        }
    }

    // capacities

    function testFuzz_Capacities_RevertWhen_ThereAreMoreOnOneSide(uint8 from, uint8 to) external {
        vm.assume(from != to);
        vm.expectRevert(
            abi.encodeWithSelector(IInteractionHistory.UnequalLengths.selector, uint256(from), uint256(to))
        );
        history.capacities(networkId, new address[](from), new address[](to));
    }

    /// @dev Each is what its edge had served when the last epoch closed, in any order and however often it is asked for.
    function testFuzz_Capacities_AreTheEdgesOfTheLastClosedEpoch(
        uint32[8] memory amounts,
        uint256 whom,
        uint256 pauses
    ) external {
        string[3] memory names = ["alice", "bob", "carol"];
        setWeight(ONE);
        uint256 passed;
        for (uint256 i = 0; i < amounts.length; ++i) {
            uint256 pair = (whom >> (8 * i)) % 9;
            passed += ((pauses >> i) & 1) * 1 days;
            vm.warp(START + passed);
            uint96 amount = bound96(amounts[i], 1, type(uint32).max);
            history.sync(networkId, settle(names[pair / 3], names[pair % 3], amount));
        }
        (address[] memory from, address[] memory to) = (new address[](10), new address[](10));
        for (uint256 i = 0; i < 10; ++i) {
            (from[i], to[i]) = (makeAddr(names[((whom % 3) + i / 3) % 3]), makeAddr(names[i % 3]));
        }
        uint96[] memory found = history.capacities(networkId, from, to);
        assertEq(found.length, 10);
        for (uint256 i = 0; i < 10; ++i) {
            (, uint96 servedLastEpoch, ) = history.edge(networkId, from[i], to[i]);
            assertEq(found[i], servedLastEpoch);
        }
    }

    // what the tests above share

    function _offer(address next) private {
        vm.prank(steward);
        history.transferSteward(networkId, next);
    }

    function _assertSteward(address expected) private view {
        (address steward_, , ) = history.network(networkId);
        assertEq(steward_, expected);
    }

    function _saturated(uint256 sum) private pure returns (uint96) {
        return sum > type(uint96).max ? type(uint96).max : uint96(sum);
    }

    function _assertEdge(address consumer, address provider, uint96 served, uint96 lastEpoch) private view {
        (uint96 served_, uint96 lastEpoch_, uint96 faulted) = history.edge(networkId, consumer, provider);
        assertEq(served_, served);
        assertEq(lastEpoch_, lastEpoch);
        assertEq(faulted, 0);
    }

    function _assertEpoch(uint96 sum, uint96 closed) private view {
        _assertEdge(alice, bob, sum, closed);
        (uint96 provided, , uint96 providedLastEpoch, ) = history.totals(networkId, bob);
        assertEq(provided, sum);
        assertEq(providedLastEpoch, closed);
        (, uint96 consumed, , uint96 consumedLastEpoch) = history.totals(networkId, alice);
        assertEq(consumed, sum);
        assertEq(consumedLastEpoch, closed);
    }
}
