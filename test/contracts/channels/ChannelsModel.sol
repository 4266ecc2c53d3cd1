// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {CurrencyFactory} from "../../../contracts/currency/CurrencyFactory.sol";
import {CurrencyConfig} from "../../../contracts/currency/ICurrencyFactory.sol";
import {IssuerCurrency} from "../../../contracts/currency/IssuerCurrency.sol";
import {IPaymentChannels} from "../../../contracts/channels/IPaymentChannels.sol";
import {PaymentChannels} from "../../../contracts/channels/PaymentChannels.sol";
import {PlainToken} from "../support/PlainToken.sol";
import {Vouchers} from "../support/Vouchers.sol";
import {HostileToken} from "./HostileToken.sol";

/// @title What payment channels must hold, kept beside them
/// @dev Each helper calls the contract and changes the model as the contract must have changed. None reverts: where the
/// contract has to refuse, it checks that it does.
abstract contract ChannelsModel is Vouchers {
    struct Model {
        IPaymentChannels.Channel channel;
        bytes32 id;
        uint96 promised;
        uint96 claimed;
        uint96 deposit;
        uint40 exitAt;
        bool opened;
    }

    struct Purse {
        uint96 balance;
        bool opened;
    }

    /// @dev What a claim must come to: a refusal, or parts from the deposit and the purse and what bounces.
    struct Outcome {
        bytes refusal;
        uint96 hard;
        uint96 soft;
        uint96 bounced;
    }

    /// @dev A message that was carried out, to be tried again.
    struct Used {
        bytes call;
        bytes refusal;
        uint256 deadline;
    }

    uint256 internal constant ACTORS = 4;
    uint256 internal constant TOKENS = 3;
    uint32 internal constant MAX_TICKS = 8;
    uint96 private constant WALLET = 1e15;
    uint256 private constant HOSTILE_GAS = 2_000_000;

    PaymentChannels internal channels;

    address[ACTORS] internal actors;
    mapping(address account => uint256) internal keys;

    /// @dev Whose key signs an actor's vouchers.
    mapping(address actor => address) internal signers;
    IERC20[TOKENS] internal tokens;
    IssuerCurrency internal currency;
    HostileToken internal hostile;

    Model[] internal models;
    mapping(bytes32 id => IPaymentChannels.Claim[]) private _vouchers;
    mapping(address actor => mapping(IERC20 token => Purse)) internal purses;
    Used[] internal used;
    uint256 private _messages;

    /// @notice What an actor must have in a token: in its wallet, its balance, its purse and the deposits of its channels.
    mapping(address actor => mapping(IERC20 token => uint256)) internal worth;
    mapping(address actor => mapping(IERC20 token => uint256)) internal balances;

    /// @notice Sent to the contract by mistake.
    mapping(IERC20 token => uint256) internal strayed;

    function setUp() external {
        channels = new PaymentChannels();
        currency = IssuerCurrency(
            new CurrencyFactory(address(channels)).createCurrency(
                CurrencyConfig("Claire dollar", "CLD", 6, type(uint96).max, 0, 0, 1 days, ""),
                0
            )
        );
        PlainToken plain = new PlainToken();
        hostile = new HostileToken();
        tokens = [IERC20(currency), IERC20(plain), IERC20(hostile)];
        for (uint256 i = 0; i < ACTORS; ++i) {
            address actor = _account(string.concat("actor ", vm.toString(i)));
            actors[i] = actor;
            signers[actor] = _account(string.concat("signer ", vm.toString(i)));
            currency.mint(actor, WALLET);
            plain.mint(actor, WALLET);
            hostile.mint(actor, WALLET);
            for (uint256 t = 0; t < TOKENS; ++t) worth[actor][tokens[t]] = WALLET;
            vm.prank(actor);
            plain.approve(address(channels), type(uint256).max);
        }
    }

    /// @notice Whether a token's balances change only by transfers.
    function honest(IERC20 token) internal view returns (bool) {
        return address(token) != address(hostile);
    }

    // Calls, and what the model makes of them.

    function _fund(Model storage model, address funder, uint96 amount) internal {
        IERC20 token = IERC20(model.channel.token);
        amount = _affordable(funder, token, amount);
        bytes memory refusal = _fundingRefusal(model, funder);
        bytes memory call = abi.encodeCall(channels.fund, (model.channel, amount));
        if (!_call(funder, call, refusal, token)) return;
        worth[funder][token] -= amount;
        worth[model.channel.payer][token] += amount;
        _funded(model, amount);
    }

    function _fundFromBalance(Model storage model, uint96 amount) internal {
        address payer = model.channel.payer;
        IERC20 token = IERC20(model.channel.token);
        uint256 balance = balances[payer][token];
        // One time in four more than there is.
        amount = bound96(amount, 1, balance + balance / 4 + 1);
        bytes memory refusal = _fundingRefusal(model, payer);
        if (refusal.length == 0 && amount > balance) {
            refusal = abi.encodeWithSelector(
                IPaymentChannels.InsufficientBalance.selector,
                payer,
                token,
                balance,
                amount
            );
        }
        _call(payer, abi.encodeCall(channels.fundFromBalance, (model.channel, amount)), refusal);
        if (refusal.length != 0) return;
        balances[payer][token] -= amount;
        _funded(model, amount);
    }

    /// @dev In the issuer currency, which has authorizations.
    function _fundWithAuthorization(Model storage model, address relay, uint96 amount) internal {
        address payer = model.channel.payer;
        amount = _affordable(payer, currency, amount);
        bytes32 salt = bytes32(++_messages);
        uint256 deadline = block.timestamp + 1 days;
        bytes memory call = abi.encodeCall(
            channels.fundWithAuthorization,
            (model.channel, amount, 0, deadline, salt, _authorize(model, keys[payer], amount, deadline, salt))
        );
        bytes memory refusal = _fundingRefusal(model, payer);
        _call(relay, call, refusal);
        if (refusal.length != 0) return;
        // What a second attempt fails with depends on the currency and on the state of the channel.
        used.push(Used(call, "", deadline));
        _funded(model, amount);
    }

    function _authorize(
        Model storage model,
        uint256 key,
        uint96 amount,
        uint256 deadline,
        bytes32 salt
    ) internal view returns (bytes memory) {
        bytes32 typehash = keccak256(
            "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
        );
        bytes32 nonce = keccak256(abi.encode(model.id, salt));
        return
            _sign(
                key,
                currency.DOMAIN_SEPARATOR(),
                keccak256(abi.encode(typehash, model.channel.payer, channels, amount, 0, deadline, nonce))
            );
    }

    function _fundPurse(address payer, IERC20 token, uint96 amount) internal {
        amount = _affordable(payer, token, amount);
        bytes memory call = abi.encodeCall(channels.fundPurse, (address(token), signers[payer], amount));
        if (!_call(payer, call, "", token)) return;
        purses[payer][token].balance += amount;
        purses[payer][token].opened = true;
    }

    function _withdrawPurse(address payer, IERC20 token, uint96 amount) internal {
        Purse storage purse = purses[payer][token];
        uint256 present = purse.balance;
        amount = bound96(amount, 1, present + present / 4 + 1);
        bytes memory refusal;
        if (amount > present) {
            refusal = abi.encodeWithSelector(
                IPaymentChannels.InsufficientPurse.selector,
                payer,
                token,
                signers[payer],
                present,
                amount
            );
        }
        _call(
            payer,
            abi.encodeCall(channels.withdrawPurse, (address(token), signers[payer], amount)),
            refusal
        );
        if (refusal.length != 0) return;
        purse.balance -= amount;
        balances[payer][token] += amount;
    }

    function _requestExit(Model storage model, bool isRelayed) internal {
        bytes memory refusal;
        if (!model.opened) refusal = _unknown(model);
        else if (model.exitAt != 0) refusal = _exiting(model);
        address payer = model.channel.payer;
        if (isRelayed) {
            // Never the same twice: time does not run backwards.
            uint256 deadline = block.timestamp + ++_messages;
            bytes32 typehash = keccak256("RequestExit(bytes32 channelId,uint256 deadline)");
            bytes32 message = keccak256(abi.encode(typehash, model.id, deadline));
            bytes memory call = abi.encodeCall(
                channels.requestExitFor,
                (model.channel, deadline, _sign(keys[payer], _domain(), message))
            );
            _call(address(this), call, refusal);
            if (refusal.length == 0) {
                used.push(
                    Used(
                        call,
                        abi.encodeWithSelector(IPaymentChannels.MessageUsed.selector, payer, message),
                        deadline
                    )
                );
            }
        } else {
            _call(payer, abi.encodeCall(channels.requestExit, (model.channel)), refusal);
        }
        if (refusal.length == 0) model.exitAt = uint40(block.timestamp) + model.channel.exitDelay;
    }

    function _claim(Model storage model, IPaymentChannels.Claim memory claim_, address submitter) internal {
        Outcome memory outcome = _outcome(model, claim_);
        vm.recordLogs();
        bytes memory result = _call(submitter, abi.encodeCall(channels.claim, (claim_)), outcome.refusal);
        if (outcome.refusal.length != 0) return;
        uint96 paid = outcome.hard + outcome.soft;
        assertEq(abi.decode(result, (uint256)), paid, "a claim pays what deposit and purse have");
        assertEq(
            vm.getRecordedLogs().length,
            (paid == 0 ? 0 : 1) + (outcome.bounced == 0 ? 0 : 1),
            "a claim bounces where it is not covered, and only there"
        );
        _settle(model, outcome);
        balances[model.channel.payee][IERC20(model.channel.token)] += paid;
        worth[model.channel.payee][IERC20(model.channel.token)] += paid;
    }

    function _withdraw(address owner, IERC20 token, uint96 amount, address to, bool isRelayed) internal {
        amount = bound96(amount, 1, balances[owner][token]);
        bytes memory call = abi.encodeCall(channels.withdraw, (address(token), amount, to));
        bytes32 nonce = bytes32(++_messages);
        uint256 deadline = block.timestamp + 1 days;
        if (isRelayed) call = _withdrawFor(owner, token, amount, to, nonce, deadline);
        if (!_call(isRelayed ? address(this) : owner, call, "", token)) return;
        if (isRelayed) {
            used.push(
                Used(
                    call,
                    abi.encodeWithSelector(IPaymentChannels.MessageUsed.selector, owner, nonce),
                    deadline
                )
            );
        }
        balances[owner][token] -= amount;
        worth[owner][token] -= amount;
        worth[to][token] += amount;
    }

    function _withdrawFor(
        address owner,
        IERC20 token,
        uint96 amount,
        address to,
        bytes32 nonce,
        uint256 deadline
    ) private view returns (bytes memory) {
        bytes32 typehash = keccak256(
            "Withdraw(address owner,address token,uint96 amount,address to,bytes32 nonce,uint256 deadline)"
        );
        bytes memory signature = _sign(
            keys[owner],
            _domain(),
            keccak256(abi.encode(typehash, owner, token, amount, to, nonce, deadline))
        );
        return
            abi.encodeCall(
                channels.withdrawFor,
                (owner, address(token), amount, to, nonce, deadline, signature)
            );
    }

    // What has to come of a call.

    function _outcome(
        Model storage model,
        IPaymentChannels.Claim memory claim_
    ) internal view returns (Outcome memory outcome) {
        IPaymentChannels.Channel memory channel = model.channel;
        if (!model.opened && channel.flags == 0) {
            outcome.refusal = _unknown(model);
            return outcome;
        }
        uint96 total = claim_.total + claim_.ticks * claim_.tickAmount;
        if (total <= model.claimed) {
            outcome.refusal = abi.encodeWithSelector(
                IPaymentChannels.NothingToClaim.selector,
                model.id,
                model.claimed
            );
            return outcome;
        }
        uint96 owed = total - model.claimed;
        Purse memory purse;
        if (channel.flags == 1) purse = purses[channel.payer][IERC20(channel.token)];
        outcome.hard = owed < model.deposit ? owed : model.deposit;
        outcome.soft = owed - outcome.hard < purse.balance ? owed - outcome.hard : purse.balance;
        if (purse.opened) outcome.bounced = owed - outcome.hard - outcome.soft;
        if (outcome.hard + outcome.soft + outcome.bounced != 0) return outcome;
        outcome.refusal =
            channel.flags == 1
                ? abi.encodeWithSelector(
                    IPaymentChannels.UnknownPurse.selector,
                    channel.payer,
                    channel.token,
                    channel.signer
                )
                : abi.encodeWithSelector(IPaymentChannels.DepositSpent.selector, model.id, owed);
    }

    /// @dev Takes what is paid from the payer; where it goes is the caller's business.
    function _settle(Model storage model, Outcome memory outcome) internal {
        IERC20 token = IERC20(model.channel.token);
        model.claimed += outcome.hard + outcome.soft;
        model.deposit -= outcome.hard;
        purses[model.channel.payer][token].balance -= outcome.soft;
        worth[model.channel.payer][token] -= outcome.hard + outcome.soft;
    }

    function _giveBack(Model storage model) internal {
        balances[model.channel.payer][IERC20(model.channel.token)] += model.deposit;
        model.deposit = 0;
        model.exitAt = 0;
    }

    function _fundingRefusal(Model storage model, address funder) private view returns (bytes memory) {
        if (!model.opened && funder != model.channel.payer) {
            return abi.encodeWithSelector(IPaymentChannels.OnlyPayer.selector, funder, model.channel.payer);
        }
        return model.exitAt == 0 ? bytes("") : _exiting(model);
    }

    function _funded(Model storage model, uint96 amount) private {
        model.deposit += amount;
        model.opened = true;
    }

    function _exiting(Model storage model) private view returns (bytes memory) {
        return abi.encodeWithSelector(IPaymentChannels.ChannelExiting.selector, model.id, model.exitAt);
    }

    function _unknown(Model storage model) internal view returns (bytes memory) {
        return abi.encodeWithSelector(IPaymentChannels.UnknownChannel.selector, model.id);
    }

    /// @dev Calls the contract; it must revert with `refusal`, or succeed where that is empty.
    function _call(
        address caller,
        bytes memory call,
        bytes memory refusal
    ) internal returns (bytes memory result) {
        bool success;
        vm.prank(caller);
        (success, result) = address(channels).call(call);
        assertEq(success, refusal.length == 0);
        if (!success) assertEq(keccak256(result), keccak256(refusal));
    }

    /// @dev The same for a call that moves tokens; whether they moved. With the hostile one it may fail as it likes.
    function _call(
        address caller,
        bytes memory call,
        bytes memory refusal,
        IERC20 token
    ) internal returns (bool success) {
        if (honest(token) || refusal.length != 0) {
            _call(caller, call, refusal);
            return refusal.length == 0;
        }
        vm.prank(caller);
        (success, ) = address(channels).call{gas: HOSTILE_GAS}(call);
    }

    // Vouchers.

    function _signVoucher(Model storage model, uint96 more, uint32 ticks) internal {
        more = bound96(more, 1, 1e12);
        ticks = uint32(bound(ticks, 0, MAX_TICKS));
        uint96 tickAmount = more / MAX_TICKS + 1;
        bytes32 seed = _seed(model, _vouchers[model.id].length);
        IPaymentChannels.Claim memory claim_ = signed(
            address(channels),
            model.channel,
            anchored(model.promised + more, seed, tickAmount, MAX_TICKS),
            keys[model.channel.signer]
        );
        _vouchers[model.id].push(reveal(claim_, seed, ticks));
        model.promised += more + ticks * tickAmount;
    }

    /// @dev A channel's vouchers; at least so many.
    function _vouchersOf(
        Model storage model,
        uint256 count
    ) internal returns (IPaymentChannels.Claim[] storage vouchers) {
        vouchers = _vouchers[model.id];
        while (vouchers.length < count) _signVoucher(model, 1e9, uint32(vouchers.length));
    }

    function _seed(Model storage model, uint256 voucher) internal view returns (bytes32) {
        return keccak256(abi.encode(model.id, voucher));
    }

    // Accounts and signatures.

    function _account(string memory name) private returns (address account) {
        uint256 key;
        (account, key) = makeAddrAndKey(name);
        keys[account] = key;
    }

    function _domain() internal view returns (bytes32) {
        return domainSeparator(block.chainid, address(channels));
    }

    function _sign(uint256 key, bytes32 domain, bytes32 structHash) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(
            key,
            keccak256(abi.encodePacked(hex"1901", domain, structHash))
        );
        return abi.encodePacked(r, s, v);
    }

    /// @dev At most a tenth of what the account has, so that it can go on; at least one unit.
    function _affordable(address account, IERC20 token, uint96 amount) internal view returns (uint96) {
        uint256 held = honest(token) ? token.balanceOf(account) : WALLET;
        return bound96(amount, 1, held / 10);
    }
}
