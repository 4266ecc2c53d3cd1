// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IPaymentChannels} from "../../../contracts/channels/IPaymentChannels.sol";
import {PaymentChannels} from "../../../contracts/channels/PaymentChannels.sol";
import {ChannelTest} from "../support/ChannelTest.sol";
import {PlainToken} from "../support/PlainToken.sol";

/// @dev The branches are those of `ChannelClaims.tree`.
contract ChannelClaimsTest is ChannelTest {
    function test_Claim_RevertGiven_NeverOpened() external {
        IPaymentChannels.Claim memory claim = _voucher(1);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.UnknownChannel.selector, _id(_channel())));
        channels.claim(claim);
    }

    /// @dev The payer chose a signer for the channel's life; its own key signs no vouchers.
    function test_Claim_RevertWhen_SignedByThePayerItself() external {
        _open(100);
        _refuses(signed(address(channels), _channel(), Voucher(1, 0, 0, 0), payerKey));
    }

    function testFuzz_Claim_RevertWhen_SignedByAnotherKey(uint256 key) external {
        _open(100);
        key = bound(key, 1, CURVE_ORDER - 1);
        vm.assume(key != signerKey);
        _refuses(signed(address(channels), _channel(), Voucher(1, 0, 0, 0), key));
    }

    function test_Claim_RevertWhen_SignedForAnotherChannel() external {
        _open(100);
        IPaymentChannels.Channel memory other = _channel();
        other.salt = "other";
        IPaymentChannels.Claim memory claim = signed(
            address(channels),
            other,
            Voucher(1, 0, 0, 0),
            signerKey
        );
        claim.channel = _channel();
        _refuses(claim);
    }

    function test_Claim_RevertWhen_SignedForAnotherContract() external {
        _open(100);
        bytes32 domain = domainSeparator(block.chainid, address(new PaymentChannels()));
        Voucher memory voucher = Voucher(1, 0, 0, 0);
        _refuses(signedDigest(_channel(), voucher, signerKey, digestOf(domain, _id(_channel()), voucher)));
        _refuses(
            signedDigest(_channel(), voucher, signerKey, digestOf(domain, idOf(domain, _channel()), voucher))
        );
    }

    function testFuzz_Claim_RevertWhen_SignedForAnotherChain(uint64 chainId) external {
        vm.assume(chainId != block.chainid);
        _open(100);
        bytes32 domain = domainSeparator(chainId, address(channels));
        Voucher memory voucher = Voucher(1, 0, 0, 0);
        _refuses(signedDigest(_channel(), voucher, signerKey, digestOf(domain, _id(_channel()), voucher)));
        _refuses(
            signedDigest(_channel(), voucher, signerKey, digestOf(domain, idOf(domain, _channel()), voucher))
        );
    }

    function testFuzz_Claim_AChainThatSplitsOffKnowsNoChannel(uint64 chainId) external {
        chainId = uint64(bound(chainId, 1, type(uint64).max - 1));
        vm.assume(chainId != block.chainid);
        _open(100);
        bytes32 id = channels.channelId(_channel());
        vm.chainId(chainId);
        assertNotEq(channels.channelId(_channel()), id);
        IPaymentChannels.Claim memory claim = _voucher(1);
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentChannels.UnknownChannel.selector, channels.channelId(_channel()))
        );
        channels.claim(claim);
    }

    function testFuzz_Claim_RevertWhen_AFieldIsChanged(uint256 which, uint96 by) external {
        _open(type(uint96).max);
        IPaymentChannels.Claim memory claim = signed(
            address(channels),
            _channel(),
            anchored(1_000, SEED, 10, 64),
            signerKey
        );
        by = bound96(by, 1, 900);
        which = bound(which, 0, 4);
        if (which == 0) claim.total += by;
        if (which == 1) claim.tickRoot = bytes32(uint256(claim.tickRoot) ^ by);
        if (which == 2) claim.tickAmount += by;
        if (which == 3) claim.maxTicks += uint32(by);
        if (which == 4) claim.r = bytes32(uint256(claim.r) ^ by);
        _refuses(claim);
    }

    function testFuzz_Claim_RevertWhen_TheDescriptorIsChanged(uint256 which) external {
        _open(100);
        IPaymentChannels.Claim memory claim = _voucher(1);
        which = bound(which, 0, 6);
        if (which == 0) claim.channel.payer = stranger;
        if (which == 1) claim.channel.payee = stranger;
        if (which == 2) claim.channel.token = address(new PlainToken());
        if (which == 3) claim.channel.signer = stranger;
        if (which == 4) claim.channel.exitDelay += 1;
        if (which == 5) claim.channel.flags = 2;
        if (which == 6) claim.channel.salt = "other";
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.UnknownChannel.selector, _id(claim.channel)));
        channels.claim(claim);
    }

    function testFuzz_Claim_RevertWhen_SIsHigh(uint96 total) external {
        total = bound96(total, 1, type(uint96).max);
        _open(100);
        Voucher memory voucher = Voucher(total, 0, 0, 0);
        bytes32 digest = digestOf(
            domainSeparator(block.chainid, address(channels)),
            _id(_channel()),
            voucher
        );
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(signerKey, digest);
        bytes32 high = bytes32(CURVE_ORDER - uint256(s));
        uint8 flipped = v == 27 ? 28 : 27;
        assertEq(ecrecover(digest, flipped, r, high), signer);

        IPaymentChannels.Claim memory claim = _voucher(total);
        for (uint8 parity = 27; parity <= 28; ++parity) {
            claim.vs = high;
            _refuses(claim);
            claim.vs = compact(parity, (high << 1) >> 1);
            _refuses(claim);
        }
    }

    function testFuzz_Claim_RevertWhen_MoreTicksThanAllowed(uint32 maxTicks, uint32 ticks) external {
        maxTicks = uint32(bound(maxTicks, 0, 64));
        ticks = uint32(bound(ticks, maxTicks + 1, type(uint32).max));
        _open(100);
        IPaymentChannels.Claim memory claim = signed(
            address(channels),
            _channel(),
            anchored(1, SEED, 1, maxTicks),
            signerKey
        );
        claim.ticks = ticks;
        claim.preimage = SEED;
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.TooManyTicks.selector, ticks, maxTicks));
        channels.claim(claim);
    }

    function testFuzz_Claim_RevertWhen_VoucherAllowsMoreThan1024(uint32 maxTicks, uint32 ticks) external {
        maxTicks = uint32(bound(maxTicks, 1_025, type(uint32).max));
        ticks = uint32(bound(ticks, 0, 1_024));
        _open(100);
        IPaymentChannels.Claim memory claim = signed(
            address(channels),
            _channel(),
            Voucher(1, hashed(SEED, ticks), 1, maxTicks),
            signerKey
        );
        claim.ticks = ticks;
        claim.preimage = SEED;
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.TooManyTicks.selector, ticks, maxTicks));
        channels.claim(claim);
    }

    function testFuzz_Claim_PaysForTicks(uint96 total, uint96 tickAmount, uint32 ticks) external {
        total = bound96(total, 0, type(uint64).max);
        tickAmount = bound96(tickAmount, 1, type(uint64).max);
        ticks = uint32(bound(ticks, 1, 1_024));
        _open(type(uint96).max);
        IPaymentChannels.Claim memory claim = signed(
            address(channels),
            _channel(),
            anchored(total, SEED, tickAmount, 1_024),
            signerKey
        );
        assertEq(channels.claim(reveal(claim, SEED, ticks)), total + uint256(ticks) * tickAmount);
    }

    function testFuzz_Claim_RevertWhen_PreimageIsOfAnotherTick(uint32 shown, uint32 claimed) external {
        shown = uint32(bound(shown, 1, 32));
        claimed = uint32(bound(claimed, 1, 32));
        vm.assume(shown != claimed);
        _open(100);
        IPaymentChannels.Claim memory claim = reveal(
            signed(address(channels), _channel(), anchored(1, SEED, 1, 32), signerKey),
            SEED,
            shown
        );
        claim.ticks = claimed;
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.InvalidTick.selector, _id(_channel())));
        channels.claim(claim);
    }

    /// @dev What is revealed under one voucher is worth nothing under the next, which has a seed of its own.
    function testFuzz_Claim_RevertWhen_TickIsOfAnotherVoucher(bytes32 otherSeed, uint32 ticks) external {
        vm.assume(otherSeed != SEED);
        ticks = uint32(bound(ticks, 1, 32));
        _open(1_000);
        IPaymentChannels.Claim memory claim = signed(
            address(channels),
            _channel(),
            anchored(100, otherSeed, 1, 32),
            signerKey
        );
        claim = reveal(claim, SEED, ticks);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.InvalidTick.selector, _id(_channel())));
        channels.claim(claim);
    }

    function testFuzz_Claim_RevertWhen_TotalExceeds96Bits(uint96 tickAmount, uint32 ticks) external {
        ticks = uint32(bound(ticks, 2, 64));
        tickAmount = bound96(tickAmount, type(uint96).max / ticks + 1, type(uint96).max);
        _open(100);
        IPaymentChannels.Claim memory claim = reveal(
            signed(address(channels), _channel(), anchored(1, SEED, tickAmount, ticks), signerKey),
            SEED,
            ticks
        );
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentChannels.TotalTooLarge.selector, 1 + uint256(ticks) * tickAmount)
        );
        channels.claim(claim);
    }

    function testFuzz_Claim_RevertWhen_NothingIsNew(uint96 best, uint96 older) external {
        best = bound96(best, 1, type(uint96).max);
        older = bound96(older, 0, best);
        _open(best);
        channels.claim(_voucher(best));
        IPaymentChannels.Claim memory claim = _voucher(older);
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentChannels.NothingToClaim.selector, _id(_channel()), best)
        );
        channels.claim(claim);
    }

    function test_Claim_RevertWhen_TheTotalIsZero() external {
        _open(100);
        IPaymentChannels.Claim memory claim = _voucher(0);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.NothingToClaim.selector, _id(_channel()), 0));
        channels.claim(claim);
    }

    /// @dev What is cut off is no voucher, wherever it is cut; what is added behind is not read.
    function testFuzz_Claim_RevertWhen_Truncated(uint256 length) external {
        _open(100);
        bytes memory whole = abi.encodeCall(channels.claim, (_voucher(1)));
        length = bound(length, 4, whole.length - 1);
        bytes memory cut = new bytes(length);
        for (uint256 i = 0; i < length; ++i) cut[i] = whole[i];
        (bool success, ) = address(channels).call(cut);
        assertFalse(success);
        _assertState(_channel(), 0, 100, 0);
        (success, ) = address(channels).call(bytes.concat(whole, "padding"));
        assertTrue(success);
        _assertState(_channel(), 1, 99, 0);
    }

    /// @dev A field wider than its type is refused: two encodings of one thing could be taken for two things.
    function testFuzz_Claim_RevertWhen_AFieldIsWiderThanItsType(uint256 which) external {
        _open(100);
        bytes memory call = abi.encodeCall(channels.claim, (_voucher(1)));
        // Payer, payee, token, signer, exitDelay, flags, total, tickAmount, maxTicks, ticks: all but the 32-byte words.
        uint8[10] memory words = [0, 1, 2, 3, 4, 5, 7, 9, 10, 11];
        uint256 offset = 4 + 32 * uint256(words[bound(which, 0, 9)]);
        assertEq(uint8(call[offset]), 0);
        call[offset] = 0x01;
        (bool success, ) = address(channels).call(call);
        assertFalse(success);
        _assertState(_channel(), 0, 100, 0);
    }

    function test_Claim_RevertGiven_DepositIsSpent() external {
        _open(100);
        channels.claim(_voucher(100));
        IPaymentChannels.Claim memory claim = _voucher(142);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.DepositSpent.selector, _id(_channel()), 42));
        channels.claim(claim);
    }

    function testFuzz_Claim_PaysAsFarAsTheDepositGoes(uint96 deposit, uint96 total) external {
        deposit = bound96(deposit, 1, type(uint96).max);
        total = bound96(total, 1, type(uint96).max);
        uint96 due = total < deposit ? total : deposit;
        _open(deposit);
        IPaymentChannels.Claim memory claim = _voucher(total);

        vm.expectEmit(address(channels));
        emit IPaymentChannels.Claimed(_id(_channel()), payer, payee, address(token), due, due);
        vm.prank(stranger);
        assertEq(channels.claim(claim), due);

        _assertState(_channel(), due, deposit - due, 0);
        assertEq(channels.balanceOf(payee, address(token)), due);
    }

    function testFuzz_Claim_TheRestOnceFundedAgain(uint96 deposit, uint96 total, uint96 more) external {
        deposit = bound96(deposit, 1, type(uint96).max - 1);
        total = bound96(total, deposit + 1, type(uint96).max);
        more = bound96(more, 1, type(uint96).max - deposit);
        _open(deposit);
        IPaymentChannels.Claim memory claim = _voucher(total);
        channels.claim(claim);
        _fund(payer, _channel(), more);
        uint96 rest = total - deposit;
        uint96 due = rest < more ? rest : more;
        assertEq(channels.claim(claim), due);
        _assertState(_channel(), deposit + due, more - due, 0);
    }

    function testFuzz_Claim_PaysBeforeTheExitHappens(uint96 deposit, uint96 total, uint40 later) external {
        deposit = bound96(deposit, 1, type(uint96).max);
        total = bound96(total, 1, deposit);
        _open(deposit);
        IPaymentChannels.Claim memory claim = _voucher(total);
        _requestExit();
        vm.warp(block.timestamp + bound(later, 0, 60 days));
        assertEq(channels.claim(claim), total);
    }

    /// @dev Any order, subset or repetition of vouchers ends where the best one of them alone ends.
    function testFuzz_Claim_OnlyTheBestVoucherMatters(
        uint96 deposit,
        uint96[6] memory totals,
        uint8[6] memory ticks,
        uint8[9] memory order
    ) external {
        _open(bound96(deposit, 1, 2_000_000));
        IPaymentChannels.Claim[6] memory claims;
        for (uint256 i = 0; i < totals.length; ++i) {
            bytes32 seed = keccak256(abi.encode(SEED, i));
            claims[i] = signed(
                address(channels),
                _channel(),
                anchored(bound96(totals[i], 1, 1_000_000), seed, 10_000, 16),
                signerKey
            );
            claims[i] = reveal(claims[i], seed, ticks[i] % 17);
        }

        uint256 fresh = vm.snapshotState();
        uint256 best;
        uint256 worth;
        uint96 claimedBefore;
        for (uint256 i = 0; i < order.length; ++i) {
            IPaymentChannels.Claim memory claim = claims[order[i] % 6];
            uint256 shown = claim.total + claim.ticks * claim.tickAmount;
            if (shown > worth) (best, worth) = (order[i] % 6, shown);
            try channels.claim(claim) {} catch {}
            (uint96 claimedNow, , , ) = channels.state(_id(_channel()));
            assertGe(claimedNow, claimedBefore, "what is claimed never falls");
            claimedBefore = claimedNow;
        }
        (uint96 claimed, uint96 left, , ) = channels.state(_id(_channel()));
        uint96 balance = channels.balanceOf(payee, address(token));

        vm.revertToState(fresh);
        channels.claim(claims[best]);
        _assertState(_channel(), claimed, left, 0);
        assertEq(channels.balanceOf(payee, address(token)), balance);
    }

    function _refuses(IPaymentChannels.Claim memory claim) private {
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.InvalidVoucher.selector, _id(claim.channel)));
        channels.claim(claim);
    }
}
