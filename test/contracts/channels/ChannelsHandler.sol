// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IPaymentChannels} from "../../../contracts/channels/IPaymentChannels.sol";
import {ChannelsModel} from "./ChannelsModel.sol";
import {HostileToken} from "./HostileToken.sol";

/// @title Everything that peers, strangers and the clock do to payment channels, in any order
/// @dev No step reverts; a step that the contract has to refuse checks that it does. `worked` counts the steps that moved or
/// refused something.
abstract contract ChannelsHandler is ChannelsModel {
    uint256 private constant MAX_CHANNELS = 12;

    uint256 internal steps;
    uint256 internal worked;

    /// @dev For steps that always find something to do.
    modifier step() {
        ++steps;
        ++worked;
        _;
    }

    // What a payer does.

    /// @notice Opens a channel, from the wallet, the balance or by authorization, or has it draw on the purse alone.
    function open(uint256 who, uint256 toWhom, uint256 what, uint256 how, uint96 amount) external step {
        if (models.length == MAX_CHANNELS) {
            _topUp(_any(who), toWhom, how, amount);
            return;
        }
        Model storage model = _new(who, toWhom, what, uint8(how % 2), uint40(amount));
        // Half of those that may draw stay without a deposit until somebody tops them up.
        if (how % 4 != 1) _topUp(model, who, how / 4, amount);
    }

    function topUp(uint256 which, uint256 who, uint256 how, uint96 amount) external step {
        _topUp(_any(which), who, how, amount);
    }

    /// @notice Signs a voucher, off chain: more than the deposit at times, with ticks at times.
    function sign(uint256 which, uint96 more, uint32 ticks) external step {
        _signVoucher(_any(which), more, ticks);
    }

    function requestExit(uint256 which, bool isRelayed) external step {
        _requestExit(_any(which), isRelayed);
    }

    function cancelExit(uint256 which) external step {
        Model storage model = _any(which);
        bytes memory refusal;
        if (model.exitAt == 0) {
            refusal = abi.encodeWithSelector(IPaymentChannels.ExitNotRequested.selector, model.id);
        }
        _call(model.channel.payer, abi.encodeCall(channels.cancelExit, (model.channel)), refusal);
        model.exitAt = 0;
    }

    function fundPurse(uint256 who, uint256 what, uint96 amount) external step {
        _fundPurse(actors[who % ACTORS], tokens[what % TOKENS], amount / 1e6);
    }

    function withdrawPurse(uint256 who, uint256 what, uint96 amount) external step {
        _withdrawPurse(actors[who % ACTORS], tokens[what % TOKENS], amount);
    }

    // What a payee does.

    function claimTo(uint256 which, uint256 voucher, uint256 toWhom) external step {
        Model storage model = _any(which);
        IERC20 token = IERC20(model.channel.token);
        address to = actors[toWhom % ACTORS];
        IPaymentChannels.Claim memory claim_ = _voucher(model, voucher);
        Outcome memory outcome = _outcome(model, claim_);
        bytes memory call = abi.encodeCall(channels.claimTo, (claim_, to));
        if (!_call(model.channel.payee, call, outcome.refusal, token)) return;
        _settle(model, outcome);
        worth[to][token] += outcome.hard + outcome.soft;
    }

    function close(uint256 which, uint256 voucher) external step {
        Model storage model = _any(which);
        IPaymentChannels.Claim memory claim_ = _voucher(model, voucher);
        Outcome memory outcome = _outcome(model, claim_);
        bytes memory refusal = outcome.refusal;
        // The payee gives back what is left, also where its voucher brings nothing new.
        if (bytes4(refusal) == IPaymentChannels.NothingToClaim.selector) refusal = "";
        _call(model.channel.payee, abi.encodeCall(channels.close, (claim_)), refusal);
        if (refusal.length != 0) return;
        _settle(model, outcome);
        address payee = model.channel.payee;
        IERC20 token = IERC20(model.channel.token);
        balances[payee][token] += outcome.hard + outcome.soft;
        worth[payee][token] += outcome.hard + outcome.soft;
        if (model.deposit != 0) _giveBack(model);
    }

    function release(uint256 which) external step {
        Model storage model = _any(which);
        bytes memory refusal;
        if (!model.opened) refusal = _unknown(model);
        else if (model.deposit == 0) {
            refusal = abi.encodeWithSelector(IPaymentChannels.ZeroAmount.selector);
        }
        _call(model.channel.payee, abi.encodeCall(channels.release, (model.channel)), refusal);
        if (refusal.length == 0) _giveBack(model);
    }

    // What anyone does.

    /// @notice Presents any voucher there is: old ones and the same one again as well.
    function claim(uint256 which, uint256 voucher, uint256 who) external step {
        Model storage model = _any(which);
        _claim(model, _voucher(model, voucher), actors[who % ACTORS]);
    }

    /// @notice Presents vouchers of several channels at once, good and bad, one of them twice.
    function claimBatch(uint256[4] calldata which, uint256[4] calldata voucher) external step {
        IPaymentChannels.Claim[] memory claims = new IPaymentChannels.Claim[](5);
        uint96[] memory expected = new uint96[](claims.length);
        for (uint256 i = 0; i < claims.length; ++i) {
            Model storage model = _any(which[i % 4]);
            claims[i] = _voucher(model, voucher[i % 4]);
            Outcome memory outcome = _outcome(model, claims[i]);
            if (outcome.refusal.length != 0) continue;
            _settle(model, outcome);
            expected[i] = outcome.hard + outcome.soft;
            balances[model.channel.payee][IERC20(model.channel.token)] += expected[i];
            worth[model.channel.payee][IERC20(model.channel.token)] += expected[i];
        }
        uint96[] memory paid = channels.claimBatch(claims);
        for (uint256 i = 0; i < claims.length; ++i) assertEq(paid[i], expected[i], "each row as if alone");
    }

    /// @notice A payee, or somebody for it, claims in the last second of an exit: what the deposit covers is paid.
    function claimInTheLastSecond(uint256 which, uint256 who) external step {
        Model storage model = _any(which);
        IPaymentChannels.Claim[] storage vouchers = _vouchersOf(model, 1);
        if (model.opened && model.exitAt == 0) _requestExit(model, false);
        if (block.timestamp < model.exitAt) vm.warp(model.exitAt - 1);
        _claim(model, vouchers[vouchers.length - 1], actors[who % ACTORS]);
    }

    function exit(uint256 which, uint256 who) external step {
        Model storage model = _any(which);
        bytes memory refusal;
        if (model.exitAt == 0) {
            refusal = abi.encodeWithSelector(IPaymentChannels.ExitNotRequested.selector, model.id);
        } else if (block.timestamp < model.exitAt) {
            refusal = abi.encodeWithSelector(IPaymentChannels.ExitNotDue.selector, model.id, model.exitAt);
        }
        _call(actors[who % ACTORS], abi.encodeCall(channels.exit, (model.channel)), refusal);
        if (refusal.length == 0) _giveBack(model);
    }

    /// @notice Withdraws from the first balance there is, looking from a random one on.
    function withdraw(uint256 start, uint96 amount, uint256 toWhom, bool isRelayed) external {
        ++steps;
        for (uint256 i = 0; i < ACTORS * TOKENS; ++i) {
            uint256 place = (start % (ACTORS * TOKENS)) + i;
            address owner = actors[place % ACTORS];
            IERC20 token = tokens[place % TOKENS];
            if (balances[owner][token] == 0) continue;
            _withdraw(owner, token, amount, actors[toWhom % ACTORS], isRelayed);
            ++worked;
            return;
        }
    }

    function pass(uint40 time) external step {
        vm.warp(block.timestamp + bound(time, 1, 10 days));
    }

    /// @notice Sends tokens to the contract without telling it.
    function stray(uint256 who, uint256 what, uint96 amount) external step {
        address from = actors[who % ACTORS];
        IERC20 token = tokens[what % (TOKENS - 1)];
        amount = _affordable(from, token, amount / 1e6);
        vm.prank(from);
        assertTrue(token.transfer(address(channels), amount), "an honest transfer succeeds");
        worth[from][token] -= amount;
        strayed[token] += amount;
    }

    // What nobody may do.

    /// @notice Speaks in somebody else's name, in each way there is.
    function impersonate(uint256 which, uint256 who, uint256 how) external step {
        Model storage model = _any(which);
        IPaymentChannels.Channel memory channel = model.channel;
        address thief = _otherThan(channel.payer, who);
        bytes memory refusal = abi.encodeWithSelector(
            IPaymentChannels.OnlyPayer.selector,
            thief,
            channel.payer
        );
        how = how % 6;
        if (how == 0) _call(thief, abi.encodeCall(channels.requestExit, (channel)), refusal);
        if (how == 1) _call(thief, abi.encodeCall(channels.cancelExit, (channel)), refusal);
        if (how == 2) _call(thief, abi.encodeCall(channels.fundFromBalance, (channel, 1)), refusal);
        if (how == 3) {
            channel.salt = "forged";
            _call(thief, abi.encodeCall(channels.fund, (channel, 1)), refusal);
        }
        if (how < 4) return;
        IPaymentChannels.Claim memory claim_ = _voucher(model, who);
        thief = _otherThan(channel.payee, who);
        refusal = abi.encodeWithSelector(IPaymentChannels.OnlyPayee.selector, thief, channel.payee);
        _call(thief, abi.encodeCall(channels.release, (channel)), refusal);
        if (how == 4) _call(thief, abi.encodeCall(channels.close, (claim_)), refusal);
        else _call(thief, abi.encodeCall(channels.claimTo, (claim_, thief)), refusal);
    }

    /// @notice Brings a message that its author did not sign.
    function forgeMessage(uint256 which, uint256 who, uint256 how) external step {
        Model storage model = _any(which);
        address payer = model.channel.payer;
        uint256 key = keys[_otherThan(payer, who)];
        uint256 deadline = block.timestamp + 1 days;
        bytes memory signature = _sign(key, _domain(), keccak256(abi.encode(which, how)));
        bytes memory refusal = abi.encodeWithSelector(IPaymentChannels.InvalidSignature.selector, payer);
        how = how % 3;
        if (how == 0) {
            _call(
                address(this),
                abi.encodeCall(channels.requestExitFor, (model.channel, deadline, signature)),
                refusal
            );
        } else if (how == 1) {
            address token = model.channel.token;
            _call(
                address(this),
                abi.encodeCall(
                    channels.withdrawFor,
                    (payer, token, 1, address(this), bytes32(who), deadline, signature)
                ),
                refusal
            );
        } else {
            // A token that takes any signature does not open channels in anybody's name.
            IPaymentChannels.Channel memory forged = model.channel;
            forged.token = address(hostile);
            forged.salt = "forged";
            signature = _authorize(model, key, 1, deadline, "forged");
            _call(
                address(this),
                abi.encodeCall(channels.fundWithAuthorization, (forged, 1, 0, deadline, "forged", signature)),
                refusal
            );
        }
    }

    /// @notice Draws on a purse that somebody else filled: by a signer of one's own it is another purse, which nobody opened.
    function indebt(uint256 who, uint256 toWhom, uint256 what, uint96 total) external step {
        (address thief, uint256 key) = makeAddrAndKey("thief");
        IPaymentChannels.Channel memory channel = IPaymentChannels.Channel({
            payer: actors[who % ACTORS],
            payee: actors[toWhom % ACTORS],
            token: address(tokens[what % TOKENS]),
            signer: thief,
            exitDelay: 1 hours,
            flags: 1,
            salt: 0
        });
        total = bound96(total, 1, type(uint96).max);
        IPaymentChannels.Claim memory claim_ = signed(
            address(channels),
            channel,
            Voucher(total, 0, 0, 0),
            key
        );
        _call(
            thief,
            abi.encodeCall(channels.claim, (claim_)),
            abi.encodeWithSelector(
                IPaymentChannels.UnknownPurse.selector,
                channel.payer,
                channel.token,
                thief
            )
        );
    }

    /// @notice Brings a message again that was carried out before.
    function replay(uint256 which) external {
        ++steps;
        if (used.length == 0) return;
        ++worked;
        Used memory message = used[which % used.length];
        bytes memory refusal = message.refusal;
        if (refusal.length == 0) {
            // An authorization: the currency or the channel refuses, and the deposit does not grow.
            (bool success, ) = address(channels).call(message.call);
            assertTrue(!success, "an authorization counts once");
            return;
        }
        if (block.timestamp > message.deadline) {
            refusal = abi.encodeWithSelector(IPaymentChannels.SignatureExpired.selector, message.deadline);
        }
        _call(address(this), message.call, refusal);
    }

    /// @notice Presents a voucher that was not signed for this: every one is refused, whatever it is worth.
    function forge(uint256 which, uint256 other, uint256 how) external step {
        Model storage model = _any(which);
        Voucher memory voucher = Voucher(type(uint96).max, 0, 0, 0);
        bytes32 domain = _domain();
        uint256 key = keys[model.channel.signer];
        bytes32 id = model.id;
        how = how % 6;
        if (how == 0) (, key) = makeAddrAndKey("thief");
        if (how == 1) domain = domainSeparator(block.chainid, address(this));
        if (how == 2) domain = domainSeparator(block.chainid + 1, address(channels));
        if (how == 3) id = keccak256(abi.encode(id, other));
        if (how == 4) key = keys[model.channel.payer];
        IPaymentChannels.Claim memory claim_ = signedDigest(
            model.channel,
            voucher,
            key,
            digestOf(domain, id, voucher)
        );
        if (how == 5) claim_.vs = bytes32(CURVE_ORDER - ((uint256(claim_.vs) << 1) >> 1));
        bytes memory refusal =
            model.opened || model.channel.flags == 1
                ? abi.encodeWithSelector(IPaymentChannels.InvalidVoucher.selector, model.id)
                : _unknown(model);
        _call(address(this), abi.encodeCall(channels.claim, (claim_)), refusal);
    }

    /// @notice Presents a tick of one voucher under another.
    function misplaceTick(uint256 which, uint256 from, uint256 to, uint32 ticks) external step {
        Model storage model = _any(which);
        IPaymentChannels.Claim[] storage vouchers = _vouchersOf(model, 2);
        uint256 donor = from % vouchers.length;
        uint256 target = to % vouchers.length;
        if (donor == target) target = (target + 1) % vouchers.length;
        IPaymentChannels.Claim memory claim_ = vouchers[target];
        claim_.ticks = uint32(bound(ticks, 1, MAX_TICKS));
        claim_.preimage = hashed(_seed(model, donor), MAX_TICKS - claim_.ticks);
        bytes memory refusal =
            model.opened || model.channel.flags == 1
                ? abi.encodeWithSelector(IPaymentChannels.InvalidTick.selector, model.id)
                : _unknown(model);
        _call(address(this), abi.encodeCall(channels.claim, (claim_)), refusal);
    }

    /// @notice Changes what the hostile token does from now on.
    function misbehave(uint256 mood, uint256 which, uint256 who) external step {
        mood = mood % (uint256(type(HostileToken.Mood).max) + 1);
        if (mood == uint256(HostileToken.Mood.Reenters)) {
            IPaymentChannels.Channel memory channel = _any(which).channel;
            hostile.setReentry(
                address(channels),
                who % 2 == 0
                    ? abi.encodeCall(channels.fund, (channel, 1))
                    : abi.encodeCall(channels.withdraw, (channel.token, 1, actors[who % ACTORS]))
            );
        } else if (mood == uint256(HostileToken.Mood.Blacklists)) {
            hostile.blacklist(actors[who % ACTORS]);
        } else {
            hostile.setMood(HostileToken.Mood(mood));
        }
    }

    // What the steps share.

    /// @dev One of the channels; the first, funded and in an honest token, where there is none yet.
    function _any(uint256 which) private returns (Model storage) {
        if (models.length == 0) {
            Model storage first = _new(
                which % ACTORS,
                (which % ACTORS) + 1,
                which % (TOKENS - 1),
                0,
                1 hours
            );
            _fund(first, first.channel.payer, 1e12);
        }
        return models[which % models.length];
    }

    function _new(
        uint256 who,
        uint256 toWhom,
        uint256 what,
        uint8 flags,
        uint40 delay
    ) private returns (Model storage model) {
        model = models.push();
        address payer = actors[who % ACTORS];
        model.channel = IPaymentChannels.Channel({
            payer: payer,
            payee: actors[toWhom % ACTORS],
            token: address(tokens[what % TOKENS]),
            signer: signers[payer],
            exitDelay: uint40(bound(delay, 15 minutes, 30 days)),
            flags: flags,
            salt: bytes32(models.length)
        });
        model.id = channels.channelId(model.channel);
    }

    function _topUp(Model storage model, uint256 who, uint256 how, uint96 amount) private {
        how = how % 4;
        bool isCurrency = model.channel.token == address(currency);
        if (how == 0) _fundFromBalance(model, amount);
        else if (how == 1 && isCurrency) _fundWithAuthorization(model, actors[who % ACTORS], amount);
        else _fund(model, how == 2 ? actors[who % ACTORS] : model.channel.payer, amount);
    }

    function _voucher(Model storage model, uint256 which) private returns (IPaymentChannels.Claim memory) {
        IPaymentChannels.Claim[] storage vouchers = _vouchersOf(model, 1);
        return vouchers[which % vouchers.length];
    }

    function _otherThan(address account, uint256 who) private view returns (address) {
        address other = actors[who % ACTORS];
        return other == account ? actors[((who % ACTORS) + 1) % ACTORS] : other;
    }
}
