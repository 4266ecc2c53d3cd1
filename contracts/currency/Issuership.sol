// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {CurrencyBase} from "./CurrencyBase.sol";
import {CurrencyTerms} from "./CurrencyTerms.sol";
import {IIssuership} from "./IIssuership.sol";

/// @title Who issues a currency
/// @dev The terms name the first issuer; storage is only written when it changes.
abstract contract Issuership is CurrencyBase, IIssuership {
    address private _successor;
    address private _candidate;

    /// @dev Lets only the issuer pass.
    modifier onlyIssuer() {
        address issuer_ = issuer();
        if (msg.sender != issuer_) revert OnlyIssuer(msg.sender, issuer_);
        _;
    }

    /// @inheritdoc IIssuership
    function transferIssuer(address next) external onlyIssuer {
        _candidate = next;
        emit IssuerTransferStarted(msg.sender, next);
    }

    /// @inheritdoc IIssuership
    function acceptIssuer() external {
        if (msg.sender != _candidate) revert OnlyIssuerCandidate(msg.sender, _candidate);
        emit IssuerTransferred(issuer(), msg.sender);
        _successor = msg.sender;
        _candidate = address(0);
    }

    /// @inheritdoc IIssuership
    function issuer() public view returns (address) {
        address successor = _successor;
        return successor == address(0) ? CurrencyTerms.ownIssuer() : successor;
    }
}
