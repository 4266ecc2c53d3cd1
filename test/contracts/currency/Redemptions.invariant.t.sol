// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IRedemptions} from "../../../contracts/currency/IRedemptions.sol";
import {IssuerCurrency} from "../../../contracts/currency/IssuerCurrency.sol";
import {Currencies} from "../support/Currencies.sol";

/// @dev Walks random interleavings of redemptions of three holders; supply, locked amount and record always add up, and
/// nobody but the issuer makes the issuer's record worse than lapsed. `contracts/currency/README.md` lists the invariants.
contract RedemptionsInvariants is Currencies {
    uint256 private constant HOLDERS = 3;

    IssuerCurrency private currency;
    address[HOLDERS] private holders;
    uint256 private lastId;

    /// @dev What the issuer accepted: the most that can ever become a default, a dispute or a redemption.
    uint256 private accepted;
    uint256 private minted;
    uint256 private steps;
    uint256 private worked;

    function setUp() external {
        currency = newCurrency("one", WINDOW);
        holders = [makeAddr("alice"), makeAddr("bob"), makeAddr("carol")];
        for (uint256 i = 0; i < HOLDERS; ++i) mint(i, 1_000_000);
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(this);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(this), new bytes4[](7));
        targets[0].selectors[0] = this.mint.selector;
        targets[0].selectors[1] = this.redeem.selector;
        targets[0].selectors[2] = this.redeem.selector;
        targets[0].selectors[3] = this.advance.selector;
        targets[0].selectors[4] = this.advance.selector;
        targets[0].selectors[5] = this.wait.selector;
        targets[0].selectors[6] = this.pass.selector;
    }

    function mint(uint256 holder, uint96 amount) public {
        ++steps;
        amount = bound96(amount, 0, 1e24);
        give(currency, holders[holder % HOLDERS], amount);
        minted += amount;
        ++worked;
    }

    function pass(uint256 from, uint256 to, uint256 amount) external {
        ++steps;
        address sender = holders[from % HOLDERS];
        amount = bound(amount, 0, currency.balanceOf(sender));
        vm.prank(sender);
        currency.transfer(holders[to % HOLDERS], amount);
        ++worked;
    }

    function redeem(uint256 holder, uint256 amount) external {
        ++steps;
        address sender = holders[holder % HOLDERS];
        uint256 balance = currency.balanceOf(sender);
        if (balance == 0) return;
        vm.prank(sender);
        lastId = currency.redeem(bound(amount, 1, balance), bytes32(lastId));
        ++worked;
    }

    /// @dev Takes any redemption one step further, the way that `choice` picks among those open to it.
    function advance(uint256 id, uint256 choice) external {
        ++steps;
        if (lastId == 0) return;
        id = bound(id, 1, lastId);
        (address holder, uint96 amount, , uint40 deadline, uint8 status) = currency.redemption(id);
        if (status > uint8(IRedemptions.Status.Fulfilled)) return;
        ++worked;
        if (block.timestamp > deadline) return currency.settle(id);
        if (status == uint8(IRedemptions.Status.Fulfilled)) {
            vm.prank(holder);
            return choice % 2 == 0 ? currency.confirm(id) : currency.dispute(id);
        }
        vm.prank(issuer);
        if (status == uint8(IRedemptions.Status.Accepted)) return currency.fulfill(id, "proof");
        currency.accept(id);
        accepted += amount;
    }

    function wait(uint256 time) external {
        ++steps;
        vm.warp(block.timestamp + bound(time, 1, WINDOW));
        ++worked;
    }

    function invariant_Redemptions() external view {
        (uint256 held, uint256 locked, uint256[8] memory sums) = _count();
        (uint128 minted_, uint128 redeemed, uint128 defaulted, uint128 disputed, uint128 lapsed) = currency
            .record();
        assertEq(minted_, minted, "minted");
        assertEq(redeemed, sums[uint8(IRedemptions.Status.Redeemed)], "redeemed");
        assertEq(defaulted, sums[uint8(IRedemptions.Status.Defaulted)], "defaulted");
        assertEq(disputed, sums[uint8(IRedemptions.Status.Disputed)], "disputed");
        assertEq(lapsed, sums[uint8(IRedemptions.Status.Lapsed)], "lapsed");
        assertEq(currency.balanceOf(address(currency)), locked, "what is locked is what is open");
        assertEq(currency.totalSupply(), held + locked, "the supply is held or locked");
        assertEq(currency.totalSupply() + redeemed + disputed, minted, "what was minted is there or burned");
        assertGe(
            accepted,
            uint256(redeemed) + defaulted + disputed,
            "nothing happened that was not accepted"
        );
    }

    /// @dev A run in which many steps did nothing would prove little.
    function afterInvariant() external view {
        assertGe(worked * 2, steps, "half of the steps do something");
    }

    function _count() private view returns (uint256 held, uint256 locked, uint256[8] memory sums) {
        for (uint256 i = 0; i < HOLDERS; ++i) held += currency.balanceOf(holders[i]);
        for (uint256 id = 1; id <= lastId; ++id) {
            (, uint96 amount, , , uint8 status) = currency.redemption(id);
            sums[status] += amount;
            if (status <= uint8(IRedemptions.Status.Fulfilled)) locked += amount;
        }
    }
}
