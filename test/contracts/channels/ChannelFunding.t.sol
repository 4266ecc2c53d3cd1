// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IPaymentChannels} from "../../../contracts/channels/IPaymentChannels.sol";
import {ChannelTest} from "../support/ChannelTest.sol";

/// @dev The branches are those of `ChannelFunding.tree`.
contract ChannelFundingTest is ChannelTest {
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

    function test_Fund_MulticallOpensManyChannels() external {
        bytes[] memory calls = new bytes[](20);
        for (uint256 i = 0; i < calls.length; ++i) {
            calls[i] = abi.encodeCall(channels.fund, (_numbered(i), uint96(i + 1)));
        }
        vm.prank(payer);
        channels.multicall(calls);
        for (uint256 i = 0; i < calls.length; ++i) _assertState(_numbered(i), 0, uint96(i + 1), 0);
        assertEq(token.balanceOf(address(channels)), 210);
    }

    function test_Fund_MulticallOpensAllOrNone() external {
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(channels.fund, (_numbered(0), 1));
        IPaymentChannels.Channel memory bad = _numbered(1);
        bad.exitDelay = 1;
        calls[1] = abi.encodeCall(channels.fund, (bad, 1));
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.InvalidExitDelay.selector, 1));
        vm.prank(payer);
        channels.multicall(calls);
        _assertUnknown(_numbered(0));
    }

    /// @dev The contract calls itself for nobody: a stranger stays a stranger.
    function test_Fund_RevertWhen_AStrangerOpensThroughMulticall() external {
        bytes[] memory calls = new bytes[](1);
        calls[0] = abi.encodeCall(channels.fund, (_channel(), 1));
        bytes[] memory nested = new bytes[](1);
        nested[0] = abi.encodeCall(channels.multicall, (calls));
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.OnlyPayer.selector, stranger, payer));
        vm.prank(stranger);
        channels.multicall(nested);
        _assertUnknown(_channel());
    }

    // fundFromBalance

    function test_FundFromBalance_RevertWhen_AmountIsZero() external {
        vm.expectRevert(IPaymentChannels.ZeroAmount.selector);
        _fundFromBalance(payer, _channel(), 0);
    }

    /// @dev Whoever it is, whether the channel is open or not, and whoever has a balance.
    function testFuzz_FundFromBalance_RevertWhen_CallerIsNotThePayer(address caller, bool opened) external {
        vm.assume(caller != payer);
        _giveBalance(100);
        if (opened) _open(1);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.OnlyPayer.selector, caller, payer));
        _fundFromBalance(caller, _channel(), 1);
        assertEq(_balance(payer), 100);
    }

    function testFuzz_FundFromBalance_RevertWhen_TheDescriptorIsUnsound(
        uint256 which,
        uint256 value
    ) external {
        _giveBalance(100);
        IPaymentChannels.Channel memory channel = _channel();
        bytes memory refusal;
        which = bound(which, 0, 4);
        if (which == 0) {
            channel.payee = address(0);
            refusal = abi.encodeWithSelector(IPaymentChannels.InvalidPayee.selector);
        } else if (which == 1) {
            channel.signer = address(0);
            refusal = abi.encodeWithSelector(IPaymentChannels.InvalidSigner.selector);
        } else if (which == 2) {
            channel.exitDelay = uint40(bound(value, 0, 15 minutes - 1));
            refusal = abi.encodeWithSelector(IPaymentChannels.InvalidExitDelay.selector, channel.exitDelay);
        } else if (which == 3) {
            channel.exitDelay = uint40(bound(value, 30 days + 1, type(uint40).max));
            refusal = abi.encodeWithSelector(IPaymentChannels.InvalidExitDelay.selector, channel.exitDelay);
        } else {
            channel.flags = uint8(bound(value, 2, 255));
            refusal = abi.encodeWithSelector(IPaymentChannels.InvalidFlags.selector, channel.flags);
        }
        vm.expectRevert(refusal);
        _fundFromBalance(payer, channel, 1);
        _assertUnknown(channel);
        assertEq(_balance(payer), 100);
    }

    function test_FundFromBalance_RevertWhen_NobodyWasEverPaidInTheToken() external {
        IPaymentChannels.Channel memory channel = _channel();
        channel.token = stranger;
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentChannels.InsufficientBalance.selector, payer, stranger, 0, 1)
        );
        _fundFromBalance(payer, channel, 1);
        _assertUnknown(channel);
    }

    function testFuzz_FundFromBalance_RevertWhen_TheBalanceIsLess(uint96 balance, uint96 amount) external {
        balance = bound96(balance, 1, type(uint96).max - 1);
        amount = bound96(amount, balance + 1, type(uint96).max);
        _giveBalance(balance);
        vm.expectRevert(
            abi.encodeWithSelector(
                IPaymentChannels.InsufficientBalance.selector,
                payer,
                token,
                balance,
                amount
            )
        );
        _fundFromBalance(payer, _channel(), amount);
        _assertUnknown(_channel());
    }

    function testFuzz_FundFromBalance_OpensAndTakesNothingFromTheWallet(
        uint96 balance,
        uint96 amount
    ) external {
        balance = bound96(balance, 1, type(uint96).max);
        amount = bound96(amount, 1, balance);
        _giveBalance(balance);
        bytes32 id = _id(_channel());
        // The token has no part in it.
        vm.etch(address(token), hex"fe");
        vm.expectEmit(address(channels));
        emit IPaymentChannels.ChannelOpened(id, payer, payee, address(token), signer, EXIT_DELAY, 0, "salt");
        vm.expectEmit(address(channels));
        emit IPaymentChannels.Funded(id, amount, amount);
        _fundFromBalance(payer, _channel(), amount);
        _assertState(_channel(), 0, amount, 0);
        assertEq(_balance(payer), balance - amount);
    }

    function test_FundFromBalance_TopsUp() external {
        _giveBalance(100);
        _open(7);
        _fundFromBalance(payer, _channel(), 100);
        _assertState(_channel(), 0, 107, 0);
        assertEq(_balance(payer), 0);
    }

    function test_FundFromBalance_RevertWhen_DepositExceeds96Bits() external {
        _giveBalance(1);
        _open(type(uint96).max);
        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x11));
        _fundFromBalance(payer, _channel(), 1);
    }

    function testFuzz_FundFromBalance_RevertGiven_ExitRequested(uint40 later) external {
        _giveBalance(100);
        _open(100);
        uint40 exitAt = _requestExit();
        vm.warp(block.timestamp + bound(later, 0, 60 days));
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentChannels.ChannelExiting.selector, _id(_channel()), exitAt)
        );
        _fundFromBalance(payer, _channel(), 1);
        assertEq(_balance(payer), 100);
    }

    function test_FundFromBalance_SpendsABalanceOnce() external {
        _giveBalance(100);
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(channels.fundFromBalance, (_numbered(0), 60));
        calls[1] = abi.encodeCall(channels.fundFromBalance, (_numbered(1), 60));
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentChannels.InsufficientBalance.selector, payer, token, 40, 60)
        );
        vm.prank(payer);
        channels.multicall(calls);
        assertEq(_balance(payer), 100);
    }

    function _numbered(uint256 number) private view returns (IPaymentChannels.Channel memory channel) {
        channel = _channel();
        channel.salt = bytes32(number);
    }

    function _fundFromBalance(
        address caller,
        IPaymentChannels.Channel memory channel,
        uint96 amount
    ) private {
        vm.prank(caller);
        channels.fundFromBalance(channel, amount);
    }

    /// @dev Somebody pays the payer.
    function _giveBalance(uint96 amount) private {
        IPaymentChannels.Channel memory channel = _channel();
        channel.payer = stranger;
        channel.payee = payer;
        _fund(stranger, channel, amount);
        channels.claim(_voucherOn(channel, amount));
    }
}
