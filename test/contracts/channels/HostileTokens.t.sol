// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IPaymentChannels} from "../../../contracts/channels/IPaymentChannels.sol";
import {PaymentChannels} from "../../../contracts/channels/PaymentChannels.sol";
import {PlainToken} from "../support/PlainToken.sol";
import {Vouchers} from "../support/Vouchers.sol";
import {HostileToken} from "./HostileToken.sol";

/// @dev Each test ends by looking at a well-behaved token: whatever the hostile one did, its books must not have moved.
contract HostileTokensTest is Vouchers {
    uint96 private constant DEPOSIT = 10_000;
    uint96 private constant CLAIMED = 4_000;

    PaymentChannels private channels;
    PlainToken private honest;
    HostileToken private hostile;
    address private payer;
    address private payee;
    uint256 private payerKey;

    function setUp() external {
        channels = new PaymentChannels();
        honest = new PlainToken();
        hostile = new HostileToken();
        (payer, payerKey) = makeAddrAndKey("payer");
        payee = makeAddr("payee");
        honest.mint(payer, type(uint96).max);
        hostile.mint(payer, type(uint96).max);
        vm.prank(payer);
        honest.approve(address(channels), type(uint256).max);
        // Both channels have been used: the payee has a balance in either token.
        _fund(address(honest), DEPOSIT);
        _fund(address(hostile), DEPOSIT);
        channels.claim(_voucher(address(honest), CLAIMED));
        channels.claim(_voucher(address(hostile), CLAIMED));
    }

    modifier honestBooksStandStill() {
        _;
        _assertHonestBooksStandStill();
    }

    function testFuzz_Fee_FundingIsRefused(uint96 amount) external honestBooksStandStill {
        amount = bound96(amount, 100, type(uint96).max - 2 * DEPOSIT);
        hostile.setMood(HostileToken.Mood.TakesFee);
        vm.expectRevert(
            abi.encodeWithSelector(
                IPaymentChannels.InexactTransfer.selector,
                hostile,
                DEPOSIT + amount,
                DEPOSIT + amount - amount / 100
            )
        );
        _fund(address(hostile), amount);
    }

    function test_Fee_TheRecipientOfAWithdrawalBearsIt() external honestBooksStandStill {
        hostile.setMood(HostileToken.Mood.TakesFee);
        _withdraw(CLAIMED);
        assertEq(hostile.balanceOf(payee), CLAIMED - CLAIMED / 100);
        assertEq(hostile.balanceOf(address(channels)), DEPOSIT - CLAIMED);
    }

    function test_FalseReturn_IsAFailure() external honestBooksStandStill {
        hostile.setMood(HostileToken.Mood.ReturnsFalse);
        bytes memory failure = abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, hostile);
        vm.expectRevert(failure);
        _fund(address(hostile), 1);
        vm.expectRevert(failure);
        _withdraw(CLAIMED);
        assertEq(channels.balanceOf(payee, address(hostile)), CLAIMED);
    }

    function test_MissingReturn_Works() external honestBooksStandStill {
        hostile.setMood(HostileToken.Mood.ReturnsNothing);
        _fund(address(hostile), 500);
        _withdraw(CLAIMED);
        assertEq(hostile.balanceOf(payee), CLAIMED);
        assertEq(hostile.balanceOf(address(channels)), DEPOSIT + 500 - CLAIMED);
    }

    function test_Reentry_WithdrawingWhileFundingIsRefused() external honestBooksStandStill {
        // The token itself owns a balance, so that only the guard can stop it.
        IPaymentChannels.Channel memory channel = _channel(address(hostile));
        channel.payee = address(hostile);
        _fundChannel(channel, 300);
        channels.claim(signed(address(channels), channel, Voucher(300, 0, 0, 0), payerKey));

        bytes memory call = abi.encodeCall(channels.withdraw, (address(hostile), 300, payee));
        hostile.setReentry(address(channels), call);
        _fund(address(hostile), 500);
        _assertRefusedByGuard();
        assertEq(channels.balanceOf(address(hostile), address(hostile)), 300);

        // Nor through another call in the same transaction, nor through a batch of calls.
        bytes[] memory batch = new bytes[](1);
        batch[0] = call;
        hostile.setReentry(address(channels), abi.encodeCall(channels.multicall, (batch)));
        _fund(address(hostile), 500);
        _assertRefusedByGuard();
    }

    function test_Reentry_FundingWhileFundingIsRefused() external honestBooksStandStill {
        hostile.setReentry(address(channels), abi.encodeCall(channels.fund, (_channel(address(hostile)), 1)));
        _fund(address(hostile), 500);
        _assertRefusedByGuard();
        assertEq(_deposit(), DEPOSIT - CLAIMED + 500);
    }

    function test_Reentry_WithdrawingAnotherTokenWhileWithdrawingIsRefused() external honestBooksStandStill {
        hostile.setReentry(
            address(channels),
            abi.encodeCall(channels.withdraw, (address(honest), 1, address(hostile)))
        );
        _withdraw(CLAIMED);
        _assertRefusedByGuard();
        assertEq(hostile.balanceOf(payee), CLAIMED);
    }

    function test_Reentry_ClaimingWhileFundingMovesWhatItWouldAfterwards() external honestBooksStandStill {
        hostile.setReentry(
            address(channels),
            abi.encodeCall(channels.claim, (_voucher(address(hostile), DEPOSIT + 400)))
        );
        _fund(address(hostile), 500);
        assertTrue(hostile.reentered());
        assertEq(_deposit(), 100);
        assertEq(channels.balanceOf(payee, address(hostile)), DEPOSIT + 400);
        assertEq(hostile.balanceOf(address(channels)), DEPOSIT + 500);
    }

    /// @dev What is claimed against tokens that never arrive is undone with them.
    function test_Reentry_NothingRemainsOfAFundingThatFails() external honestBooksStandStill {
        HostileToken fresh = new HostileToken();
        IPaymentChannels.Channel memory channel = _channel(address(fresh));
        fresh.setReentry(
            address(channels),
            abi.encodeCall(
                channels.claim,
                (signed(address(channels), channel, Voucher(500, 0, 0, 0), payerKey))
            )
        );
        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, payer, 0, 500)
        );
        _fundChannel(channel, 500);
        assertEq(channels.balanceOf(payee, address(fresh)), 0);
        (, , , bool opened) = channels.state(channels.channelId(channel));
        assertFalse(opened);
    }

    function test_Pretence_FillsOnlyItsOwnBooks() external honestBooksStandStill {
        hostile.setMood(HostileToken.Mood.PretendsToMove);
        _fund(address(hostile), 1_000_000);
        channels.claim(_voucher(address(hostile), CLAIMED + 1_000_000));
        _withdraw(CLAIMED + 1_000_000);
        hostile.setMood(HostileToken.Mood.Honest);
        assertEq(IERC20(hostile).balanceOf(payee), CLAIMED + 1_000_000);
        assertEq(channels.balanceOf(payee, address(hostile)), 0);
    }

    function test_Lies_FundingIsRefused() external honestBooksStandStill {
        hostile.setMood(HostileToken.Mood.LiesAboutBalances);
        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x11));
        _fund(address(hostile), 1);
    }

    function test_GasBomb_StopsOnlyItsOwnTransfers() external honestBooksStandStill {
        hostile.setMood(HostileToken.Mood.BurnsGas);
        vm.prank(payee);
        try channels.withdraw{gas: 1_000_000}(address(hostile), CLAIMED, payee) {
            assertTrue(false, "a transfer that burns all gas cannot succeed");
        } catch {}
        assertEq(channels.balanceOf(payee, address(hostile)), CLAIMED);
        // A claim does not touch the token.
        assertEq(channels.claim(_voucher(address(hostile), CLAIMED + 1)), 1);
    }

    function test_Refusal_StopsOnlyItsOwnTransfers() external honestBooksStandStill {
        hostile.setMood(HostileToken.Mood.Refuses);
        vm.expectRevert(HostileToken.Refused.selector);
        _withdraw(CLAIMED);
        assertEq(channels.balanceOf(payee, address(hostile)), CLAIMED);
        assertEq(channels.claim(_voucher(address(hostile), CLAIMED + 1)), 1);
    }

    function test_Shrinking_HurtsItsOwnHoldersOnly() external honestBooksStandStill {
        hostile.shrink(address(channels), DEPOSIT - 100);
        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, channels, 100, CLAIMED)
        );
        _withdraw(CLAIMED);
        _withdraw(100);
        assertEq(channels.balanceOf(payee, address(hostile)), CLAIMED - 100);
    }

    // what the tests above share

    function _assertHonestBooksStandStill() private {
        (uint96 claimed, uint96 deposit, , ) = channels.state(channels.channelId(_channel(address(honest))));
        assertEq(claimed, CLAIMED);
        assertEq(deposit, DEPOSIT - CLAIMED);
        assertEq(channels.balanceOf(payee, address(honest)), CLAIMED);
        assertEq(honest.balanceOf(address(channels)), DEPOSIT);
        // And they can still be moved.
        vm.prank(payee);
        channels.withdraw(address(honest), CLAIMED, payee);
        assertEq(honest.balanceOf(payee), CLAIMED);
    }

    function _channel(address token) private view returns (IPaymentChannels.Channel memory) {
        return IPaymentChannels.Channel(payer, payee, token, payer, 30 minutes, 0, "salt");
    }

    function _voucher(address token, uint96 total) private view returns (IPaymentChannels.Claim memory) {
        return signed(address(channels), _channel(token), Voucher(total, 0, 0, 0), payerKey);
    }

    function _fund(address token, uint96 amount) private {
        _fundChannel(_channel(token), amount);
    }

    function _fundChannel(IPaymentChannels.Channel memory channel, uint96 amount) private {
        vm.prank(payer);
        channels.fund(channel, amount);
    }

    function _withdraw(uint96 amount) private {
        vm.prank(payee);
        channels.withdraw(address(hostile), amount, payee);
    }

    function _deposit() private view returns (uint96 deposit) {
        (, deposit, , ) = channels.state(channels.channelId(_channel(address(hostile))));
    }

    function _assertRefusedByGuard() private view {
        assertFalse(hostile.reentered());
        assertEq(
            bytes32(hostile.reentryResult()),
            bytes32(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector)
        );
    }
}
