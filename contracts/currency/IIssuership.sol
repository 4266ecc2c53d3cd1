// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Who issues a currency
interface IIssuership {
    /// @notice The issuer offered its place.
    event IssuerTransferStarted(address indexed issuer, address indexed next);
    /// @notice The place changed hands.
    event IssuerTransferred(address indexed previous, address indexed issuer);

    /// @notice Only the issuer may do this.
    error OnlyIssuer(address caller, address issuer);
    /// @notice Only whom the issuer offered its place may take it.
    error OnlyIssuerCandidate(address caller, address candidate);

    /// @notice Offers the issuer's place to `next`, a contract wallet if need be; zero takes an offer back. Emits
    /// `IssuerTransferStarted`.
    /// @dev Issuer only. Errors: `OnlyIssuer`.
    function transferIssuer(address next) external;

    /// @notice Takes the offered place, with its rights and its record. Emits `IssuerTransferred`.
    /// @dev Only whom it was offered. Errors: `OnlyIssuerCandidate`.
    function acceptIssuer() external;

    /// @notice Who may mint, gets the fees, and answers redemptions.
    function issuer() external view returns (address);
}
