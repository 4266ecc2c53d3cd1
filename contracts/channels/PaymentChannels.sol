// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ChannelExits} from "./ChannelExits.sol";
import {ChannelFunding} from "./ChannelFunding.sol";
import {ChannelHashes} from "./ChannelHashes.sol";

/// @title Payment channels
/// @dev See `IPaymentChannels`. Its parts, each on top of the one before: `ChannelBooks`, then `ChannelFunding` beside
/// `Purses`, `ChannelClaims` and `ChannelExits`.
contract PaymentChannels is ChannelFunding, ChannelExits, Multicall {
    constructor() EIP712(ChannelHashes.DOMAIN_NAME, ChannelHashes.DOMAIN_VERSION) {}
}
