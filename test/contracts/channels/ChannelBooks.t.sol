// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IPaymentChannels} from "../../../contracts/channels/IPaymentChannels.sol";
import {ChannelTest} from "../support/ChannelTest.sol";

/// @dev The branches are those of `ChannelBooks.tree`.
contract ChannelBooksTest is ChannelTest {
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

    // multicall

    function test_Multicall_PresentsManyClaims() external {
        _open(1_000);
        bytes[] memory calls = new bytes[](20);
        for (uint96 i = 0; i < calls.length; ++i) {
            calls[i] = abi.encodeCall(channels.claim, (_voucher(10 * (i + 1))));
        }
        vm.prank(stranger);
        bytes[] memory results = channels.multicall(calls);
        for (uint256 i = 0; i < calls.length; ++i) assertEq(abi.decode(results[i], (uint256)), 10);
        _assertState(_channel(), 200, 800, 0);
    }

    /// @dev Unlike a batch of claims it is all or nothing, and its error is that of the call.
    function test_Multicall_RevertWhen_OneCallReverts() external {
        _open(100);
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(channels.claim, (_voucher(10)));
        calls[1] = calls[0];
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentChannels.NothingToClaim.selector, _id(_channel()), 10)
        );
        channels.multicall(calls);
        _assertState(_channel(), 0, 100, 0);
    }

    /// @dev A whole life in one transaction: each call finds the books as the one before left them.
    function test_Multicall_FundsClaimsClosesAndWithdraws() external {
        IPaymentChannels.Channel memory channel = _channel();
        channel.payee = payer;
        bytes[] memory calls = new bytes[](5);
        calls[0] = abi.encodeCall(channels.fund, (channel, 100));
        calls[1] = abi.encodeCall(channels.claimTo, (_voucherOn(channel, 30), stranger));
        calls[2] = abi.encodeCall(channels.close, (_voucherOn(channel, 50)));
        calls[3] = abi.encodeCall(channels.fundFromBalance, (channel, 10));
        calls[4] = abi.encodeCall(channels.withdraw, (address(token), 60, payer));
        uint256 held = token.balanceOf(payer);
        vm.prank(payer);
        channels.multicall(calls);
        _assertState(channel, 50, 10, 0);
        assertEq(_balance(payer), 0);
        assertEq(token.balanceOf(payer), held - 100 + 60);
        assertEq(token.balanceOf(address(channels)), 10);
    }
}
