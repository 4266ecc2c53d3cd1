// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Redemption with a track record
/// @notice A holder hands units back for what the issuer promised: requested, accepted (issuer), fulfilled (issuer), then
/// confirmed, disputed or left in silence (holder). Units stay locked in the currency's own account meanwhile. All amounts are
/// base units, all times Unix seconds.
/// @dev A request that the issuer never accepts counts as lapsed, not as a default: nobody but the issuer can raise the issuer's
/// defaults, by accepting and not fulfilling. Disputing burns the units as confirming does: an accuser gains nothing.
interface IRedemptions {
    /// @notice How far a redemption is. `Lapsed` and `Defaulted` returned the units, `Redeemed` and `Disputed` burned them.
    enum Status {
        None,
        Requested,
        Accepted,
        Fulfilled,
        Lapsed,
        Defaulted,
        Redeemed,
        Disputed
    }

    /// @notice A holder locked units for the issuer to redeem until `deadline`.
    event RedemptionRequested(
        uint256 indexed id,
        address indexed holder,
        uint96 amount,
        bytes32 termsHash,
        uint40 deadline
    );
    /// @notice The issuer took the request on.
    event RedemptionAccepted(uint256 indexed id);
    /// @notice The issuer says that it did what was asked.
    event RedemptionFulfilled(uint256 indexed id, bytes32 proofHash);
    /// @notice The redemption ended.
    event RedemptionClosed(uint256 indexed id, uint8 status);

    /// @notice The currency was created without redemption.
    error RedemptionNotOffered();
    /// @notice Nothing to redeem, or more than 96 bits.
    error InvalidRedemption(uint256 amount);
    /// @notice The redemption is not in the state that this step needs.
    error WrongRedemptionStatus(uint256 id, uint8 status);
    /// @notice The time for this step is over; `settle` ends the redemption.
    error RedemptionExpired(uint256 id, uint40 deadline);
    /// @notice The time of the current step is not over.
    error RedemptionOpen(uint256 id, uint40 deadline);
    /// @notice Only the redemption's holder may do this.
    error OnlyHolder(address caller, address holder);

    /// @notice Locks `amount` and asks the issuer to redeem it within the redemption window. Emits `RedemptionRequested`.
    /// @dev Any holder. Errors: `RedemptionNotOffered`, `InvalidRedemption`, `ERC20InsufficientBalance`.
    /// @param termsHash What is asked for, agreed elsewhere.
    /// @return id Counted from 1.
    function redeem(uint256 amount, bytes32 termsHash) external returns (uint256 id);

    /// @notice Takes a request on: from now on, not fulfilling it in time is a default. Emits `RedemptionAccepted`.
    /// @dev Issuer only, before the deadline. Errors: `OnlyIssuer`, `WrongRedemptionStatus`, `RedemptionExpired`.
    function accept(uint256 id) external;

    /// @notice States that the promise was kept, and starts a full window for the holder. Emits `RedemptionFulfilled`.
    /// @dev Issuer only, before the deadline. Errors: `OnlyIssuer`, `WrongRedemptionStatus`, `RedemptionExpired`.
    /// @param proofHash Evidence, kept elsewhere.
    function fulfill(uint256 id, bytes32 proofHash) external;

    /// @notice Agrees that the promise was kept: the units are burned. Emits `RedemptionClosed`.
    /// @dev Holder only, once fulfilled. Errors: `OnlyHolder`, `WrongRedemptionStatus`.
    function confirm(uint256 id) external;

    /// @notice States that it was not: the units are burned all the same, and the dispute is counted. Emits `RedemptionClosed`.
    /// @dev Holder only, once fulfilled, before the deadline. Errors: `OnlyHolder`, `WrongRedemptionStatus`, `RedemptionExpired`.
    function dispute(uint256 id) external;

    /// @notice Ends a redemption whose time is over: returns the units where it was not fulfilled, burns them where the holder
    /// kept silent. Emits `RedemptionClosed`.
    /// @dev Anyone may call. Errors: `WrongRedemptionStatus`, `RedemptionOpen`.
    function settle(uint256 id) external;

    /// @notice A redemption: who asked for how much, under which terms, until when the current step may be taken, and how
    /// far it is (`Status`).
    function redemption(
        uint256 id
    ) external view returns (address holder, uint96 amount, bytes32 termsHash, uint40 deadline, uint8 status);

    /// @notice The issuer's record: everything ever minted, and what became of what was handed back.
    function record()
        external
        view
        returns (uint128 minted, uint128 redeemed, uint128 defaulted, uint128 disputed, uint128 lapsed);
}
