// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IIssuership} from "../../../contracts/currency/IIssuership.sol";
import {IRedemptions} from "../../../contracts/currency/IRedemptions.sol";
import {IssuerCurrency} from "../../../contracts/currency/IssuerCurrency.sol";
import {Currencies} from "../support/Currencies.sol";

/// @dev The branches are those of `Redemptions.tree`.
contract RedemptionsTest is Currencies {
    uint40 private constant START = 1_000_000;

    IssuerCurrency private currency;
    address private alice;
    address private stranger;

    function setUp() external {
        currency = newCurrency("one", WINDOW);
        alice = makeAddr("alice");
        stranger = makeAddr("stranger");
        give(currency, alice, 100);
        vm.warp(START);
    }

    // redeem

    function testFuzz_Redeem_LocksTheAmount(uint96 amount) external {
        amount = bound96(amount, 1, 100);
        vm.expectEmit(address(currency));
        emit IRedemptions.RedemptionRequested(1, alice, amount, "terms", START + WINDOW);
        uint256 id = _redeem(amount);
        assertEq(currency.balanceOf(alice), 100 - uint256(amount));
        assertEq(currency.balanceOf(address(currency)), amount);
        assertEq(currency.totalSupply(), 100);
        _expectState(id, amount, START + WINDOW, IRedemptions.Status.Requested);
    }

    function test_Redeem_RevertWhen_ItCannotBe() external {
        vm.expectRevert(abi.encodeWithSelector(IRedemptions.InvalidRedemption.selector, 0));
        _redeem(0);
        vm.expectRevert(abi.encodeWithSelector(IRedemptions.InvalidRedemption.selector, 1 << 96));
        _redeem(1 << 96);
        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, alice, 100, 101)
        );
        _redeem(101);
        currency = newCurrency("never", 0);
        vm.expectRevert(abi.encodeWithSelector(IRedemptions.RedemptionNotOffered.selector));
        _redeem(1);
    }

    // The ways through

    function test_NeverAccepted_ReturnsAndLapses() external {
        uint256 id = _redeem(40);
        _settleAfter(id, START + WINDOW, IRedemptions.Status.Lapsed);
        assertEq(currency.balanceOf(alice), 100);
        _expectRecord(0, 0, 0, 40);
    }

    function test_AcceptedAndNotFulfilled_ReturnsAndDefaults() external {
        uint256 id = _accepted(40);
        _settleAfter(id, START + WINDOW, IRedemptions.Status.Defaulted);
        assertEq(currency.balanceOf(alice), 100);
        _expectRecord(0, 40, 0, 0);
    }

    function test_FulfilledAndConfirmed_BurnsAndRedeems() external {
        uint256 id = _fulfilled(40);
        vm.expectEmit(address(currency));
        emit IRedemptions.RedemptionClosed(id, uint8(IRedemptions.Status.Redeemed));
        vm.prank(alice);
        currency.confirm(id);
        assertEq(currency.totalSupply(), 60);
        _expectRecord(40, 0, 0, 0);
    }

    function test_FulfilledAndSilent_BurnsAndRedeems() external {
        vm.warp(START);
        uint256 id = _redeem(40);
        vm.prank(issuer);
        currency.accept(id);
        // Fulfilled in the last second, and still a full window for the holder.
        vm.warp(START + WINDOW);
        vm.prank(issuer);
        currency.fulfill(id, "proof");
        _expectState(id, 40, START + 2 * WINDOW, IRedemptions.Status.Fulfilled);
        _settleAfter(id, START + 2 * WINDOW, IRedemptions.Status.Redeemed);
        assertEq(currency.totalSupply(), 60);
        _expectRecord(40, 0, 0, 0);
    }

    function test_FulfilledAndDisputed_BurnsAllTheSame() external {
        uint256 id = _fulfilled(40);
        vm.prank(alice);
        currency.dispute(id);
        assertEq(currency.balanceOf(alice), 60);
        assertEq(currency.totalSupply(), 60);
        _expectRecord(0, 0, 40, 0);
    }

    // Who may, and when

    function testFuzz_RevertWhen_AStrangerActs(address caller) external {
        vm.assume(caller != issuer && caller != alice);
        uint256 requested = _redeem(10);
        uint256 accepted = _accepted(10);
        uint256 fulfilled = _fulfilled(10);
        vm.startPrank(caller);
        _expectOnlyIssuer(caller);
        currency.accept(requested);
        _expectOnlyIssuer(caller);
        currency.fulfill(accepted, "proof");
        bytes memory onlyHolder = abi.encodeWithSelector(IRedemptions.OnlyHolder.selector, caller, alice);
        vm.expectRevert(onlyHolder);
        currency.confirm(fulfilled);
        vm.expectRevert(onlyHolder);
        currency.dispute(fulfilled);
        vm.stopPrank();
    }

    function test_RevertWhen_TheHolderActsForTheIssuerOrTheIssuerForTheHolder() external {
        uint256 requested = _redeem(10);
        uint256 fulfilled = _fulfilled(10);
        _expectOnlyIssuer(alice);
        vm.prank(alice);
        currency.accept(requested);
        vm.expectRevert(abi.encodeWithSelector(IRedemptions.OnlyHolder.selector, issuer, alice));
        vm.prank(issuer);
        currency.confirm(fulfilled);
    }

    function test_RevertWhen_TheStepIsNotTheNext() external {
        uint256 id = _redeem(10);
        _expectWrongStatus(id, IRedemptions.Status.Requested);
        vm.prank(issuer);
        currency.fulfill(id, "proof");
        _expectWrongStatus(id, IRedemptions.Status.Requested);
        vm.prank(alice);
        currency.confirm(id);
        vm.prank(issuer);
        currency.accept(id);
        _expectWrongStatus(id, IRedemptions.Status.Accepted);
        vm.prank(issuer);
        currency.accept(id);
    }

    function test_RevertWhen_ItIsOver() external {
        uint256 id = _fulfilled(10);
        vm.prank(alice);
        currency.dispute(id);
        _expectWrongStatus(id, IRedemptions.Status.Disputed);
        vm.prank(alice);
        currency.confirm(id);
        vm.warp(START + 9 * WINDOW);
        _expectWrongStatus(id, IRedemptions.Status.Disputed);
        currency.settle(id);
        _expectWrongStatus(99, IRedemptions.Status.None);
        currency.settle(99);
    }

    function test_RevertWhen_TheTimeOfTheStepIsOver() external {
        uint256 requested = _redeem(10);
        uint256 accepted = _accepted(10);
        uint256 fulfilled = _fulfilled(10);
        uint40 deadline = START + WINDOW;
        vm.warp(deadline + 1);
        _expectExpired(requested, deadline);
        vm.prank(issuer);
        currency.accept(requested);
        _expectExpired(accepted, deadline);
        vm.prank(issuer);
        currency.fulfill(accepted, "proof");
        _expectExpired(fulfilled, deadline);
        vm.prank(alice);
        currency.dispute(fulfilled);
        // Late thanks hurt nobody.
        vm.prank(alice);
        currency.confirm(fulfilled);
    }

    function testFuzz_Settle_RevertWhen_TheTimeIsNotOver(uint40 time) external {
        uint256 id = _redeem(10);
        time = uint40(bound(time, START, START + WINDOW));
        vm.warp(time);
        vm.expectRevert(abi.encodeWithSelector(IRedemptions.RedemptionOpen.selector, id, START + WINDOW));
        currency.settle(id);
    }

    // The issuer's place

    function test_Issuer_ChangesInTwoStepsWithItsRightsAndItsRecord() external {
        address next = makeAddr("next");
        uint256 id = _redeem(10);
        vm.expectEmit(address(currency));
        emit IIssuership.IssuerTransferStarted(issuer, next);
        vm.prank(issuer);
        currency.transferIssuer(next);
        assertEq(currency.issuer(), issuer);

        vm.expectEmit(address(currency));
        emit IIssuership.IssuerTransferred(issuer, next);
        vm.prank(next);
        currency.acceptIssuer();
        assertEq(currency.issuer(), next);
        _expectOnlyIssuerIs(issuer, next);
        vm.prank(issuer);
        currency.accept(id);
        vm.prank(next);
        currency.accept(id);
        give(currency, alice, 5);
        (uint128 minted, , , , ) = currency.record();
        assertEq(minted, 105);
    }

    function test_Issuer_RevertWhen_ThePlaceWasNotOffered() external {
        address next = makeAddr("next");
        _expectOnlyIssuer(stranger);
        vm.prank(stranger);
        currency.transferIssuer(stranger);
        vm.prank(issuer);
        currency.transferIssuer(next);
        vm.expectRevert(abi.encodeWithSelector(IIssuership.OnlyIssuerCandidate.selector, stranger, next));
        vm.prank(stranger);
        currency.acceptIssuer();
        // Taken back.
        vm.prank(issuer);
        currency.transferIssuer(address(0));
        vm.expectRevert(abi.encodeWithSelector(IIssuership.OnlyIssuerCandidate.selector, next, address(0)));
        vm.prank(next);
        currency.acceptIssuer();
    }

    function _redeem(uint256 amount) private returns (uint256) {
        vm.prank(alice);
        return currency.redeem(amount, "terms");
    }

    function _accepted(uint256 amount) private returns (uint256 id) {
        id = _redeem(amount);
        vm.expectEmit(address(currency));
        emit IRedemptions.RedemptionAccepted(id);
        vm.prank(issuer);
        currency.accept(id);
    }

    function _fulfilled(uint256 amount) private returns (uint256 id) {
        id = _accepted(amount);
        vm.expectEmit(address(currency));
        emit IRedemptions.RedemptionFulfilled(id, "proof");
        vm.prank(issuer);
        currency.fulfill(id, "proof");
    }

    function _settleAfter(uint256 id, uint40 deadline, IRedemptions.Status expected) private {
        vm.warp(deadline + 1);
        vm.expectEmit(address(currency));
        emit IRedemptions.RedemptionClosed(id, uint8(expected));
        vm.prank(stranger);
        currency.settle(id);
        assertEq(currency.balanceOf(address(currency)), 0);
    }

    function _expectState(
        uint256 id,
        uint96 amount,
        uint40 deadline,
        IRedemptions.Status status
    ) private view {
        (address holder, uint96 amount_, bytes32 termsHash, uint40 deadline_, uint8 status_) = currency
            .redemption(id);
        assertEq(holder, alice);
        assertEq(amount_, amount);
        assertEq(termsHash, "terms");
        assertEq(deadline_, deadline);
        assertEq(status_, uint8(status));
    }

    function _expectRecord(
        uint128 redeemed,
        uint128 defaulted,
        uint128 disputed,
        uint128 lapsed
    ) private view {
        (uint128 minted, uint128 redeemed_, uint128 defaulted_, uint128 disputed_, uint128 lapsed_) = currency
            .record();
        assertEq(minted, 100);
        assertEq(redeemed_, redeemed);
        assertEq(defaulted_, defaulted);
        assertEq(disputed_, disputed);
        assertEq(lapsed_, lapsed);
    }

    function _expectOnlyIssuer(address caller) private {
        _expectOnlyIssuerIs(caller, issuer);
    }

    function _expectOnlyIssuerIs(address caller, address issuer_) private {
        vm.expectRevert(abi.encodeWithSelector(IIssuership.OnlyIssuer.selector, caller, issuer_));
    }

    function _expectWrongStatus(uint256 id, IRedemptions.Status status) private {
        vm.expectRevert(
            abi.encodeWithSelector(IRedemptions.WrongRedemptionStatus.selector, id, uint8(status))
        );
    }

    function _expectExpired(uint256 id, uint40 deadline) private {
        vm.expectRevert(abi.encodeWithSelector(IRedemptions.RedemptionExpired.selector, id, deadline));
    }
}
