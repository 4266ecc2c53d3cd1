// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IPaymentChannels} from "../../../contracts/channels/IPaymentChannels.sol";
import {ChannelTest} from "../support/ChannelTest.sol";
import {HostileToken} from "./HostileToken.sol";

/// @dev The token is the attacker at the same time: payer, payee and owner of everything, with a key that signs. Whatever it
/// calls in the middle of a transfer is refused, or does what it would have done right afterwards.
contract ReentryTest is ChannelTest {
    uint256 private constant GUARDED = 7;
    uint256 private constant INNER = 17;
    uint256 private constant DEADLINE = 1_900_000_000;

    /// @dev A token with callbacks at the address of a key.
    HostileToken private hostile;
    uint256 private hostileKey;
    address private to;

    function setUp() public override {
        super.setUp();
        vm.warp(1_800_000_000);
        to = makeAddr("to");
        address account;
        (account, hostileKey) = makeAddrAndKey("hostile");
        vm.etch(account, address(new HostileToken()).code);
        hostile = HostileToken(account);
        hostile.mint(account, 1e6);
        token.mint(account, 1e6);
        vm.startPrank(account);
        token.approve(address(channels), type(uint256).max);
        hostile.approve(address(channels), type(uint256).max);
        for (uint256 i = 0; i < 2; ++i) {
            IPaymentChannels.Channel memory channel = _own(i == 0);
            channels.fund(channel, 1_000);
            channels.claim(_voucherOn(channel, 200));
            channels.fundPurse(channel.token, signer, 500);
        }
        vm.stopPrank();
    }

    function test_WhileFunding() external {
        _reenter(abi.encodeCall(channels.fund, (_own(false), 7)), true);
    }

    function test_WhileFundingByAuthorization() external {
        _reenter(
            abi.encodeCall(channels.fundWithAuthorization, (_own(false), 7, 0, DEADLINE, "salt", "")),
            true
        );
    }

    function test_WhileFundingAPurse() external {
        _reenter(abi.encodeCall(channels.fundPurse, (address(hostile), signer, 7)), false);
    }

    function test_WhileWithdrawing() external {
        _reenter(abi.encodeCall(channels.withdraw, (address(hostile), 7, to)), false);
    }

    function test_WhileWithdrawingByMessage() external {
        _reenter(_withdrawFor(false, "outer"), false);
    }

    function test_WhileClaimingToAWallet() external {
        _reenter(abi.encodeCall(channels.claimTo, (_voucherOn(_own(false), 250), to)), false);
    }

    /// @dev Every function in the middle of `outer`, on the channel of the hostile token and on one of an honest token, while
    /// the payer stays and after it may leave.
    function _reenter(bytes memory outer, bool isFunding) private {
        uint256 fresh = vm.snapshotState();
        for (uint256 i = 0; i < 4 * INNER; ++i) {
            bool isHonest = (i / INNER) % 2 == 1;
            bool isLeaving = i / INNER >= 2;
            // Nobody funds a channel that is being left.
            if (isLeaving && isFunding && !isHonest) continue;
            if (isLeaving) {
                vm.prank(address(hostile));
                channels.requestExit(_own(isHonest));
                vm.warp(block.timestamp + EXIT_DELAY);
            }
            _compare(outer, _inner(i % INNER, isHonest), i % INNER < GUARDED);
            vm.revertToState(fresh);
            fresh = vm.snapshotState();
        }
    }

    function _compare(bytes memory outer, bytes memory inner, bool isGuarded) private {
        uint256 fresh = vm.snapshotState();
        hostile.setReentry(address(channels), inner);
        _call(outer);
        bool reentered = hostile.reentered();
        bytes memory result = hostile.reentryResult();
        bytes32 books = _books();

        vm.revertToState(fresh);
        _call(outer);
        if (isGuarded) {
            assertFalse(reentered);
            assertEq(
                bytes32(result),
                bytes32(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector)
            );
        } else {
            vm.prank(address(hostile));
            (bool success, bytes memory expected) = address(channels).call(inner);
            assertEq(reentered, success);
            assertEq(keccak256(result), keccak256(expected));
        }
        assertEq(_books(), books);
    }

    function _call(bytes memory outer) private {
        vm.prank(address(hostile));
        (bool success, ) = address(channels).call(outer);
        assertTrue(success);
    }

    function _inner(uint256 which, bool isHonest) private view returns (bytes memory) {
        IPaymentChannels.Channel memory channel = _own(isHonest);
        IPaymentChannels.Claim memory claim = _voucherOn(channel, 300);
        // Those that move tokens, which the guard refuses.
        if (which == 0) return abi.encodeCall(channels.fund, (channel, 5));
        if (which == 1) {
            return abi.encodeCall(channels.fundWithAuthorization, (channel, 5, 0, DEADLINE, "inner", ""));
        }
        if (which == 2) return abi.encodeCall(channels.fundPurse, (channel.token, signer, 5));
        if (which == 3) return abi.encodeCall(channels.withdraw, (channel.token, 5, to));
        if (which == 4) return _withdrawFor(isHonest, "inner");
        if (which == 5) return abi.encodeCall(channels.claimTo, (claim, to));
        if (which == 6) {
            bytes[] memory calls = new bytes[](1);
            calls[0] = abi.encodeCall(channels.withdraw, (channel.token, 5, to));
            return abi.encodeCall(channels.multicall, (calls));
        }
        // Those that move numbers in the books only.
        if (which == 7) return abi.encodeCall(channels.claim, (claim));
        if (which == 8) {
            IPaymentChannels.Claim[] memory claims = new IPaymentChannels.Claim[](2);
            claims[0] = claim;
            claims[1] = _voucherOn(channel, 100);
            return abi.encodeCall(channels.claimBatch, (claims));
        }
        if (which == 9) return abi.encodeCall(channels.close, (claim));
        if (which == 10) return abi.encodeCall(channels.release, (channel));
        if (which == 11) return abi.encodeCall(channels.requestExit, (channel));
        if (which == 12) return _requestExitFor(channel);
        if (which == 13) return abi.encodeCall(channels.cancelExit, (channel));
        if (which == 14) return abi.encodeCall(channels.exit, (channel));
        if (which == 15) return abi.encodeCall(channels.withdrawPurse, (channel.token, signer, 5));
        return abi.encodeCall(channels.fundFromBalance, (channel, 5));
    }

    /// @dev The attacker's channel with itself, in its own or in the honest token.
    function _own(bool isHonest) private view returns (IPaymentChannels.Channel memory channel) {
        channel = _drawing();
        channel.payer = address(hostile);
        channel.payee = address(hostile);
        if (!isHonest) channel.token = address(hostile);
    }

    function _requestExitFor(IPaymentChannels.Channel memory channel) private view returns (bytes memory) {
        bytes32 typehash = keccak256("RequestExit(bytes32 channelId,uint256 deadline)");
        bytes memory signature = _sign(hostileKey, keccak256(abi.encode(typehash, _id(channel), DEADLINE)));
        return abi.encodeCall(channels.requestExitFor, (channel, DEADLINE, signature));
    }

    function _withdrawFor(bool isHonest, bytes32 nonce) private view returns (bytes memory) {
        bytes32 typehash = keccak256(
            "Withdraw(address owner,address token,uint96 amount,address to,bytes32 nonce,uint256 deadline)"
        );
        address token_ = _own(isHonest).token;
        bytes memory signature = _sign(
            hostileKey,
            keccak256(abi.encode(typehash, hostile, token_, 7, to, nonce, DEADLINE))
        );
        return
            abi.encodeCall(
                channels.withdrawFor,
                (address(hostile), token_, 7, to, nonce, DEADLINE, signature)
            );
    }

    function _books() private view returns (bytes32 books) {
        for (uint256 i = 0; i < 2; ++i) {
            IPaymentChannels.Channel memory channel = _own(i == 0);
            (uint96 claimed, uint96 deposit, uint40 exitAt, ) = channels.state(_id(channel));
            (uint96 purse, ) = channels.purseOf(channel.payer, channel.token, signer);
            books = keccak256(
                abi.encode(
                    books,
                    claimed,
                    deposit,
                    exitAt,
                    purse,
                    channels.balanceOf(channel.payer, channel.token),
                    HostileToken(channel.token).balanceOf(address(channels)),
                    HostileToken(channel.token).balanceOf(to)
                )
            );
        }
    }
}
