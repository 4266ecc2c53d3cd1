// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {AdmissionController} from "../../../contracts/admission/AdmissionController.sol";
import {IAdmissionController} from "../../../contracts/admission/IAdmissionController.sol";
import {IAdmissionPolicy} from "../../../contracts/admission/IAdmissionPolicy.sol";
import {IPaymentChannels} from "../../../contracts/channels/IPaymentChannels.sol";
import {IInteractionHistory} from "../../../contracts/history/IInteractionHistory.sol";
import {InteractionHistory} from "../../../contracts/history/InteractionHistory.sol";
import {Test} from "../support/Test.sol";
import {StatedPolicy} from "./StatedPolicy.sol";

/// @dev The branches are those of `AdmissionController.tree`.
contract AdmissionControllerTest is Test {
    uint40 private constant NOW = 1_800_000_000;

    AdmissionController private controller;
    StatedPolicy private policy;
    address private steward;
    address private peer;
    address private stranger;
    uint256 private networkId;

    function setUp() external {
        vm.warp(NOW);
        steward = makeAddr("steward");
        peer = makeAddr("peer");
        stranger = makeAddr("stranger");
        // Admission reads stewards only: no channels are involved.
        InteractionHistory history = new InteractionHistory(IPaymentChannels(address(0)));
        controller = new AdmissionController(history);
        networkId = history.createNetwork(steward, 1 days, "");
        policy = new StatedPolicy();
    }

    // setPolicy

    function testFuzz_SetPolicy_RevertGiven_UnknownNetwork(uint256 unknown) external {
        vm.assume(unknown != networkId);
        vm.expectRevert(abi.encodeWithSelector(IInteractionHistory.UnknownNetwork.selector, unknown));
        vm.prank(steward);
        controller.setPolicy(unknown, policy);
    }

    function testFuzz_SetPolicy_RevertWhen_CallerIsNotTheSteward(address caller) external {
        vm.assume(caller != steward);
        vm.expectRevert(abi.encodeWithSelector(IAdmissionController.OnlySteward.selector, caller, steward));
        vm.prank(caller);
        controller.setPolicy(networkId, policy);
    }

    function test_SetPolicy_KeepsStandingAdmissions() external {
        _admitUntil(NOW + 7 days);
        vm.expectEmit(address(controller));
        emit IAdmissionController.PolicySet(networkId, address(0));
        _setPolicy(IAdmissionPolicy(address(0)));
        assertEq(address(controller.policyOf(networkId)), address(0));
        _assertAdmission(true, NOW + 7 days);
    }

    // admit

    function test_Admit_RevertGiven_NoPolicy() external {
        vm.expectRevert(abi.encodeWithSelector(IAdmissionController.NoPolicy.selector, networkId));
        controller.admit(networkId, peer, "");
    }

    function test_Admit_RevertWhen_ThePolicyRefuses() external {
        _setPolicy(policy);
        vm.expectRevert(abi.encodeWithSelector(IAdmissionController.NotEligible.selector, networkId, peer));
        controller.admit(networkId, peer, "");
    }

    function testFuzz_Admit_UntilThePolicysEnd(address caller, uint40 until, bytes calldata proof) external {
        until = uint40(bound(until, 1, type(uint40).max));
        _setPolicy(policy);
        policy.state(peer, until, "");
        vm.expectEmit(address(controller));
        emit IAdmissionController.Admitted(networkId, peer, until);
        vm.prank(caller);
        assertEq(controller.admit(networkId, peer, proof), until);
        _assertAdmission(until > NOW, until);
    }

    /// @dev Anyone may ask for anyone's admission: that must not take away what the peer has.
    function testFuzz_Admit_NeverShortensAStandingAdmission(uint40 first, uint40 second) external {
        first = uint40(bound(first, NOW + 1, type(uint40).max));
        second = uint40(bound(second, 1, type(uint40).max));
        uint40 last = first > second ? first : second;
        _admitUntil(first);
        policy.state(peer, second, "");
        vm.expectEmit(address(controller));
        emit IAdmissionController.Admitted(networkId, peer, last);
        vm.prank(stranger);
        assertEq(controller.admit(networkId, peer, ""), last);
        _assertAdmission(true, last);
    }

    // expel

    function test_Expel_RevertGiven_NeverAdmitted() external {
        _setPolicy(policy);
        vm.expectRevert(abi.encodeWithSelector(IAdmissionController.NotAdmitted.selector, networkId, peer));
        controller.expel(networkId, peer, "");
    }

    function testFuzz_Expel_RevertGiven_TheAdmissionEnded(uint40 until, uint40 later) external {
        until = uint40(bound(until, NOW + 1, NOW + 365 days));
        _admitUntil(until);
        vm.warp(bound(later, until, type(uint40).max));
        vm.expectRevert(abi.encodeWithSelector(IAdmissionController.NotAdmitted.selector, networkId, peer));
        controller.expel(networkId, peer, "proof");
    }

    function test_Expel_RevertGiven_NoPolicy() external {
        _admitUntil(NOW + 1 days);
        _setPolicy(IAdmissionPolicy(address(0)));
        vm.expectRevert(abi.encodeWithSelector(IAdmissionController.NoPolicy.selector, networkId));
        controller.expel(networkId, peer, "proof");
    }

    function testFuzz_Expel_RevertWhen_ThePolicySeesNoProof(bytes calldata proof) external {
        vm.assume(keccak256(proof) != keccak256("proof"));
        _admitUntil(NOW + 1 days);
        vm.expectRevert(abi.encodeWithSelector(IAdmissionController.StillEligible.selector, networkId, peer));
        controller.expel(networkId, peer, proof);
    }

    function testFuzz_Expel_EndsTheAdmissionAtOnce(address caller) external {
        _admitUntil(NOW + 1 days);
        vm.expectEmit(address(controller));
        emit IAdmissionController.Expelled(networkId, peer);
        vm.prank(caller);
        controller.expel(networkId, peer, "proof");
        _assertAdmission(false, 0);
        // It may come back when the policy agrees again.
        assertEq(controller.admit(networkId, peer, ""), NOW + 1 days);
        _assertAdmission(true, NOW + 1 days);
    }

    // admission

    function testFuzz_Admission_HoldsUntilItsEnd(uint40 until, uint40 time) external {
        until = uint40(bound(until, NOW + 1, NOW + 365 days));
        time = uint40(bound(time, NOW, NOW + 2 * 365 days));
        _assertAdmission(false, 0);
        _admitUntil(until);
        vm.warp(time);
        _assertAdmission(time < until, until);
    }

    function testFuzz_Admission_IsThePeersInThisNetworkOnly(address other, uint256 elsewhere) external {
        vm.assume(other != peer && elsewhere != networkId);
        _admitUntil(NOW + 1 days);
        (bool admitted, ) = controller.admission(networkId, other);
        assertFalse(admitted);
        (admitted, ) = controller.admission(elsewhere, peer);
        assertFalse(admitted);
    }

    // what the tests above share

    function _setPolicy(IAdmissionPolicy policy_) private {
        vm.prank(steward);
        controller.setPolicy(networkId, policy_);
    }

    function _admitUntil(uint40 until) private {
        _setPolicy(policy);
        policy.state(peer, until, "proof");
        controller.admit(networkId, peer, "");
    }

    function _assertAdmission(bool admitted, uint40 until) private view {
        (bool admitted_, uint40 until_) = controller.admission(networkId, peer);
        assertEq(admitted_, admitted);
        assertEq(until_, until);
    }
}
