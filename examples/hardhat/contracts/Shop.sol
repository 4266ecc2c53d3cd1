// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IPaymentChannels} from "@scrip/sdk/contracts/channels/IPaymentChannels.sol";

/// @notice A contract that knows what was paid through Scrip's channels.
contract Shop {
    IPaymentChannels public immutable channels;

    constructor(IPaymentChannels channels_) {
        channels = channels_;
    }

    /// @notice What a channel has paid so far, in the smallest unit of its currency.
    function earned(IPaymentChannels.Channel calldata channel) external view returns (uint96 claimed) {
        (claimed, , , ) = channels.state(channels.channelId(channel));
    }
}
