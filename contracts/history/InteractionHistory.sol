// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {IPaymentChannels} from "../channels/IPaymentChannels.sol";
import {Faults} from "./Faults.sol";
import {HistoryHashes} from "./HistoryHashes.sol";
import {Receipts} from "./Receipts.sol";
import {SettledEdges} from "./SettledEdges.sol";

/// @title Interaction history
/// @dev See `IInteractionHistory`. Its parts are `Networks` and, on top of it beside each other, `SettledEdges`, `Receipts`
/// and `Faults`.
contract InteractionHistory is SettledEdges, Receipts, Faults, Multicall {
    constructor(
        IPaymentChannels channels_
    ) SettledEdges(channels_) EIP712(HistoryHashes.DOMAIN_NAME, HistoryHashes.DOMAIN_VERSION) {}
}
