// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {CurrencyBase} from "../../../contracts/currency/CurrencyBase.sol";
import {CurrencyFactory} from "../../../contracts/currency/CurrencyFactory.sol";
import {CurrencyConfig} from "../../../contracts/currency/ICurrencyFactory.sol";
import {IIssuerCurrency} from "../../../contracts/currency/IIssuerCurrency.sol";
import {IIssuership} from "../../../contracts/currency/IIssuership.sol";
import {Test} from "../support/Test.sol";

/// @dev The branches are those of `IssuerCurrency.tree`.
contract IssuerCurrencyTest is Test {
    CurrencyFactory private factory;
    IIssuerCurrency private currency;
    address private issuer;
    address private channels;
    address private alice;
    address private bob;
    uint256 private created;

    function setUp() external {
        issuer = makeAddr("issuer");
        channels = makeAddr("channels");
        alice = makeAddr("alice");
        bob = makeAddr("bob");
        factory = new CurrencyFactory(channels);
        currency = _create(type(uint96).max, 0, 0);
    }

    // mint

    function testFuzz_Mint_RevertWhen_CallerIsNotTheIssuer(address caller, uint96 amount) external {
        vm.assume(caller != issuer);
        vm.expectRevert(abi.encodeWithSelector(IIssuership.OnlyIssuer.selector, caller, issuer));
        vm.prank(caller);
        currency.mint(caller, amount);
    }

    function testFuzz_Mint_UpToTheMostThatMayExist(uint96 maxSupply, uint96 first, uint256 second) external {
        maxSupply = bound96(maxSupply, 1, type(uint96).max);
        first = bound96(first, 0, maxSupply);
        second = bound(second, 0, type(uint128).max);
        currency = _create(maxSupply, 0, 0);
        _mint(alice, first);
        assertEq(currency.balanceOf(alice), first);
        uint256 supply = first + second;
        if (supply > maxSupply) {
            vm.expectRevert(
                abi.encodeWithSelector(IIssuerCurrency.SupplyCapExceeded.selector, maxSupply, supply)
            );
            _mint(bob, second);
            supply = first;
        } else {
            _mint(bob, second);
            assertEq(currency.balanceOf(bob), second);
        }
        assertEq(currency.totalSupply(), supply);
    }

    function test_Mint_RevertWhen_NobodyCouldSpendIt() external {
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InvalidReceiver.selector, address(0)));
        _mint(address(0), 1);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InvalidReceiver.selector, currency));
        _mint(address(currency), 1);
    }

    // transferFunds and its fee

    function testFuzz_QuoteFee_NeverMoreThanATenth(uint96 feeFlat, uint16 feeBps, uint256 amount) external {
        feeBps = uint16(bound(feeBps, 0, 1_000));
        currency = _create(type(uint96).max, feeFlat, feeBps);
        uint256 fee = currency.quoteFee(amount);
        assertLe(fee, amount / 10);
        if (amount <= type(uint128).max) {
            uint256 full = feeFlat + (amount * feeBps) / 10_000;
            assertEq(fee, full < amount / 10 ? full : amount / 10);
        }
    }

    function test_TransferFunds_100AtFee1Point2() external {
        // 0.2 flat and one per cent, in a currency with six decimals.
        currency = _create(type(uint96).max, 200_000, 100);
        _mint(alice, 500_000_000);

        vm.expectEmit(address(currency));
        emit IERC20.Transfer(alice, issuer, 1_200_000);
        vm.expectEmit(address(currency));
        emit IERC20.Transfer(alice, bob, 100_000_000);
        vm.expectEmit(address(currency));
        emit IIssuerCurrency.Deposited(alice, bob, "invoice", 100_000_000, 1_200_000);
        vm.prank(alice);
        assertEq(currency.transferFunds(bob, 100_000_000, "invoice"), 1_200_000);

        assertEq(currency.balanceOf(alice), 500_000_000 - 101_200_000);
        assertEq(currency.balanceOf(bob), 100_000_000);
        assertEq(currency.balanceOf(issuer), 1_200_000);
    }

    function testFuzz_TransferFunds_MovesAmountAndFee(
        uint96 feeFlat,
        uint16 feeBps,
        uint96 minted,
        uint96 amount
    ) external {
        currency = _create(type(uint96).max, feeFlat, uint16(bound(feeBps, 0, 1_000)));
        _mint(alice, minted);
        uint256 fee = currency.quoteFee(amount);
        vm.prank(alice);
        try currency.transferFunds(bob, amount, "reference") returns (uint256 charged) {
            assertEq(charged, fee);
            assertEq(currency.balanceOf(alice), minted - amount - fee);
            assertEq(currency.balanceOf(bob), amount);
            assertEq(currency.balanceOf(issuer), fee);
        } catch {
            assertGt(amount + fee, minted);
            assertEq(currency.balanceOf(alice), minted);
            assertEq(currency.balanceOf(issuer), 0);
        }
    }

    function test_TransferFunds_RevertWhen_TheBalanceCoversOnlyTheAmount() external {
        currency = _create(type(uint96).max, 0, 1_000);
        _mint(alice, 1_099);
        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, alice, 1_099, 1_100)
        );
        vm.prank(alice);
        currency.transferFunds(bob, 1_000, "reference");
    }

    function test_TransferFunds_RevertWhen_TheRecipientCannotSpend() external {
        _mint(alice, 2);
        vm.startPrank(alice);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InvalidReceiver.selector, address(0)));
        currency.transferFunds(address(0), 1, "reference");
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InvalidReceiver.selector, currency));
        currency.transferFunds(address(currency), 1, "reference");
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InvalidReceiver.selector, alice));
        currency.transferFunds(alice, 1, "reference");
    }

    function test_Transfer_RevertWhen_TheRecipientCannotSpend() external {
        _mint(alice, 2);
        vm.prank(alice);
        currency.approve(bob, 2);
        address[2] memory nobodies = [address(0), address(currency)];
        for (uint256 i = 0; i < nobodies.length; ++i) {
            bytes memory refusal = abi.encodeWithSelector(
                IERC20Errors.ERC20InvalidReceiver.selector,
                nobodies[i]
            );
            vm.expectRevert(refusal);
            vm.prank(alice);
            currency.transfer(nobodies[i], 1);
            vm.expectRevert(refusal);
            vm.prank(bob);
            currency.transferFrom(alice, nobodies[i], 1);
        }
    }

    /// @dev Fees are the price of the issuer's service: what every ERC-20 does is free.
    function testFuzz_Transfer_IsFreeInACurrencyWithFees(uint96 minted, uint96 amount) external {
        amount = bound96(amount, 0, minted);
        currency = _create(type(uint96).max, 1_000, 1_000);
        _mint(alice, minted);
        vm.prank(alice);
        assertTrue(currency.transfer(bob, amount));
        assertEq(currency.balanceOf(alice), minted - amount);
        assertEq(currency.balanceOf(bob), amount);
    }

    // approve, allowance, transferFrom

    function testFuzz_Channels_CannotBeApprovedOrUnapproved(address holder, uint256 amount) external {
        vm.assume(holder != address(0));
        vm.expectRevert(IIssuerCurrency.ChannelsAlwaysApproved.selector);
        vm.prank(holder);
        currency.approve(channels, amount);
        assertEq(currency.allowance(holder, channels), type(uint256).max);
    }

    function testFuzz_Channels_TransferWithoutApproval(uint96 minted, uint96 amount) external {
        amount = bound96(amount, 0, minted);
        _mint(alice, minted);
        vm.prank(channels);
        assertTrue(currency.transferFrom(alice, bob, amount));
        assertEq(currency.balanceOf(bob), amount);
        assertEq(currency.allowance(alice, channels), type(uint256).max);
    }

    function testFuzz_Others_NeedAnApproval(address spender, uint96 approved, uint96 amount) external {
        vm.assume(spender != channels && spender != address(0));
        _mint(alice, type(uint96).max);
        assertEq(currency.allowance(alice, spender), 0);
        vm.prank(alice);
        assertTrue(currency.approve(spender, approved));
        if (amount > approved) {
            vm.expectRevert(
                abi.encodeWithSelector(
                    IERC20Errors.ERC20InsufficientAllowance.selector,
                    spender,
                    approved,
                    amount
                )
            );
        }
        vm.prank(spender);
        currency.transferFrom(alice, bob, amount);
        assertEq(currency.allowance(alice, spender), amount > approved ? approved : approved - amount);
    }

    /// @dev Wallets ask for the domain before they sign (ERC-5267); every currency has one of its own.
    function test_Domain_IsThatOfTheClone() external view {
        (, string memory name, string memory version, uint256 chainId, address verifier, , ) = IERC5267(
            address(currency)
        ).eip712Domain();
        assertEq(name, "Claire dollar");
        assertEq(version, "1");
        assertEq(version, CurrencyBase(address(currency)).version());
        assertEq(chainId, block.chainid);
        assertEq(verifier, address(currency));
    }

    function testFuzz_SupportsInterface_OnlyWhatItHas(bytes4 other) external view {
        IERC165 asked = IERC165(address(currency));
        bytes4[3] memory known = [
            type(IERC165).interfaceId,
            type(IERC20).interfaceId,
            type(IIssuerCurrency).interfaceId
        ];
        for (uint256 i = 0; i < known.length; ++i) assertTrue(asked.supportsInterface(known[i]));
        assertFalse(asked.supportsInterface(0xffffffff));
        // No interface that we know begins with a zero byte.
        assertFalse(asked.supportsInterface(other & 0x00ffffff));
    }

    /// @dev The implementation is no currency: whatever issuer its code spells, nobody holds that key.
    function testFuzz_TheImplementationCannotBeMinted(address caller) external {
        IIssuerCurrency implementation = IIssuerCurrency(factory.implementation());
        vm.assume(caller != implementation.issuer());
        vm.expectRevert(
            abi.encodeWithSelector(IIssuership.OnlyIssuer.selector, caller, implementation.issuer())
        );
        vm.prank(caller);
        implementation.mint(caller, 1);
    }

    // what the tests above share

    function _create(uint96 maxSupply, uint96 feeFlat, uint16 feeBps) private returns (IIssuerCurrency) {
        CurrencyConfig memory config = CurrencyConfig({
            name: "Claire dollar",
            symbol: "CLD",
            decimals: 6,
            maxSupply: maxSupply,
            feeFlat: feeFlat,
            feeBps: feeBps,
            redemptionWindow: 7 days,
            contractURI: ""
        });
        vm.prank(issuer);
        return IIssuerCurrency(factory.createCurrency(config, bytes32(++created)));
    }

    function _mint(address to, uint256 amount) private {
        vm.prank(issuer);
        currency.mint(to, amount);
    }
}
