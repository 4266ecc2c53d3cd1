// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {CurrencyBase} from "../../../contracts/currency/CurrencyBase.sol";
import {IIssuerCurrency} from "../../../contracts/currency/IIssuerCurrency.sol";
import {IssuerCurrency} from "../../../contracts/currency/IssuerCurrency.sol";
import {Currencies} from "../support/Currencies.sol";

/// @dev The branches are those of `TransferFundsWithAuthorization.tree`.
contract TransferFundsWithAuthorizationTest is Currencies {
    bytes32 private constant TRANSFER_FUNDS = keccak256(
        "TransferFunds(address from,address recipient,uint256 amount,bytes32 transactionId,uint256 messageCounter,uint256 validBefore)"
    );

    IssuerCurrency private currency;
    address private alice;
    uint256 private key;
    address private bob;

    function setUp() external {
        // 0.2 flat and one per cent, in a currency with six decimals.
        currency = newCurrency("one", WINDOW, 200_000, 100);
        (alice, key) = makeAddrAndKey("alice");
        bob = makeAddr("bob");
        give(currency, alice, 101_200_000);
        vm.warp(1_000);
    }

    function test_Relay_DebitsAmountAndFee() external {
        vm.expectEmit(address(currency));
        emit IIssuerCurrency.Deposited(alice, bob, "invoice", 100_000_000, 1_200_000);
        assertEq(_relay(100_000_000, 1), 1_200_000);
        assertEq(currency.balanceOf(alice), 0);
        assertEq(currency.balanceOf(bob), 100_000_000);
        assertEq(currency.balanceOf(issuer), 1_200_000);
    }

    function testFuzz_Relay_AMessageThatComesAgainChangesNothing(uint8 times, uint32 later) external {
        uint256 fee = _relay(50_000_000, 1);
        vm.warp(1_000 + uint256(later));
        for (uint256 i = 0; i < bound(times, 1, 8); ++i) assertEq(_relay(50_000_000, 1), fee);
        assertEq(currency.balanceOf(bob), 50_000_000);
        assertTrue(currency.messageExecuted(alice, 1));
    }

    function test_Relay_CountersInAnyOrder() external {
        _relay(1_000_000, 7);
        _relay(1_000_000, 2);
        assertEq(currency.balanceOf(bob), 2_000_000);
        assertFalse(currency.messageExecuted(alice, 3));
    }

    function test_Relay_RevertWhen_TheCounterBelongsToAnotherMessage() external {
        _relay(1_000_000, 1);
        bytes memory signature = sign(currency, key, _struct(2_000_000, 1, 2_000));
        vm.expectRevert(abi.encodeWithSelector(IIssuerCurrency.MessageCounterConflict.selector, alice, 1));
        currency.transferFundsWithAuthorization(alice, bob, 2_000_000, "invoice", 1, 2_000, signature);
    }

    function test_Relay_RevertWhen_ItsTimeIsOver() external {
        bytes memory signature = sign(currency, key, _struct(1_000_000, 1, 1_000));
        vm.expectRevert(abi.encodeWithSelector(IIssuerCurrency.MessageExpired.selector, 1_000));
        currency.transferFundsWithAuthorization(alice, bob, 1_000_000, "invoice", 1, 1_000, signature);
    }

    function test_Relay_RevertWhen_NotSignedByThePayerForThisCurrency() external {
        bytes32 structHash = _struct(1_000_000, 1, 2_000);
        bytes memory stranger = sign(currency, key + 1, structHash);
        vm.expectRevert(abi.encodeWithSelector(CurrencyBase.InvalidSignature.selector, alice));
        currency.transferFundsWithAuthorization(alice, bob, 1_000_000, "invoice", 1, 2_000, stranger);
        bytes memory elsewhere = sign(newCurrency("two", WINDOW), key, structHash);
        vm.expectRevert(abi.encodeWithSelector(CurrencyBase.InvalidSignature.selector, alice));
        currency.transferFundsWithAuthorization(alice, bob, 1_000_000, "invoice", 1, 2_000, elsewhere);
    }

    function test_Relay_RevertWhen_SignedForAnotherChainOrWithAHighS() external {
        bytes memory signature = sign(currency, key, _struct(1_000_000, 1, 2_000));
        vm.expectRevert(abi.encodeWithSelector(CurrencyBase.InvalidSignature.selector, alice));
        currency.transferFundsWithAuthorization(
            alice,
            bob,
            1_000_000,
            "invoice",
            1,
            2_000,
            malleable(signature)
        );
        vm.chainId(7);
        vm.expectRevert(abi.encodeWithSelector(CurrencyBase.InvalidSignature.selector, alice));
        currency.transferFundsWithAuthorization(alice, bob, 1_000_000, "invoice", 1, 2_000, signature);
    }

    function test_Relay_RevertWhen_TheBalanceDoesNotCoverAmountAndFee() external {
        bytes memory signature = sign(currency, key, _struct(100_200_000, 1, 2_000));
        vm.expectRevert(
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientBalance.selector,
                alice,
                101_200_000,
                101_402_000
            )
        );
        currency.transferFundsWithAuthorization(alice, bob, 100_200_000, "invoice", 1, 2_000, signature);
        assertFalse(currency.messageExecuted(alice, 1));
    }

    function _relay(uint256 amount, uint256 counter) private returns (uint256 fee) {
        bytes memory signature = sign(currency, key, _struct(amount, counter, 2_000));
        return
            currency.transferFundsWithAuthorization(alice, bob, amount, "invoice", counter, 2_000, signature);
    }

    function _struct(uint256 amount, uint256 counter, uint256 validBefore) private view returns (bytes32) {
        return
            keccak256(
                abi.encode(TRANSFER_FUNDS, alice, bob, amount, bytes32("invoice"), counter, validBefore)
            );
    }
}
