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

/// @title Everything that peers, strangers and the clock do to payment channels, in any order
/// @dev Keeps a model beside the contract: what each channel, balance and wallet must hold. No step reverts; a step that
/// the contract has to refuse checks that it does. `worked` counts the steps that moved or refused something.
abstract contract ChannelsHandler is Vouchers {
    struct Model {
        IPaymentChannels.Channel channel;
        bytes32 id;
        uint256 signerKey;
        uint96 promised;
        uint96 claimed;
        uint96 deposit;
        uint40 exitAt;
    }

    uint256 internal constant ACTORS = 4;
    uint256 internal constant TOKENS = 3;
    uint256 private constant MAX_CHANNELS = 12;
    uint96 private constant WALLET = 1e15;
    uint32 private constant MAX_TICKS = 8;
    uint256 private constant HOSTILE_GAS = 2_000_000;

    PaymentChannels internal channels;

    address[ACTORS] internal actors;
    IERC20[TOKENS] internal tokens;
    HostileToken private _hostile;

    Model[] internal models;
    mapping(bytes32 id => IPaymentChannels.Claim[]) private _vouchers;

    /// @notice What an actor must have in a token: in its wallet, its balance and the deposits of its channels.
    mapping(address actor => mapping(IERC20 token => uint256)) internal worth;
    mapping(address actor => mapping(IERC20 token => uint256)) internal balances;

    /// @notice Sent to the contract by mistake.
    mapping(IERC20 token => uint256) internal strayed;

    uint256 internal steps;
    uint256 internal worked;

    modifier step() {
        ++steps;
        _;
    }

    function setUp() external {
        channels = new PaymentChannels();
        IssuerCurrency currency = IssuerCurrency(
            new CurrencyFactory(address(channels)).createCurrency(
                CurrencyConfig("Claire dollar", "CLD", 6, type(uint96).max, 0, 0, 1 days, ""),
                0
            )
        );
        PlainToken plain = new PlainToken();
        _hostile = new HostileToken();
        tokens = [IERC20(currency), IERC20(plain), IERC20(_hostile)];
        for (uint256 i = 0; i < ACTORS; ++i) {
            address actor = makeAddr(string.concat("actor ", vm.toString(i)));
            actors[i] = actor;
            currency.mint(actor, WALLET);
            plain.mint(actor, WALLET);
            _hostile.mint(actor, WALLET);
            for (uint256 t = 0; t < TOKENS; ++t) worth[actor][tokens[t]] = WALLET;
            vm.startPrank(actor);
            plain.approve(address(channels), type(uint256).max);
            vm.stopPrank();
        }
    }

    /// @notice Whether a token's balances change only by transfers.
    function honest(IERC20 token) internal view returns (bool) {
        return address(token) != address(_hostile);
    }

    // What a payer does.

    function open(uint256 who, uint256 toWhom, uint256 what, uint96 amount, uint40 delay) external step {
        if (models.length == MAX_CHANNELS) _topUp(_any(who), toWhom, amount);
        else _open(who, toWhom, what, amount, delay);
        ++worked;
    }

    function topUp(uint256 which, uint256 who, uint96 amount) external step {
        _topUp(_any(which), who, amount);
        ++worked;
    }

    /// @notice Signs a voucher, off chain: more than the deposit at times, with ticks at times.
    function sign(uint256 which, uint96 more, uint32 ticks) external step {
        _sign(_any(which), more, ticks);
        ++worked;
    }

    function requestExit(uint256 which) external step {
        Model storage model = _any(which);
        if (model.exitAt != 0) {
            vm.expectRevert(
                abi.encodeWithSelector(IPaymentChannels.ChannelExiting.selector, model.id, model.exitAt)
            );
        }
        _requestExit(model);
        ++worked;
    }

    // What anyone does.

    /// @notice Presents any voucher there is: old ones and the same one again as well.
    function claim(uint256 which, uint256 voucher, uint256 who) external step {
        Model storage model = _any(which);
        IPaymentChannels.Claim[] storage vouchers = _vouchersOf(model, 1);
        _claim(model, vouchers[voucher % vouchers.length], actors[who % ACTORS]);
        ++worked;
    }

    /// @notice A payee, or somebody for it, claims in the last second of an exit: what the deposit covers is paid.
    function claimInTheLastSecond(uint256 which, uint256 who) external step {
        Model storage model = _any(which);
        IPaymentChannels.Claim[] storage vouchers = _vouchersOf(model, 1);
        if (model.exitAt == 0) _requestExit(model);
        if (block.timestamp < model.exitAt) vm.warp(model.exitAt - 1);
        _claim(model, vouchers[vouchers.length - 1], actors[who % ACTORS]);
        ++worked;
    }

    function exit(uint256 which, uint256 who) external step {
        Model storage model = _any(which);
        if (model.exitAt == 0) {
            vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.ExitNotRequested.selector, model.id));
        } else if (block.timestamp < model.exitAt) {
            vm.expectRevert(
                abi.encodeWithSelector(IPaymentChannels.ExitNotDue.selector, model.id, model.exitAt)
            );
        } else {
            balances[model.channel.payer][IERC20(model.channel.token)] += model.deposit;
            model.deposit = 0;
            model.exitAt = 0;
        }
        vm.prank(actors[who % ACTORS]);
        channels.exit(model.channel);
        ++worked;
    }

    /// @notice Withdraws from the first balance there is, looking from a random one on.
    function withdraw(uint256 start, uint96 amount, uint256 toWhom) external step {
        for (uint256 i = 0; i < ACTORS * TOKENS; ++i) {
            uint256 place = (start % (ACTORS * TOKENS)) + i;
            address owner = actors[place % ACTORS];
            IERC20 token = tokens[place % TOKENS];
            if (balances[owner][token] == 0) continue;
            _withdraw(owner, token, amount, actors[toWhom % ACTORS]);
            ++worked;
            return;
        }
    }

    function pass(uint40 time) external step {
        vm.warp(block.timestamp + bound(time, 1, 10 days));
        ++worked;
    }

    /// @notice Sends tokens to the contract without telling it.
    function stray(uint256 who, uint256 what, uint96 amount) external step {
        address from = actors[who % ACTORS];
        IERC20 token = tokens[what % (TOKENS - 1)];
        amount = _affordable(from, address(token), amount / 1e6);
        vm.prank(from);
        assertTrue(token.transfer(address(channels), amount), "an honest transfer succeeds");
        worth[from][token] -= amount;
        strayed[token] += amount;
        ++worked;
    }

    // What nobody may do.

    /// @notice Opens a channel, or asks for an exit, in somebody else's name.
    function impersonate(uint256 which, uint256 who) external step {
        Model storage model = _any(which);
        address stranger = actors[who % ACTORS];
        if (stranger == model.channel.payer) stranger = actors[((who % ACTORS) + 1) % ACTORS];
        bytes memory refusal = abi.encodeWithSelector(
            IPaymentChannels.OnlyPayer.selector,
            stranger,
            model.channel.payer
        );
        vm.startPrank(stranger);
        vm.expectRevert(refusal);
        channels.requestExit(model.channel);
        IPaymentChannels.Channel memory forged = model.channel;
        forged.salt = "forged";
        vm.expectRevert(refusal);
        channels.fund(forged, 1);
        vm.stopPrank();
        (, , , bool opened) = channels.state(channels.channelId(forged));
        assertFalse(opened);
        ++worked;
    }

    /// @notice Presents a voucher that was not signed for this: every one is refused, whatever it is worth.
    function forge(uint256 which, uint256 other, uint256 how) external step {
        Model storage model = _any(which);
        Voucher memory voucher = Voucher(type(uint96).max, 0, 0, 0);
        bytes32 domain = domainSeparator(block.chainid, address(channels));
        uint256 key = model.signerKey;
        bytes32 id = model.id;
        how = how % 5;
        if (how == 0) (, key) = makeAddrAndKey("thief");
        if (how == 1) domain = domainSeparator(block.chainid, address(this));
        if (how == 2) domain = domainSeparator(block.chainid + 1, address(channels));
        if (how == 3) id = keccak256(abi.encode(id, other));
        IPaymentChannels.Claim memory claim_ = signedDigest(
            model.channel,
            voucher,
            key,
            digestOf(domain, id, voucher)
        );
        if (how == 4) claim_.vs = bytes32(CURVE_ORDER - ((uint256(claim_.vs) << 1) >> 1));
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.InvalidVoucher.selector, model.id));
        channels.claim(claim_);
        ++worked;
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
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.InvalidTick.selector, model.id));
        channels.claim(claim_);
        ++worked;
    }

    /// @notice Changes what the hostile token does from now on.
    function misbehave(uint256 mood, uint256 which, uint256 who) external step {
        mood = mood % (uint256(type(HostileToken.Mood).max) + 1);
        if (mood == uint256(HostileToken.Mood.Reenters)) {
            Model storage model = _any(which);
            _hostile.setReentry(
                address(channels),
                who % 2 == 0
                    ? abi.encodeCall(channels.fund, (model.channel, 1))
                    : abi.encodeCall(channels.withdraw, (model.channel.token, 1, actors[who % ACTORS]))
            );
        } else {
            _hostile.setMood(HostileToken.Mood(mood));
        }
        ++worked;
    }

    // What the steps share.

    /// @dev One of the channels; the first, in an honest token, where there is none yet.
    function _any(uint256 which) private returns (Model storage) {
        if (models.length == 0)
            _open(which % ACTORS, (which % ACTORS) + 1, which % (TOKENS - 1), 1e12, 1 hours);
        return models[which % models.length];
    }

    function _open(uint256 who, uint256 toWhom, uint256 what, uint96 amount, uint40 delay) private {
        (address signer, uint256 signerKey) = makeAddrAndKey(
            string.concat("signer ", vm.toString(models.length))
        );
        Model memory model;
        model.channel = IPaymentChannels.Channel({
            payer: actors[who % ACTORS],
            payee: actors[toWhom % ACTORS],
            token: address(tokens[what % TOKENS]),
            signer: signer,
            exitDelay: uint40(bound(delay, 15 minutes, 30 days)),
            flags: 0,
            salt: bytes32(models.length)
        });
        model.signerKey = signerKey;
        model.id = channels.channelId(model.channel);
        amount = _affordable(model.channel.payer, model.channel.token, amount);
        if (!_fund(model.channel.payer, model.channel, amount)) return;
        model.deposit = amount;
        models.push(model);
    }

    function _topUp(Model storage model, uint256 who, uint96 amount) private {
        address funder = actors[who % ACTORS];
        amount = _affordable(funder, model.channel.token, amount);
        if (model.exitAt != 0) {
            vm.expectRevert(
                abi.encodeWithSelector(IPaymentChannels.ChannelExiting.selector, model.id, model.exitAt)
            );
            vm.prank(funder);
            channels.fund(model.channel, amount);
        } else if (_fund(funder, model.channel, amount)) {
            model.deposit += amount;
        }
    }

    function _sign(Model storage model, uint96 more, uint32 ticks) private {
        more = bound96(more, 1, 1e12);
        ticks = uint32(bound(ticks, 0, MAX_TICKS));
        uint96 tickAmount = more / MAX_TICKS + 1;
        bytes32 seed = _seed(model, _vouchers[model.id].length);
        IPaymentChannels.Claim memory claim_ = signed(
            address(channels),
            model.channel,
            anchored(model.promised + more, seed, tickAmount, MAX_TICKS),
            model.signerKey
        );
        _vouchers[model.id].push(reveal(claim_, seed, ticks));
        model.promised += more + ticks * tickAmount;
    }

    /// @dev A channel's vouchers; at least so many.
    function _vouchersOf(
        Model storage model,
        uint256 count
    ) private returns (IPaymentChannels.Claim[] storage vouchers) {
        vouchers = _vouchers[model.id];
        while (vouchers.length < count) _sign(model, 1e9, uint32(vouchers.length));
    }

    function _seed(Model storage model, uint256 voucher) private view returns (bytes32) {
        return keccak256(abi.encode(model.id, voucher));
    }

    function _requestExit(Model storage model) private {
        vm.prank(model.channel.payer);
        channels.requestExit(model.channel);
        if (model.exitAt == 0) model.exitAt = uint40(block.timestamp) + model.channel.exitDelay;
    }

    /// @dev Whether it worked: it must, unless the token is hostile.
    function _fund(
        address funder,
        IPaymentChannels.Channel memory channel,
        uint96 amount
    ) private returns (bool) {
        IERC20 token = IERC20(channel.token);
        vm.prank(funder);
        if (honest(token)) {
            channels.fund(channel, amount);
        } else {
            try channels.fund{gas: HOSTILE_GAS}(channel, amount) {} catch {
                return false;
            }
        }
        worth[funder][token] -= amount;
        worth[channel.payer][token] += amount;
        return true;
    }

    function _claim(Model storage model, IPaymentChannels.Claim memory claim_, address submitter) private {
        uint96 total = claim_.total + claim_.ticks * claim_.tickAmount;
        uint96 owed = total > model.claimed ? total - model.claimed : 0;
        uint96 due = owed < model.deposit ? owed : model.deposit;
        if (owed == 0) {
            vm.expectRevert(
                abi.encodeWithSelector(IPaymentChannels.NothingToClaim.selector, model.id, model.claimed)
            );
        } else if (due == 0) {
            vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.DepositSpent.selector, model.id, owed));
        }
        vm.prank(submitter);
        uint96 paid = channels.claim(claim_);
        if (due != 0) assertEq(paid, due, "a claim pays what is owed, as far as the deposit goes");

        IERC20 token = IERC20(model.channel.token);
        model.claimed += due;
        model.deposit -= due;
        balances[model.channel.payee][token] += due;
        worth[model.channel.payer][token] -= due;
        worth[model.channel.payee][token] += due;
    }

    function _withdraw(address owner, IERC20 token, uint96 amount, address to) private {
        amount = bound96(amount, 1, balances[owner][token]);
        vm.prank(owner);
        if (honest(token)) {
            channels.withdraw(address(token), amount, to);
        } else {
            try channels.withdraw{gas: HOSTILE_GAS}(address(token), amount, to) {} catch {
                return;
            }
        }
        balances[owner][token] -= amount;
        worth[owner][token] -= amount;
        worth[to][token] += amount;
    }

    /// @dev At most a tenth of what the account has, so that it can go on; at least one unit.
    function _affordable(address account, address token, uint96 amount) private view returns (uint96) {
        uint256 held = honest(IERC20(token)) ? IERC20(token).balanceOf(account) : WALLET;
        return bound96(amount, 1, held / 10);
    }
}
