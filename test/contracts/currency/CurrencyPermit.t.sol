// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {CurrencyBase} from "../../../contracts/currency/CurrencyBase.sol";
import {CurrencyPermit} from "../../../contracts/currency/CurrencyPermit.sol";
import {IIssuerCurrency} from "../../../contracts/currency/IIssuerCurrency.sol";
import {IssuerCurrency} from "../../../contracts/currency/IssuerCurrency.sol";
import {Currencies} from "../support/Currencies.sol";

contract CurrencyPermitTest is Currencies {
    bytes32 private constant PERMIT = keccak256(
        "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
    );

    IssuerCurrency private currency;
    address private alice;
    uint256 private key;
    address private bob;

    function setUp() external {
        currency = newCurrency("one", WINDOW);
        (alice, key) = makeAddrAndKey("alice");
        bob = makeAddr("bob");
    }

    function testFuzz_Permit_ApprovesOnce(uint256 value, uint256 deadline) external {
        deadline = bound(deadline, block.timestamp, type(uint256).max);
        (uint8 v, bytes32 r, bytes32 s) = signParts(currency, key, _struct(bob, value, 0, deadline));
        currency.permit(alice, bob, value, deadline, v, r, s);
        assertEq(currency.allowance(alice, bob), value);
        assertEq(currency.nonces(alice), 1);

        vm.expectRevert(abi.encodeWithSelector(CurrencyBase.InvalidSignature.selector, alice));
        currency.permit(alice, bob, value, deadline, v, r, s);
    }

    function test_Permit_RevertWhen_ItsTimeIsOver() external {
        vm.warp(1_000);
        (uint8 v, bytes32 r, bytes32 s) = signParts(currency, key, _struct(bob, 1, 0, 999));
        vm.expectRevert(abi.encodeWithSelector(CurrencyPermit.PermitExpired.selector, 999));
        currency.permit(alice, bob, 1, 999, v, r, s);
    }

    function test_Permit_RevertWhen_SignedForAnotherCurrency() external {
        (uint8 v, bytes32 r, bytes32 s) = signParts(newCurrency("two", WINDOW), key, _struct(bob, 1, 0, 999));
        vm.expectRevert(abi.encodeWithSelector(CurrencyBase.InvalidSignature.selector, alice));
        currency.permit(alice, bob, 1, 999, v, r, s);
    }

    function test_Permit_RevertWhen_SignedForAnotherChainOrWithAHighS() external {
        (uint8 v, bytes32 r, bytes32 s) = signParts(currency, key, _struct(bob, 1, 0, 999));
        (bytes32 r2, bytes32 s2, uint8 v2) = parts(malleable(abi.encodePacked(r, s, v)));
        vm.expectRevert(abi.encodeWithSelector(CurrencyBase.InvalidSignature.selector, alice));
        currency.permit(alice, bob, 1, 999, v2, r2, s2);
        vm.chainId(7);
        vm.expectRevert(abi.encodeWithSelector(CurrencyBase.InvalidSignature.selector, alice));
        currency.permit(alice, bob, 1, 999, v, r, s);
    }

    function test_Permit_RevertWhen_TheSpenderIsNobody() external {
        (uint8 v, bytes32 r, bytes32 s) = signParts(currency, key, _struct(address(0), 1, 0, 999));
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InvalidSpender.selector, address(0)));
        currency.permit(alice, address(0), 1, 999, v, r, s);
    }

    function test_Permit_RevertWhen_TheSpenderIsTheChannelsContract() external {
        address channels = currency.channels();
        (uint8 v, bytes32 r, bytes32 s) = signParts(currency, key, _struct(channels, 1, 0, 999));
        vm.expectRevert(abi.encodeWithSelector(IIssuerCurrency.ChannelsAlwaysApproved.selector));
        currency.permit(alice, channels, 1, 999, v, r, s);
    }

    function test_Domain_IsEachCurrencysOwn() external {
        IssuerCurrency other = newCurrency("two", WINDOW);
        assertEq(currency.DOMAIN_SEPARATOR(), domainOf(currency));
        assertEq(other.DOMAIN_SEPARATOR(), domainOf(other));
        assertNotEq(currency.DOMAIN_SEPARATOR(), other.DOMAIN_SEPARATOR());
        vm.chainId(7);
        assertEq(currency.DOMAIN_SEPARATOR(), domainOf(currency));
    }

    function _struct(
        address spender,
        uint256 value,
        uint256 nonce,
        uint256 deadline
    ) private view returns (bytes32) {
        return keccak256(abi.encode(PERMIT, alice, spender, value, nonce, deadline));
    }
}
