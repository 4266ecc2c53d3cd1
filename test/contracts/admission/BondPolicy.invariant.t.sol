// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BondPolicy} from "../../../contracts/admission/policies/BondPolicy.sol";
import {IBondPolicy} from "../../../contracts/admission/policies/IBondPolicy.sol";
import {IPaymentChannels} from "../../../contracts/channels/IPaymentChannels.sol";
import {InteractionHistory} from "../../../contracts/history/InteractionHistory.sol";
import {HostileToken} from "../channels/HostileToken.sol";
import {PlainToken} from "../support/PlainToken.sol";
import {Test} from "../support/Test.sol";

/// @dev Peers that lock and withdraw in two networks and two tokens, one of them hostile, in any order; each step is
/// compared with a model. `contracts/admission/README.md` lists in words what has to hold.
contract BondPolicyInvariants is Test {
    uint256 private constant PEERS = 3;
    uint256 private constant NETWORKS = 2;
    uint256 private constant TOKENS = 2;

    struct Model {
        uint256 amount;
        uint256 lockedUntil;
    }

    BondPolicy private policy;
    address[TOKENS] private tokens;
    address[PEERS] private peers;
    uint256 private time;
    mapping(uint256 networkId => mapping(uint256 peer => mapping(uint256 token => Model))) private models;

    function setUp() external {
        time = 1_800_000_000;
        vm.warp(time);
        InteractionHistory history = new InteractionHistory(IPaymentChannels(address(0)));
        policy = new BondPolicy(history);
        tokens = [address(new PlainToken()), address(new HostileToken())];
        peers = [makeAddr("ann"), makeAddr("ben"), makeAddr("eve")];
        for (uint256 i = 0; i < NETWORKS; ++i) history.createNetwork(address(this), 1 days, "");
        for (uint256 i = 0; i < PEERS; ++i) {
            for (uint256 j = 0; j < TOKENS; ++j) {
                PlainToken(tokens[j]).mint(peers[i], type(uint96).max);
                vm.prank(peers[i]);
                PlainToken(tokens[j]).approve(address(policy), type(uint256).max);
            }
        }
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(this);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[6] memory selectors = [
            this.fund.selector,
            this.fund.selector,
            this.withdraw.selector,
            this.withdraw.selector,
            this.passTime.selector,
            this.misbehave.selector
        ];
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(this), new bytes4[](selectors.length));
        for (uint256 i = 0; i < selectors.length; ++i) targets[0].selectors[i] = selectors[i];
    }

    function fund(uint256 who, uint256 where, uint256 what, uint96 amount, uint256 lock) external {
        (who, where, what) = _pick(who, where, what);
        amount %= 1_000;
        lock = time + bound(lock, 0, 20 days);
        Model storage model = models[where][who][what];
        bool fits = lock > time && lock >= model.lockedUntil && amount + model.amount != 0;
        vm.prank(peers[who]);
        try policy.fundBond(where, tokens[what], amount, uint40(lock)) {
            assertTrue(fits, "a lock that does not fit");
            model.amount += amount;
            model.lockedUntil = lock;
        } catch {
            assertTrue(!fits || what == 1, "a lock that fits was refused");
        }
    }

    function withdraw(uint256 who, uint256 where, uint256 what, uint96 amount, uint256 to) external {
        (who, where, what) = _pick(who, where, what);
        amount %= 1_000;
        Model storage model = models[where][who][what];
        bool fits = amount != 0 && time >= model.lockedUntil && amount <= model.amount;
        vm.prank(peers[who]);
        try policy.withdrawBond(where, tokens[what], amount, peers[to % PEERS]) {
            assertTrue(fits, "a withdrawal that does not fit");
            model.amount -= amount;
        } catch {
            assertTrue(!fits || what == 1, "a withdrawal that fits was refused");
        }
    }

    function passTime(uint256 seconds_) external {
        time += bound(seconds_, 0, 5 days);
        vm.warp(time);
    }

    /// @dev A mood in which transfers move what they say, less, or nothing; reentering tries to take a bond twice.
    function misbehave(uint256 mood, uint256 who, uint256 where, uint96 amount) external {
        HostileToken hostile = HostileToken(tokens[1]);
        (who, where, ) = _pick(who, where, 0);
        HostileToken.Mood[5] memory moods = [
            HostileToken.Mood.Honest,
            HostileToken.Mood.Reenters,
            HostileToken.Mood.ReturnsFalse,
            HostileToken.Mood.TakesFee,
            HostileToken.Mood.Refuses
        ];
        HostileToken.Mood next = moods[mood % moods.length];
        if (next != HostileToken.Mood.Reenters) return hostile.setMood(next);
        hostile.setReentry(
            address(policy),
            abi.encodeCall(policy.withdrawBond, (where, tokens[1], amount % 1_000, peers[who]))
        );
    }

    /// @dev One campaign for all: each step is followed by every check.
    function invariant_BondPolicy() external view {
        for (uint256 what = 0; what < TOKENS; ++what) {
            uint256 sum = 0;
            for (uint256 where = 1; where <= NETWORKS; ++where) {
                for (uint256 who = 0; who < PEERS; ++who) {
                    Model storage model = models[where][who][what];
                    (uint96 amount, uint40 until) = policy.bondOf(where, peers[who], tokens[what]);
                    assertEq(amount, model.amount, "nobody else moves a bond");
                    assertEq(until, model.lockedUntil, "nobody else moves a lock");
                    sum += amount;
                }
            }
            // What leaves costs a fee of the receiver's: the books stay covered, to the unit.
            assertEq(PlainToken(tokens[what]).balanceOf(address(policy)), sum, "tokens held = bonds");
        }
    }

    function _pick(
        uint256 who,
        uint256 where,
        uint256 what
    ) private pure returns (uint256, uint256, uint256) {
        return (who % PEERS, 1 + (where % NETWORKS), what % TOKENS);
    }
}
