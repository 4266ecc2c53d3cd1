// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {IAdmissionPolicy} from "../../../contracts/admission/IAdmissionPolicy.sol";
import {AllOfPolicy} from "../../../contracts/admission/policies/AllOfPolicy.sol";
import {AnyOfPolicy} from "../../../contracts/admission/policies/AnyOfPolicy.sol";
import {CompositePolicy} from "../../../contracts/admission/policies/CompositePolicy.sol";
import {ICompositePolicy} from "../../../contracts/admission/policies/ICompositePolicy.sol";
import {IStewardedPolicy} from "../../../contracts/admission/policies/IStewardedPolicy.sol";
import {IPaymentChannels} from "../../../contracts/channels/IPaymentChannels.sol";
import {IInteractionHistory} from "../../../contracts/history/IInteractionHistory.sol";
import {InteractionHistory} from "../../../contracts/history/InteractionHistory.sol";
import {Test} from "../support/Test.sol";

/// @dev The branches are those of `AllOfPolicy.tree` and `AnyOfPolicy.tree`. The parts answer by their proofs.
contract CompositePolicyTest is Test {
    uint256 private constant PARTS = 3;

    InteractionHistory private history;
    CompositePolicy private allOf;
    CompositePolicy private anyOf;
    EchoPolicy[] private echoes;
    address private steward;
    address private peer;
    uint256 private networkId;

    function setUp() external {
        steward = makeAddr("steward");
        peer = makeAddr("peer");
        history = new InteractionHistory(IPaymentChannels(address(0)));
        networkId = history.createNetwork(steward, 1 days, "");
        allOf = new AllOfPolicy(history);
        anyOf = new AnyOfPolicy(history);
        for (uint256 i = 0; i < PARTS; ++i) echoes.push(new EchoPolicy());
    }

    // setChildren

    function testFuzz_SetChildren_RevertGiven_UnknownNetwork(uint256 unknown, bool any) external {
        vm.assume(unknown != networkId);
        vm.expectRevert(abi.encodeWithSelector(IInteractionHistory.UnknownNetwork.selector, unknown));
        vm.prank(steward);
        _either(any).setChildren(unknown, _list(1));
    }

    function testFuzz_SetChildren_RevertWhen_CallerIsNotTheSteward(address caller, bool any) external {
        vm.assume(caller != steward);
        vm.expectRevert(abi.encodeWithSelector(IStewardedPolicy.OnlySteward.selector, caller, steward));
        vm.prank(caller);
        _either(any).setChildren(networkId, _list(1));
    }

    function testFuzz_SetChildren_RevertWhen_ThereAreNoneOrTooMany(uint8 count, bool any) external {
        if (count != 0 && count <= 8) count = 9;
        bytes4 selector = ICompositePolicy.InvalidChildCount.selector;
        _assertRefused(_either(any), _list(count), abi.encodeWithSelector(selector, count, 8));
    }

    function testFuzz_SetChildren_RevertWhen_APartIsNamedTwice(uint8 first, uint8 second, bool any) external {
        (first, second) = (uint8(bound(first, 0, 2)), uint8(bound(second, 0, 2)));
        if (first == second) second = (second + 1) % 3;
        IAdmissionPolicy[] memory children = _list(PARTS);
        children[first] = children[second];
        bytes memory refusal = abi.encodeWithSelector(
            ICompositePolicy.DuplicateChild.selector,
            children[first]
        );
        _assertRefused(_either(any), children, refusal);
    }

    function testFuzz_SetChildren_RevertWhen_APartIsNoContract(uint8 place, bool any) external {
        IAdmissionPolicy[] memory children = _list(PARTS);
        children[place % PARTS] = IAdmissionPolicy(peer);
        bytes memory refusal = abi.encodeWithSelector(ICompositePolicy.NotAPolicy.selector, peer);
        _assertRefused(_either(any), children, refusal);
    }

    function testFuzz_SetChildren_RevertWhen_ItContainsItself(uint8 place, bool any) external {
        IAdmissionPolicy[] memory children = _list(PARTS);
        children[place % PARTS] = _either(any);
        _assertRefused(_either(any), children, _containsItself());
    }

    /// @dev A circle of any length is refused by its last link.
    function testFuzz_SetChildren_RevertWhen_ItWouldCloseACircle(uint8 length) external {
        length = uint8(bound(length, 2, 6));
        CompositePolicy[] memory circle = new CompositePolicy[](length);
        for (uint256 i = 0; i < length; ++i) {
            circle[i] =
                i % 2 == 0
                    ? CompositePolicy(new AllOfPolicy(history))
                    : CompositePolicy(new AnyOfPolicy(history));
        }
        for (uint256 i = 0; i + 1 < length; ++i) _setChildren(circle[i], _after(_list(1), circle[i + 1]));
        IAdmissionPolicy[] memory last = _after(_list(2), circle[0]);
        _assertRefused(circle[length - 1], last, _containsItself());
        // Without the last link it is a chain, and answers.
        _setChildren(circle[length - 1], _list(1));
        circle[0].canExpel(networkId, peer, _proofs("", ""));
    }

    function testFuzz_SetChildren(uint8 count, bool any) external {
        count = uint8(bound(count, 1, 8));
        CompositePolicy policy = _either(any);
        vm.expectEmit(address(policy));
        emit ICompositePolicy.ChildrenSet(networkId, _list(count));
        _setChildren(policy, _list(count));
        assertEq(keccak256(abi.encode(policy.childrenOf(networkId))), keccak256(abi.encode(_list(count))));
        assertEq(policy.childrenOf(networkId + 1).length, 0);
        // A later list replaces it.
        _setChildren(policy, _list(1));
        assertEq(policy.childrenOf(networkId).length, 1);
    }

    function testFuzz_SupportsInterface(bytes4 id, bool any) external view {
        bool known = id == type(ICompositePolicy).interfaceId || id == type(IERC165).interfaceId;
        assertEq(_either(any).supportsInterface(id), known);
        assertTrue(_either(any).supportsInterface(type(ICompositePolicy).interfaceId));
    }

    // without parts

    function testFuzz_WithoutPartsNobodyIsAdmittedOrExpelled(bytes calldata proof, bool any) external view {
        (bool ok, uint40 until) = _either(any).canAdmit(networkId, peer, proof);
        assertFalse(ok);
        assertEq(until, 0);
        assertFalse(_either(any).canExpel(networkId, peer, proof));
    }

    // proofs

    function test_AnEmptyProofIsRefused() external {
        _assertProofRefused("", 0);
    }

    function testFuzz_AProofForAnotherNumberOfPartsIsRefused(uint8 count) external {
        if (count == PARTS) ++count;
        _assertProofRefused(abi.encode(new bytes[](count)), count);
    }

    /// @dev Whatever else a proof is: it does not admit, and does not expel.
    function testFuzz_AnUnreadableProofProvesNothing(bytes calldata proof, bool any) external {
        _setChildren(_either(any), _list(PARTS));
        try _either(any).canAdmit(networkId, peer, proof) returns (bool ok, uint40) {
            assertFalse(ok);
            // solhint-disable-next-line no-empty-blocks
        } catch {}
        try _either(any).canExpel(networkId, peer, proof) returns (bool ok) {
            assertFalse(ok);
            // solhint-disable-next-line no-empty-blocks
        } catch {}
    }

    // canAdmit

    function testFuzz_AdmitsLikeTheModel(bool[3] calldata oks, uint40[3] calldata untils) external {
        _setChildren(allOf, _list(PARTS));
        _setChildren(anyOf, _list(PARTS));
        bytes[] memory proofs = new bytes[](PARTS);
        (uint40 first, uint40 last, uint256 count) = (type(uint40).max, 0, 0);
        for (uint256 i = 0; i < PARTS; ++i) {
            proofs[i] = abi.encode(oks[i], untils[i]);
            if (!oks[i]) continue;
            ++count;
            if (untils[i] < first) first = untils[i];
            if (untils[i] > last) last = untils[i];
        }
        _assertAdmits(allOf, abi.encode(proofs), count == PARTS, count == PARTS ? first : 0);
        _assertAdmits(anyOf, abi.encode(proofs), count != 0, last);
    }

    function testFuzz_ExpelsLikeTheModel(bool[3] calldata proved) external {
        _setChildren(allOf, _list(PARTS));
        _setChildren(anyOf, _list(PARTS));
        bytes[] memory proofs = new bytes[](PARTS);
        uint256 count = 0;
        for (uint256 i = 0; i < PARTS; ++i) {
            proofs[i] = abi.encode(proved[i], 0);
            if (proved[i]) ++count;
        }
        assertEq(allOf.canExpel(networkId, peer, abi.encode(proofs)), count != 0);
        assertEq(anyOf.canExpel(networkId, peer, abi.encode(proofs)), count == PARTS);
    }

    function test_PartsInPartsHaveProofsInProofs() external {
        _setChildren(anyOf, _list(2));
        _setChildren(allOf, _after(_list(1), anyOf));
        bytes memory inner = _proofs(abi.encode(false, 0), abi.encode(true, 50));
        _assertAdmits(allOf, _proofs(abi.encode(true, 70), inner), true, 50);
        _assertAdmits(allOf, _proofs(abi.encode(false, 70), inner), false, 0);
        assertFalse(allOf.canExpel(networkId, peer, _proofs("", inner)));
        inner = _proofs(abi.encode(true, 0), abi.encode(true, 0));
        assertTrue(allOf.canExpel(networkId, peer, _proofs("", inner)));
    }

    // parts that revert, or burn all gas

    function test_AllOf_SaysWhatAPartsProofLacks() external {
        _setChildren(allOf, _list(2));
        vm.expectRevert(EchoPolicy.NoProof.selector);
        allOf.canAdmit(networkId, peer, _proofs(abi.encode(true, 1), ""));
        assertTrue(allOf.canExpel(networkId, peer, _proofs("", abi.encode(true, 0))));
        assertFalse(allOf.canExpel(networkId, peer, _proofs("", abi.encode(false, 0))));
    }

    function test_AnyOf_AsksTheOthers() external {
        _setChildren(anyOf, _list(2));
        _assertAdmits(anyOf, _proofs("", abi.encode(true, 9)), true, 9);
        _assertAdmits(anyOf, _proofs("", ""), false, 0);
        vm.expectRevert(EchoPolicy.NoProof.selector);
        anyOf.canExpel(networkId, peer, _proofs(abi.encode(true, 0), ""));
    }

    /// @dev What a part burns, others lack: that can make nobody eligible and expel nobody.
    function test_APartThatBurnsAllGas() external {
        IAdmissionPolicy[] memory children = new IAdmissionPolicy[](2);
        (children[0], children[1]) = (new BurningPolicy(), echoes[0]);
        _setChildren(allOf, children);
        _setChildren(anyOf, children);
        bytes memory proof = _proofs("", abi.encode(true, 9));
        (bool ok, ) = anyOf.canAdmit{gas: 5_000_000}(networkId, peer, proof);
        assertTrue(ok);
        assertTrue(allOf.canExpel{gas: 5_000_000}(networkId, peer, proof));
        for (uint256 gas_ = 20_000; gas_ < 5_000_000; gas_ *= 2) {
            try allOf.canAdmit{gas: gas_}(networkId, peer, proof) returns (bool admits, uint40) {
                assertFalse(admits);
                // solhint-disable-next-line no-empty-blocks
            } catch {}
            try anyOf.canExpel{gas: gas_}(networkId, peer, proof) returns (bool expels) {
                assertFalse(expels);
                // solhint-disable-next-line no-empty-blocks
            } catch {}
        }
    }

    /// @dev Who expels picks the gas: too little of it must not look like a proof.
    function testFuzz_LittleGasProvesNothing(uint32 gas_) external {
        _setChildren(allOf, _list(PARTS));
        _setChildren(anyOf, _list(PARTS));
        bytes[] memory proofs = new bytes[](PARTS);
        for (uint256 i = 0; i < PARTS; ++i) proofs[i] = abi.encode(i == 0, 9);
        gas_ = uint32(bound(gas_, 1_000, 200_000));
        try anyOf.canExpel{gas: gas_}(networkId, peer, abi.encode(proofs)) returns (bool expels) {
            assertFalse(expels);
            // solhint-disable-next-line no-empty-blocks
        } catch {}
        try allOf.canAdmit{gas: gas_}(networkId, peer, abi.encode(proofs)) returns (bool admits, uint40) {
            assertFalse(admits);
            // solhint-disable-next-line no-empty-blocks
        } catch {}
    }

    // what the tests above share

    function _either(bool any) private view returns (CompositePolicy) {
        return any ? anyOf : allOf;
    }

    /// @dev So many different parts; fresh ones where there are too few.
    function _list(uint256 count) private returns (IAdmissionPolicy[] memory list) {
        list = new IAdmissionPolicy[](count);
        for (uint256 i = 0; i < count; ++i) {
            if (i == echoes.length) echoes.push(new EchoPolicy());
            list[i] = echoes[i];
        }
    }

    function _after(
        IAdmissionPolicy[] memory list,
        IAdmissionPolicy last
    ) private pure returns (IAdmissionPolicy[] memory longer) {
        longer = new IAdmissionPolicy[](list.length + 1);
        for (uint256 i = 0; i < list.length; ++i) longer[i] = list[i];
        longer[list.length] = last;
    }

    function _proofs(bytes memory first, bytes memory second) private pure returns (bytes memory) {
        bytes[] memory proofs = new bytes[](2);
        (proofs[0], proofs[1]) = (first, second);
        return abi.encode(proofs);
    }

    function _setChildren(CompositePolicy policy, IAdmissionPolicy[] memory children) private {
        vm.prank(steward);
        policy.setChildren(networkId, children);
    }

    function _containsItself() private view returns (bytes memory) {
        return abi.encodeWithSelector(ICompositePolicy.ContainsItself.selector, networkId);
    }

    function _assertRefused(
        CompositePolicy policy,
        IAdmissionPolicy[] memory children,
        bytes memory refusal
    ) private {
        vm.expectRevert(refusal);
        vm.prank(steward);
        policy.setChildren(networkId, children);
        assertEq(policy.childrenOf(networkId).length, 0);
    }

    function _assertProofRefused(bytes memory proof, uint256 count) private {
        bytes memory refusal = abi.encodeWithSelector(
            ICompositePolicy.ProofCountMismatch.selector,
            count,
            PARTS
        );
        for (uint256 i = 0; i < 2; ++i) {
            CompositePolicy policy = _either(i == 0);
            _setChildren(policy, _list(PARTS));
            vm.expectRevert(refusal);
            policy.canAdmit(networkId, peer, proof);
            vm.expectRevert(refusal);
            policy.canExpel(networkId, peer, proof);
        }
    }

    function _assertAdmits(CompositePolicy policy, bytes memory proof, bool ok, uint40 until) private view {
        (bool ok_, uint40 until_) = policy.canAdmit(networkId, peer, proof);
        assertEq(ok_, ok);
        assertEq(until_, until);
    }
}

/// @dev Answers what its proof says, and reverts without one.
contract EchoPolicy is IAdmissionPolicy {
    error NoProof();

    function canAdmit(uint256, address, bytes calldata proof) external pure returns (bool, uint40) {
        if (proof.length == 0) revert NoProof();
        return abi.decode(proof, (bool, uint40));
    }

    function canExpel(uint256, address, bytes calldata proof) external pure returns (bool proved) {
        if (proof.length == 0) revert NoProof();
        (proved, ) = abi.decode(proof, (bool, uint40));
    }
}

/// @dev Burns all the gas that it gets.
contract BurningPolicy is IAdmissionPolicy {
    function canAdmit(uint256, address, bytes calldata) external pure returns (bool, uint40) {
        assembly ("memory-safe") {
            invalid()
        }
    }

    function canExpel(uint256, address, bytes calldata) external pure returns (bool) {
        assembly ("memory-safe") {
            invalid()
        }
    }
}
