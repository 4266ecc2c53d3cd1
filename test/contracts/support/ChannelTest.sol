// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IPaymentChannels} from "../../../contracts/channels/IPaymentChannels.sol";
import {PaymentChannels} from "../../../contracts/channels/PaymentChannels.sol";
import {PlainToken} from "./PlainToken.sol";
import {Vouchers} from "./Vouchers.sol";

/// @title A payer, its signer, a payee and a stranger, with tokens in their wallets
abstract contract ChannelTest is Vouchers {
    uint40 internal constant EXIT_DELAY = 30 minutes;
    bytes32 internal constant SEED = "seed";
    uint8 internal constant DRAWS_ON_PURSE = 1;

    PaymentChannels internal channels;
    PlainToken internal token;
    address internal payer;
    address internal payee;
    address internal stranger;
    address internal signer;
    uint256 internal payerKey;
    uint256 internal signerKey;
    uint256 internal strangerKey;

    function setUp() public virtual {
        channels = new PaymentChannels();
        token = new PlainToken();
        (payer, payerKey) = makeAddrAndKey("payer");
        payee = makeAddr("payee");
        (signer, signerKey) = makeAddrAndKey("signer");
        (stranger, strangerKey) = makeAddrAndKey("stranger");
        _supply(payer);
        _supply(stranger);
    }

    function _supply(address holder) internal {
        token.mint(holder, type(uint128).max);
        vm.prank(holder);
        token.approve(address(channels), type(uint256).max);
    }

    function _channel() internal view returns (IPaymentChannels.Channel memory) {
        return IPaymentChannels.Channel(payer, payee, address(token), signer, EXIT_DELAY, 0, "salt");
    }

    /// @dev The same, but it may draw on the purse.
    function _drawing() internal view returns (IPaymentChannels.Channel memory channel) {
        channel = _channel();
        channel.flags = DRAWS_ON_PURSE;
    }

    function _id(IPaymentChannels.Channel memory channel) internal view returns (bytes32) {
        return idOf(domainSeparator(block.chainid, address(channels)), channel);
    }

    function _voucher(uint96 total) internal view returns (IPaymentChannels.Claim memory) {
        return _voucherOn(_channel(), total);
    }

    function _voucherOn(
        IPaymentChannels.Channel memory channel,
        uint96 total
    ) internal view returns (IPaymentChannels.Claim memory) {
        return signed(address(channels), channel, Voucher(total, 0, 0, 0), signerKey);
    }

    /// @dev The 65 bytes of a signature of a struct for the channels contract.
    function _sign(uint256 key, bytes32 structHash) internal view returns (bytes memory) {
        bytes32 domain = domainSeparator(block.chainid, address(channels));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(
            key,
            keccak256(abi.encodePacked(hex"1901", domain, structHash))
        );
        return abi.encodePacked(r, s, v);
    }

    function _fund(address from, IPaymentChannels.Channel memory channel, uint96 amount) internal {
        vm.prank(from);
        channels.fund(channel, amount);
    }

    function _open(uint96 deposit) internal {
        _fund(payer, _channel(), deposit);
    }

    function _fundPurse(uint96 amount) internal {
        vm.prank(payer);
        channels.fundPurse(address(token), signer, amount);
    }

    function _requestExit() internal returns (uint40 exitAt) {
        vm.prank(payer);
        channels.requestExit(_channel());
        (, , exitAt, ) = channels.state(_id(_channel()));
    }

    function _balance(address owner) internal view returns (uint96) {
        return channels.balanceOf(owner, address(token));
    }

    function _assertState(
        IPaymentChannels.Channel memory channel,
        uint96 claimed,
        uint96 deposit,
        uint40 exitAt
    ) internal view {
        (uint96 claimed_, uint96 deposit_, uint40 exitAt_, bool opened) = channels.state(_id(channel));
        assertTrue(opened);
        assertEq(claimed_, claimed);
        assertEq(deposit_, deposit);
        assertEq(exitAt_, exitAt);
    }

    /// @dev That nothing is known of a channel.
    function _assertUnknown(IPaymentChannels.Channel memory channel) internal view {
        (uint96 claimed, uint96 deposit, uint40 exitAt, bool opened) = channels.state(_id(channel));
        assertFalse(opened);
        assertEq(uint256(claimed) + deposit + exitAt, 0);
    }

    function _assertPurse(uint96 balance) internal view {
        (uint96 balance_, bool opened) = channels.purseOf(payer, address(token), signer);
        assertTrue(opened);
        assertEq(balance_, balance);
    }
}
