// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IPaymentChannels} from "../../../contracts/channels/IPaymentChannels.sol";
import {IReceiveWithAuthorization} from "../../../contracts/channels/IReceiveWithAuthorization.sol";
import {PaymentChannels} from "../../../contracts/channels/PaymentChannels.sol";
import {ITransferAuthorizations} from "../../../contracts/currency/ITransferAuthorizations.sol";
import {IssuerCurrency} from "../../../contracts/currency/IssuerCurrency.sol";
import {AuthorizationToken} from "../support/AuthorizationToken.sol";
import {ChannelTest} from "../support/ChannelTest.sol";
import {Currencies} from "../support/Currencies.sol";
import {Wallet1271} from "../support/Wallet1271.sol";
import {HostileToken} from "./HostileToken.sol";
import {PhantomToken} from "./PhantomToken.sol";

/// @dev The branches are those of `ChannelAuthorizations.tree`. The stranger relays: it has no part in the channel.
contract ChannelAuthorizationsTest is ChannelTest, Currencies {
    uint256 private constant HELD = 1_000;

    /// @dev What a payer signs, and the channel it signs it for.
    struct Authorization {
        IPaymentChannels.Channel channel;
        uint96 amount;
        uint256 validAfter;
        uint256 validBefore;
        bytes32 salt;
        bytes signature;
    }

    IssuerCurrency private currency;
    AuthorizationToken private bare;

    function setUp() public override {
        super.setUp();
        vm.warp(1_800_000_000);
        currency = newCurrency("Claire dollar", 1 days);
        bare = new AuthorizationToken();
        give(currency, payer, HELD);
        bare.mint(payer, HELD);
    }

    // opening

    function testFuzz_OpensTheChannelInAnIssuerCurrency(uint96 amount, bytes32 salt, uint32 before) external {
        Authorization memory authorization = _authorization(address(currency));
        authorization.amount = bound96(amount, 1, HELD);
        authorization.salt = salt;
        authorization.validBefore = block.timestamp + 1 + before;
        _opens(_signedBy(payerKey, authorization));
    }

    function testFuzz_OpensTheChannelInABareToken(uint96 amount, bytes32 salt) external {
        Authorization memory authorization = _authorization(address(bare));
        authorization.amount = bound96(amount, 1, HELD);
        authorization.salt = salt;
        _opens(_signedBy(payerKey, authorization));
    }

    /// @dev Both parities of R: signatures that end in 27 and in 28.
    function test_OpensWithEitherRecoveryByte() external {
        uint256 seen;
        for (uint256 i = 0; seen != 3; ++i) {
            Authorization memory authorization = _authorization(address(currency));
            authorization.salt = bytes32(i);
            authorization.channel.salt = bytes32(i);
            authorization.amount = 1;
            authorization = _signedBy(payerKey, authorization);
            seen |= authorization.signature[64] == bytes1(uint8(27)) ? 1 : 2;
            _relay(authorization);
            _assertState(authorization.channel, 0, 1, 0);
        }
    }

    function test_TopsUpWithAnotherSalt() external {
        Authorization memory authorization = _authorization(address(currency));
        _relay(_signedBy(payerKey, authorization));
        authorization.salt = "another";
        _relay(_signedBy(payerKey, authorization));
        _assertState(authorization.channel, 0, 200, 0);
        assertEq(currency.balanceOf(payer), HELD - 200);
    }

    function test_OpensManyChannelsInOneTransaction() external {
        bytes[] memory calls = new bytes[](10);
        for (uint256 i = 0; i < calls.length; ++i) {
            Authorization memory authorization = _authorization(address(currency));
            authorization.channel.salt = bytes32(i);
            calls[i] = _call(_signedBy(payerKey, authorization));
        }
        vm.prank(stranger);
        channels.multicall(calls);
        assertEq(currency.balanceOf(address(channels)), HELD);
    }

    // whose signature

    /// @dev A payer that is a contract: one byte more than a plain signature, so that only the wallet can read it.
    function test_OpensForAContractWallet() external {
        Authorization memory authorization = _ofWallet(address(new Wallet1271(payer)));
        authorization = _signedBy(payerKey, authorization);
        authorization.signature = bytes.concat(authorization.signature, hex"00");
        _relay(authorization);
        _assertState(authorization.channel, 0, 100, 0);
    }

    function test_RevertWhen_TheContractWalletSaysNo() external {
        Authorization memory authorization = _ofWallet(address(new Wallet1271(payer)));
        authorization = _signedBy(strangerKey, authorization);
        authorization.signature = bytes.concat(authorization.signature, hex"00");
        _refuses(
            authorization,
            abi.encodeWithSelector(IPaymentChannels.InvalidSignature.selector, authorization.channel.payer)
        );
    }

    /// @dev An account that delegated to code (EIP-7702) signs with its key as before, whatever the code says.
    function test_OpensForADelegatedAccountByItsKey() external {
        vm.etch(payer, abi.encodePacked(hex"ef0100", address(token)));
        _opens(_signedBy(payerKey, _authorization(address(currency))));
    }

    /// @dev And with its code, where the code knows what it is asked.
    function test_OpensForADelegatedAccountByItsCode() external {
        vm.etch(payer, abi.encodePacked(hex"ef0100", address(new Wallet1271(signer))));
        Authorization memory authorization = _signedBy(signerKey, _authorization(address(currency)));
        authorization.signature = bytes.concat(authorization.signature, hex"00");
        _opens(authorization);
    }

    function test_RevertWhen_NobodySigned() external {
        Authorization memory authorization = _authorization(address(currency));
        bytes memory refusal = abi.encodeWithSelector(IPaymentChannels.InvalidSignature.selector, payer);
        _refuses(_signedBy(strangerKey, authorization), refusal);
        // Not the hot key either: it signs vouchers and nothing else.
        _refuses(_signedBy(signerKey, authorization), refusal);
        authorization = _signedBy(payerKey, authorization);
        bytes memory genuine = authorization.signature;
        authorization.signature = malleable(genuine);
        _refuses(authorization, refusal);
        authorization.signature = bytes.concat(genuine, hex"00");
        _refuses(authorization, refusal);
        authorization.signature = "";
        _refuses(authorization, refusal);
    }

    /// @dev The zero address signs nothing: a recovery that fails is not its signature.
    function test_RevertWhen_ThePayerIsZero() external {
        Authorization memory authorization = _authorization(address(currency));
        authorization.channel.payer = address(0);
        authorization.signature = new bytes(65);
        _refuses(
            authorization,
            abi.encodeWithSelector(IPaymentChannels.InvalidSignature.selector, address(0))
        );
    }

    // for exactly what

    /// @dev Whoever gets hold of an authorization can do what its payer signed, and nothing else.
    function testFuzz_RevertWhen_AnythingIsChanged(uint256 which, bool isBare) external {
        Authorization memory authorization = _signedBy(
            payerKey,
            _authorization(isBare ? address(bare) : address(currency))
        );
        which = bound(which, 0, 10);
        if (which == 0) authorization.channel.payee = stranger;
        if (which == 1) authorization.channel.signer = stranger;
        if (which == 2) authorization.channel.exitDelay += 1;
        if (which == 3) authorization.channel.flags = DRAWS_ON_PURSE;
        if (which == 4) authorization.channel.salt = "other";
        if (which == 5) authorization.amount += 1;
        if (which == 6) authorization.amount -= 1;
        if (which == 7) authorization.validAfter -= 1;
        if (which == 8) authorization.validBefore += 1;
        if (which == 9) authorization.salt = "other";
        if (which == 10) authorization.channel.token = isBare ? address(currency) : address(bare);
        _refuses(authorization, abi.encodeWithSelector(IPaymentChannels.InvalidSignature.selector, payer));
    }

    function testFuzz_RevertWhen_SignedForAnotherChain(uint64 chainId) external {
        chainId = uint64(bound(chainId, 1, type(uint64).max - 1));
        vm.assume(chainId != block.chainid);
        Authorization memory authorization = _signedBy(payerKey, _authorization(address(currency)));
        vm.chainId(chainId);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.InvalidSignature.selector, payer));
        _relay(authorization);
        assertEq(currency.balanceOf(payer), HELD);
    }

    function test_RevertWhen_SignedForAnotherContract() external {
        Authorization memory authorization = _signedBy(payerKey, _authorization(address(currency)));
        PaymentChannels another = new PaymentChannels();
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.InvalidSignature.selector, payer));
        another.fundWithAuthorization(
            authorization.channel,
            authorization.amount,
            authorization.validAfter,
            authorization.validBefore,
            authorization.salt,
            authorization.signature
        );
    }

    /// @dev A top-up of an open channel is checked by the token, which knows the nonce and with it the channel.
    function testFuzz_RevertWhen_ATopUpIsChanged(uint256 which) external {
        Authorization memory authorization = _authorization(address(currency));
        _relay(_signedBy(payerKey, authorization));
        authorization.salt = "another";
        authorization = _signedBy(payerKey, authorization);
        which = bound(which, 0, 4);
        if (which == 0) authorization.amount += 1;
        if (which == 1) authorization.validAfter -= 1;
        if (which == 2) authorization.validBefore += 1;
        if (which == 3) authorization.salt = "other";
        if (which == 4) authorization = _signedBy(strangerKey, authorization);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.InvalidSignature.selector, payer));
        _relay(authorization);
        _assertState(authorization.channel, 0, 100, 0);
        assertEq(currency.balanceOf(payer), HELD - 100);
    }

    // when

    function testFuzz_RevertWhen_NotYetValid(uint32 early, bool isBare) external {
        Authorization memory authorization = _authorization(isBare ? address(bare) : address(currency));
        authorization.validAfter = block.timestamp + early;
        authorization.validBefore = type(uint256).max;
        _refuses(
            _signedBy(payerKey, authorization),
            isBare
                ? abi.encodeWithSelector(AuthorizationToken.Refused.selector)
                : abi.encodeWithSelector(
                    ITransferAuthorizations.AuthorizationNotYetValid.selector,
                    authorization.validAfter
                )
        );
    }

    function testFuzz_RevertWhen_Expired(uint32 late, bool isBare) external {
        Authorization memory authorization = _authorization(isBare ? address(bare) : address(currency));
        authorization.validBefore = block.timestamp - bound(late, 0, 1 days);
        _refuses(
            _signedBy(payerKey, authorization),
            isBare
                ? abi.encodeWithSelector(AuthorizationToken.Refused.selector)
                : abi.encodeWithSelector(
                    ITransferAuthorizations.AuthorizationExpired.selector,
                    authorization.validBefore
                )
        );
    }

    function test_RevertGiven_ExitRequested() external {
        Authorization memory authorization = _signedBy(payerKey, _authorization(address(currency)));
        IPaymentChannels.Channel memory channel = authorization.channel;
        _relay(authorization);
        vm.prank(payer);
        channels.requestExit(channel);
        authorization.salt = "another";
        authorization = _signedBy(payerKey, authorization);
        vm.expectRevert(
            abi.encodeWithSelector(
                IPaymentChannels.ChannelExiting.selector,
                _id(channel),
                block.timestamp + EXIT_DELAY
            )
        );
        _relay(authorization);
    }

    // front-running

    /// @dev The first to relay an authorization does what its payer wanted; the second does nothing.
    function test_FrontRunningOpensTheSameChannel() external {
        Authorization memory authorization = _signedBy(payerKey, _authorization(address(currency)));
        vm.prank(makeAddr("front runner"));
        channels.fundWithAuthorization(
            authorization.channel,
            authorization.amount,
            authorization.validAfter,
            authorization.validBefore,
            authorization.salt,
            authorization.signature
        );
        vm.expectRevert(
            abi.encodeWithSelector(
                ITransferAuthorizations.AuthorizationAlreadyUsed.selector,
                payer,
                _nonce(authorization)
            )
        );
        _relay(authorization);
        _assertState(authorization.channel, 0, 100, 0);
        assertEq(currency.balanceOf(payer), HELD - 100);
    }

    /// @dev Nobody moves the tokens past the channels contract, where they would be nobody's.
    function test_FrontRunningTheTokenDoesNothing() external {
        Authorization memory authorization = _signedBy(payerKey, _authorization(address(currency)));
        bytes32 nonce = _nonce(authorization);
        vm.startPrank(stranger);
        vm.expectRevert(
            abi.encodeWithSelector(ITransferAuthorizations.OnlyRecipient.selector, stranger, channels)
        );
        currency.receiveWithAuthorization(
            payer,
            address(channels),
            100,
            authorization.validAfter,
            authorization.validBefore,
            nonce,
            authorization.signature
        );
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.InvalidSignature.selector, payer));
        currency.transferWithAuthorization(
            payer,
            address(channels),
            100,
            authorization.validAfter,
            authorization.validBefore,
            nonce,
            authorization.signature
        );
        vm.stopPrank();
        _opens(authorization);
    }

    /// @dev It was used up once: neither an exit nor a release brings it back.
    function test_RevertWhen_RelayedAgainAfterTheChannelWasEmptied() external {
        Authorization memory authorization = _signedBy(payerKey, _authorization(address(currency)));
        _relay(authorization);
        vm.prank(payee);
        channels.release(authorization.channel);
        vm.expectRevert(
            abi.encodeWithSelector(
                ITransferAuthorizations.AuthorizationAlreadyUsed.selector,
                payer,
                _nonce(authorization)
            )
        );
        _relay(authorization);
    }

    // what else can be wrong

    function test_RevertWhen_AmountIsZero() external {
        Authorization memory authorization = _authorization(address(currency));
        authorization.amount = 0;
        _refuses(
            _signedBy(payerKey, authorization),
            abi.encodeWithSelector(IPaymentChannels.ZeroAmount.selector)
        );
    }

    function testFuzz_RevertWhen_TheDescriptorIsUnsound(uint256 which) external {
        Authorization memory authorization = _authorization(address(currency));
        IPaymentChannels.Channel memory channel = authorization.channel;
        bytes memory refusal;
        which = bound(which, 0, 4);
        if (which == 0) {
            channel.payee = address(0);
            refusal = abi.encodeWithSelector(IPaymentChannels.InvalidPayee.selector);
        } else if (which == 1) {
            channel.signer = address(0);
            refusal = abi.encodeWithSelector(IPaymentChannels.InvalidSigner.selector);
        } else if (which == 2) {
            channel.exitDelay = 1;
            refusal = abi.encodeWithSelector(IPaymentChannels.InvalidExitDelay.selector, 1);
        } else if (which == 3) {
            channel.exitDelay = 36_525 days;
            refusal = abi.encodeWithSelector(IPaymentChannels.InvalidExitDelay.selector, 36_525 days);
        } else {
            channel.flags = 2;
            refusal = abi.encodeWithSelector(IPaymentChannels.InvalidFlags.selector, 2);
        }
        _refuses(_signedBy(payerKey, authorization), refusal);
    }

    function test_RevertWhen_TokenIsNoContract() external {
        Authorization memory authorization = _authorization(address(currency));
        authorization.channel.token = stranger;
        authorization.signature = new bytes(65);
        _refuses(authorization, abi.encodeWithSelector(IPaymentChannels.InvalidToken.selector, stranger));
    }

    function test_RevertWhen_ThePayerHasLess() external {
        Authorization memory authorization = _authorization(address(currency));
        authorization.amount = uint96(HELD + 1);
        _refuses(
            _signedBy(payerKey, authorization),
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, payer, HELD, HELD + 1)
        );
    }

    /// @dev A token that takes any signature fills its own books; it must not speak for the payer.
    function test_AHostileTokenOpensNothingInAVictimsName() external {
        HostileToken hostile = new HostileToken();
        hostile.mint(payer, HELD);
        Authorization memory authorization = _authorization(address(hostile));
        bytes memory refusal = abi.encodeWithSelector(IPaymentChannels.InvalidSignature.selector, payer);
        _refuses(_signedBy(strangerKey, authorization), refusal);
        authorization.signature = "";
        _refuses(authorization, refusal);

        // Nor by what the payer signed for an honest token, whose domain it takes for its own.
        Authorization memory genuine = _signedBy(payerKey, _authorization(address(currency)));
        hostile.setDomain(domainOf(currency));
        authorization.signature = genuine.signature;
        _refuses(authorization, refusal);
        hostile.mint(address(channels), HELD);
        _refuses(authorization, refusal);
    }

    /// @dev A token without ERC-3009 whose fallback swallows every call moves nothing, and nothing is booked.
    function test_RevertWhen_TheTokenHasNoAuthorizationsAndAnswersAllTheSame() external {
        PhantomToken phantom = new PhantomToken();
        phantom.mint(payer, HELD);
        Authorization memory authorization = _signedBy(payerKey, _authorization(address(phantom)));
        _refuses(
            authorization,
            abi.encodeWithSelector(IPaymentChannels.InexactTransfer.selector, phantom, 100, 0)
        );
        vm.startPrank(payer);
        phantom.approve(address(channels), 1);
        channels.fund(authorization.channel, 1);
        vm.stopPrank();
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.InexactTransfer.selector, phantom, 101, 1));
        _relay(authorization);
        _assertState(authorization.channel, 0, 1, 0);
    }

    // what the tests above share

    function _authorization(address token_) private view returns (Authorization memory authorization) {
        authorization.channel = _channel();
        authorization.channel.token = token_;
        authorization.amount = 100;
        authorization.validAfter = block.timestamp - 1;
        authorization.validBefore = block.timestamp + 1 hours;
        authorization.salt = "authorization";
    }

    function _ofWallet(address wallet) private returns (Authorization memory authorization) {
        give(currency, wallet, HELD);
        authorization = _authorization(address(currency));
        authorization.channel.payer = wallet;
    }

    function _nonce(Authorization memory authorization) private view returns (bytes32) {
        return keccak256(abi.encode(_id(authorization.channel), authorization.salt));
    }

    /// @dev Signs for the token's own domain: of an issuer currency, as a wallet would compute it.
    function _signedBy(
        uint256 key,
        Authorization memory authorization
    ) private view returns (Authorization memory) {
        address token_ = authorization.channel.token;
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256(
                    "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
                ),
                authorization.channel.payer,
                address(channels),
                authorization.amount,
                authorization.validAfter,
                authorization.validBefore,
                _nonce(authorization)
            )
        );
        bytes32 domain =
            token_ == address(currency)
                ? domainOf(currency)
                : IReceiveWithAuthorization(token_).DOMAIN_SEPARATOR();
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(
            key,
            keccak256(abi.encodePacked(hex"1901", domain, structHash))
        );
        authorization.signature = abi.encodePacked(r, s, v);
        return authorization;
    }

    function _call(Authorization memory authorization) private view returns (bytes memory) {
        return
            abi.encodeCall(
                channels.fundWithAuthorization,
                (
                    authorization.channel,
                    authorization.amount,
                    authorization.validAfter,
                    authorization.validBefore,
                    authorization.salt,
                    authorization.signature
                )
            );
    }

    function _relay(Authorization memory authorization) private {
        vm.prank(stranger);
        channels.fundWithAuthorization(
            authorization.channel,
            authorization.amount,
            authorization.validAfter,
            authorization.validBefore,
            authorization.salt,
            authorization.signature
        );
    }

    function _opens(Authorization memory authorization) private {
        IPaymentChannels.Channel memory channel = authorization.channel;
        bytes32 id = _id(channel);
        vm.expectEmit(address(channels));
        emit IPaymentChannels.ChannelOpened(
            id,
            channel.payer,
            channel.payee,
            channel.token,
            channel.signer,
            channel.exitDelay,
            channel.flags,
            channel.salt
        );
        vm.expectEmit(address(channels));
        emit IPaymentChannels.Funded(id, authorization.amount, authorization.amount);
        _relay(authorization);
        _assertState(channel, 0, authorization.amount, 0);
        assertEq(IERC20(channel.token).balanceOf(address(channels)), authorization.amount);
        assertEq(IERC20(channel.token).balanceOf(channel.payer), HELD - authorization.amount);
    }

    /// @dev It reverts, and nothing is opened or taken.
    function _refuses(Authorization memory authorization, bytes memory refusal) private {
        uint256 held = IERC20(currency).balanceOf(payer);
        vm.expectRevert(refusal);
        _relay(authorization);
        _assertUnknown(authorization.channel);
        assertEq(currency.balanceOf(payer), held);
        assertEq(bare.balanceOf(payer), HELD);
    }
}
