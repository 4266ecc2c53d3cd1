// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IPaymentChannels} from "../../../contracts/channels/IPaymentChannels.sol";
import {ChannelTest} from "../support/ChannelTest.sol";
import {PlainToken} from "../support/PlainToken.sol";
import {Vm} from "../support/Vm.sol";

/// @dev The branches are those of `ClaimBatch.tree`.
contract ClaimBatchTest is ChannelTest {
    uint32 private constant MAX_TICKS = 16;

    PlainToken private other;
    address private otherPayee;

    function setUp() public override {
        super.setUp();
        other = new PlainToken();
        other.mint(payer, type(uint128).max);
        otherPayee = makeAddr("other payee");
        vm.prank(payer);
        other.approve(address(channels), type(uint256).max);
    }

    // claimTo

    function testFuzz_ClaimTo_SendsWhatWasPaidAndNoMore(
        uint96 before,
        uint96 deposit,
        uint96 total
    ) external {
        before = bound96(before, 1, type(uint64).max);
        deposit = bound96(deposit, 1, type(uint64).max);
        total = bound96(total, 1, type(uint64).max);
        address to = makeAddr("to");
        // The payee has a balance from elsewhere, which stays.
        IPaymentChannels.Channel memory earlier = _numbered(1, token, payee, 0);
        _fund(payer, earlier, before);
        channels.claim(_voucherOn(earlier, before));
        _open(deposit);
        uint96 due = total < deposit ? total : deposit;

        IPaymentChannels.Claim memory claim = _voucher(total);
        vm.expectEmit(address(channels));
        emit IPaymentChannels.Claimed(_id(_channel()), payer, payee, address(token), due, due);
        vm.expectEmit(address(channels));
        emit IPaymentChannels.Withdrawn(payee, address(token), due, to);
        vm.prank(payee);
        assertEq(channels.claimTo(claim, to), due);
        assertEq(token.balanceOf(to), due);
        assertEq(_balance(payee), before);
        _assertState(_channel(), due, deposit - due, 0);
    }

    function testFuzz_ClaimTo_RevertWhen_CallerIsNotThePayee(address caller) external {
        vm.assume(caller != payee);
        _open(100);
        IPaymentChannels.Claim memory claim = _voucher(1);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.OnlyPayee.selector, caller, payee));
        vm.prank(caller);
        channels.claimTo(claim, caller);
    }

    function test_ClaimTo_RevertWhen_TheTokensWouldBeLost() external {
        _open(100);
        IPaymentChannels.Claim memory claim = _voucher(1);
        for (uint256 i = 0; i < 2; ++i) {
            address nowhere = [address(0), address(channels)][i];
            vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.InvalidRecipient.selector, nowhere));
            vm.prank(payee);
            channels.claimTo(claim, nowhere);
        }
        _assertState(_channel(), 0, 100, 0);
    }

    function test_ClaimTo_RevertWhen_ClaimWould() external {
        _open(100);
        IPaymentChannels.Claim memory claim = _voucher(60);
        channels.claim(claim);
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentChannels.NothingToClaim.selector, _id(_channel()), 60)
        );
        vm.prank(payee);
        channels.claimTo(claim, payee);
    }

    /// @dev Nothing was paid, so that the token is not called; that it bounced is on the record all the same.
    function test_ClaimTo_SendsNothingWhereAllOfItBounces() external {
        _fundPurse(1);
        vm.prank(payer);
        channels.withdrawPurse(address(token), signer, 1);
        vm.etch(address(token), hex"fe");
        IPaymentChannels.Claim memory claim = _voucherOn(_drawing(), 10);
        vm.expectEmit(address(channels));
        emit IPaymentChannels.Bounced(_id(_drawing()), payer, payee, address(token), 0, 10);
        vm.prank(payee);
        assertEq(channels.claimTo(claim, payee), 0);
    }

    function test_ClaimTo_SendsThePartThatDidNotBounce() external {
        _fundPurse(4);
        IPaymentChannels.Claim memory claim = _voucherOn(_drawing(), 10);
        vm.prank(payee);
        assertEq(channels.claimTo(claim, payee), 4);
        assertEq(token.balanceOf(payee), 4);
        assertEq(_balance(payee), 0);
    }

    // claimBatch

    function test_Batch_OfNothingDoesNothing() external {
        vm.recordLogs();
        assertEq(channels.claimBatch(new IPaymentChannels.Claim[](0)).length, 0);
        assertEq(vm.getRecordedLogs().length, 0);
    }

    /// @dev Payees and tokens mixed, one call, whoever makes it.
    function test_Batch_PaysManyPayeesInManyTokens() external {
        IPaymentChannels.Claim[] memory claims = new IPaymentChannels.Claim[](20);
        for (uint256 i = 0; i < claims.length; ++i) {
            IPaymentChannels.Channel memory channel = _numbered(
                i,
                i % 2 == 0 ? token : other,
                i % 3 == 0 ? payee : otherPayee,
                0
            );
            _fund(payer, channel, 100);
            claims[i] = _voucherOn(channel, uint96(i + 1));
        }
        vm.prank(stranger);
        uint96[] memory paid = channels.claimBatch(claims);
        for (uint256 i = 0; i < claims.length; ++i) assertEq(paid[i], i + 1);
        assertEq(channels.balanceOf(payee, address(token)), 1 + 7 + 13 + 19);
        assertEq(channels.balanceOf(payee, address(other)), 4 + 10 + 16);
        assertEq(channels.balanceOf(otherPayee, address(token)), 3 + 5 + 9 + 11 + 15 + 17);
        assertEq(channels.balanceOf(otherPayee, address(other)), 2 + 6 + 8 + 12 + 14 + 18 + 20);
        assertEq(channels.balanceOf(stranger, address(token)), 0);
    }

    /// @dev The same claim again has nothing new, and a lower one neither; a higher one pays the difference.
    function test_Batch_Duplicates() external {
        _open(100);
        IPaymentChannels.Claim[] memory claims = new IPaymentChannels.Claim[](5);
        uint96[5] memory totals = [uint96(40), 40, 30, 70, 40];
        for (uint256 i = 0; i < totals.length; ++i) claims[i] = _voucher(totals[i]);
        for (uint256 i = 0; i < totals.length; ++i) {
            if (i != 0 && i != 3) _expectSkipped(_channel(), IPaymentChannels.NothingToClaim.selector);
        }
        uint96[] memory paid = channels.claimBatch(claims);
        assertEq(paid[0], 40);
        assertEq(paid[3], 30);
        assertEq(uint256(paid[1]) + paid[2] + paid[4], 0);
        _assertState(_channel(), 70, 30, 0);
    }

    function test_Batch_SkipsUnknownChannel() external {
        _skips(_voucher(1), IPaymentChannels.UnknownChannel.selector);
    }

    function test_Batch_SkipsInvalidVoucher() external {
        _open(100);
        IPaymentChannels.Claim memory claim = signed(
            address(channels),
            _channel(),
            Voucher(1, 0, 0, 0),
            strangerKey
        );
        _skips(claim, IPaymentChannels.InvalidVoucher.selector);
        claim = _voucher(1);
        claim.total = 2;
        _skips(claim, IPaymentChannels.InvalidVoucher.selector);
        claim = _voucher(1);
        claim.r = 0;
        _skips(claim, IPaymentChannels.InvalidVoucher.selector);
        claim.vs = 0;
        _skips(claim, IPaymentChannels.InvalidVoucher.selector);
    }

    function test_Batch_SkipsTooManyTicks() external {
        _open(100);
        IPaymentChannels.Claim memory claim = _ticking(_channel(), 1, MAX_TICKS);
        claim.ticks = MAX_TICKS + 1;
        _skips(claim, IPaymentChannels.TooManyTicks.selector);
        claim = signed(address(channels), _channel(), Voucher(1, 0, 1, 1_025), signerKey);
        _skips(claim, IPaymentChannels.TooManyTicks.selector);
    }

    function test_Batch_SkipsInvalidTick() external {
        _open(100);
        IPaymentChannels.Claim memory claim = _ticking(_channel(), 1, 2);
        claim.preimage = "wrong";
        _skips(claim, IPaymentChannels.InvalidTick.selector);
    }

    function test_Batch_SkipsTotalTooLarge() external {
        _open(100);
        _skips(_ticking(_channel(), type(uint96).max, 1), IPaymentChannels.TotalTooLarge.selector);
    }

    function test_Batch_SkipsNothingToClaim() external {
        _open(100);
        _skips(_voucher(0), IPaymentChannels.NothingToClaim.selector);
    }

    function test_Batch_SkipsDepositSpent() external {
        _open(100);
        channels.claim(_voucher(100));
        _skips(_voucher(101), IPaymentChannels.DepositSpent.selector);
    }

    function test_Batch_SkipsUnknownPurse() external {
        _skips(_voucherOn(_drawing(), 1), IPaymentChannels.UnknownPurse.selector);
    }

    /// @dev Of the deposit and of the purse: neither shrinks for a payee that has no room.
    function test_Batch_SkipsBalanceFull() external {
        _open(type(uint96).max);
        channels.claim(_voucher(type(uint96).max));
        IPaymentChannels.Channel memory full = _numbered(1, token, payee, DRAWS_ON_PURSE);
        _fund(payer, full, 100);
        _fundPurse(100);
        _skips(_voucherOn(full, 150), IPaymentChannels.BalanceFull.selector);
        _assertState(full, 0, 100, 0);
        _assertPurse(100);
        // Once the payee has made room, the same claim pays.
        vm.prank(payee);
        channels.withdraw(address(token), type(uint96).max, payee);
        assertEq(channels.claim(_voucherOn(full, 150)), 150);
    }

    function test_Claim_RevertGiven_TheBalanceIsFull() external {
        _open(type(uint96).max);
        channels.claim(_voucher(type(uint96).max));
        IPaymentChannels.Channel memory full = _numbered(1, token, payee, 0);
        _fund(payer, full, 100);
        IPaymentChannels.Claim memory claim = _voucherOn(full, 1);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.BalanceFull.selector, payee, token));
        channels.claim(claim);
    }

    /// @dev The first row that drains the purse is paid, the next one bounces; neither stops the third.
    function test_Batch_Bounces() external {
        _fundPurse(100);
        IPaymentChannels.Channel memory second = _numbered(1, token, otherPayee, DRAWS_ON_PURSE);
        _open(10);
        IPaymentChannels.Claim[] memory claims = new IPaymentChannels.Claim[](3);
        claims[0] = _voucherOn(_drawing(), 90);
        claims[1] = _voucherOn(second, 25);
        claims[2] = _voucher(10);
        vm.expectEmit(address(channels));
        emit IPaymentChannels.Bounced(_id(second), payer, otherPayee, address(token), 10, 15);
        uint96[] memory paid = channels.claimBatch(claims);
        assertEq(paid[0], 90);
        assertEq(paid[1], 10);
        assertEq(paid[2], 10);
    }

    /// @dev Whatever rows in whatever order: events, payments and books are those of the same claims one after another,
    /// but for the ones that revert, whose error is the reason of the row.
    function testFuzz_Batch_IsTheSequence(uint8[10] memory kinds, uint96[10] memory totals) external {
        _fund(payer, _place(0), 1_000);
        _fund(payer, _place(1), 300);
        vm.prank(payer);
        channels.fundPurse(address(other), signer, 700);
        IPaymentChannels.Claim[] memory claims = new IPaymentChannels.Claim[](kinds.length);
        for (uint256 i = 0; i < kinds.length; ++i) {
            claims[i] = _row(kinds[i], bound96(totals[i], 0, 1_500));
        }

        uint256 fresh = vm.snapshotState();
        uint96[] memory paid = new uint96[](claims.length);
        bytes32[] memory told = new bytes32[](2 * claims.length);
        uint256 length;
        for (uint256 i = 0; i < claims.length; ++i) {
            vm.recordLogs();
            try channels.claim(claims[i]) returns (uint96 paid_) {
                paid[i] = paid_;
                Vm.Log[] memory logs = vm.getRecordedLogs();
                for (uint256 j = 0; j < logs.length; ++j) told[length++] = keccak256(abi.encode(logs[j]));
            } catch (bytes memory reason) {
                Vm.Log memory skipped = Vm.Log(
                    new bytes32[](2),
                    abi.encode(bytes4(reason)),
                    address(channels)
                );
                skipped.topics[0] = IPaymentChannels.ClaimSkipped.selector;
                skipped.topics[1] = _id(claims[i].channel);
                told[length++] = keccak256(abi.encode(skipped));
            }
        }
        bytes32 books = _books();

        vm.revertToState(fresh);
        vm.recordLogs();
        assertEq(keccak256(abi.encode(channels.claimBatch(claims))), keccak256(abi.encode(paid)));
        Vm.Log[] memory batch = vm.getRecordedLogs();
        assertEq(batch.length, length);
        for (uint256 i = 0; i < length; ++i) assertEq(keccak256(abi.encode(batch[i])), told[i]);
        assertEq(_books(), books);
    }

    // what the tests above share

    function _numbered(
        uint256 number,
        PlainToken token_,
        address payee_,
        uint8 flags
    ) private view returns (IPaymentChannels.Channel memory) {
        return
            IPaymentChannels.Channel(
                payer,
                payee_,
                address(token_),
                signer,
                EXIT_DELAY,
                flags,
                bytes32(number)
            );
    }

    function _ticking(
        IPaymentChannels.Channel memory channel,
        uint96 total,
        uint32 ticks
    ) private view returns (IPaymentChannels.Claim memory) {
        return
            reveal(
                signed(address(channels), channel, anchored(total, SEED, 10, MAX_TICKS), signerKey),
                SEED,
                ticks
            );
    }

    /// @dev Four places to claim: a deposit, a deposit and a purse, the same purse for another payee, and nothing.
    function _place(uint256 which) private view returns (IPaymentChannels.Channel memory) {
        if (which == 0) return _numbered(0, token, payee, 0);
        if (which == 1) return _numbered(1, other, payee, DRAWS_ON_PURSE);
        if (which == 2) return _numbered(2, other, otherPayee, DRAWS_ON_PURSE);
        return _numbered(3, token, otherPayee, uint8(which) % 2);
    }

    /// @dev A claim on one of the places: half of them sound.
    function _row(uint8 kind, uint96 total) private view returns (IPaymentChannels.Claim memory claim) {
        claim = _ticking(_place(kind % 5), total, kind % (MAX_TICKS + 1));
        uint256 flaw = (kind / 5) % 8;
        if (flaw == 0) claim.r = bytes32(uint256(claim.r) ^ 1);
        if (flaw == 1) claim.ticks = MAX_TICKS + 1;
        if (flaw == 2) claim.preimage = keccak256("wrong");
        if (flaw == 3) claim = _ticking(claim.channel, type(uint96).max, MAX_TICKS);
    }

    function _books() private view returns (bytes32 books) {
        for (uint256 i = 0; i < 5; ++i) {
            (uint96 claimed, uint96 deposit, , ) = channels.state(_id(_place(i)));
            books = keccak256(abi.encode(books, claimed, deposit));
        }
        (uint96 purse, ) = channels.purseOf(payer, address(other), signer);
        books = keccak256(abi.encode(books, purse));
        for (uint256 i = 0; i < 4; ++i) {
            books = keccak256(
                abi.encode(
                    books,
                    channels.balanceOf([payee, otherPayee][i % 2], address([token, other][i / 2]))
                )
            );
        }
    }

    function _expectSkipped(IPaymentChannels.Channel memory channel, bytes4 reason) private {
        vm.expectEmit(address(channels));
        emit IPaymentChannels.ClaimSkipped(_id(channel), reason);
    }

    /// @dev Between two sound rows, which are paid; and nothing else of the bad one's changes.
    function _skips(IPaymentChannels.Claim memory bad, bytes4 reason) private {
        IPaymentChannels.Channel memory sound = _numbered(9, other, otherPayee, 0);
        (uint96 before, , , ) = channels.state(_id(sound));
        _fund(payer, sound, 30);
        IPaymentChannels.Claim[] memory claims = new IPaymentChannels.Claim[](3);
        claims[0] = _voucherOn(sound, before + 10);
        claims[1] = bad;
        claims[2] = _voucherOn(sound, before + 30);
        bytes32 books = _booksOf(bad.channel);
        _expectSkipped(bad.channel, reason);
        uint96[] memory paid = channels.claimBatch(claims);
        assertEq(paid[0], 10);
        assertEq(paid[1], 0);
        assertEq(paid[2], 20);
        assertEq(_booksOf(bad.channel), books);
    }

    function _booksOf(IPaymentChannels.Channel memory channel) private view returns (bytes32) {
        (uint96 claimed, uint96 deposit, uint40 exitAt, bool opened) = channels.state(_id(channel));
        (uint96 purse, ) = channels.purseOf(channel.payer, channel.token, channel.signer);
        uint96 balance = channels.balanceOf(channel.payee, channel.token);
        return keccak256(abi.encode(claimed, deposit, exitAt, opened, purse, balance));
    }
}
