// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IPaymentChannels} from "../../../contracts/channels/IPaymentChannels.sol";
import {ChannelTest} from "../support/ChannelTest.sol";
import {PlainToken} from "../support/PlainToken.sol";
import {Wallet1271} from "../support/Wallet1271.sol";

/// @dev The branches are those of `Relays.tree`. The stranger relays: nothing that it holds is at stake.
contract RelaysTest is ChannelTest {
    /// @dev A relayed withdrawal, as its owner signs it.
    struct Withdrawal {
        address owner;
        address token;
        uint96 amount;
        address to;
        bytes32 nonce;
        uint256 deadline;
        bytes signature;
    }

    uint256 private _deadline;

    function setUp() public override {
        super.setUp();
        vm.warp(1_800_000_000);
        _deadline = block.timestamp + 1 days;
        _open(1_000);
    }

    // requestExitFor

    function testFuzz_RequestExit_StartsTheExitWhoeverRelaysIt(address relay, uint32 time) external {
        uint256 deadline = block.timestamp + time;
        bytes memory signature = _signedRequest(payerKey, _channel(), deadline);
        uint40 exitAt = uint40(block.timestamp) + EXIT_DELAY;
        vm.expectEmit(address(channels));
        emit IPaymentChannels.ExitRequested(_id(_channel()), payer, payee, exitAt);
        vm.prank(relay);
        channels.requestExitFor(_channel(), deadline, signature);
        _assertState(_channel(), 0, 1_000, exitAt);
    }

    function test_RequestExit_RevertGiven_NeverOpened() external {
        IPaymentChannels.Channel memory channel = _channel();
        channel.salt = "other";
        bytes memory signature = _signedRequest(payerKey, channel, _deadline);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.UnknownChannel.selector, _id(channel)));
        channels.requestExitFor(channel, _deadline, signature);
    }

    function testFuzz_RequestExit_RevertWhen_Expired(uint32 late) external {
        bytes memory signature = _signedRequest(payerKey, _channel(), _deadline);
        vm.warp(_deadline + 1 + late);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.SignatureExpired.selector, _deadline));
        channels.requestExitFor(_channel(), _deadline, signature);
    }

    function test_RequestExit_RevertWhen_NotSignedByThePayer() external {
        _requestIsRefused(_signedRequest(strangerKey, _channel(), _deadline));
        // The hot key cannot end what its owner funded.
        _requestIsRefused(_signedRequest(signerKey, _channel(), _deadline));
        bytes memory genuine = _signedRequest(payerKey, _channel(), _deadline);
        _requestIsRefused(malleable(genuine));
        _requestIsRefused(bytes.concat(genuine, hex"00"));
        _requestIsRefused("");
    }

    function testFuzz_RequestExit_RevertWhen_SignedForSomethingElse(uint256 which) external {
        IPaymentChannels.Channel memory other = _channel();
        other.salt = "other";
        _fund(payer, other, 1);
        which = bound(which, 0, 3);
        if (which == 0) _requestIsRefused(_signedRequest(payerKey, other, _deadline));
        if (which == 1) _requestIsRefused(_signedRequest(payerKey, _channel(), _deadline + 1));
        // A withdrawal's nonce and deadline do not make it a request.
        if (which == 2) _requestIsRefused(_signedBy(payerKey, _withdrawal(payer)).signature);
        if (which == 3) {
            vm.chainId(1);
            vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.InvalidSignature.selector, payer));
            channels.requestExitFor(_channel(), _deadline, _signedElsewhere());
        }
    }

    /// @dev What failed is not used up: until its deadline a message that was signed and never carried out can be.
    function test_RequestExit_WorksLaterWhereItFailedBefore() external {
        uint40 exitAt = _requestExit();
        bytes memory signature = _signedRequest(payerKey, _channel(), _deadline);
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentChannels.ChannelExiting.selector, _id(_channel()), exitAt)
        );
        channels.requestExitFor(_channel(), _deadline, signature);
        vm.prank(payer);
        channels.cancelExit(_channel());
        vm.warp(_deadline);
        channels.requestExitFor(_channel(), _deadline, signature);
        _assertState(_channel(), 0, 1_000, uint40(_deadline) + EXIT_DELAY);
    }

    /// @dev A stranger that kept the message cannot make a payer leave that has decided to stay.
    function test_RequestExit_RevertWhen_RepeatedAfterItWasCancelled() external {
        bytes memory signature = _relayRequest();
        _requestIsUsed(signature);
        vm.prank(payer);
        channels.cancelExit(_channel());
        _requestIsUsed(signature);
        _assertState(_channel(), 0, 1_000, 0);
    }

    function test_RequestExit_RevertWhen_RepeatedAfterTheExitAndARefill() external {
        bytes memory signature = _relayRequest();
        vm.warp(block.timestamp + EXIT_DELAY);
        channels.exit(_channel());
        _requestIsUsed(signature);
        _open(500);
        _requestIsUsed(signature);
        _assertState(_channel(), 0, 500, 0);
        vm.warp(_deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.SignatureExpired.selector, _deadline));
        channels.requestExitFor(_channel(), _deadline, signature);
    }

    /// @dev The payee's way out uses up a request as well as the payer's.
    function test_RequestExit_RevertWhen_RepeatedAfterARelease() external {
        bytes memory signature = _relayRequest();
        vm.prank(payee);
        channels.release(_channel());
        _open(500);
        _requestIsUsed(signature);
    }

    /// @dev A second signature of the same message, which every key can make, is the same message.
    function test_RequestExit_RevertWhen_RepeatedUnderAnotherSignature() external {
        address wallet = address(new Wallet1271(payer));
        IPaymentChannels.Channel memory channel = _channelOf(wallet);
        bytes memory signature = bytes.concat(_signedRequest(payerKey, channel, _deadline), hex"00");
        channels.requestExitFor(channel, _deadline, signature);
        vm.prank(wallet);
        channels.cancelExit(channel);
        signature[65] = 0x01;
        bytes32 message = _requestHash(channel, _deadline);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.MessageUsed.selector, wallet, message));
        channels.requestExitFor(channel, _deadline, signature);
    }

    function test_RequestExit_ANewDeadlineIsANewRequest() external {
        _relayRequest();
        vm.prank(payer);
        channels.cancelExit(_channel());
        channels.requestExitFor(
            _channel(),
            _deadline + 1,
            _signedRequest(payerKey, _channel(), _deadline + 1)
        );
        _assertState(_channel(), 0, 1_000, uint40(block.timestamp) + EXIT_DELAY);
    }

    function test_RequestExit_OfAContractWalletAndOfADelegatedAccount() external {
        address wallet = address(new Wallet1271(payer));
        IPaymentChannels.Channel memory channel = _channelOf(wallet);
        bytes memory signature = bytes.concat(_signedRequest(strangerKey, channel, _deadline), hex"00");
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.InvalidSignature.selector, wallet));
        channels.requestExitFor(channel, _deadline, signature);
        signature = bytes.concat(_signedRequest(payerKey, channel, _deadline), hex"00");
        channels.requestExitFor(channel, _deadline, signature);

        vm.etch(payer, abi.encodePacked(hex"ef0100", address(token)));
        channels.requestExitFor(_channel(), _deadline, _signedRequest(payerKey, _channel(), _deadline));
    }

    // withdrawFor

    function testFuzz_Withdraw_SendsWhatWasSignedWhoeverRelaysIt(
        uint96 amount,
        bytes32 nonce,
        address relay
    ) external {
        _pay();
        Withdrawal memory withdrawal = _withdrawal(payee);
        withdrawal.amount = bound96(amount, 1, 1_000);
        withdrawal.nonce = nonce;
        vm.expectEmit(address(channels));
        emit IPaymentChannels.Withdrawn(payee, address(token), withdrawal.amount, withdrawal.to);
        vm.prank(relay);
        _relay(_signedBy(_payeeKey(), withdrawal));
        assertEq(token.balanceOf(withdrawal.to), withdrawal.amount);
        assertEq(_balance(payee), 1_000 - withdrawal.amount);
    }

    function test_Withdraw_RevertWhen_WithdrawWould() external {
        _pay();
        Withdrawal memory withdrawal = _withdrawal(payee);
        withdrawal.amount = 0;
        _refuses(withdrawal, abi.encodeWithSelector(IPaymentChannels.ZeroAmount.selector));
        withdrawal.amount = 1_001;
        _refuses(
            withdrawal,
            abi.encodeWithSelector(IPaymentChannels.InsufficientBalance.selector, payee, token, 1_000, 1_001)
        );
        withdrawal.amount = 1;
        withdrawal.to = address(channels);
        _refuses(
            withdrawal,
            abi.encodeWithSelector(IPaymentChannels.InvalidRecipient.selector, address(channels))
        );
        withdrawal.to = address(0);
        _refuses(withdrawal, abi.encodeWithSelector(IPaymentChannels.InvalidRecipient.selector, address(0)));
        // None of these used up the nonce.
        withdrawal.to = stranger;
        _relay(_signedBy(_payeeKey(), withdrawal));
    }

    function testFuzz_Withdraw_RevertWhen_Expired(uint32 late) external {
        _pay();
        Withdrawal memory withdrawal = _signedBy(_payeeKey(), _withdrawal(payee));
        vm.warp(_deadline + 1 + late);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.SignatureExpired.selector, _deadline));
        _relay(withdrawal);
    }

    function test_Withdraw_WorksInTheLastSecond() external {
        _pay();
        Withdrawal memory withdrawal = _signedBy(_payeeKey(), _withdrawal(payee));
        vm.warp(_deadline);
        _relay(withdrawal);
        assertEq(token.balanceOf(withdrawal.to), 100);
    }

    /// @dev Whoever relays cannot turn a message into another one.
    function testFuzz_Withdraw_RevertWhen_AnythingIsChanged(uint256 which) external {
        _pay();
        Withdrawal memory withdrawal = _signedBy(_payeeKey(), _withdrawal(payee));
        which = bound(which, 0, 8);
        if (which == 0) withdrawal.owner = payer;
        if (which == 1) withdrawal.token = address(new PlainToken());
        if (which == 2) withdrawal.amount += 1;
        if (which == 3) withdrawal.to = stranger;
        if (which == 4) withdrawal.nonce = "other";
        if (which == 5) withdrawal.deadline += 1;
        if (which == 6) withdrawal.signature = malleable(withdrawal.signature);
        if (which == 7) withdrawal.signature = bytes.concat(withdrawal.signature, hex"00");
        if (which == 8) withdrawal = _signedBy(strangerKey, withdrawal);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.InvalidSignature.selector, withdrawal.owner));
        _relay(withdrawal);
        assertEq(_balance(payee), 1_000);
    }

    function test_Withdraw_RevertWhen_TheOwnerIsZero() external {
        Withdrawal memory withdrawal = _withdrawal(address(0));
        withdrawal.signature = new bytes(65);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.InvalidSignature.selector, address(0)));
        _relay(withdrawal);
    }

    function testFuzz_Withdraw_RevertWhen_SignedForAnotherChain(uint64 chainId) external {
        chainId = uint64(bound(chainId, 1, type(uint64).max - 1));
        vm.assume(chainId != block.chainid);
        _pay();
        Withdrawal memory withdrawal = _signedBy(_payeeKey(), _withdrawal(payee));
        vm.chainId(chainId);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.InvalidSignature.selector, payee));
        _relay(withdrawal);
    }

    /// @dev Also with other content, and after the balance has grown again.
    function test_Withdraw_RevertWhen_Repeated() external {
        _pay();
        Withdrawal memory withdrawal = _signedBy(_payeeKey(), _withdrawal(payee));
        _relay(withdrawal);
        bytes memory refusal = abi.encodeWithSelector(
            IPaymentChannels.MessageUsed.selector,
            payee,
            withdrawal.nonce
        );
        vm.expectRevert(refusal);
        _relay(withdrawal);
        withdrawal.amount = 7;
        _refuses(withdrawal, refusal);
        withdrawal.nonce = "another";
        _relay(_signedBy(_payeeKey(), withdrawal));
        assertEq(token.balanceOf(withdrawal.to), 107);
    }

    /// @dev Each account has nonces of its own: nobody uses up somebody else's.
    function test_Withdraw_NoncesAreTheOwners() external {
        _pay();
        _open(100);
        vm.prank(payee);
        channels.release(_channel());
        _relay(_signedBy(payerKey, _withdrawal(payer)));
        _relay(_signedBy(_payeeKey(), _withdrawal(payee)));
        assertEq(token.balanceOf(_withdrawal(payee).to), 200);
    }

    function test_Withdraw_OfAContractWalletAndOfADelegatedAccount() external {
        address wallet = address(new Wallet1271(payer));
        IPaymentChannels.Channel memory channel = _channel();
        channel.payee = wallet;
        _fund(payer, channel, 100);
        channels.claim(_voucherOn(channel, 100));
        Withdrawal memory withdrawal = _signedBy(strangerKey, _withdrawal(wallet));
        withdrawal.signature = bytes.concat(withdrawal.signature, hex"00");
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.InvalidSignature.selector, wallet));
        _relay(withdrawal);
        withdrawal = _signedBy(payerKey, withdrawal);
        withdrawal.signature = bytes.concat(withdrawal.signature, hex"00");
        _relay(withdrawal);

        _pay();
        vm.etch(payee, abi.encodePacked(hex"ef0100", address(token)));
        _relay(_signedBy(_payeeKey(), _withdrawal(payee)));
        assertEq(token.balanceOf(withdrawal.to), 200);
    }

    // what the tests above share

    /// @dev The payee has 1,000 in its balance.
    function _pay() private {
        channels.claim(_voucher(1_000));
    }

    function _payeeKey() private returns (uint256 key) {
        (, key) = makeAddrAndKey("payee");
    }

    function _channelOf(address wallet) private returns (IPaymentChannels.Channel memory channel) {
        _supply(wallet);
        channel = _channel();
        channel.payer = wallet;
        _fund(wallet, channel, 100);
    }

    function _requestHash(
        IPaymentChannels.Channel memory channel,
        uint256 deadline
    ) private view returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    keccak256("RequestExit(bytes32 channelId,uint256 deadline)"),
                    _id(channel),
                    deadline
                )
            );
    }

    function _signedRequest(
        uint256 key,
        IPaymentChannels.Channel memory channel,
        uint256 deadline
    ) private view returns (bytes memory) {
        return _sign(key, _requestHash(channel, deadline));
    }

    /// @dev The right request under the domain of the chain that the tests start on, whichever this is.
    function _signedElsewhere() private view returns (bytes memory) {
        bytes32 domain = domainSeparator(31_337, address(channels));
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256("RequestExit(bytes32 channelId,uint256 deadline)"),
                idOf(domain, _channel()),
                _deadline
            )
        );
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(
            payerKey,
            keccak256(abi.encodePacked(hex"1901", domain, structHash))
        );
        return abi.encodePacked(r, s, v);
    }

    function _relayRequest() private returns (bytes memory signature) {
        signature = _signedRequest(payerKey, _channel(), _deadline);
        vm.prank(stranger);
        channels.requestExitFor(_channel(), _deadline, signature);
    }

    function _requestIsRefused(bytes memory signature) private {
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.InvalidSignature.selector, payer));
        channels.requestExitFor(_channel(), _deadline, signature);
        _assertState(_channel(), 0, 1_000, 0);
    }

    function _requestIsUsed(bytes memory signature) private {
        bytes32 message = _requestHash(_channel(), _deadline);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.MessageUsed.selector, payer, message));
        channels.requestExitFor(_channel(), _deadline, signature);
    }

    function _withdrawal(address owner) private returns (Withdrawal memory withdrawal) {
        withdrawal = Withdrawal(owner, address(token), 100, makeAddr("to"), "nonce", _deadline, "");
    }

    function _signedBy(uint256 key, Withdrawal memory withdrawal) private view returns (Withdrawal memory) {
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256(
                    "Withdraw(address owner,address token,uint96 amount,address to,bytes32 nonce,uint256 deadline)"
                ),
                withdrawal.owner,
                withdrawal.token,
                withdrawal.amount,
                withdrawal.to,
                withdrawal.nonce,
                withdrawal.deadline
            )
        );
        withdrawal.signature = _sign(key, structHash);
        return withdrawal;
    }

    function _relay(Withdrawal memory withdrawal) private {
        channels.withdrawFor(
            withdrawal.owner,
            withdrawal.token,
            withdrawal.amount,
            withdrawal.to,
            withdrawal.nonce,
            withdrawal.deadline,
            withdrawal.signature
        );
    }

    function _refuses(Withdrawal memory withdrawal, bytes memory refusal) private {
        withdrawal = _signedBy(_payeeKey(), withdrawal);
        vm.expectRevert(refusal);
        _relay(withdrawal);
    }
}
