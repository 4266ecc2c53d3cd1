// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC3009, IERC3009Cancel} from "@openzeppelin/contracts/interfaces/draft-IERC3009.sol";
import {CurrencyBase} from "../../../contracts/currency/CurrencyBase.sol";
import {IssuerCurrency} from "../../../contracts/currency/IssuerCurrency.sol";
import {ITransferAuthorizations} from "../../../contracts/currency/ITransferAuthorizations.sol";
import {Currencies} from "../support/Currencies.sol";
import {Wallet1271} from "../support/Wallet1271.sol";

/// @dev The branches are those of `TransferAuthorizations.tree`.
contract TransferAuthorizationsTest is Currencies {
    bytes32 private constant TRANSFER = keccak256(
        "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 private constant RECEIVE = keccak256(
        "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 private constant CANCEL = keccak256("CancelAuthorization(address authorizer,bytes32 nonce)");
    uint256 private constant NOW = 1_000_000;

    IssuerCurrency private currency;
    address private alice;
    uint256 private key;
    address private bob;

    function setUp() external {
        currency = newCurrency("one", WINDOW);
        (alice, key) = makeAddrAndKey("alice");
        bob = makeAddr("bob");
        give(currency, alice, 100);
        vm.warp(NOW);
    }

    function testFuzz_Transfer_MovesExactlyTheValue(uint8 value, bytes32 nonce) external {
        value = uint8(bound(value, 0, 100));
        bytes memory signature = sign(currency, key, _struct(TRANSFER, value, nonce));
        vm.expectEmit(address(currency));
        emit IERC3009.AuthorizationUsed(alice, nonce);
        currency.transferWithAuthorization(alice, bob, value, 0, NOW + 1, nonce, signature);
        assertEq(currency.balanceOf(alice), 100 - uint256(value));
        assertEq(currency.balanceOf(bob), value);
        assertTrue(currency.authorizationState(alice, nonce));
    }

    function test_Transfer_ByParts() external {
        (uint8 v, bytes32 r, bytes32 s) = signParts(currency, key, _struct(TRANSFER, 7, "n"));
        currency.transferWithAuthorization(alice, bob, 7, 0, NOW + 1, "n", v, r, s);
        assertEq(currency.balanceOf(bob), 7);
    }

    function test_Transfer_IsFreeWhereTheIssuerChargesAFee() external {
        currency = newCurrency("dear", WINDOW, 5, 1_000);
        give(currency, alice, 100);
        bytes memory signature = sign(currency, key, _struct(TRANSFER, 100, "n"));
        currency.transferWithAuthorization(alice, bob, 100, 0, NOW + 1, "n", signature);
        assertEq(currency.balanceOf(bob), 100);
    }

    function test_Transfer_RevertWhen_ItComesTwice() external {
        bytes memory signature = sign(currency, key, _struct(TRANSFER, 7, "n"));
        currency.transferWithAuthorization(alice, bob, 7, 0, NOW + 1, "n", signature);
        vm.expectRevert(
            abi.encodeWithSelector(
                ITransferAuthorizations.AuthorizationAlreadyUsed.selector,
                alice,
                bytes32("n")
            )
        );
        currency.transferWithAuthorization(alice, bob, 7, 0, NOW + 1, "n", signature);
    }

    function test_Transfer_RevertWhen_OutsideItsTime() external {
        bytes memory early = sign(currency, key, _struct(TRANSFER, 7, NOW, NOW + 9, "n"));
        vm.expectRevert(
            abi.encodeWithSelector(ITransferAuthorizations.AuthorizationNotYetValid.selector, NOW)
        );
        currency.transferWithAuthorization(alice, bob, 7, NOW, NOW + 9, "n", early);

        bytes memory late = sign(currency, key, _struct(TRANSFER, 7, 0, NOW, "n"));
        vm.expectRevert(abi.encodeWithSelector(ITransferAuthorizations.AuthorizationExpired.selector, NOW));
        currency.transferWithAuthorization(alice, bob, 7, 0, NOW, "n", late);
    }

    function testFuzz_Transfer_RevertWhen_AnythingDiffersFromWhatWasSigned(uint256 field) external {
        bytes memory signature = sign(currency, key, _struct(TRANSFER, 7, "n"));
        field = bound(field, 0, 4);
        vm.expectRevert(
            abi.encodeWithSelector(CurrencyBase.InvalidSignature.selector, field == 0 ? bob : alice)
        );
        currency.transferWithAuthorization(
            field == 0 ? bob : alice,
            field == 1 ? alice : bob,
            field == 2 ? 8 : 7,
            0,
            field == 3 ? NOW + 2 : NOW + 1,
            field == 4 ? bytes32("m") : bytes32("n"),
            signature
        );
    }

    function test_Transfer_RevertWhen_SignedForAnotherCurrencyChainOrPurpose() external {
        bytes32 structHash = _struct(TRANSFER, 7, "n");
        bytes memory forAnother = sign(newCurrency("two", WINDOW), key, structHash);
        _expectInvalid();
        currency.transferWithAuthorization(alice, bob, 7, 0, NOW + 1, "n", forAnother);

        bytes memory toReceive = sign(currency, key, _struct(RECEIVE, 7, "n"));
        _expectInvalid();
        currency.transferWithAuthorization(alice, bob, 7, 0, NOW + 1, "n", toReceive);

        bytes memory here = sign(currency, key, structHash);
        vm.chainId(7);
        _expectInvalid();
        currency.transferWithAuthorization(alice, bob, 7, 0, NOW + 1, "n", here);
    }

    function test_Transfer_RevertWhen_TheSignatureHasAHighS() external {
        bytes memory signature = malleable(sign(currency, key, _struct(TRANSFER, 7, "n")));
        _expectInvalid();
        currency.transferWithAuthorization(alice, bob, 7, 0, NOW + 1, "n", signature);
    }

    function testFuzz_Transfer_RevertWhen_TheSignatureIsNone(bytes calldata signature) external {
        vm.assume(signature.length < 64 || signature.length > 65);
        _expectInvalid();
        currency.transferWithAuthorization(alice, bob, 7, 0, NOW + 1, "n", signature);
    }

    function test_Transfer_FromAContractWallet() external {
        Wallet1271 wallet = new Wallet1271(alice);
        give(currency, address(wallet), 100);
        bytes32 structHash = keccak256(abi.encode(TRANSFER, wallet, bob, 7, 0, NOW + 1, bytes32("n")));
        // One byte more than a plain signature: only the wallet can read it.
        bytes memory signature = bytes.concat(sign(currency, key, structHash), hex"00");
        currency.transferWithAuthorization(address(wallet), bob, 7, 0, NOW + 1, "n", signature);
        assertEq(currency.balanceOf(bob), 7);

        bytes memory another = bytes.concat(sign(currency, key + 1, structHash), hex"00");
        vm.expectRevert(abi.encodeWithSelector(CurrencyBase.InvalidSignature.selector, wallet));
        currency.transferWithAuthorization(address(wallet), bob, 7, 0, NOW + 1, "n", another);
    }

    function test_Transfer_FromAnAccountThatHasCodeAndSignsPlainly() external {
        vm.etch(alice, hex"ef0100000000000000000000000000000000000000dead");
        bytes memory signature = sign(currency, key, _struct(TRANSFER, 7, "n"));
        currency.transferWithAuthorization(alice, bob, 7, 0, NOW + 1, "n", signature);
        assertEq(currency.balanceOf(bob), 7);
    }

    function testFuzz_Receive_RevertWhen_TheCallerIsNotTheRecipient(address caller) external {
        vm.assume(caller != bob);
        bytes memory signature = sign(currency, key, _struct(RECEIVE, 7, "n"));
        vm.expectRevert(abi.encodeWithSelector(ITransferAuthorizations.OnlyRecipient.selector, caller, bob));
        vm.prank(caller);
        currency.receiveWithAuthorization(alice, bob, 7, 0, NOW + 1, "n", signature);
    }

    function test_Receive_ByParts_RevertWhen_TheCallerIsNotTheRecipient() external {
        (uint8 v, bytes32 r, bytes32 s) = signParts(currency, key, _struct(RECEIVE, 7, "n"));
        vm.expectRevert(abi.encodeWithSelector(ITransferAuthorizations.OnlyRecipient.selector, alice, bob));
        vm.prank(alice);
        currency.receiveWithAuthorization(alice, bob, 7, 0, NOW + 1, "n", v, r, s);
    }

    function test_Receive_ByBothOverloads() external {
        (uint8 v, bytes32 r, bytes32 s) = signParts(currency, key, _struct(RECEIVE, 7, "m"));
        bytes memory signature = sign(currency, key, _struct(RECEIVE, 7, "n"));
        vm.startPrank(bob);
        currency.receiveWithAuthorization(alice, bob, 7, 0, NOW + 1, "m", v, r, s);
        currency.receiveWithAuthorization(alice, bob, 7, 0, NOW + 1, "n", signature);
        vm.stopPrank();
        assertEq(currency.balanceOf(bob), 14);
    }

    function test_Cancel_MakesAnAuthorizationWorthless() external {
        bytes memory cancellation = sign(currency, key, keccak256(abi.encode(CANCEL, alice, bytes32("n"))));
        vm.expectEmit(address(currency));
        emit IERC3009Cancel.AuthorizationCanceled(alice, "n");
        currency.cancelAuthorization(alice, "n", cancellation);

        bytes memory signature = sign(currency, key, _struct(TRANSFER, 7, "n"));
        vm.expectRevert(
            abi.encodeWithSelector(
                ITransferAuthorizations.AuthorizationAlreadyUsed.selector,
                alice,
                bytes32("n")
            )
        );
        currency.transferWithAuthorization(alice, bob, 7, 0, NOW + 1, "n", signature);
    }

    function test_Cancel_ByParts() external {
        (uint8 v, bytes32 r, bytes32 s) = signParts(
            currency,
            key,
            keccak256(abi.encode(CANCEL, alice, bytes32("n")))
        );
        currency.cancelAuthorization(alice, "n", v, r, s);
        assertTrue(currency.authorizationState(alice, "n"));
    }

    function test_Cancel_RevertWhen_NotTheAuthorizersWord() external {
        bytes memory cancellation = sign(
            currency,
            key + 1,
            keccak256(abi.encode(CANCEL, alice, bytes32("n")))
        );
        _expectInvalid();
        currency.cancelAuthorization(alice, "n", cancellation);
    }

    function _expectInvalid() private {
        vm.expectRevert(abi.encodeWithSelector(CurrencyBase.InvalidSignature.selector, alice));
    }

    function _struct(bytes32 typehash, uint256 value, bytes32 nonce) private view returns (bytes32) {
        return _struct(typehash, value, 0, NOW + 1, nonce);
    }

    function _struct(
        bytes32 typehash,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce
    ) private view returns (bytes32) {
        return keccak256(abi.encode(typehash, alice, bob, value, validAfter, validBefore, nonce));
    }
}
