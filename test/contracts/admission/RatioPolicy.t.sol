// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IRatioPolicy} from "../../../contracts/admission/policies/IRatioPolicy.sol";
import {RatioPolicy} from "../../../contracts/admission/policies/RatioPolicy.sol";
import {IInteractionHistory} from "../../../contracts/history/IInteractionHistory.sol";
import {InteractionHistory} from "../../../contracts/history/InteractionHistory.sol";
import {Settlement} from "../support/Settlement.sol";

/// @dev The branches are those of `RatioPolicy.tree`. What a peer provided and consumed is settled through channels.
contract RatioPolicyTest is Settlement {
    uint64 private constant ONE = 1e18;
    uint40 private constant NOW = 1_800_000_000;

    InteractionHistory private history;
    RatioPolicy private policy;
    address private steward;
    address private peer;
    uint256 private networkId;

    function setUp() external {
        vm.warp(NOW);
        deployChannels();
        history = new InteractionHistory(channels);
        policy = new RatioPolicy(history);
        steward = makeAddr("steward");
        peer = makeAddr("peer");
        networkId = history.createNetwork(steward, 1 days, "");
        vm.prank(steward);
        history.setWeight(networkId, address(token), 1e18);
    }

    // setTerms

    function testFuzz_SetTerms_RevertGiven_UnknownNetwork(uint256 unknown) external {
        vm.assume(unknown != networkId);
        vm.expectRevert(abi.encodeWithSelector(IInteractionHistory.UnknownNetwork.selector, unknown));
        vm.prank(steward);
        policy.setTerms(unknown, IRatioPolicy.Terms(ONE, ONE, 0, 1 days));
    }

    function testFuzz_SetTerms_RevertWhen_CallerIsNotTheSteward(address caller) external {
        vm.assume(caller != steward);
        vm.expectRevert(abi.encodeWithSelector(IRatioPolicy.OnlySteward.selector, caller, steward));
        vm.prank(caller);
        policy.setTerms(networkId, IRatioPolicy.Terms(ONE, ONE, 0, 1 days));
    }

    function testFuzz_SetTerms_SoundOrRefused(IRatioPolicy.Terms calldata terms) external {
        bool sound =
            terms.keepRatio != 0 && terms.keepRatio <= terms.admitRatio && terms.admissionPeriod != 0;
        if (sound) {
            vm.expectEmit(address(policy));
            emit IRatioPolicy.TermsSet(
                networkId,
                terms.admitRatio,
                terms.keepRatio,
                terms.allowance,
                terms.admissionPeriod
            );
        } else {
            vm.expectRevert(IRatioPolicy.InvalidTerms.selector);
        }
        vm.prank(steward);
        policy.setTerms(networkId, terms);
        bytes32 kept = keccak256(abi.encode(policy.termsOf(networkId)));
        assertEq(kept, keccak256(sound ? abi.encode(terms) : abi.encode(IRatioPolicy.Terms(0, 0, 0, 0))));
    }

    // without terms

    function testFuzz_WithoutTermsNobodyIsAdmittedOrExpelled(uint64 consumed, bytes calldata proof) external {
        _consume(consumed);
        (bool ok, uint40 validUntil) = policy.canAdmit(networkId, peer, proof);
        assertFalse(ok);
        assertEq(validUntil, 0);
        assertFalse(policy.canExpel(networkId, peer, proof));
        assertEq(policy.headroom(networkId, peer), 0);
        assertEq(policy.shortfall(networkId, peer), 0);
    }

    // canAdmit, headroom, shortfall

    function test_ANewcomerConsumesTheAllowance() external {
        _setTerms(ONE, ONE / 2, 1_000);
        _assertAdmissible(true);
        assertEq(policy.headroom(networkId, peer), 1_000);
        _consume(1_000);
        _assertAdmissible(true);
        assertEq(policy.headroom(networkId, peer), 0);
        _consume(1);
        _assertAdmissible(false);
        assertEq(policy.shortfall(networkId, peer), 1);
        _provide(1);
        _assertAdmissible(true);
    }

    function test_HysteresisKeepsWhoIsBetweenTheRatios() external {
        _setTerms(ONE, ONE / 2, 0);
        _consume(1_000);
        _provide(1_000);
        _assertAdmissible(true);
        assertFalse(policy.canExpel(networkId, peer, ""));
        _consume(1_000);
        _assertAdmissible(false);
        assertFalse(policy.canExpel(networkId, peer, ""));
        _consume(1);
        assertTrue(policy.canExpel(networkId, peer, ""));
        _provide(1);
        assertFalse(policy.canExpel(networkId, peer, ""));
    }

    function testFuzz_AdmitsByTheRatio(
        uint64 admitRatio,
        uint64 keepRatio,
        uint64 allowance,
        uint64 provided,
        uint64 consumed,
        bytes calldata proof
    ) external {
        (admitRatio, keepRatio) = _setTerms(admitRatio, keepRatio, allowance);
        _provide(provided);
        _consume(consumed);
        uint256 beyond = consumed > allowance ? consumed - allowance : 0;
        bool admissible = uint256(provided) * ONE >= beyond * admitRatio;
        (bool ok, uint40 validUntil) = policy.canAdmit(networkId, peer, proof);
        assertEq(ok, admissible);
        assertEq(validUntil, ok ? NOW + 1 days : 0);
        bool expellable = uint256(provided) * ONE < beyond * keepRatio;
        assertEq(policy.canExpel(networkId, peer, proof), expellable);
        assertFalse(ok && expellable);
    }

    function testFuzz_HeadroomIsExact(
        uint64 admitRatio,
        uint64 allowance,
        uint32 provided,
        uint32 consumed
    ) external {
        (admitRatio, ) = _setTerms(uint64(bound(admitRatio, ONE / 1_000, 10 * ONE)), 1, allowance);
        _provide(provided);
        _consume(consumed);
        uint256 headroom = policy.headroom(networkId, peer);
        (bool ok, ) = policy.canAdmit(networkId, peer, "");
        if (!ok) {
            assertEq(headroom, 0);
        } else {
            _consume(uint96(headroom));
            _assertAdmissible(true);
            assertEq(policy.headroom(networkId, peer), 0);
            _consume(1);
            _assertAdmissible(false);
        }
    }

    function testFuzz_ShortfallIsExact(
        uint64 admitRatio,
        uint32 allowance,
        uint32 provided,
        uint64 consumed
    ) external {
        _setTerms(uint64(bound(admitRatio, ONE / 1_000, 10 * ONE)), 1, allowance);
        _provide(provided);
        _consume(consumed);
        uint256 shortfall = policy.shortfall(networkId, peer);
        (bool ok, ) = policy.canAdmit(networkId, peer, "");
        assertEq(ok, shortfall == 0);
        if (shortfall == 0) return;
        _provide(uint96(shortfall - 1));
        _assertAdmissible(false);
        assertEq(policy.shortfall(networkId, peer), 1);
        _provide(1);
        _assertAdmissible(true);
    }

    /// @dev Saturated sums are the largest that the policy ever sees: nothing overflows.
    function testFuzz_SaturatedSums(uint64 admitRatio, uint64 keepRatio, uint96 allowance) external {
        uint256 heavy = history.createNetwork(steward, 1 days, "");
        vm.startPrank(steward);
        history.setWeight(heavy, address(token), type(uint96).max);
        admitRatio = uint64(bound(admitRatio, 1, type(uint64).max));
        keepRatio = uint64(bound(keepRatio, 1, admitRatio));
        policy.setTerms(heavy, IRatioPolicy.Terms(admitRatio, keepRatio, allowance, 1 days));
        vm.stopPrank();
        history.sync(heavy, settle("peer", "other", 1e18));
        history.sync(heavy, settle("other", "peer", 1e18));
        uint256 most = type(uint96).max;
        (uint96 provided, uint96 consumed, , ) = history.totals(heavy, peer);
        assertEq(provided, most);
        assertEq(consumed, most);
        (bool ok, ) = policy.canAdmit(heavy, peer, "");
        assertEq(ok, (most - allowance) * admitRatio <= most * ONE);
        policy.canExpel(heavy, peer, "");
        policy.headroom(heavy, peer);
        policy.shortfall(heavy, peer);
    }

    // what the tests above share

    /// @dev Sets sound terms as near as possible to these.
    function _setTerms(
        uint64 admitRatio,
        uint64 keepRatio,
        uint96 allowance
    ) private returns (uint64, uint64) {
        admitRatio = uint64(bound(admitRatio, 1, type(uint64).max));
        keepRatio = uint64(bound(keepRatio, 1, admitRatio));
        vm.prank(steward);
        policy.setTerms(networkId, IRatioPolicy.Terms(admitRatio, keepRatio, allowance, 1 days));
        return (admitRatio, keepRatio);
    }

    function _consume(uint96 amount) private {
        if (amount != 0) history.sync(networkId, settle("peer", "other", amount));
    }

    function _provide(uint96 amount) private {
        if (amount != 0) history.sync(networkId, settle("other", "peer", amount));
    }

    function _assertAdmissible(bool admissible) private view {
        (bool ok, ) = policy.canAdmit(networkId, peer, "");
        assertEq(ok, admissible);
    }
}
