// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IPaymentChannels} from "../../../contracts/channels/IPaymentChannels.sol";
import {PaymentChannels} from "../../../contracts/channels/PaymentChannels.sol";
import {PlainToken} from "../support/PlainToken.sol";
import {Vouchers} from "../support/Vouchers.sol";

/// @dev The branches are those of `PaymentChannels.tree`; hostile tokens have a file of their own.
contract PaymentChannelsTest is Vouchers {
    uint40 private constant EXIT_DELAY = 30 minutes;
    bytes32 private constant SEED = "seed";

    PaymentChannels private channels;
    PlainToken private token;
    address private payer;
    address private payee;
    address private stranger;
    address private signer;
    uint256 private signerKey;
    uint256 private strangerKey;

    function setUp() external {
        channels = new PaymentChannels();
        token = new PlainToken();
        payer = makeAddr("payer");
        payee = makeAddr("payee");
        (signer, signerKey) = makeAddrAndKey("signer");
        (stranger, strangerKey) = makeAddrAndKey("stranger");
        for (uint256 i = 0; i < 2; ++i) {
            address holder = [payer, stranger][i];
            token.mint(holder, type(uint128).max);
            vm.prank(holder);
            token.approve(address(channels), type(uint256).max);
        }
    }

    // fund

    function test_Fund_RevertWhen_AmountIsZero() external {
        vm.expectRevert(IPaymentChannels.ZeroAmount.selector);
        _fund(payer, _channel(), 0);
    }

    function test_Fund_RevertWhen_StrangerOpens() external {
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.OnlyPayer.selector, stranger, payer));
        _fund(stranger, _channel(), 1);
    }

    function test_Fund_RevertWhen_PayeeIsZero() external {
        IPaymentChannels.Channel memory channel = _channel();
        channel.payee = address(0);
        vm.expectRevert(IPaymentChannels.InvalidPayee.selector);
        _fund(payer, channel, 1);
    }

    function test_Fund_RevertWhen_SignerIsZero() external {
        IPaymentChannels.Channel memory channel = _channel();
        channel.signer = address(0);
        vm.expectRevert(IPaymentChannels.InvalidSigner.selector);
        _fund(payer, channel, 1);
    }

    function test_Fund_RevertWhen_TokenIsNoContract() external {
        IPaymentChannels.Channel memory channel = _channel();
        channel.token = stranger;
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.InvalidToken.selector, stranger));
        _fund(payer, channel, 1);
    }

    function testFuzz_Fund_ExitDelayDecides(uint40 exitDelay) external {
        IPaymentChannels.Channel memory channel = _channel();
        channel.exitDelay = uint40(bound(exitDelay, 0, 60 days));
        if (channel.exitDelay < 15 minutes || channel.exitDelay > 30 days) {
            vm.expectRevert(
                abi.encodeWithSelector(IPaymentChannels.InvalidExitDelay.selector, channel.exitDelay)
            );
        }
        _fund(payer, channel, 1);
    }

    function test_Fund_ExitDelayLimitsAreIncluded() external {
        IPaymentChannels.Channel memory channel = _channel();
        channel.exitDelay = 15 minutes;
        _fund(payer, channel, 1);
        channel.exitDelay = 30 days;
        _fund(payer, channel, 1);
    }

    function testFuzz_Fund_RevertWhen_FlagIsSet(uint8 flags) external {
        IPaymentChannels.Channel memory channel = _channel();
        channel.flags = uint8(bound(flags, 2, 255));
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.InvalidFlags.selector, channel.flags));
        _fund(payer, channel, 1);
    }

    function testFuzz_Fund_PayerOpens(uint96 amount, bytes32 salt) external {
        amount = bound96(amount, 1, type(uint96).max);
        IPaymentChannels.Channel memory channel = _channel();
        channel.salt = salt;
        bytes32 id = _id(channel);

        vm.expectEmit(address(channels));
        emit IPaymentChannels.ChannelOpened(id, payer, payee, address(token), signer, EXIT_DELAY, 0, salt);
        vm.expectEmit(address(channels));
        emit IPaymentChannels.Funded(id, amount, amount);
        _fund(payer, channel, amount);

        _assertState(channel, 0, amount, 0);
        assertEq(token.balanceOf(address(channels)), amount);
    }

    function testFuzz_Fund_AnyoneTopsUpWithItsOwnTokens(uint96 first, uint96 second) external {
        first = bound96(first, 1, type(uint96).max - 1);
        second = bound96(second, 1, type(uint96).max - first);
        IPaymentChannels.Channel memory channel = _channel();
        _fund(payer, channel, first);
        uint256 payerHeld = token.balanceOf(payer);
        uint256 strangerHeld = token.balanceOf(stranger);

        vm.expectEmit(address(channels));
        emit IPaymentChannels.Funded(_id(channel), second, first + second);
        _fund(stranger, channel, second);

        _assertState(channel, 0, first + second, 0);
        assertEq(token.balanceOf(payer), payerHeld);
        assertEq(token.balanceOf(stranger), strangerHeld - second);
    }

    function test_Fund_PayerTopsUp() external {
        _open(100);
        _fund(payer, _channel(), 50);
        _assertState(_channel(), 0, 150, 0);
    }

    function test_Fund_RevertWhen_DepositExceeds96Bits() external {
        _open(type(uint96).max);
        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x11));
        _fund(payer, _channel(), 1);
    }

    function testFuzz_Fund_RevertGiven_ExitRequested(uint40 later) external {
        _open(100);
        uint40 exitAt = _requestExit();
        vm.warp(block.timestamp + bound(later, 0, 60 days));
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentChannels.ChannelExiting.selector, _id(_channel()), exitAt)
        );
        _fund(payer, _channel(), 1);
    }

    function test_Fund_RefillsAfterExit() external {
        _open(100);
        channels.claim(_voucher(30));
        vm.warp(_requestExit());
        channels.exit(_channel());

        _fund(stranger, _channel(), 7);
        _assertState(_channel(), 30, 7, 0);
    }

    function test_Fund_RevertWhen_TheCallerDidNotApprove() external {
        vm.prank(payer);
        token.approve(address(channels), 99);
        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, channels, 99, 100)
        );
        _fund(payer, _channel(), 100);
    }

    // claim

    function test_Claim_RevertGiven_NeverOpened() external {
        IPaymentChannels.Claim memory claim = _voucher(1);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.UnknownChannel.selector, _id(_channel())));
        channels.claim(claim);
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

    // withdraw

    function test_Withdraw_RevertWhen_AmountIsZero() external {
        vm.expectRevert(IPaymentChannels.ZeroAmount.selector);
        channels.withdraw(address(token), 0, payee);
    }

    function test_Withdraw_RevertWhen_TheTokensWouldBeLost() external {
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.InvalidRecipient.selector, address(0)));
        channels.withdraw(address(token), 1, address(0));
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.InvalidRecipient.selector, channels));
        channels.withdraw(address(token), 1, address(channels));
    }

    function testFuzz_Withdraw_RevertWhen_TheBalanceIsLess(uint96 balance, uint96 amount) external {
        balance = bound96(balance, 1, type(uint96).max - 1);
        amount = bound96(amount, balance + 1, type(uint96).max);
        _open(balance);
        channels.claim(_voucher(balance));
        vm.expectRevert(
            abi.encodeWithSelector(
                IPaymentChannels.InsufficientBalance.selector,
                payee,
                token,
                balance,
                amount
            )
        );
        vm.prank(payee);
        channels.withdraw(address(token), amount, payee);
    }

    function testFuzz_Withdraw_SendsExactlyTheAmount(uint96 balance, uint96 amount) external {
        balance = bound96(balance, 1, type(uint96).max);
        amount = bound96(amount, 1, balance);
        address to = makeAddr("to");
        _open(balance);
        channels.claim(_voucher(balance));

        vm.expectEmit(address(channels));
        emit IPaymentChannels.Withdrawn(payee, address(token), amount, to);
        vm.prank(payee);
        channels.withdraw(address(token), amount, to);

        assertEq(token.balanceOf(to), amount);
        assertEq(channels.balanceOf(payee, address(token)), balance - amount);
    }

    // ids

    function testFuzz_ChannelIdIsTheHashOfTheDescriptor(
        IPaymentChannels.Channel memory channel,
        uint64 chainId
    ) external {
        vm.chainId(bound(chainId, 1, type(uint64).max - 1));
        assertEq(
            channels.channelId(channel),
            idOf(domainSeparator(block.chainid, address(channels)), channel)
        );
    }

    function test_MulticallPresentsSeveralClaims() external {
        _open(100);
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(channels.claim, (_voucher(10)));
        calls[1] = abi.encodeCall(channels.claim, (_voucher(25)));
        channels.multicall(calls);
        _assertState(_channel(), 25, 75, 0);
    }

    // what the tests above share

    function _channel() private view returns (IPaymentChannels.Channel memory) {
        return IPaymentChannels.Channel(payer, payee, address(token), signer, EXIT_DELAY, 0, "salt");
    }

    function _id(IPaymentChannels.Channel memory channel) private view returns (bytes32) {
        return idOf(domainSeparator(block.chainid, address(channels)), channel);
    }

    function _voucher(uint96 total) private view returns (IPaymentChannels.Claim memory) {
        return signed(address(channels), _channel(), Voucher(total, 0, 0, 0), signerKey);
    }

    function _fund(address from, IPaymentChannels.Channel memory channel, uint96 amount) private {
        vm.prank(from);
        channels.fund(channel, amount);
    }

    function _open(uint96 deposit) private {
        _fund(payer, _channel(), deposit);
    }

    function _requestExit() private returns (uint40 exitAt) {
        vm.prank(payer);
        channels.requestExit(_channel());
        (, , exitAt, ) = channels.state(_id(_channel()));
    }

    function _refuses(IPaymentChannels.Claim memory claim) private {
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.InvalidVoucher.selector, _id(claim.channel)));
        channels.claim(claim);
    }

    function _assertState(
        IPaymentChannels.Channel memory channel,
        uint96 claimed,
        uint96 deposit,
        uint40 exitAt
    ) private view {
        (uint96 claimed_, uint96 deposit_, uint40 exitAt_, bool opened) = channels.state(_id(channel));
        assertTrue(opened);
        assertEq(claimed_, claimed);
        assertEq(deposit_, deposit);
        assertEq(exitAt_, exitAt);
    }
}
