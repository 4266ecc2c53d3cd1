// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
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

    /// @dev By every way in.
    function test_Fee_FillsNoPurseAndOpensNothing() external honestBooksStandStill {
        hostile.setMood(HostileToken.Mood.TakesFee);
        bytes memory refusal = abi.encodeWithSelector(
            IPaymentChannels.InexactTransfer.selector,
            hostile,
            DEPOSIT + 100,
            DEPOSIT + 99
        );
        vm.startPrank(payer);
        vm.expectRevert(refusal);
        channels.fundPurse(address(hostile), payer, 100);
        vm.expectRevert(refusal);
        channels.fundWithAuthorization(_channel(address(hostile)), 100, 0, 0, "", "");
        vm.stopPrank();
        (, bool opened) = channels.purseOf(payer, address(hostile), payer);
        assertFalse(opened);
    }

    function test_Fee_TheRecipientOfAClaimBearsIt() external honestBooksStandStill {
        hostile.setMood(HostileToken.Mood.TakesFee);
        IPaymentChannels.Claim memory claim = _voucher(address(hostile), CLAIMED + 1_000);
        vm.prank(payee);
        assertEq(channels.claimTo(claim, payee), 1_000);
        assertEq(hostile.balanceOf(payee), 990);
        assertEq(channels.balanceOf(payee, address(hostile)), CLAIMED);
    }

    function test_FalseReturn_UndoesAClaimToAWallet() external honestBooksStandStill {
        hostile.setMood(HostileToken.Mood.ReturnsFalse);
        IPaymentChannels.Claim memory claim = _voucher(address(hostile), CLAIMED + 1);
        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, hostile));
        vm.prank(payee);
        channels.claimTo(claim, payee);
        // The payee takes it as a balance and waits for better days.
        assertEq(channels.claim(claim), 1);
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

    function test_GasBomb_StopsOnlyItsOwnFunding() external honestBooksStandStill {
        hostile.setMood(HostileToken.Mood.BurnsGas);
        vm.prank(payer);
        try channels.fund{gas: 1_000_000}(_channel(address(hostile)), 1) {
            assertTrue(false, "a transfer that burns all gas cannot succeed");
        } catch {}
        assertEq(_deposit(), DEPOSIT - CLAIMED);
    }

    /// @dev Who is on the list sends its balance elsewhere; nobody else is stopped.
    function test_Blacklist_StopsTransfersAndNoBooks() external honestBooksStandStill {
        hostile.blacklist(payee);
        vm.expectRevert(HostileToken.Refused.selector);
        _withdraw(CLAIMED);
        IPaymentChannels.Claim memory claim = _voucher(address(hostile), CLAIMED + 10);
        vm.startPrank(payee);
        vm.expectRevert(HostileToken.Refused.selector);
        channels.claimTo(claim, payee);
        channels.claimTo(claim, makeAddr("another wallet"));
        channels.withdraw(address(hostile), CLAIMED, makeAddr("another wallet"));
        channels.release(_channel(address(hostile)));
        vm.stopPrank();
        assertEq(hostile.balanceOf(makeAddr("another wallet")), CLAIMED + 10);
        assertEq(channels.balanceOf(payer, address(hostile)), DEPOSIT - CLAIMED - 10);
    }

    /// @dev With the contract itself on the list nothing in this token moves in or out; claims and exits go on.
    function test_Blacklist_OfTheContract() external honestBooksStandStill {
        hostile.blacklist(address(channels));
        vm.expectRevert(HostileToken.Refused.selector);
        _fund(address(hostile), 1);
        vm.expectRevert(HostileToken.Refused.selector);
        _withdraw(CLAIMED);
        assertEq(channels.claim(_voucher(address(hostile), CLAIMED + 1)), 1);
    }

    /// @dev A pause stops transfers for its time, and no claim and no exit is late for it.
    function test_Pause_LosesNothing() external honestBooksStandStill {
        IPaymentChannels.Channel memory channel = _channel(address(hostile));
        vm.prank(payer);
        channels.requestExit(channel);
        hostile.setMood(HostileToken.Mood.Refuses);
        vm.warp(block.timestamp + channel.exitDelay - 1);
        channels.claim(_voucher(address(hostile), DEPOSIT - 1));
        vm.warp(block.timestamp + 1);
        channels.exit(channel);
        hostile.setMood(HostileToken.Mood.Honest);
        _withdraw(DEPOSIT - 1);
        vm.prank(payer);
        channels.withdraw(address(hostile), 1, makeAddr("to"));
        assertEq(hostile.balanceOf(address(channels)), 0);
    }

    /// @dev In no mood can a token stop a batch that has a row in it: a claim calls no token.
    function testFuzz_ABatchPaysTheOthers(uint256 mood, bool isGone) external {
        hostile.setMood(HostileToken.Mood(bound(mood, 0, uint256(type(HostileToken.Mood).max))));
        if (isGone) vm.etch(address(hostile), "");
        IPaymentChannels.Claim[] memory claims = new IPaymentChannels.Claim[](3);
        claims[0] = _voucher(address(honest), CLAIMED + 1);
        claims[1] = _voucher(address(hostile), CLAIMED + 10);
        claims[2] = _voucher(address(honest), CLAIMED + 3);
        uint96[] memory paid = channels.claimBatch(claims);
        assertEq(paid[0], 1);
        assertEq(paid[1], 10);
        assertEq(paid[2], 2);
        vm.prank(payee);
        channels.withdraw(address(honest), CLAIMED + 3, payee);
        assertEq(honest.balanceOf(payee), CLAIMED + 3);
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

    /// @dev What it adds by itself belongs to nobody: deposits and balances are sums of what was paid in.
    function testFuzz_Growing_ChangesNoBooks(uint96 amount) external honestBooksStandStill {
        hostile.mint(address(channels), amount);
        _fund(address(hostile), 500);
        assertEq(_deposit(), DEPOSIT - CLAIMED + 500);
        vm.expectRevert(
            abi.encodeWithSelector(
                IPaymentChannels.InsufficientBalance.selector,
                payee,
                hostile,
                CLAIMED,
                CLAIMED + 1
            )
        );
        _withdraw(CLAIMED + 1);
        _withdraw(CLAIMED);
        assertEq(hostile.balanceOf(address(channels)), DEPOSIT + 500 + uint256(amount) - CLAIMED);
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
}
