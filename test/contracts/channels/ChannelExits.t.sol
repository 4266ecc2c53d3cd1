// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IPaymentChannels} from "../../../contracts/channels/IPaymentChannels.sol";
import {ChannelTest} from "../support/ChannelTest.sol";

/// @dev The branches are those of `ChannelExits.tree`.
contract ChannelExitsTest is ChannelTest {
    // requestExit, exit

    function test_RequestExit_RevertGiven_NeverOpened() external {
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.UnknownChannel.selector, _id(_channel())));
        vm.prank(payer);
        channels.requestExit(_channel());
    }

    function testFuzz_RequestExit_RevertWhen_CallerIsNotThePayer(address caller) external {
        vm.assume(caller != payer);
        _open(100);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.OnlyPayer.selector, caller, payer));
        vm.prank(caller);
        channels.requestExit(_channel());
    }

    function test_RequestExit_RevertGiven_RequestedAlready() external {
        _open(100);
        uint40 exitAt = _requestExit();
        vm.warp(block.timestamp + 1);
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentChannels.ChannelExiting.selector, _id(_channel()), exitAt)
        );
        vm.prank(payer);
        channels.requestExit(_channel());
    }

    function testFuzz_RequestExit_SetsTheExitOneDelayFromNow(uint40 exitDelay, uint40 time) external {
        IPaymentChannels.Channel memory channel = _channel();
        channel.exitDelay = uint40(bound(exitDelay, 15 minutes, 30 days));
        vm.warp(bound(time, 1, type(uint40).max - 30 days));
        _fund(payer, channel, 100);
        uint40 exitAt = uint40(block.timestamp) + channel.exitDelay;

        vm.expectEmit(address(channels));
        emit IPaymentChannels.ExitRequested(_id(channel), payer, payee, exitAt);
        vm.prank(payer);
        channels.requestExit(channel);
        _assertState(channel, 0, 100, exitAt);
    }

    function test_Exit_RevertGiven_NotRequested() external {
        _open(100);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.ExitNotRequested.selector, _id(_channel())));
        channels.exit(_channel());
    }

    function testFuzz_Exit_RevertGiven_NotDue(uint40 early) external {
        _open(100);
        uint40 exitAt = _requestExit();
        vm.warp(bound(early, block.timestamp, exitAt - 1));
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentChannels.ExitNotDue.selector, _id(_channel()), exitAt)
        );
        channels.exit(_channel());
    }

    function test_Exit_RevertGiven_ItIsDueInASecond() external {
        _open(100);
        uint40 exitAt = _requestExit();
        vm.warp(exitAt - 1);
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentChannels.ExitNotDue.selector, _id(_channel()), exitAt)
        );
        channels.exit(_channel());
        vm.warp(exitAt);
        channels.exit(_channel());
    }

    function testFuzz_Exit_CreditsThePayerWhoeverCalls(
        uint96 deposit,
        uint96 spent,
        address caller
    ) external {
        deposit = bound96(deposit, 2, type(uint96).max);
        spent = bound96(spent, 1, deposit);
        _open(deposit);
        channels.claim(_voucher(spent));
        vm.warp(_requestExit());

        vm.expectEmit(address(channels));
        emit IPaymentChannels.Exited(_id(_channel()), deposit - spent);
        vm.prank(caller);
        channels.exit(_channel());

        _assertState(_channel(), spent, 0, 0);
        assertEq(channels.balanceOf(payer, address(token)), deposit - spent);
    }

    function test_Exit_RevertGiven_AlreadyLeft() external {
        _open(100);
        vm.warp(_requestExit());
        channels.exit(_channel());
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.ExitNotRequested.selector, _id(_channel())));
        channels.exit(_channel());
    }

    function test_Exit_RevertGiven_ThePayersBalanceIsFull() external {
        _fillPayersBalance();
        _open(100);
        vm.warp(_requestExit());
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.BalanceFull.selector, payer, token));
        channels.exit(_channel());
        // It is not lost: the payer makes room first.
        vm.prank(payer);
        channels.withdraw(address(token), 100, payer);
        channels.exit(_channel());
        assertEq(_balance(payer), type(uint96).max);
    }

    // cancelExit

    function test_CancelExit_RevertGiven_NotRequested() external {
        _open(100);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.ExitNotRequested.selector, _id(_channel())));
        _cancelExit(payer);
    }

    function testFuzz_CancelExit_RevertWhen_CallerIsNotThePayer(address caller) external {
        vm.assume(caller != payer);
        _open(100);
        uint40 exitAt = _requestExit();
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.OnlyPayer.selector, caller, payer));
        _cancelExit(caller);
        _assertState(_channel(), 0, 100, exitAt);
    }

    /// @dev Also when it is due: nobody can carry out what was cancelled, and the next request waits in full.
    function testFuzz_CancelExit_TheChannelGoesOn(uint40 later) external {
        _open(100);
        _requestExit();
        vm.warp(block.timestamp + bound(later, 0, 60 days));
        vm.expectEmit(address(channels));
        emit IPaymentChannels.ExitCancelled(_id(_channel()));
        _cancelExit(payer);
        _assertState(_channel(), 0, 100, 0);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.ExitNotRequested.selector, _id(_channel())));
        channels.exit(_channel());
        _fund(stranger, _channel(), 1);
        assertEq(_requestExit(), block.timestamp + EXIT_DELAY);
    }

    // release

    function testFuzz_Release_RevertWhen_CallerIsNotThePayee(address caller) external {
        vm.assume(caller != payee);
        _open(100);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.OnlyPayee.selector, caller, payee));
        vm.prank(caller);
        channels.release(_channel());
    }

    function test_Release_RevertGiven_NeverOpened() external {
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.UnknownChannel.selector, _id(_channel())));
        _release();
    }

    function test_Release_RevertGiven_NothingIsLeft() external {
        _open(100);
        channels.claim(_voucher(100));
        vm.expectRevert(IPaymentChannels.ZeroAmount.selector);
        _release();
    }

    function test_Release_RevertGiven_ThePayersBalanceIsFull() external {
        _fillPayersBalance();
        _open(100);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.BalanceFull.selector, payer, token));
        _release();
        _assertState(_channel(), 0, 100, 0);
    }

    function testFuzz_Release_GivesTheDepositBack(uint96 deposit, uint96 spent, bool isLeaving) external {
        deposit = bound96(deposit, 2, type(uint96).max);
        spent = bound96(spent, 1, deposit - 1);
        _open(deposit);
        channels.claim(_voucher(spent));
        if (isLeaving) _requestExit();
        vm.expectEmit(address(channels));
        emit IPaymentChannels.Released(_id(_channel()), deposit - spent);
        _release();
        _assertState(_channel(), spent, 0, 0);
        assertEq(_balance(payer), deposit - spent);
        assertEq(_balance(payee), spent);
        // It can be filled again at once.
        _fund(payer, _channel(), 1);
        _assertState(_channel(), spent, 1, 0);
    }

    // close

    function testFuzz_Close_RevertWhen_CallerIsNotThePayee(address caller) external {
        vm.assume(caller != payee);
        _open(100);
        IPaymentChannels.Claim memory last = _voucher(10);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.OnlyPayee.selector, caller, payee));
        vm.prank(caller);
        channels.close(last);
        _assertState(_channel(), 0, 100, 0);
    }

    /// @dev Only a voucher that pays nothing new may be missing; a bad one gives nothing back.
    function test_Close_RevertWhen_ClaimWouldForAnyOtherReason() external {
        IPaymentChannels.Claim memory last = _voucher(10);
        bytes32 id = _id(_channel());
        _closeReverts(last, abi.encodeWithSelector(IPaymentChannels.UnknownChannel.selector, id));
        _open(100);
        last.total += 1;
        _closeReverts(last, abi.encodeWithSelector(IPaymentChannels.InvalidVoucher.selector, id));
        last = signed(address(channels), _channel(), anchored(10, SEED, 1, 8), signerKey);
        last.ticks = 1;
        _closeReverts(last, abi.encodeWithSelector(IPaymentChannels.InvalidTick.selector, id));
        last.ticks = 9;
        _closeReverts(last, abi.encodeWithSelector(IPaymentChannels.TooManyTicks.selector, 9, 8));
        _assertState(_channel(), 0, 100, 0);
        channels.claim(_voucher(100));
        _closeReverts(_voucher(107), abi.encodeWithSelector(IPaymentChannels.DepositSpent.selector, id, 7));
        _closeReverts(
            _voucherOn(_drawing(), 1),
            abi.encodeWithSelector(IPaymentChannels.UnknownPurse.selector, payer, token, signer)
        );
    }

    function testFuzz_Close_PaysWhatIsNewAndGivesTheRestBack(
        uint96 deposit,
        uint96 total,
        bool isLeaving
    ) external {
        deposit = bound96(deposit, 2, type(uint96).max);
        total = bound96(total, 1, deposit - 1);
        _open(deposit);
        if (isLeaving) _requestExit();
        IPaymentChannels.Claim memory last = _voucher(total);
        vm.expectEmit(address(channels));
        emit IPaymentChannels.Claimed(_id(_channel()), payer, payee, address(token), total, total);
        vm.expectEmit(address(channels));
        emit IPaymentChannels.Released(_id(_channel()), deposit - total);
        _close(last);
        _assertState(_channel(), total, 0, 0);
        assertEq(_balance(payer), deposit - total);
        assertEq(_balance(payee), total);
        _fund(payer, _channel(), 1);
    }

    /// @dev What was claimed before, and a voucher that never paid anything, give the deposit back just so.
    function testFuzz_Close_WithAnOldVoucherGivesTheRestBack(uint96 claimed, uint96 total) external {
        claimed = bound96(claimed, 1, 99);
        total = bound96(total, 0, claimed);
        _open(100);
        channels.claim(_voucher(claimed));
        vm.expectEmit(address(channels));
        emit IPaymentChannels.Released(_id(_channel()), 100 - claimed);
        _close(_voucher(total));
        _assertState(_channel(), claimed, 0, 0);
        assertEq(_balance(payer), 100 - claimed);
        // There is nothing to give back twice.
        vm.recordLogs();
        _close(_voucher(total));
        assertEq(vm.getRecordedLogs().length, 0);
    }

    /// @dev Nothing is left to give back, so that an exit that was requested is its payer's to end.
    function test_Close_WhereAllIsClaimedReleasesNothing() external {
        _open(100);
        uint40 exitAt = _requestExit();
        vm.recordLogs();
        _close(_voucher(130));
        assertEq(vm.getRecordedLogs().length, 1);
        _assertState(_channel(), 100, 0, exitAt);
        _cancelExit(payer);
        _fund(payer, _channel(), 50);
        assertEq(channels.claim(_voucher(130)), 30);
    }

    function test_Close_DrawsOnThePurseAndBounces() external {
        _fundPurse(20);
        _fund(payer, _drawing(), 10);
        IPaymentChannels.Claim memory last = _voucherOn(_drawing(), 50);
        vm.expectEmit(address(channels));
        emit IPaymentChannels.Bounced(_id(_drawing()), payer, payee, address(token), 30, 20);
        _close(last);
        _assertState(_drawing(), 30, 0, 0);
        assertEq(_balance(payer), 0);
    }

    function test_Close_RevertGiven_ABalanceIsFull() external {
        _fillPayersBalance();
        _open(100);
        _closeReverts(
            _voucher(10),
            abi.encodeWithSelector(IPaymentChannels.BalanceFull.selector, payer, token)
        );
        // The payee loses nothing by it: what it is owed it claims.
        assertEq(channels.claim(_voucher(10)), 10);
    }

    // what the tests above share

    function _cancelExit(address caller) private {
        vm.prank(caller);
        channels.cancelExit(_channel());
    }

    function _release() private {
        vm.prank(payee);
        channels.release(_channel());
    }

    function _close(IPaymentChannels.Claim memory last) private {
        vm.prank(payee);
        channels.close(last);
    }

    function _closeReverts(IPaymentChannels.Claim memory last, bytes memory refusal) private {
        vm.expectRevert(refusal);
        _close(last);
    }

    function _fillPayersBalance() private {
        _fundPurse(type(uint96).max);
        vm.prank(payer);
        channels.withdrawPurse(address(token), signer, type(uint96).max);
    }
}
