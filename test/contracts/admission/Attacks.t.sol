// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {AdmissionController} from "../../../contracts/admission/AdmissionController.sol";
import {IAdmissionController} from "../../../contracts/admission/IAdmissionController.sol";
import {IAdmissionPolicy} from "../../../contracts/admission/IAdmissionPolicy.sol";
import {AllOfPolicy} from "../../../contracts/admission/policies/AllOfPolicy.sol";
import {BondPolicy} from "../../../contracts/admission/policies/BondPolicy.sol";
import {IBondPolicy} from "../../../contracts/admission/policies/IBondPolicy.sol";
import {IRatioPolicy} from "../../../contracts/admission/policies/IRatioPolicy.sol";
import {RatioPolicy} from "../../../contracts/admission/policies/RatioPolicy.sol";
import {IInteractionHistory} from "../../../contracts/history/IInteractionHistory.sol";
import {InteractionHistory} from "../../../contracts/history/InteractionHistory.sol";
import {Settlement} from "../support/Settlement.sol";

/// @dev The branches are those of `Attacks.tree`. All that peers do here is settled through channels.
contract AdmissionAttacksTest is Settlement {
    uint64 private constant ONE = 1e18;
    uint40 private constant NOW = 1_800_000_000;
    uint96 private constant ALLOWANCE = 100;
    uint96 private constant BUDGET = 500;
    uint96 private constant STAKE = 1_000;

    InteractionHistory private history;
    AdmissionController private controller;
    RatioPolicy private ratio;
    BondPolicy private bond;
    AllOfPolicy private allOf;
    SeedPolicy private seeds;
    address private steward;
    uint256 private networkId;

    function setUp() external {
        vm.warp(NOW);
        deployChannels();
        history = new InteractionHistory(channels);
        controller = new AdmissionController(history);
        ratio = new RatioPolicy(history);
        bond = new BondPolicy(history);
        allOf = new AllOfPolicy(history);
        steward = makeAddr("steward");
        networkId = history.createNetwork(steward, 1 days, "");
        seeds = new SeedPolicy(history, makeAddr("seed"), 50);
        vm.startPrank(steward);
        history.setWeight(networkId, address(token), 1e18);
        _setRatio(IAdmissionPolicy(address(0)));
        IAdmissionPolicy[] memory parts = new IAdmissionPolicy[](2);
        (parts[0], parts[1]) = (ratio, seeds);
        allOf.setChildren(networkId, parts);
        controller.setPolicy(networkId, allOf);
        vm.stopPrank();
        // A member: the seed consumed from it, and it consumed from others.
        _serve("member", "seed", 400);
        _serve("shop", "member", 300);
        _admit("member");
    }

    // the recommended policy

    function test_AStrangerIsRefused() external {
        _assertRefused("stranger");
        _claimAllowance("stranger");
        _assertRefused("stranger");
    }

    function test_AFreshAddressForEveryVisitIsRefused() external {
        string[3] memory faces = ["face1", "face2", "face3"];
        for (uint256 i = 0; i < faces.length; ++i) {
            _claimAllowance(faces[i]);
            _serve("shop", faces[i], 90);
            _assertRefused(faces[i]);
        }
    }

    /// @dev Each provides to the other as much as one likes: the ratio holds, and nothing of it comes from a seed.
    function testFuzz_SockPuppetsThatPayEachOtherAreRefused(uint64 there, uint64 back) external {
        there = uint64(bound(there, 1, 1e18));
        back = uint64(bound(back, 1, 1e18));
        _serve("puppet1", "puppet2", there);
        _serve("puppet2", "puppet1", back);
        _assertRefused("puppet1");
        _assertRefused("puppet2");
        bool passes = _satisfiesRatio("puppet1") || _satisfiesRatio("puppet2");
        assertTrue(passes);
    }

    /// @dev The ring serves itself and a mule that is thrown away, consumes from the shop, and even provides to an honest
    /// member.
    function test_AColludingRingIsRefused() external {
        string[4] memory ring = ["ring1", "ring2", "ring3", "ring4"];
        for (uint256 i = 0; i < ring.length; ++i) {
            _serve(ring[i], ring[(i + 1) % ring.length], 1_000_000);
            _serve(ring[i], "mule", 1_000_000);
            _serve("shop", ring[i], 500);
            _serve(ring[i], "member", 10);
        }
        for (uint256 i = 0; i < ring.length; ++i) {
            assertTrue(_satisfiesRatio(ring[i]));
            _assertRefused(ring[i]);
        }
        (bool admitted, ) = controller.admission(networkId, makeAddr("member"));
        assertTrue(admitted);
        _assertNotExpelled("member", "", "");
    }

    function test_AMemberThatStopsProvidingIsExpelledByAnyone() external {
        _serve("shop", "member", 499);
        _assertNotExpelled("member", "", "");
        _serve("shop", "member", 2);
        vm.prank(makeAddr("anyone"));
        controller.expel(networkId, makeAddr("member"), _proofs("", ""));
        _assertRefused("member");
        // It comes back by serving.
        _serve("member", "seed", 401);
        _admit("member");
    }

    // the ratio alone

    function test_RatioAlone_FreshAddressesShareOneBudget() external {
        _setPolicy(ratio);
        uint256 served = 0;
        for (uint256 i = 0; i < 20; ++i) {
            string memory face = string.concat("face", vm.toString(i));
            vm.prank(makeAddr(face));
            try ratio.claimAllowance(networkId, "") {
                _admit(face);
                uint96 most = uint96(ratio.headroom(networkId, makeAddr(face)));
                _serve("shop", face, most);
                served += most;
            } catch {
                _assertNotAdmissible(face, "");
            }
        }
        assertEq(served, BUDGET);
    }

    /// @dev One stake carries one claim an epoch: to jam all of it takes as many stakes as it holds allowances.
    function test_RatioAlone_JammingTheBudgetKeepsStakesLocked() external {
        vm.startPrank(steward);
        bond.setTerms(networkId, IBondPolicy.Terms(address(token), STAKE, 2 days));
        _setRatio(bond);
        vm.stopPrank();
        // With the capital for three stakes, a jammer takes three of the five allowances of every epoch.
        uint256 capital = 3 * STAKE;
        token.mint(address(this), capital);
        uint40 time = NOW;
        for (uint256 epoch = 0; epoch < 4; ++epoch) {
            uint256 claims = 0;
            for (uint256 i = 0; i < 5; ++i) {
                address face = address(uint160(10_000 + epoch * 100 + i));
                if (token.balanceOf(address(this)) < STAKE) continue;
                token.transfer(face, STAKE);
                vm.startPrank(face);
                token.approve(address(bond), STAKE);
                bond.fundBond(networkId, address(token), STAKE, time + 1 days);
                ratio.claimAllowance(networkId, "");
                bytes4 locked = IBondPolicy.BondLocked.selector;
                vm.expectRevert(
                    abi.encodeWithSelector(locked, networkId, face, address(token), time + 1 days)
                );
                bond.withdrawBond(networkId, address(token), STAKE, address(this));
                vm.stopPrank();
                ++claims;
            }
            assertEq(claims, 3);
            // A newcomer with a stake of its own still gets in.
            address newcomer = address(uint160(20_000 + epoch));
            token.mint(newcomer, STAKE);
            vm.startPrank(newcomer);
            token.approve(address(bond), STAKE);
            bond.fundBond(networkId, address(token), STAKE, time + 1 days);
            assertEq(ratio.claimAllowance(networkId, ""), ALLOWANCE);
            vm.stopPrank();
            time += 1 days;
            vm.warp(time);
            for (uint256 i = 0; i < 3; ++i) {
                vm.prank(address(uint160(10_000 + epoch * 100 + i)));
                bond.withdrawBond(networkId, address(token), STAKE, address(this));
            }
            assertEq(token.balanceOf(address(this)), capital);
        }
    }

    /// @dev A lock that ends within the epoch, or a bond of another network, carries no claim.
    function test_RatioAlone_AStakeMustOutlastTheEpoch() external {
        vm.startPrank(steward);
        uint256 other = history.createNetwork(steward, 1 days, "");
        bond.setTerms(networkId, IBondPolicy.Terms(address(token), STAKE, 2 days));
        _setRatio(bond);
        vm.stopPrank();
        address face = makeAddr("face");
        token.mint(face, 2 * STAKE);
        vm.startPrank(face);
        token.approve(address(bond), 2 * STAKE);
        bond.fundBond(other, address(token), STAKE, NOW + 9 days);
        bytes4 selector = IRatioPolicy.ClaimRefused.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, networkId, face, 0, NOW + 1 days));
        ratio.claimAllowance(networkId, "");
        bond.fundBond(networkId, address(token), STAKE, NOW + 1 days - 1);
        vm.expectRevert(abi.encodeWithSelector(selector, networkId, face, NOW + 1 days - 1, NOW + 1 days));
        ratio.claimAllowance(networkId, "");
        bond.fundBond(networkId, address(token), 0, NOW + 1 days);
        ratio.claimAllowance(networkId, "");
    }

    function test_RatioAlone_SockPuppetsPass() external {
        _setPolicy(ratio);
        _serve("puppet1", "puppet2", 5);
        vm.prank(makeAddr("puppet1"));
        controller.admit(networkId, makeAddr("puppet1"), "");
        (bool admitted, ) = controller.admission(networkId, makeAddr("puppet1"));
        assertTrue(admitted);
    }

    // what the tests above share

    function _setRatio(IAdmissionPolicy claimPolicy) private {
        ratio.setTerms(networkId, IRatioPolicy.Terms(ONE, ONE / 2, ALLOWANCE, 7 days, BUDGET, claimPolicy));
    }

    function _setPolicy(IAdmissionPolicy policy) private {
        vm.prank(steward);
        controller.setPolicy(networkId, policy);
    }

    /// @dev `provider` serves `consumer`: paid, settled and in the history.
    function _serve(string memory provider, string memory consumer, uint96 amount) private {
        history.sync(networkId, settle(consumer, provider, amount));
    }

    function _claimAllowance(string memory name) private {
        vm.prank(makeAddr(name));
        ratio.claimAllowance(networkId, "");
    }

    function _admit(string memory name) private {
        address peer = makeAddr(name);
        bytes memory proof =
            address(controller.policyOf(networkId)) == address(allOf) ? _proofs("", "") : bytes("");
        controller.admit(networkId, peer, proof);
        (bool admitted, ) = controller.admission(networkId, peer);
        assertTrue(admitted);
    }

    function _satisfiesRatio(string memory name) private returns (bool ok) {
        (ok, ) = ratio.canAdmit(networkId, makeAddr(name), "");
    }

    function _assertRefused(string memory name) private {
        _assertNotAdmissible(name, _proofs("", ""));
    }

    function _assertNotAdmissible(string memory name, bytes memory proof) private {
        address peer = makeAddr(name);
        vm.expectRevert(abi.encodeWithSelector(IAdmissionController.NotEligible.selector, networkId, peer));
        controller.admit(networkId, peer, proof);
        (bool admitted, ) = controller.admission(networkId, peer);
        assertFalse(admitted);
    }

    function _assertNotExpelled(string memory name, bytes memory first, bytes memory second) private {
        address peer = makeAddr(name);
        vm.expectRevert(abi.encodeWithSelector(IAdmissionController.StillEligible.selector, networkId, peer));
        controller.expel(networkId, peer, _proofs(first, second));
    }

    function _proofs(bytes memory first, bytes memory second) private pure returns (bytes memory) {
        bytes[] memory proofs = new bytes[](2);
        (proofs[0], proofs[1]) = (first, second);
        return abi.encode(proofs);
    }
}

/// @dev Stands in for a proved flow of one hop: admits whom the seed itself consumed so much from.
contract SeedPolicy is IAdmissionPolicy {
    IInteractionHistory private immutable _history;
    address private immutable _seed;
    uint96 private immutable _least;

    constructor(IInteractionHistory history, address seed, uint96 least) {
        (_history, _seed, _least) = (history, seed, least);
    }

    function canAdmit(uint256 networkId, address peer, bytes calldata) external view returns (bool, uint40) {
        bool ok = _reached(networkId, peer);
        return (ok, ok ? uint40(block.timestamp) + 30 days : 0);
    }

    function canExpel(uint256 networkId, address peer, bytes calldata) external view returns (bool) {
        return !_reached(networkId, peer);
    }

    function _reached(uint256 networkId, address peer) private view returns (bool) {
        (uint96 served, , ) = _history.edge(networkId, _seed, peer);
        return served >= _least;
    }
}
