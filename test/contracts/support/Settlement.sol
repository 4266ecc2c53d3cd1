// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IPaymentChannels} from "../../../contracts/channels/IPaymentChannels.sol";
import {PaymentChannels} from "../../../contracts/channels/PaymentChannels.sol";
import {PlainToken} from "./PlainToken.sol";
import {Vouchers} from "./Vouchers.sol";

/// @title Peers that paid each other through channels, in one call
abstract contract Settlement is Vouchers {
    PaymentChannels internal channels;
    PlainToken internal token;

    function deployChannels() internal {
        channels = new PaymentChannels();
        token = new PlainToken();
    }

    /// @dev The channel from one named peer to another: the payer signs for itself.
    function channelOf(
        string memory payer,
        string memory payee
    ) internal returns (IPaymentChannels.Channel memory) {
        address from = makeAddr(payer);
        return IPaymentChannels.Channel(from, makeAddr(payee), address(token), from, 30 minutes, 0, "");
    }

    /// @dev `payer` pays `amount` more to `payee`, on chain.
    function settle(
        string memory payer,
        string memory payee,
        uint96 amount
    ) internal returns (IPaymentChannels.Channel[] memory settled) {
        (address from, uint256 key) = makeAddrAndKey(payer);
        settled = new IPaymentChannels.Channel[](1);
        settled[0] = channelOf(payer, payee);
        (uint96 claimed, , , ) = channels.state(channels.channelId(settled[0]));
        token.mint(from, amount);
        vm.startPrank(from);
        token.approve(address(channels), amount);
        channels.fund(settled[0], amount);
        vm.stopPrank();
        channels.claim(signed(address(channels), settled[0], Voucher(claimed + amount, 0, 0, 0), key));
    }
}
