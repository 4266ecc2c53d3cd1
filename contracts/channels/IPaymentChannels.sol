// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Payment channels
/// @notice One-way channels from a payer to a payee in one token. The payer's signer states off chain the total ever
/// paid; anyone presents the best statement and the unpaid difference moves to the payee. All amounts are base units.
/// A channel's deposit secures its payee. A purse secures nobody: it is a payer's pot for all its channels that may draw
/// on it, and what it cannot cover bounces, on the record.
/// @dev A channel's descriptor travels in calldata; the contract keeps one slot a channel and never deletes it, so an id
/// is never reusable and `claimed` is the pairwise settled total.
interface IPaymentChannels {
    /// @notice The descriptor of a channel. Its hash is the channel's id.
    /// @param payer Funds the channel and may take the unspent rest back.
    /// @param payee Gets what is claimed.
    /// @param token An ERC-20 whose transfers move exactly the stated amount.
    /// @param signer Signs vouchers: a secp256k1 key, fixed for the channel's life.
    /// @param exitDelay Seconds between the request and the exit, 15 minutes to 30 days.
    /// @param flags Bit 0: claims may draw on the payer's purse beyond the deposit. The other bits must be 0.
    /// @param salt Tells apart several channels between the same parties.
    struct Channel {
        address payer;
        address payee;
        address token;
        address signer;
        uint40 exitDelay;
        uint8 flags;
        bytes32 salt;
    }

    /// @notice The best voucher and tick of a channel.
    /// @param channel The descriptor.
    /// @param total What the voucher states as ever paid, in base units.
    /// @param tickRoot The end of the voucher's hash chain; zero where it has none.
    /// @param tickAmount The worth of one tick, in base units.
    /// @param maxTicks How many ticks the voucher allows, at most 1,024.
    /// @param ticks How many ticks are presented.
    /// @param preimage Hashing it `ticks` times gives `tickRoot`; ignored where `ticks` is 0.
    /// @param r First half of the voucher's signature.
    /// @param vs Second half, in the form of ERC-2098.
    struct Claim {
        Channel channel;
        uint96 total;
        bytes32 tickRoot;
        uint96 tickAmount;
        uint32 maxTicks;
        uint32 ticks;
        bytes32 preimage;
        bytes32 r;
        bytes32 vs;
    }

    /// @notice The payer opened a channel with its first funding.
    event ChannelOpened(
        bytes32 indexed channelId,
        address indexed payer,
        address indexed payee,
        address token,
        address signer,
        uint40 exitDelay,
        uint8 flags,
        bytes32 salt
    );
    /// @notice A deposit grew by `amount` to `deposit`.
    event Funded(bytes32 indexed channelId, uint96 amount, uint96 deposit);
    /// @notice `paid` moved from the deposit, and from the purse where the channel may draw on it, to the payee's balance;
    /// `claimed` is the channel's settled total.
    event Claimed(
        bytes32 indexed channelId,
        address indexed payer,
        address indexed payee,
        address token,
        uint96 paid,
        uint96 claimed
    );
    /// @notice Deposit and purse covered `paid` of a claim and left `owed`. It stays claimable. What is owed is a level, and
    /// events never add up. Nor does the last one count alone: an older voucher, which its payer too can present, states less.
    /// A channel's debt is the highest sum of `owed` and the settled total at the time, less the settled total now.
    event Bounced(
        bytes32 indexed channelId,
        address indexed payer,
        address indexed payee,
        address token,
        uint96 paid,
        uint96 owed
    );
    /// @notice A row of a batch was skipped; `reason` is the selector of the error with which `claim` reverts for it.
    event ClaimSkipped(bytes32 indexed channelId, bytes4 reason);
    /// @notice The payer wants its unspent deposit back and gets it from `exitAt` on (Unix seconds).
    event ExitRequested(
        bytes32 indexed channelId,
        address indexed payer,
        address indexed payee,
        uint40 exitAt
    );
    /// @notice The payer stays.
    event ExitCancelled(bytes32 indexed channelId);
    /// @notice The unspent deposit went back to the payer's balance after the delay.
    event Exited(bytes32 indexed channelId, uint96 amount);
    /// @notice The payee gave the unspent deposit back to the payer's balance; an exit that was requested is over.
    event Released(bytes32 indexed channelId, uint96 amount);
    /// @notice A purse grew by `amount` to `balance`.
    event PurseFunded(
        address indexed payer,
        address indexed token,
        address indexed signer,
        uint96 amount,
        uint96 balance
    );
    /// @notice `amount` of a purse, which is `balance` now, went to the payer's balance.
    event PurseWithdrawn(
        address indexed payer,
        address indexed token,
        address indexed signer,
        uint96 amount,
        uint96 balance
    );
    /// @notice A balance left the contract.
    event Withdrawn(address indexed owner, address indexed token, uint96 amount, address to);

    /// @notice Only the channel's payer may do this.
    error OnlyPayer(address caller, address payer);
    /// @notice Only the channel's payee may do this.
    error OnlyPayee(address caller, address payee);
    /// @notice The payee is the zero address.
    error InvalidPayee();
    /// @notice The signer is the zero address.
    error InvalidSigner();
    /// @notice There is no contract at the token's address.
    error InvalidToken(address token);
    /// @notice The exit delay is outside 15 minutes to 30 days.
    error InvalidExitDelay(uint40 exitDelay);
    /// @notice A flag is set that has no meaning.
    error InvalidFlags(uint8 flags);
    /// @notice Nothing to move.
    error ZeroAmount();
    /// @notice The payer has not opened this channel, and it draws on no purse.
    error UnknownChannel(bytes32 channelId);
    /// @notice The channel is being left and takes no funds.
    error ChannelExiting(bytes32 channelId, uint40 exitAt);
    /// @notice Nobody requested an exit.
    error ExitNotRequested(bytes32 channelId);
    /// @notice The exit is due at `exitAt`, not yet.
    error ExitNotDue(bytes32 channelId, uint40 exitAt);
    /// @notice The voucher is not signed by the channel's signer, or its signature has a high s.
    error InvalidVoucher(bytes32 channelId);
    /// @notice More ticks than the voucher allows, or a voucher that allows more than 1,024.
    error TooManyTicks(uint32 ticks, uint32 maxTicks);
    /// @notice The preimage does not lead to the voucher's tick root.
    error InvalidTick(bytes32 channelId);
    /// @notice Voucher and ticks add up to more than 96 bits.
    error TotalTooLarge(uint256 total);
    /// @notice The claim is no higher than what was claimed already.
    error NothingToClaim(bytes32 channelId, uint96 claimed);
    /// @notice The deposit is used up; `owed` becomes claimable when the channel is funded again.
    error DepositSpent(bytes32 channelId, uint96 owed);
    /// @notice The payer never opened this purse, and no deposit covers the claim.
    error UnknownPurse(address payer, address token, address signer);
    /// @notice The purse does not cover what is to be taken out.
    error InsufficientPurse(address payer, address token, address signer, uint96 balance, uint96 amount);
    /// @notice The balance has no room for what would be added: its owner must withdraw first.
    error BalanceFull(address owner, address token);
    /// @notice The message is not signed by `account`, by its key or by its code (ERC-1271).
    error InvalidSignature(address account);
    /// @notice The message was good until `deadline` (Unix seconds).
    error SignatureExpired(uint256 deadline);
    /// @notice The message was carried out before.
    error MessageUsed(address account, bytes32 nonce);
    /// @notice The token did not move exactly the stated amount.
    error InexactTransfer(address token, uint256 expectedBalance, uint256 balance);
    /// @notice The balance does not cover the withdrawal.
    error InsufficientBalance(address owner, address token, uint96 balance, uint96 amount);
    /// @notice Tokens sent there would be lost.
    error InvalidRecipient(address to);

    /// @notice Moves `amount` from the caller's wallet into the channel's deposit.
    /// @dev The first call opens the channel and must come from its payer; later anyone may top it up. Emits
    /// `ChannelOpened` (first call) and `Funded`. Errors: `ZeroAmount`, `OnlyPayer`, `InvalidPayee`, `InvalidSigner`,
    /// `InvalidToken`, `InvalidExitDelay`, `InvalidFlags`, `ChannelExiting`, `InexactTransfer`.
    function fund(Channel calldata channel, uint96 amount) external;

    /// @notice Moves `amount` from the caller's balance in this contract into the channel's deposit.
    /// @dev Payer only; the first call opens the channel. Emits and reverts as `fund`, and `InsufficientBalance`.
    function fundFromBalance(Channel calldata channel, uint96 amount) external;

    /// @notice Moves `amount` from the payer's wallet into the channel's deposit by the payer's ERC-3009 authorization to
    /// receive, whose nonce is `keccak256(abi.encode(channelId, salt))`: whoever relays it can fund this channel with this
    /// amount and do nothing else.
    /// @dev Anyone may call; the first call opens the channel. The token must have ERC-3009 with the `bytes signature`
    /// overload and `DOMAIN_SEPARATOR`. The signature of an opening is checked here, too: a token that takes any
    /// signature must not open channels in somebody's name. Emits and reverts as `fund`, and `InvalidSignature`.
    /// @param validAfter From when the authorization is good, in Unix seconds.
    /// @param validBefore Until when.
    /// @param salt Tells apart several authorizations for the same channel.
    /// @param signature The payer's, over the token's `ReceiveWithAuthorization`; an ERC-1271 wallet's too.
    function fundWithAuthorization(
        Channel calldata channel,
        uint96 amount,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 salt,
        bytes calldata signature
    ) external;

    /// @notice Presents a voucher and its best tick; what is new moves to the payee's balance, as far as deposit and purse go.
    /// @dev Anyone may call: money can only go to the payee. Emits `Claimed`, and `Bounced` where the purse lacks something.
    /// Errors: `UnknownChannel`, `InvalidVoucher`, `TooManyTicks`, `InvalidTick`, `TotalTooLarge`, `NothingToClaim`,
    /// `DepositSpent`, `UnknownPurse`, `BalanceFull`.
    /// @return paid What moved: 0 where all of it bounced. What is lacking stays claimable.
    function claim(Claim calldata claim_) external returns (uint96 paid);

    /// @notice Claims, and sends what was paid to `to`.
    /// @dev Payee only. Emits `Claimed`, `Bounced`, `Withdrawn`. Errors: those of `claim` and `withdraw`, `OnlyPayee`.
    function claimTo(Claim calldata claim_, address to) external returns (uint96 paid);

    /// @notice Claims on many channels. A row that `claim` would refuse is skipped with `ClaimSkipped` and pays 0.
    /// @dev Anyone may call. Emits `Claimed`, `Bounced`, `ClaimSkipped`.
    /// @return paid What moved, a row each.
    function claimBatch(Claim[] calldata claims) external returns (uint96[] memory paid);

    /// @notice Claims what is new, if anything, and gives the rest of the deposit back at once. The channel can be funded
    /// again.
    /// @dev Payee only. Emits `Claimed`, `Bounced`, `Released`. Where the claim takes all of the deposit, there is nothing to
    /// release, and an exit that was requested is its payer's to cancel. Errors: those of `claim` but `NothingToClaim`,
    /// `OnlyPayee`, and `BalanceFull` for the payer's balance, too.
    function close(Claim calldata last) external;

    /// @notice Gives the deposit back to the payer's balance. The channel can be funded again.
    /// @dev Payee only. Emits `Released`. Errors: `OnlyPayee`, `UnknownChannel`, `ZeroAmount`,
    /// `BalanceFull`.
    function release(Channel calldata channel) external;

    /// @notice Starts the way out: after the channel's delay the unspent deposit can be taken back.
    /// @dev Payer only. Emits `ExitRequested`. Errors: `UnknownChannel`, `OnlyPayer`, `ChannelExiting`.
    function requestExit(Channel calldata channel) external;

    /// @notice The same for a payer without gas, by its signature over `RequestExit(bytes32 channelId,uint256 deadline)`.
    /// @dev Anyone may call, once for each deadline. Emits `ExitRequested`. Errors: `UnknownChannel`, `ChannelExiting`,
    /// `SignatureExpired`, `InvalidSignature`, `MessageUsed`.
    /// @param deadline Until when the signature is good, in Unix seconds.
    function requestExitFor(Channel calldata channel, uint256 deadline, bytes calldata payerSig) external;

    /// @notice Takes the request back: the channel goes on.
    /// @dev Payer only. Emits `ExitCancelled`. Errors: `OnlyPayer`, `ExitNotRequested`.
    function cancelExit(Channel calldata channel) external;

    /// @notice Gives the unspent deposit back to the payer's balance once the delay is over. The channel can be funded again.
    /// @dev Anyone may call. Emits `Exited`. Errors: `ExitNotRequested`, `ExitNotDue`, `BalanceFull`.
    function exit(Channel calldata channel) external;

    /// @notice Moves `amount` from the caller's wallet into its purse, which channels with this token and signer may draw on.
    /// @dev The first call opens the purse. It is credit and secures nobody: its owner may empty it at any time, and pay all
    /// of it to a payee of its own making. Emits `PurseFunded`. Errors: `ZeroAmount`, `InvalidSigner`, `InvalidToken`,
    /// `InexactTransfer`.
    function fundPurse(address token, address signer, uint96 amount) external;

    /// @notice Moves `amount` from the caller's purse to its balance, at once.
    /// @dev Emits `PurseWithdrawn`. Errors: `ZeroAmount`, `InsufficientPurse`, `BalanceFull`.
    function withdrawPurse(address token, address signer, uint96 amount) external;

    /// @notice Sends `amount` of the caller's balance to `to`.
    /// @dev Emits `Withdrawn`. Errors: `ZeroAmount`, `InvalidRecipient`, `InsufficientBalance`.
    function withdraw(address token, uint96 amount, address to) external;

    /// @notice The same for an owner without gas, by its signature over
    /// `Withdraw(address owner,address token,uint96 amount,address to,bytes32 nonce,uint256 deadline)`.
    /// @dev Anyone may call, once for each nonce. Emits `Withdrawn`. Errors: those of `withdraw`, `SignatureExpired`,
    /// `InvalidSignature`, `MessageUsed`.
    /// @param nonce Any 32 bytes that the owner has not used.
    /// @param deadline Until when the signature is good, in Unix seconds.
    function withdrawFor(
        address owner,
        address token,
        uint96 amount,
        address to,
        bytes32 nonce,
        uint256 deadline,
        bytes calldata sig
    ) external;

    /// @notice The EIP-712 hash of the descriptor under this contract's domain: no two chains or contracts share an id.
    function channelId(Channel calldata channel) external view returns (bytes32);

    /// @notice What the contract keeps of a channel.
    /// @return claimed The settled total: it never falls.
    /// @return deposit What is left to claim from.
    /// @return exitAt When the payer can leave, in Unix seconds; 0 where no exit is requested.
    /// @return opened Whether the payer ever opened it.
    function state(
        bytes32 channelId_
    ) external view returns (uint96 claimed, uint96 deposit, uint40 exitAt, bool opened);

    /// @notice What `owner` may withdraw in `token`.
    function balanceOf(address owner, address token) external view returns (uint96);

    /// @notice What is in a purse, and whether its payer ever opened it.
    function purseOf(
        address payer,
        address token,
        address signer
    ) external view returns (uint96 balance, bool opened);
}
