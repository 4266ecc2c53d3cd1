// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {IIssuership} from "./IIssuership.sol";
import {IRedemptions} from "./IRedemptions.sol";
import {ITransferAuthorizations} from "./ITransferAuthorizations.sol";

/// @title Issuer currency
/// @notice An ERC-20 that one account mints: a promise to serve or redeem. All amounts are base units.
/// @dev The payment channels of the same deployment are approved for every holder by construction, so that paying needs
/// no approve: `allowance(owner, channels())` is always the largest number. They pull only from whoever calls them, or by
/// the payer's signature. The fee is charged by the two functions that are the issuer's service, and nowhere else: what a
/// holder signs elsewhere means what every other token means by it.
interface IIssuerCurrency is
    IERC20Metadata,
    IERC5267,
    IERC20Permit,
    ITransferAuthorizations,
    IIssuership,
    IRedemptions
{
    /// @notice A payment through the issuer's service arrived: `getDeposits` of the Lightweight Currency Protocol reads these.
    event Deposited(
        address indexed from,
        address indexed to,
        bytes32 indexed transactionId,
        uint256 amount,
        uint256 fee
    );

    /// @notice Minting would put more than `maxSupply` into the world.
    error SupplyCapExceeded(uint256 maxSupply, uint256 attempted);
    /// @notice The channels contract is approved for every holder and cannot be approved or unapproved.
    error ChannelsAlwaysApproved();
    /// @notice The payer signed another message under this counter.
    error MessageCounterConflict(address from, uint256 messageCounter);
    /// @notice The message's time is over: it held before `validBefore` (Unix seconds).
    error MessageExpired(uint256 validBefore);

    /// @notice Creates `amount` base units for `to`. Emits `Transfer` from zero.
    /// @dev Issuer only. Errors: `OnlyIssuer`, `SupplyCapExceeded`, `ERC20InvalidReceiver`.
    function mint(address to, uint256 amount) external;

    /// @notice Pays `amount` to `recipient` under a reference of the payer's choice, the issuer's fee on top.
    /// @dev Any holder. `transferFundsRequest` of the Lightweight Currency Protocol (Turner & Ross 2003). Emits `Transfer`
    /// and `Deposited`. Errors: `ERC20InsufficientBalance`, `ERC20InvalidReceiver`.
    /// @param recipient Gets exactly `amount`. Not the payer itself.
    /// @param amount Base units.
    /// @param transactionId What the recipient recognizes the payment by.
    /// @return fee What the payer was debited beyond `amount`, paid to the issuer.
    function transferFunds(
        address recipient,
        uint256 amount,
        bytes32 transactionId
    ) external returns (uint256 fee);

    /// @notice `transferFunds` by the payer's signature, for holders without gas. A message that comes again, any number of
    /// times and also after its time, changes nothing and gets the first answer.
    /// @dev Anyone may call. The signature is EIP-712: `TransferFunds(address from,address recipient,uint256 amount,bytes32
    /// transactionId,uint256 messageCounter,uint256 validBefore)`. Errors: `MessageCounterConflict`, `MessageExpired`,
    /// `InvalidSignature`, and those of `transferFunds`.
    /// @param messageCounter Tells the payer's messages apart: one message a counter, in any order.
    /// @param validBefore Unix seconds.
    function transferFundsWithAuthorization(
        address from,
        address recipient,
        uint256 amount,
        bytes32 transactionId,
        uint256 messageCounter,
        uint256 validBefore,
        bytes calldata signature
    ) external returns (uint256 fee);

    /// @notice Whether a message under this counter was carried out.
    function messageExecuted(address from, uint256 messageCounter) external view returns (bool);

    /// @notice The fee of `transferFunds` for an amount: flat plus proportional, rounded down, at most a tenth of the amount.
    function quoteFee(uint256 amount) external view returns (uint256 fee);

    /// @notice The payment channels contract that is approved for every holder.
    function channels() external view returns (address);

    /// @notice The most base units that may exist at once.
    function maxSupply() external view returns (uint96);

    /// @notice Flat part of the fee, in base units.
    function feeFlat() external view returns (uint96);

    /// @notice Proportional part of the fee, in ten-thousandths of the amount.
    function feeBps() external view returns (uint16);

    /// @notice Seconds in which the issuer promises to act on a redemption; 0 where it offers none.
    function redemptionWindow() external view returns (uint32);

    /// @notice ERC-7572 metadata.
    function contractURI() external view returns (string memory);
}
