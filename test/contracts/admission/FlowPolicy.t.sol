// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {AdmissionController} from "../../../contracts/admission/AdmissionController.sol";
import {IAdmissionController} from "../../../contracts/admission/IAdmissionController.sol";
import {FlowPolicy} from "../../../contracts/admission/policies/FlowPolicy.sol";
import {IFlowPolicy} from "../../../contracts/admission/policies/IFlowPolicy.sol";
import {IInteractionHistory} from "../../../contracts/history/IInteractionHistory.sol";
import {IFlowVerifier} from "../../../contracts/reputation/IFlowVerifier.sol";
import {FlowTest} from "../reputation/FlowTest.sol";

/// @dev The branches are those of `FlowPolicy.tree`. Alice is the seed; Tina's flow from her is 57.
contract FlowPolicyTest is FlowTest {
    uint32 private constant PERIOD = 7 days;

    FlowPolicy private policy;

    function setUp() external {
        setUpHistory();
        policy = new FlowPolicy(verifier);
        _setTerms(50, 40);
    }

    // setTerms

    function testFuzz_SetTerms_RevertGiven_UnknownNetwork(uint256 unknown) external {
        vm.assume(unknown != networkId);
        vm.expectRevert(abi.encodeWithSelector(IInteractionHistory.UnknownNetwork.selector, unknown));
        vm.prank(steward);
        policy.setTerms(unknown, IFlowPolicy.Terms(only(alice), 1, 1, PERIOD));
    }

    function testFuzz_SetTerms_RevertWhen_CallerIsNotTheSteward(address caller) external {
        vm.assume(caller != steward);
        vm.expectRevert(abi.encodeWithSelector(IFlowPolicy.OnlySteward.selector, caller, steward));
        vm.prank(caller);
        policy.setTerms(networkId, IFlowPolicy.Terms(only(alice), 1, 1, PERIOD));
    }

    function testFuzz_SetTerms_SoundOrRefused(
        address[2] memory pair,
        uint256 seedCount,
        uint96 admitFlow,
        uint96 keepFlow,
        uint32 period
    ) external {
        address[] memory seeds = new address[](seedCount % 3);
        for (uint256 i = 0; i < seeds.length; ++i) seeds[i] = pair[i];
        bool sound = seeds.length != 0 && (seeds.length == 1 || seeds[0] < seeds[1]);
        sound = sound && keepFlow != 0 && keepFlow <= admitFlow && period != 0;
        bytes32 before = keccak256(abi.encode(policy.termsOf(networkId)));
        IFlowPolicy.Terms memory terms = IFlowPolicy.Terms(seeds, admitFlow, keepFlow, period);
        if (sound) {
            vm.expectEmit(address(policy));
            emit IFlowPolicy.TermsSet(networkId, seeds, admitFlow, keepFlow, period);
        } else {
            vm.expectRevert(IFlowPolicy.InvalidTerms.selector);
        }
        vm.prank(steward);
        policy.setTerms(networkId, terms);
        bytes32 kept = keccak256(abi.encode(policy.termsOf(networkId)));
        assertEq(kept, sound ? keccak256(abi.encode(terms)) : before);
    }

    function test_SetTerms_RevertWhen_SeedsDoNotAscend() external {
        vm.startPrank(steward);
        vm.expectRevert(IFlowPolicy.InvalidTerms.selector);
        policy.setTerms(networkId, IFlowPolicy.Terms(both(alice, alice), 2, 1, PERIOD));
        policy.setTerms(networkId, IFlowPolicy.Terms(both(alice, bert), 2, 1, PERIOD));
        vm.stopPrank();
    }

    // without terms

    function testFuzz_WithoutTermsNobodyIsAdmittedOrExpelled(address peer, bytes calldata proof) external {
        uint256 other = history.createNetwork(steward, EPOCH_LENGTH, "");
        (bool ok, uint40 validUntil) = policy.canAdmit(other, peer, proof);
        assertFalse(ok);
        assertEq(validUntil, 0);
        assertFalse(policy.canExpel(other, peer, proof));
    }

    // canAdmit

    function test_CanAdmit_ByAProvedFlow() external {
        (bool ok, uint40 validUntil) = policy.canAdmit(networkId, tina, _witness(wholeFlow()));
        assertTrue(ok);
        assertEq(validUntil, uint40(block.timestamp) + PERIOD);
    }

    function test_CanAdmit_ExactlyFromTheFlowOn() external {
        _setTerms(57, 57);
        assertTrue(_admits(tina, wholeFlow()));
        _setTerms(58, 57);
        assertFalse(_admits(tina, wholeFlow()));
    }

    function test_CanAdmit_NotForAFlowToSomebodyElse() external {
        vm.expectRevert(abi.encodeWithSelector(IFlowVerifier.NotConserved.selector, tina));
        policy.canAdmit(networkId, bert, _witness(wholeFlow()));
    }

    function test_CanAdmit_ASeed() external view {
        (bool ok, uint40 validUntil) = policy.canAdmit(networkId, alice, "");
        assertTrue(ok);
        assertEq(validUntil, uint40(block.timestamp) + PERIOD);
        assertFalse(policy.canExpel(networkId, alice, _certificate(only(alice), false, noEdge())));
    }

    function testFuzz_AnEmptyProofProvesNothing(address peer) external view {
        vm.assume(peer != alice);
        (bool ok, uint40 validUntil) = policy.canAdmit(networkId, peer, "");
        assertFalse(ok);
        assertEq(validUntil, 0);
        assertFalse(policy.canExpel(networkId, peer, ""));
    }

    function test_RevertGiven_EpochClosed() external {
        bytes memory witness = _witness(wholeFlow());
        bytes memory certificate = _certificate(only(tina), false, noEdge());
        closeEpoch();
        bytes memory reason = abi.encodeWithSelector(IFlowVerifier.StaleEpoch.selector, epoch - 1, epoch);
        vm.expectRevert(reason);
        policy.canAdmit(networkId, tina, witness);
        vm.expectRevert(reason);
        policy.canExpel(networkId, tina, certificate);
    }

    // canExpel

    function test_CanExpel_ByAProvedCut() external {
        bytes memory certificate = _certificate(both(alice, bert), true, oneEdge(alice, bert, 50));
        assertFalse(policy.canExpel(networkId, tina, certificate));
        _setTerms(100, 57);
        assertFalse(policy.canExpel(networkId, tina, certificate));
        _setTerms(100, 58);
        assertTrue(policy.canExpel(networkId, tina, certificate));
        // A cut that shows less proves less.
        assertFalse(policy.canExpel(networkId, tina, _certificate(only(tina), false, noEdge())));
    }

    function test_CanExpel_RevertWhen_CutLeavesTheTargetOut() external {
        vm.expectRevert(abi.encodeWithSelector(IFlowVerifier.SideLacks.selector, tina));
        policy.canExpel(networkId, tina, _certificate(only(bert), false, noEdge()));
    }

    function test_CanExpel_WhoIsNoSeedAnyMore() external {
        vm.prank(steward);
        policy.setTerms(networkId, IFlowPolicy.Terms(only(bert), 50, 40, PERIOD));
        assertTrue(policy.canExpel(networkId, alice, _certificate(only(alice), false, noEdge())));
    }

    // attackers

    function test_SockPuppetsThatPayEachOtherStayRefused() external {
        // The puppets pay each other, the seed, and everybody else: no edge leads to them.
        serve("puppet", "master", 1e24);
        serve("master", "puppet", 1e24);
        serve("puppet", "alice", 1_000);
        serve("master", "tina", 1_000);
        closeEpoch();
        _assertRefused("puppet");
        _assertRefused("master");
    }

    function test_AStrangerStaysRefused() external {
        _assertRefused("stranger");
    }

    function test_ARingStaysRefused() external {
        serve("one", "two", 1e24);
        serve("two", "three", 1e24);
        serve("three", "one", 1e24);
        closeEpoch();
        _assertRefused("one");
        _assertRefused("two");
        _assertRefused("three");
    }

    function testFuzz_ARingIsWorthWhatHonestPeersBoughtOfIt(uint96 bought) external {
        bought = bound96(bought, 1, 49);
        serve("one", "two", 1e24);
        serve("two", "one", 1e24);
        serve("alice", "one", bought);
        closeEpoch();
        (address one, address two) = (makeAddr("one"), makeAddr("two"));
        addEdge(alice, one, bought);
        addEdge(one, two, bought);
        assertFalse(_admits(two, takeEdges()));
        addEdge(one, two, 1e24);
        addEdge(two, one, 1e24);
        bytes memory certificate = _certificate(both(one, two), false, takeEdges());
        assertEq(policy.canExpel(networkId, two, certificate), bought < 40);
        // More than flows into the ring cannot be shown to flow out of it.
        addEdge(alice, one, bought);
        addEdge(one, two, 50);
        bytes memory witness = _witness(takeEdges());
        vm.expectRevert(abi.encodeWithSelector(IFlowVerifier.NotConserved.selector, one));
        policy.canAdmit(networkId, two, witness);
    }

    /// @dev Whatever the thresholds and however tight the proofs.
    function testFuzz_NobodyWhoCanBeAdmittedCanBeExpelled(uint96 admitFlow, uint96 keepFlow) external {
        admitFlow = bound96(admitFlow, 1, 100);
        _setTerms(admitFlow, bound96(keepFlow, 1, admitFlow));
        bool admitted = _admits(tina, wholeFlow());
        bytes memory certificate = _certificate(both(alice, bert), true, oneEdge(alice, bert, 50));
        assertFalse(admitted && policy.canExpel(networkId, tina, certificate));
    }

    // with the controller

    function test_TheControllerAdmitsAndExpelsByProof() external {
        AdmissionController controller = new AdmissionController(history);
        vm.prank(steward);
        controller.setPolicy(networkId, policy);
        vm.expectRevert(abi.encodeWithSelector(IAdmissionController.NotEligible.selector, networkId, tina));
        controller.admit(networkId, tina, "");
        assertEq(controller.admit(networkId, tina, _witness(wholeFlow())), uint40(block.timestamp) + PERIOD);
        _setTerms(100, 58);
        bytes memory certificate = _certificate(both(alice, bert), true, oneEdge(alice, bert, 50));
        vm.expectRevert(abi.encodeWithSelector(IAdmissionController.StillEligible.selector, networkId, tina));
        controller.expel(networkId, tina, "");
        controller.expel(networkId, tina, certificate);
        (bool admitted, ) = controller.admission(networkId, tina);
        assertFalse(admitted);
    }

    // what the tests above share

    function _setTerms(uint96 admitFlow, uint96 keepFlow) private {
        vm.prank(steward);
        policy.setTerms(networkId, IFlowPolicy.Terms(only(alice), admitFlow, keepFlow, PERIOD));
    }

    function _witness(IFlowVerifier.FlowEdge[] memory flow) private view returns (bytes memory) {
        return abi.encode(epoch, flow);
    }

    function _certificate(
        address[] memory side,
        bool sourceSide,
        IFlowVerifier.FlowEdge[] memory internalEdges
    ) private view returns (bytes memory) {
        return abi.encode(epoch, side, sourceSide, internalEdges);
    }

    function _admits(address peer, IFlowVerifier.FlowEdge[] memory flow) private view returns (bool ok) {
        (ok, ) = policy.canAdmit(networkId, peer, _witness(flow));
    }

    /// @dev All that anybody can show about the peer is refused: a flow from the seed straight to it, one from itself, the
    /// flow of somebody else, nothing; and a cut proves that there is no other.
    function _assertRefused(string memory name) private {
        address peer = makeAddr(name);
        assertFalse(_admits(peer, noEdge()));
        bytes memory witness = _witness(oneEdge(alice, peer, 50));
        vm.expectRevert(abi.encodeWithSelector(IFlowVerifier.AboveCapacity.selector, alice, peer, 50, 0));
        policy.canAdmit(networkId, peer, witness);
        address[] memory sources = only(alice);
        address[] memory honest = new address[](4);
        (honest[0], honest[1], honest[2], honest[3]) = (alice, bert, carl, tina);
        _sort(honest);
        addEdge(alice, bert, 50);
        addEdge(alice, carl, 20);
        addEdge(bert, tina, 30);
        addEdge(bert, carl, 7);
        addEdge(carl, tina, 40);
        addEdge(tina, alice, 5);
        assertEq(verifier.upperBound(networkId, epoch, sources, peer, honest, true, takeEdges()), 0);
    }

    function _sort(address[] memory list) private pure {
        for (uint256 i = 1; i < list.length; ++i) {
            for (uint256 j = i; j > 0 && list[j] < list[j - 1]; --j) {
                (list[j], list[j - 1]) = (list[j - 1], list[j]);
            }
        }
    }
}
