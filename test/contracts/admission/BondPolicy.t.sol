// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {BondPolicy} from "../../../contracts/admission/policies/BondPolicy.sol";
import {IBondPolicy} from "../../../contracts/admission/policies/IBondPolicy.sol";
import {IStewardedPolicy} from "../../../contracts/admission/policies/IStewardedPolicy.sol";
import {IPaymentChannels} from "../../../contracts/channels/IPaymentChannels.sol";
import {IInteractionHistory} from "../../../contracts/history/IInteractionHistory.sol";
import {InteractionHistory} from "../../../contracts/history/InteractionHistory.sol";
import {HostileToken} from "../channels/HostileToken.sol";
import {PlainToken} from "../support/PlainToken.sol";
import {Test} from "../support/Test.sol";

/// @dev The branches are those of `BondPolicy.tree`.
contract BondPolicyTest is Test {
    uint40 private constant NOW = 1_800_000_000;
    uint40 private constant PERIOD = 7 days;
    uint96 private constant STAKE = 500;

    InteractionHistory private history;
    BondPolicy private policy;
    PlainToken private token;
    HostileToken private hostile;
    address private steward;
    address private peer;
    address private stranger;
    uint256 private networkId;

    function setUp() external {
        vm.warp(NOW);
        steward = makeAddr("steward");
        peer = makeAddr("peer");
        stranger = makeAddr("stranger");
        // Bonds read networks only: no channels are involved.
        history = new InteractionHistory(IPaymentChannels(address(0)));
        policy = new BondPolicy(history);
        token = new PlainToken();
        hostile = new HostileToken();
        networkId = history.createNetwork(steward, 1 days, "");
        _supply(peer);
        _supply(stranger);
    }

    // setTerms

    function testFuzz_SetTerms_RevertGiven_UnknownNetwork(uint256 unknown) external {
        vm.assume(unknown != networkId);
        vm.expectRevert(abi.encodeWithSelector(IInteractionHistory.UnknownNetwork.selector, unknown));
        vm.prank(steward);
        policy.setTerms(unknown, IBondPolicy.Terms(address(token), STAKE, uint32(PERIOD)));
    }

    function testFuzz_SetTerms_RevertWhen_CallerIsNotTheSteward(address caller) external {
        vm.assume(caller != steward);
        vm.expectRevert(abi.encodeWithSelector(IStewardedPolicy.OnlySteward.selector, caller, steward));
        vm.prank(caller);
        policy.setTerms(networkId, IBondPolicy.Terms(address(token), STAKE, uint32(PERIOD)));
    }

    function test_SetTerms_RevertWhen_Unsound() external {
        vm.startPrank(steward);
        vm.expectRevert(abi.encodeWithSelector(IBondPolicy.InvalidToken.selector, peer));
        policy.setTerms(networkId, IBondPolicy.Terms(peer, STAKE, uint32(PERIOD)));
        vm.expectRevert(IBondPolicy.ZeroAmount.selector);
        policy.setTerms(networkId, IBondPolicy.Terms(address(token), 0, uint32(PERIOD)));
        vm.expectRevert(IBondPolicy.InvalidAdmissionPeriod.selector);
        policy.setTerms(networkId, IBondPolicy.Terms(address(token), STAKE, 0));
    }

    function testFuzz_SetTerms(uint96 amount, uint32 period) external {
        amount = bound96(amount, 1, type(uint96).max);
        period = uint32(bound(period, 1, type(uint32).max));
        IBondPolicy.Terms memory terms = IBondPolicy.Terms(address(token), amount, period);
        vm.expectEmit(address(policy));
        emit IBondPolicy.BondTermsSet(networkId, address(token), amount, period);
        vm.prank(steward);
        policy.setTerms(networkId, terms);
        assertEq(keccak256(abi.encode(policy.termsOf(networkId))), keccak256(abi.encode(terms)));
    }

    // fundBond

    function testFuzz_FundBond_RevertGiven_UnknownNetwork(uint256 unknown) external {
        vm.assume(unknown != networkId);
        vm.expectRevert(abi.encodeWithSelector(IInteractionHistory.UnknownNetwork.selector, unknown));
        vm.prank(peer);
        policy.fundBond(unknown, address(token), STAKE, NOW + 1);
    }

    function test_FundBond_RevertWhen_TheTokenIsNoContract() external {
        vm.expectRevert(abi.encodeWithSelector(IBondPolicy.InvalidToken.selector, stranger));
        vm.prank(peer);
        policy.fundBond(networkId, stranger, STAKE, NOW + 1);
    }

    function test_FundBond_RevertWhen_ThereIsNothingToProlong() external {
        vm.expectRevert(IBondPolicy.ZeroAmount.selector);
        _fund(peer, 0, NOW + 1);
    }

    function testFuzz_FundBond_RevertWhen_TheLockIsTooShortOrTooLong(uint40 until) external {
        if (until > NOW) until = uint40(bound(until, NOW + 366 days + 1, type(uint40).max));
        vm.expectRevert(_invalidLock(until, NOW + 1));
        _fund(peer, STAKE, until);
    }

    function testFuzz_FundBond_RevertWhen_TheLockWouldEndBeforeTheOneThatStands(uint40 until) external {
        _fund(peer, STAKE, NOW + 30 days);
        until = uint40(bound(until, 0, NOW + 30 days - 1));
        vm.expectRevert(_invalidLock(until, NOW + 30 days));
        _fund(peer, 1, until);
    }

    function test_FundBond_RevertWhen_TheBondIsFull() external {
        _fund(peer, type(uint96).max, NOW + 1);
        vm.expectRevert(
            abi.encodeWithSelector(IBondPolicy.BondFull.selector, networkId, peer, address(token))
        );
        _fund(peer, 1, NOW + 1);
    }

    function testFuzz_FundBond_LocksAllOfIt(uint96 first, uint96 second, uint40 lock, uint40 more) external {
        first = bound96(first, 1, type(uint96).max);
        second = bound96(second, 0, type(uint96).max - first);
        lock = uint40(bound(lock, 1, 366 days));
        more = uint40(bound(more, lock, 366 days));
        _fund(peer, first, NOW + lock);
        vm.expectEmit(address(policy));
        emit IBondPolicy.BondFunded(networkId, peer, address(token), second, first + second, NOW + more);
        _fund(peer, second, NOW + more);
        _assertBond(peer, first + second, NOW + more);
        assertEq(token.balanceOf(address(policy)), uint256(first) + second);
        vm.warp(NOW + more - 1);
        vm.expectRevert(_locked(NOW + more));
        _withdraw(peer, 1);
        vm.warp(NOW + more);
        _withdraw(peer, first + second);
        assertEq(token.balanceOf(peer), type(uint128).max);
    }

    /// @dev Nobody can lock what is another's, or for longer: a bond is its owner's alone, and a network's.
    function testFuzz_FundBond_IsOnesOwn(address other, uint256 elsewhere) external {
        vm.assume(other != peer && elsewhere != networkId);
        _fund(peer, STAKE, NOW + 1 days);
        _fund(stranger, STAKE, NOW + 9 days);
        _assertBond(peer, STAKE, NOW + 1 days);
        if (other != stranger) _assertBond(other, 0, 0);
        (uint96 amount, ) = policy.bondOf(elsewhere, peer, address(token));
        assertEq(amount, 0);
        (amount, ) = policy.bondOf(networkId, peer, address(hostile));
        assertEq(amount, 0);
    }

    // withdrawBond

    function test_WithdrawBond_RevertWhen_TheAmountIsZero() external {
        vm.expectRevert(IBondPolicy.ZeroAmount.selector);
        _withdraw(peer, 0);
    }

    function test_WithdrawBond_RevertWhen_ItWouldGoNowhere() external {
        _fund(peer, STAKE, NOW + 1);
        vm.warp(NOW + 1);
        address[2] memory wrong = [address(0), address(policy)];
        for (uint256 i = 0; i < wrong.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IBondPolicy.InvalidRecipient.selector, wrong[i]));
            vm.prank(peer);
            policy.withdrawBond(networkId, address(token), STAKE, wrong[i]);
        }
    }

    function testFuzz_WithdrawBond_RevertWhen_ItExceedsTheBond(uint96 amount, address thief) external {
        _fund(peer, STAKE, NOW + 1);
        vm.warp(NOW + 1);
        amount = bound96(amount, STAKE + 1, type(uint96).max);
        vm.expectRevert(_insufficient(peer, STAKE, amount));
        _withdraw(peer, amount);
        vm.assume(thief != peer);
        vm.expectRevert(_insufficient(thief, 0, STAKE));
        vm.prank(thief);
        policy.withdrawBond(networkId, address(token), STAKE, stranger);
    }

    function testFuzz_WithdrawBond_GivesItBackInParts(uint96 part) external {
        part = bound96(part, 1, STAKE - 1);
        _fund(peer, STAKE, NOW + 1);
        vm.warp(NOW + 1);
        vm.expectEmit(address(policy));
        emit IBondPolicy.BondWithdrawn(networkId, peer, address(token), part, STAKE - part, stranger);
        vm.prank(peer);
        policy.withdrawBond(networkId, address(token), part, stranger);
        assertEq(token.balanceOf(stranger), uint256(type(uint128).max) + part);
        _assertBond(peer, STAKE - part, NOW + 1);
        _withdraw(peer, STAKE - part);
        _assertBond(peer, 0, NOW + 1);
    }

    /// @dev Not even the steward can hold it longer than its owner agreed to.
    function test_WithdrawBond_WhateverTheStewardDoes() external {
        _setTerms(address(token), STAKE, PERIOD);
        _fund(peer, STAKE, NOW + 2 days);
        _setTerms(address(hostile), type(uint96).max, type(uint32).max);
        vm.warp(NOW + 2 days);
        _withdraw(peer, STAKE);
        assertEq(token.balanceOf(peer), type(uint128).max);
    }

    // canAdmit, canExpel

    function testFuzz_WithoutTermsNobodyIsAdmittedOrExpelled(uint96 amount, bytes calldata proof) external {
        if (amount != 0) _fund(peer, amount, NOW + 1 days);
        _assertEligible(false, 0, proof);
        assertFalse(policy.canExpel(networkId, peer, proof));
    }

    function testFuzz_AdmitsByTheBond(
        uint96 stake,
        uint96 amount,
        uint40 lock,
        uint40 passed,
        bytes calldata proof
    ) external {
        stake = bound96(stake, 1, type(uint96).max);
        amount = bound96(amount, 1, type(uint96).max);
        lock = uint40(bound(lock, 1, 30 days));
        passed = uint40(bound(passed, 0, 31 days));
        _setTerms(address(token), stake, PERIOD);
        _fund(peer, amount, NOW + lock);
        vm.warp(NOW + passed);
        bool ok = amount >= stake && passed < lock;
        uint40 end = passed + PERIOD < lock ? NOW + passed + PERIOD : NOW + lock;
        _assertEligible(ok, ok ? end : 0, proof);
        assertEq(policy.canExpel(networkId, peer, proof), !ok);
    }

    function test_ABondInAnotherTokenIsNone() external {
        _setTerms(address(hostile), STAKE, PERIOD);
        _fund(peer, STAKE, NOW + 1 days);
        _assertEligible(false, 0, "");
        assertTrue(policy.canExpel(networkId, peer, ""));
    }

    /// @dev The stake stays locked as long as any admission that it gave.
    function testFuzz_AnAdmissionEndsBeforeItsStakeIsFree(uint40 lock, uint40 asked) external {
        lock = uint40(bound(lock, 1, 366 days));
        asked = uint40(bound(asked, 0, lock - 1));
        _setTerms(address(token), STAKE, PERIOD);
        _fund(peer, STAKE, NOW + lock);
        vm.warp(NOW + asked);
        (bool ok, uint40 until) = policy.canAdmit(networkId, peer, "");
        assertTrue(ok);
        vm.warp(until - 1);
        (, uint40 lockedUntil) = policy.bondOf(networkId, peer, address(token));
        vm.expectRevert(_locked(lockedUntil));
        _withdraw(peer, 1);
    }

    // hostile tokens: each test ends by looking at a well-behaved one

    modifier honestBooksStandStill() {
        _fund(peer, STAKE, NOW + 1);
        vm.prank(peer);
        policy.fundBond(networkId, address(hostile), STAKE, NOW + 1);
        vm.warp(NOW + 1);
        _;
        _assertBond(peer, STAKE, NOW + 1);
        assertEq(token.balanceOf(address(policy)), STAKE);
        _withdraw(peer, STAKE);
    }

    function testFuzz_Fee_FundingIsRefused(uint96 amount) external honestBooksStandStill {
        amount = bound96(amount, 100, type(uint96).max - STAKE);
        hostile.setMood(HostileToken.Mood.TakesFee);
        vm.expectRevert(_inexact(STAKE + uint256(amount), STAKE + uint256(amount) - amount / 100));
        _fundHostile(amount);
    }

    function test_Fee_WhoTakesItBackBearsIt() external honestBooksStandStill {
        hostile.setMood(HostileToken.Mood.TakesFee);
        vm.prank(peer);
        policy.withdrawBond(networkId, address(hostile), 400, stranger);
        assertEq(hostile.balanceOf(stranger), uint256(type(uint128).max) + 396);
        assertEq(hostile.balanceOf(address(policy)), STAKE - 400);
    }

    function test_False_IsAFailure() external honestBooksStandStill {
        hostile.setMood(HostileToken.Mood.ReturnsFalse);
        bytes memory failed = abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, hostile);
        vm.expectRevert(failed);
        _fundHostile(1);
        vm.expectRevert(failed);
        vm.prank(peer);
        policy.withdrawBond(networkId, address(hostile), STAKE, peer);
    }

    function test_Nothing_IsASuccess() external honestBooksStandStill {
        hostile.setMood(HostileToken.Mood.ReturnsNothing);
        _fundHostile(100);
        vm.warp(NOW + 3);
        vm.prank(peer);
        policy.withdrawBond(networkId, address(hostile), STAKE + 100, peer);
        assertEq(hostile.balanceOf(address(policy)), 0);
    }

    /// @dev Who pretends harms those who locked that token, and nobody else.
    function test_Pretence_HarmsItsOwnHolders() external honestBooksStandStill {
        hostile.setMood(HostileToken.Mood.LiesAboutBalances);
        // Arithmetic: nothing can be added to what it says is there.
        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x11));
        _fundHostile(1);
        hostile.setMood(HostileToken.Mood.PretendsToMove);
        _fundHostile(1_000);
        hostile.setMood(HostileToken.Mood.Honest);
        vm.warp(NOW + 3);
        vm.expectRevert(_lacking(STAKE, STAKE + 1_000));
        vm.prank(peer);
        policy.withdrawBond(networkId, address(hostile), STAKE + 1_000, peer);
    }

    function testFuzz_Shrinking_HarmsItsOwnHolders(uint96 lost) external honestBooksStandStill {
        lost = bound96(lost, 1, STAKE);
        hostile.shrink(address(policy), lost);
        vm.expectRevert(_lacking(STAKE - lost, STAKE));
        vm.prank(peer);
        policy.withdrawBond(networkId, address(hostile), STAKE, peer);
        if (lost == STAKE) return;
        vm.prank(peer);
        policy.withdrawBond(networkId, address(hostile), STAKE - lost, peer);
    }

    function test_Refusal_KeepsTheBond() external honestBooksStandStill {
        hostile.setMood(HostileToken.Mood.Refuses);
        vm.expectRevert(HostileToken.Refused.selector);
        vm.prank(peer);
        policy.withdrawBond(networkId, address(hostile), STAKE, peer);
        (uint96 amount, ) = policy.bondOf(networkId, peer, address(hostile));
        assertEq(amount, STAKE);
    }

    /// @dev The token itself is the attacker, and calls the policy in the middle of a transfer of its own stake.
    function test_Reentry_IsRefused() external honestBooksStandStill {
        address attacker = address(hostile);
        hostile.mint(attacker, 1_000);
        vm.startPrank(attacker);
        hostile.approve(address(policy), type(uint256).max);
        uint40 time = NOW + 2;
        policy.fundBond(networkId, attacker, STAKE, time);
        vm.warp(time);
        bytes[2] memory calls = [
            abi.encodeCall(policy.withdrawBond, (networkId, attacker, STAKE, stranger)),
            abi.encodeCall(policy.fundBond, (networkId, attacker, 1, NOW + 9))
        ];
        for (uint256 i = 0; i < calls.length; ++i) {
            hostile.setReentry(address(policy), calls[i]);
            policy.withdrawBond(networkId, attacker, 100, stranger);
            _assertReentryRefused();
            policy.fundBond(networkId, attacker, 100, ++time);
            _assertReentryRefused();
            vm.warp(time);
        }
        vm.stopPrank();
        (uint96 amount, ) = policy.bondOf(networkId, attacker, attacker);
        assertEq(amount, STAKE);
        assertEq(hostile.balanceOf(address(policy)), 2 * STAKE);
    }

    // what the tests above share

    function _supply(address holder) private {
        token.mint(holder, type(uint128).max);
        hostile.mint(holder, type(uint128).max);
        vm.startPrank(holder);
        token.approve(address(policy), type(uint256).max);
        hostile.approve(address(policy), type(uint256).max);
        vm.stopPrank();
    }

    function _setTerms(address token_, uint96 amount, uint40 period) private {
        vm.prank(steward);
        policy.setTerms(networkId, IBondPolicy.Terms(token_, amount, uint32(period)));
    }

    function _fund(address owner, uint96 amount, uint40 until) private {
        vm.prank(owner);
        policy.fundBond(networkId, address(token), amount, until);
    }

    function _fundHostile(uint96 amount) private {
        vm.prank(peer);
        policy.fundBond(networkId, address(hostile), amount, uint40(block.timestamp) + 2);
    }

    function _withdraw(address owner, uint96 amount) private {
        vm.prank(owner);
        policy.withdrawBond(networkId, address(token), amount, owner);
    }

    function _invalidLock(uint40 until, uint40 earliest) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IBondPolicy.InvalidLock.selector, until, earliest, NOW + 366 days);
    }

    function _locked(uint40 until) private view returns (bytes memory) {
        return
            abi.encodeWithSelector(IBondPolicy.BondLocked.selector, networkId, peer, address(token), until);
    }

    function _insufficient(address owner, uint96 bond, uint96 amount) private view returns (bytes memory) {
        bytes4 selector = IBondPolicy.InsufficientBond.selector;
        return abi.encodeWithSelector(selector, networkId, owner, address(token), bond, amount);
    }

    function _inexact(uint256 expected, uint256 balance) private view returns (bytes memory) {
        return abi.encodeWithSelector(IBondPolicy.InexactTransfer.selector, hostile, expected, balance);
    }

    /// @dev The token's own refusal to give what the policy does not have.
    function _lacking(uint256 balance, uint256 needed) private view returns (bytes memory) {
        bytes4 selector = IERC20Errors.ERC20InsufficientBalance.selector;
        return abi.encodeWithSelector(selector, policy, balance, needed);
    }

    function _assertBond(address owner, uint96 amount, uint40 until) private view {
        (uint96 amount_, uint40 until_) = policy.bondOf(networkId, owner, address(token));
        assertEq(amount_, amount);
        assertEq(until_, until);
    }

    function _assertEligible(bool ok, uint40 until, bytes memory proof) private view {
        (bool ok_, uint40 until_) = policy.canAdmit(networkId, peer, proof);
        assertEq(ok_, ok);
        assertEq(until_, until);
    }

    function _assertReentryRefused() private view {
        assertFalse(hostile.reentered());
        bytes memory refusal = abi.encodeWithSelector(
            ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector
        );
        assertEq(keccak256(hostile.reentryResult()), keccak256(refusal));
    }
}
