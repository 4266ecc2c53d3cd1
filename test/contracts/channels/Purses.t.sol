// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IPaymentChannels} from "../../../contracts/channels/IPaymentChannels.sol";
import {ChannelTest} from "../support/ChannelTest.sol";
import {PlainToken} from "../support/PlainToken.sol";

/// @dev The branches are those of `Purses.tree`.
contract PursesTest is ChannelTest {
    // fundPurse

    function test_Fund_RevertWhen_AmountIsZero() external {
        vm.expectRevert(IPaymentChannels.ZeroAmount.selector);
        _fundPurse(0);
        _assertNoPurse(payer, signer);
    }

    function test_Fund_RevertWhen_SignerIsZero() external {
        vm.expectRevert(IPaymentChannels.InvalidSigner.selector);
        vm.prank(payer);
        channels.fundPurse(address(token), address(0), 1);
        _assertNoPurse(payer, address(0));
    }

    function test_Fund_RevertWhen_TokenIsNoContract() external {
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.InvalidToken.selector, stranger));
        vm.prank(payer);
        channels.fundPurse(stranger, signer, 1);
    }

    function test_Fund_RevertWhen_ThePurseExceeds96Bits() external {
        _fundPurse(type(uint96).max);
        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x11));
        _fundPurse(1);
        _assertPurse(type(uint96).max);
    }

    function testFuzz_Fund_OpensAndAdds(uint96 first, uint96 second) external {
        first = bound96(first, 1, type(uint96).max - 1);
        second = bound96(second, 1, type(uint96).max - first);
        vm.expectEmit(address(channels));
        emit IPaymentChannels.PurseFunded(payer, address(token), signer, first, first);
        _fundPurse(first);
        vm.expectEmit(address(channels));
        emit IPaymentChannels.PurseFunded(payer, address(token), signer, second, first + second);
        _fundPurse(second);
        _assertPurse(first + second);
        assertEq(token.balanceOf(address(channels)), uint256(first) + second);
    }

    /// @dev Whoever puts tokens into a purse puts them into its own.
    function testFuzz_Fund_OpensNobodyElsesPurse(uint96 amount) external {
        amount = bound96(amount, 1, type(uint96).max);
        vm.prank(stranger);
        channels.fundPurse(address(token), signer, amount);
        _assertNoPurse(payer, signer);
        (uint96 balance, bool opened) = channels.purseOf(stranger, address(token), signer);
        assertTrue(opened);
        assertEq(balance, amount);
    }

    // withdrawPurse

    function test_Withdraw_RevertWhen_AmountIsZero() external {
        _fundPurse(1);
        vm.expectRevert(IPaymentChannels.ZeroAmount.selector);
        _withdrawPurse(payer, 0);
    }

    function testFuzz_Withdraw_RevertWhen_ThePurseHasLess(uint96 balance, uint96 amount) external {
        balance = bound96(balance, 1, type(uint96).max - 1);
        amount = bound96(amount, balance + 1, type(uint96).max);
        _fundPurse(balance);
        vm.expectRevert(
            abi.encodeWithSelector(
                IPaymentChannels.InsufficientPurse.selector,
                payer,
                token,
                signer,
                balance,
                amount
            )
        );
        _withdrawPurse(payer, amount);
        _assertPurse(balance);
    }

    /// @dev Nor the signer: its key spends by vouchers only.
    function testFuzz_Withdraw_RevertWhen_ItIsSomebodyElses(uint8 who) external {
        address caller = [payee, stranger, signer][who % 3];
        _fundPurse(100);
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentChannels.InsufficientPurse.selector, caller, token, signer, 0, 1)
        );
        _withdrawPurse(caller, 1);
        _assertPurse(100);
    }

    function test_Withdraw_RevertGiven_TheBalanceIsFull() external {
        _fundPurse(type(uint96).max);
        _withdrawPurse(payer, type(uint96).max);
        _fundPurse(1);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.BalanceFull.selector, payer, token));
        _withdrawPurse(payer, 1);
        _assertPurse(1);
    }

    function testFuzz_Withdraw_MovesToTheBalanceAtOnce(uint96 balance, uint96 amount) external {
        balance = bound96(balance, 1, type(uint96).max);
        amount = bound96(amount, 1, balance);
        _fundPurse(balance);
        vm.expectEmit(address(channels));
        emit IPaymentChannels.PurseWithdrawn(payer, address(token), signer, amount, balance - amount);
        _withdrawPurse(payer, amount);
        _assertPurse(balance - amount);
        assertEq(_balance(payer), amount);
    }

    // claims on a purse

    function testFuzz_Claim_DrawsOnAChannelThatWasNeverOpened(uint96 purse, uint96 total) external {
        purse = bound96(purse, 1, type(uint96).max);
        total = bound96(total, 1, purse);
        _fundPurse(purse);
        IPaymentChannels.Claim memory claim = _voucherOn(_drawing(), total);
        vm.expectEmit(address(channels));
        emit IPaymentChannels.Claimed(_id(_drawing()), payer, payee, address(token), total, total);
        vm.prank(stranger);
        assertEq(channels.claim(claim), total);
        _assertPurse(purse - total);
        assertEq(_balance(payee), total);
        (uint96 claimed, uint96 deposit, , bool opened) = channels.state(_id(_drawing()));
        assertEq(claimed, total);
        assertEq(deposit, 0);
        assertFalse(opened);
    }

    /// @dev The deposit pays first, the purse what is left, and what neither has stays owed.
    function testFuzz_Claim_DepositFirst(uint96 deposit, uint96 purse, uint96 total) external {
        deposit = bound96(deposit, 1, type(uint96).max);
        purse = bound96(purse, 1, type(uint96).max);
        total = bound96(total, 1, type(uint96).max);
        _fund(payer, _drawing(), deposit);
        _fundPurse(purse);
        uint96 hard = _smaller(total, deposit);
        uint96 soft = _smaller(total - hard, purse);
        uint96 owed = total - hard - soft;

        IPaymentChannels.Claim memory claim = _voucherOn(_drawing(), total);
        bytes32 id = _id(_drawing());
        vm.expectEmit(address(channels));
        emit IPaymentChannels.Claimed(id, payer, payee, address(token), hard + soft, hard + soft);
        if (owed != 0) {
            vm.expectEmit(address(channels));
            emit IPaymentChannels.Bounced(id, payer, payee, address(token), hard + soft, owed);
        }
        assertEq(channels.claim(claim), hard + soft);
        _assertState(_drawing(), hard + soft, deposit - hard, 0);
        _assertPurse(purse - soft);
        assertEq(_balance(payee), hard + soft);
    }

    function test_Claim_NothingBouncesThatIsCovered() external {
        _fundPurse(60);
        _fund(payer, _drawing(), 40);
        vm.recordLogs();
        channels.claim(_voucherOn(_drawing(), 100));
        assertEq(vm.getRecordedLogs().length, 1);
    }

    function test_Claim_BouncesWholeWhereThePurseIsEmpty() external {
        _emptyPurse();
        IPaymentChannels.Claim memory claim = _voucherOn(_drawing(), 100);
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectEmit(address(channels));
            emit IPaymentChannels.Bounced(_id(_drawing()), payer, payee, address(token), 0, 100);
            assertEq(channels.claim(claim), 0);
        }
        _assertUnknown(_drawing());
        assertEq(_balance(payee), 0);
    }

    /// @dev A part now, a part later, the rest last: each event states what is lacking after it, and in the end nothing.
    function test_Claim_PaysLaterWhatBounced() external {
        _fundPurse(30);
        IPaymentChannels.Claim memory claim = _voucherOn(_drawing(), 100);
        _expectPaid(30, 30);
        _expectBounced(30, 70);
        channels.claim(claim);
        _fundPurse(50);
        _expectPaid(50, 80);
        _expectBounced(50, 20);
        channels.claim(claim);
        _fundPurse(50);
        _expectPaid(20, 100);
        assertEq(channels.claim(claim), 20);
        _assertPurse(30);
        assertEq(_balance(payee), 100);
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentChannels.NothingToClaim.selector, _id(_drawing()), 100)
        );
        channels.claim(claim);
    }

    /// @dev An older voucher bounces at its own lower level: who reads debts takes the highest, as the README says.
    function test_Claim_AnOlderVoucherStatesLess() external {
        _emptyPurse();
        IPaymentChannels.Claim memory best = _voucherOn(_drawing(), 100);
        IPaymentChannels.Claim memory older = _voucherOn(_drawing(), 1);
        _expectBounced(0, 100);
        channels.claim(best);
        _expectBounced(0, 1);
        vm.prank(payer);
        channels.claim(older);
        // It cost the payee nothing but a place in the log: the best voucher is good for all of it.
        _fundPurse(100);
        assertEq(channels.claim(best), 100);
    }

    function test_Claim_DrawsWhenTheDepositLeft() external {
        IPaymentChannels.Channel memory channel = _drawing();
        _fundPurse(50);
        _fund(payer, channel, 10);
        vm.prank(payer);
        channels.requestExit(channel);
        vm.warp(block.timestamp + EXIT_DELAY);
        channels.exit(channel);
        assertEq(channels.claim(_voucherOn(channel, 40)), 40);
        _assertPurse(10);
    }

    function test_Claim_DrawsNotWithoutTheFlag() external {
        _fundPurse(100);
        _open(10);
        assertEq(channels.claim(_voucher(50)), 10);
        IPaymentChannels.Claim memory claim = _voucher(50);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.DepositSpent.selector, _id(_channel()), 40));
        channels.claim(claim);
        _assertPurse(100);
    }

    function test_Claim_RevertGiven_NoDepositAndNoFlag() external {
        _fundPurse(100);
        IPaymentChannels.Claim memory claim = _voucher(1);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.UnknownChannel.selector, _id(_channel())));
        channels.claim(claim);
    }

    function testFuzz_Claim_RevertWhen_AnUnknownFlagIsSetBesideIt(uint8 flags) external {
        vm.assume(flags > DRAWS_ON_PURSE);
        _fundPurse(100);
        IPaymentChannels.Channel memory channel = _channel();
        channel.flags = flags;
        IPaymentChannels.Claim memory claim = _voucherOn(channel, 1);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.UnknownChannel.selector, _id(channel)));
        channels.claim(claim);
        _assertPurse(100);
    }

    function test_Claim_RevertGiven_ThePurseWasNeverOpened() external {
        IPaymentChannels.Claim memory claim = _voucherOn(_drawing(), 1);
        _refusesForLackOfAPurse(claim);
        // The same once the deposit of an open channel is spent.
        _fund(payer, _drawing(), 1);
        channels.claim(claim);
        _refusesForLackOfAPurse(_voucherOn(_drawing(), 2));
        _assertNoPurse(payer, signer);
    }

    /// @dev Where a deposit covers a part and there is no purse, the part is paid and nothing bounces.
    function test_Claim_PaysTheDepositWhereThereIsNoPurse() external {
        _fund(payer, _drawing(), 10);
        IPaymentChannels.Claim memory claim = _voucherOn(_drawing(), 50);
        vm.recordLogs();
        assertEq(channels.claim(claim), 10);
        assertEq(vm.getRecordedLogs().length, 1);
    }

    // what a purse does not secure, and whom it cannot harm

    /// @dev A payer pays a payee of its own making first: it is credit, and this is what the documentation says of it.
    function testFuzz_ASockPuppetDrainsIt(uint96 purse, uint96 total) external {
        purse = bound96(purse, 1, type(uint96).max);
        total = bound96(total, 1, type(uint96).max);
        _fundPurse(purse);
        IPaymentChannels.Channel memory puppet = _drawing();
        puppet.payee = payer;
        channels.claim(_voucherOn(puppet, purse));
        IPaymentChannels.Claim memory claim = _voucherOn(_drawing(), total);
        _expectBounced(0, total);
        assertEq(channels.claim(claim), 0);
        assertEq(_balance(payer), purse);
    }

    /// @dev Vouchers in a victim's name, whoever signs them and whatever purses there are, neither move nor bounce.
    function testFuzz_NobodyElseIndebtsOrBounces(uint256 how, uint96 total) external {
        total = bound96(total, 1, type(uint96).max);
        _fundPurse(100);
        IPaymentChannels.Channel memory channel = _drawing();
        uint256 key = strangerKey;
        bytes memory refusal = abi.encodeWithSelector(
            IPaymentChannels.UnknownPurse.selector,
            payer,
            token,
            stranger
        );
        how = bound(how, 0, 3);
        // The thief names itself the signer; also with a purse of its own under that key.
        if (how <= 1) channel.signer = stranger;
        if (how == 1) {
            vm.prank(stranger);
            channels.fundPurse(address(token), stranger, 100);
        }
        // The thief signs for the victim's signer, or has its own payer's voucher drawn on the victim's purse.
        if (how >= 2)
            refusal = abi.encodeWithSelector(IPaymentChannels.InvalidVoucher.selector, _id(channel));
        IPaymentChannels.Claim memory claim = signed(
            address(channels),
            channel,
            Voucher(total, 0, 0, 0),
            key
        );
        if (how == 3) {
            channel.payer = stranger;
            channel.signer = signer;
            claim = _voucherOn(channel, total);
            claim.channel.payer = payer;
        }
        vm.expectRevert(refusal);
        channels.claim(claim);
        _assertPurse(100);
        assertEq(_balance(payee), 0);
    }

    /// @dev Each purse is one pot: another token, another signer or another payer is another one.
    function testFuzz_PursesDoNotMix(uint256 which) external {
        _fundPurse(100);
        PlainToken other = new PlainToken();
        IPaymentChannels.Channel memory channel = _drawing();
        uint256 key = signerKey;
        which = bound(which, 0, 2);
        if (which == 0) channel.token = address(other);
        if (which == 1) (channel.signer, key) = (stranger, strangerKey);
        if (which == 2) channel.payer = stranger;
        IPaymentChannels.Claim memory claim = signed(address(channels), channel, Voucher(100, 0, 0, 0), key);
        vm.expectRevert(
            abi.encodeWithSelector(
                IPaymentChannels.UnknownPurse.selector,
                channel.payer,
                channel.token,
                channel.signer
            )
        );
        channels.claim(claim);
        _assertPurse(100);
    }

    /// @dev A voucher on a purse does not open a channel: there is nothing to leave, and only its payer can fund it.
    function test_AClaimOpensNothing() external {
        _fundPurse(100);
        channels.claim(_voucherOn(_drawing(), 40));
        vm.prank(payer);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.UnknownChannel.selector, _id(_drawing())));
        channels.requestExit(_drawing());
        vm.prank(payee);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.UnknownChannel.selector, _id(_drawing())));
        channels.release(_drawing());
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.OnlyPayer.selector, stranger, payer));
        _fund(stranger, _drawing(), 1);
        // Opened later, it goes on where the claims stopped.
        _fund(payer, _drawing(), 7);
        _assertState(_drawing(), 40, 7, 0);
    }

    // what the tests above share

    function _emptyPurse() private {
        _fundPurse(1);
        _withdrawPurse(payer, 1);
    }

    function _withdrawPurse(address caller, uint96 amount) private {
        vm.prank(caller);
        channels.withdrawPurse(address(token), signer, amount);
    }

    function _expectPaid(uint96 paid, uint96 claimed) private {
        vm.expectEmit(address(channels));
        emit IPaymentChannels.Claimed(_id(_drawing()), payer, payee, address(token), paid, claimed);
    }

    function _expectBounced(uint96 paid, uint96 owed) private {
        vm.expectEmit(address(channels));
        emit IPaymentChannels.Bounced(_id(_drawing()), payer, payee, address(token), paid, owed);
    }

    function _refusesForLackOfAPurse(IPaymentChannels.Claim memory claim) private {
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.UnknownPurse.selector, payer, token, signer));
        channels.claim(claim);
    }

    function _assertNoPurse(address owner, address signer_) private view {
        (uint96 balance, bool opened) = channels.purseOf(owner, address(token), signer_);
        assertFalse(opened);
        assertEq(balance, 0);
    }

    function _smaller(uint96 one, uint96 other) private pure returns (uint96) {
        return one < other ? one : other;
    }
}
