// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IInteractionHistory} from "../../../contracts/history/IInteractionHistory.sol";
import {InteractionHistory} from "../../../contracts/history/InteractionHistory.sol";
import {Vm} from "../support/Vm.sol";
import {Wallet1271} from "../support/Wallet1271.sol";
import {HistoryTest} from "./HistoryTest.sol";
import {HostileWallet} from "./HostileWallet.sol";

/// @dev The branches are those of `Receipts.tree`. Bob serves Alice.
contract ReceiptsTest is HistoryTest {
    // record

    function testFuzz_Record_RecordsWhatBothSigned(address caller, uint96 served, uint32 count) external {
        vm.assume(served != 0 || count != 0);
        IInteractionHistory.SignedReceipt memory signed = signedByBoth(receiptOf(served, count));
        vm.expectEmit(address(history));
        emit IInteractionHistory.ReceiptRecorded(networkId, alice, bob, served, count);
        vm.prank(caller);
        history.record(signed);
        _assertReceipt(served, count);
    }

    function testFuzz_Record_RevertGiven_UnknownNetwork(uint256 unknown) external {
        vm.assume(unknown != networkId);
        IInteractionHistory.Receipt memory receipt = receiptOf(1, 1);
        receipt.networkId = unknown;
        _isRefused(
            signedByBoth(receipt),
            abi.encodeWithSelector(IInteractionHistory.UnknownNetwork.selector, unknown)
        );
        vm.expectRevert(abi.encodeWithSelector(IInteractionHistory.UnknownNetwork.selector, unknown));
        history.receiptOf(unknown, alice, bob);
    }

    function testFuzz_Record_RevertWhen_OneServesOneself(uint96 served, uint32 count) external {
        IInteractionHistory.Receipt memory receipt = receiptOf(served, count);
        receipt.provider = alice;
        _isRefused(
            signedByBoth(receipt),
            abi.encodeWithSelector(IInteractionHistory.SelfDealing.selector, alice)
        );
    }

    /// @dev Whatever is signed and in whatever order it comes: neither counter falls, and who brings nothing newer is told.
    function testFuzz_Record_NeverFalls(uint8[8] memory served, uint8[8] memory counts) external {
        (uint96 recorded, uint32 count) = (0, 0);
        for (uint256 i = 0; i < served.length; ++i) {
            IInteractionHistory.SignedReceipt memory signed = signedByBoth(receiptOf(served[i], counts[i]));
            bool isNewer =
                served[i] >= recorded && counts[i] >= count && (served[i] != recorded || counts[i] != count);
            if (isNewer) {
                history.record(signed);
                (recorded, count) = (served[i], counts[i]);
            } else {
                _isRefused(signed, _stale(recorded, count));
            }
            _assertReceipt(recorded, count);
        }
    }

    function test_Record_RevertGiven_ItIsRecordedAlready() external {
        IInteractionHistory.SignedReceipt memory signed = signedByBoth(receiptOf(100, 3));
        history.record(signed);
        _isRefused(signed, _stale(100, 3));
        _isRefused(signedByBoth(receiptOf(101, 2)), _stale(100, 3));
        _isRefused(signedByBoth(receiptOf(99, 4)), _stale(100, 3));
        history.record(signedByBoth(receiptOf(100, 4)));
        history.record(signedByBoth(receiptOf(101, 4)));
    }

    function test_Record_TakesTheMostThatThereIs() external {
        history.record(signedByBoth(receiptOf(type(uint96).max, type(uint32).max)));
        _assertReceipt(type(uint96).max, type(uint32).max);
        _isRefused(signedByBoth(receiptOf(1, 1)), _stale(type(uint96).max, type(uint32).max));
        // Only this pair is full.
        IInteractionHistory.Receipt memory back = receiptOf(1, 1);
        (back.consumer, back.provider) = (bob, alice);
        IInteractionHistory.SignedReceipt memory signed = signedByBoth(back);
        (signed.consumerSig, signed.providerSig) = (signed.providerSig, signed.consumerSig);
        history.record(signed);
    }

    function testFuzz_Record_RevertWhen_AnotherSigned(uint256 key) external {
        key = bound(key, 1, CURVE_ORDER - 1);
        vm.assume(key != aliceKey && key != bobKey);
        IInteractionHistory.Receipt memory receipt = receiptOf(100, 1);
        bytes memory foreign = signOf(key, history.receiptHash(receipt));
        _signatureIsRefused(receipt, foreign);
        _signatureIsRefused(receipt, "");
        // The other peer's, too: each has to sign.
        IInteractionHistory.SignedReceipt memory signed = signedByBoth(receipt);
        signed.consumerSig = signed.providerSig;
        _isRefused(signed, _unsigned(alice));
        signed = signedByBoth(receipt);
        signed.providerSig = signed.consumerSig;
        _isRefused(signed, _unsigned(bob));
    }

    function test_Record_RevertWhen_ASignatureIsMalleatedOrCutOrLonger() external {
        IInteractionHistory.Receipt memory receipt = receiptOf(100, 1);
        bytes32 digest = history.receiptHash(receipt);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(aliceKey, digest);
        IInteractionHistory.SignedReceipt memory signed = signedByBoth(receipt);
        bytes[5] memory forms = [
            malleable(signed.consumerSig),
            bytes.concat(signed.consumerSig, hex"00"),
            abi.encodePacked(r, s),
            abi.encodePacked(r, compact(v, s)),
            abi.encodePacked(r, s, v - 27)
        ];
        for (uint256 i = 0; i < forms.length; ++i) {
            signed.consumerSig = forms[i];
            _isRefused(signed, _unsigned(alice));
        }
        signed = signedByBoth(receipt);
        signed.providerSig = malleable(signed.providerSig);
        _isRefused(signed, _unsigned(bob));
    }

    /// @dev One bit anywhere, in what was signed or in a signature, and it is worth nothing.
    function testFuzz_Record_RevertWhen_ABitIsFlipped(uint8 field, uint8 bit, uint8 where) external {
        IInteractionHistory.Receipt memory receipt = receiptOf(2 ** 95 + 1_000, 2 ** 31 + 7);
        IInteractionHistory.SignedReceipt memory signed = signedByBoth(receipt);
        field = uint8(bound(field, 0, 5));
        if (field == 0) receipt.consumer = address(uint160(alice) ^ uint160(1 << (bit % 160)));
        if (field == 1) receipt.provider = address(uint160(bob) ^ uint160(1 << (bit % 160)));
        // Not so far down that the receipt says nothing.
        if (field == 2) receipt.served ^= uint96(1 << (bit % 95));
        if (field == 3) receipt.count ^= uint32(1 << (bit % 31));
        if (field == 4) signed.consumerSig[where % 65] ^= bytes1(uint8(1 << (bit % 8)));
        if (field == 5) signed.providerSig[where % 65] ^= bytes1(uint8(1 << (bit % 8)));
        _isRefused(signed, _unsigned(field == 5 ? bob : receipt.consumer));
    }

    function testFuzz_Record_RevertWhen_ItIsForAnotherNetwork(uint256 other) external {
        vm.assume(other != networkId);
        IInteractionHistory.Receipt memory receipt = receiptOf(100, 1);
        receipt.networkId = other;
        bytes32 digest = receiptDigest(receipt, block.chainid, address(history));
        receipt.networkId = networkId;
        _isRefused(signedFor(receipt, digest), _unsigned(alice));
    }

    function testFuzz_Record_RevertWhen_ItIsForAnotherPair(address other) external {
        vm.assume(other != alice && other != bob);
        IInteractionHistory.Receipt memory receipt = receiptOf(100, 1);
        receipt.provider = other;
        bytes32 digest = receiptDigest(receipt, block.chainid, address(history));
        receipt.provider = bob;
        _isRefused(signedFor(receipt, digest), _unsigned(alice));
        // Served the other way round.
        (receipt.consumer, receipt.provider) = (bob, alice);
        digest = receiptDigest(receipt, block.chainid, address(history));
        _isRefused(signedFor(receiptOf(100, 1), digest), _unsigned(alice));
    }

    function testFuzz_Record_RevertWhen_ItIsForAnotherChainOrContract(uint32 chainId) external {
        vm.assume(chainId != block.chainid);
        IInteractionHistory.Receipt memory receipt = receiptOf(100, 1);
        _isRefused(signedFor(receipt, receiptDigest(receipt, chainId, address(history))), _unsigned(alice));
        address other = address(new InteractionHistory(channels));
        _isRefused(signedFor(receipt, receiptDigest(receipt, block.chainid, other)), _unsigned(alice));
        // After a fork, what was signed before counts on the chain that it was signed for.
        IInteractionHistory.SignedReceipt memory signed = signedByBoth(receipt);
        vm.chainId(uint256(chainId) + 2 ** 32);
        _isRefused(signed, _unsigned(alice));
    }

    function test_Record_RevertWhen_FaultsWereSigned() external {
        bytes32 digest = faultsDigest(networkId, alice, bob, 100, block.chainid, address(history));
        _isRefused(signedFor(receiptOf(100, 1), digest), _unsigned(alice));
    }

    /// @dev The digest that the contract states is what wallets sign.
    function testFuzz_ReceiptHash_IsTheDigestOfEip712(
        IInteractionHistory.Receipt memory receipt
    ) external view {
        bytes32 digest = receiptDigest(receipt, block.chainid, address(history));
        assertEq(history.receiptHash(receipt), digest);
        (, string memory name, string memory version, uint256 chainId, address verifier, , ) = history
            .eip712Domain();
        assertEq(name, "Scrip Interaction History");
        assertEq(version, "1");
        assertEq(chainId, block.chainid);
        assertEq(verifier, address(history));
    }

    function testFuzz_Record_TouchesNeitherEdgesNorTotals(uint96 settled, uint96 stated) external {
        settled = bound96(settled, 1, type(uint64).max);
        stated = bound96(stated, 1, type(uint96).max);
        setWeight(ONE);
        settleAndSync("alice", "bob", settled);
        bytes32 before = _settledState();
        history.record(signedByBoth(receiptOf(stated, 1)));
        assertEq(_settledState(), before);
        vm.warp(START + 1 days);
        assertEq(servedOf(alice, bob), settled);
    }

    // receipt signers

    function testFuzz_SetReceiptSigner_SetsItOrEndsIt(
        address account,
        address signer,
        uint40 until
    ) external {
        vm.assume(signer != address(0));
        vm.expectEmit(address(history));
        emit IInteractionHistory.ReceiptSignerSet(account, signer, until);
        vm.prank(account);
        history.setReceiptSigner(signer, until);
        assertEq(history.receiptSignerUntil(account, signer), until);
        vm.prank(account);
        history.setReceiptSigner(signer, 0);
        assertEq(history.receiptSignerUntil(account, signer), 0);
    }

    function test_SetReceiptSigner_RevertWhen_ItIsNobody() external {
        vm.expectRevert(IInteractionHistory.InvalidReceiptSigner.selector);
        history.setReceiptSigner(address(0), type(uint40).max);
    }

    function testFuzz_Record_TakesAReceiptSignerUntilItsTimeIsOver(uint32 time, uint32 later) external {
        (address agent, uint256 agentKey) = makeAddrAndKey("agent");
        uint40 until = uint40(START + time);
        vm.prank(alice);
        history.setReceiptSigner(agent, until);
        vm.warp(START + later);
        IInteractionHistory.SignedReceipt memory signed = signedByBoth(receiptOf(100, 1));
        signed.consumerSig = signOf(agentKey, history.receiptHash(signed.receipt));
        if (later > time) _isRefused(signed, _unsigned(alice));
        else history.record(signed);
        _assertReceipt(later > time ? 0 : 100, later > time ? 0 : 1);
    }

    function test_Record_RevertWhen_TheSignerIsAnotherPeersOrWasEnded() external {
        (address agent, uint256 agentKey) = makeAddrAndKey("agent");
        vm.prank(alice);
        history.setReceiptSigner(agent, type(uint40).max);
        IInteractionHistory.SignedReceipt memory signed = signedByBoth(receiptOf(100, 1));
        signed.providerSig = signOf(agentKey, history.receiptHash(signed.receipt));
        _isRefused(signed, _unsigned(bob));
        signed.consumerSig = signed.providerSig;
        vm.prank(alice);
        history.setReceiptSigner(agent, 0);
        _isRefused(signed, _unsigned(alice));
    }

    /// @dev Several agents of one peer, and one agent of both: each was let by the peer that it signs for.
    function test_Record_TakesAnySignerThatThePeerLets() external {
        (address first, uint256 firstKey) = makeAddrAndKey("first");
        (address second, uint256 secondKey) = makeAddrAndKey("second");
        vm.startPrank(alice);
        history.setReceiptSigner(first, type(uint40).max);
        history.setReceiptSigner(second, type(uint40).max);
        vm.stopPrank();
        vm.prank(bob);
        history.setReceiptSigner(second, type(uint40).max);
        IInteractionHistory.SignedReceipt memory signed = signedByBoth(receiptOf(100, 1));
        signed.consumerSig = signOf(firstKey, history.receiptHash(signed.receipt));
        history.record(signed);
        signed = signedByBoth(receiptOf(200, 2));
        signed.consumerSig = signOf(secondKey, history.receiptHash(signed.receipt));
        signed.providerSig = signed.consumerSig;
        history.record(signed);
        _assertReceipt(200, 2);
    }

    // accounts with code

    function test_Record_TakesAContractWallet() external {
        IInteractionHistory.Receipt memory receipt = receiptOf(100, 1);
        receipt.consumer = address(new Wallet1271(alice));
        receipt.provider = address(new Wallet1271(bob));
        history.record(signedByBoth(receipt));
        (uint96 served, ) = history.receiptOf(networkId, receipt.consumer, receipt.provider);
        assertEq(served, 100);
        // With a longer signature, and in a batch.
        receipt.served = 200;
        IInteractionHistory.SignedReceipt[] memory batch = new IInteractionHistory.SignedReceipt[](1);
        batch[0] = signedByBoth(receipt);
        batch[0].consumerSig = bytes.concat(batch[0].consumerSig, hex"00");
        history.recordBatch(batch);
        (served, ) = history.receiptOf(networkId, receipt.consumer, receipt.provider);
        assertEq(served, 200);
        IInteractionHistory.SignedReceipt memory crossed = signedByBoth(receipt);
        crossed.receipt.served = 201;
        _isRefused(crossed, _unsigned(receipt.consumer));
    }

    function test_Record_RevertGiven_AWalletSaysAnythingButYes() external {
        HostileWallet wallet = new HostileWallet();
        IInteractionHistory.Receipt memory receipt = receiptOf(100, 1);
        receipt.consumer = address(wallet);
        IInteractionHistory.SignedReceipt memory signed = signedByBoth(receipt);
        HostileWallet.Manner[4] memory manners = [
            HostileWallet.Manner.ReturnsLittle,
            HostileWallet.Manner.ReturnsNothing,
            HostileWallet.Manner.SaysAlmostYes,
            HostileWallet.Manner.Reverts
        ];
        for (uint256 i = 0; i < manners.length; ++i) {
            wallet.behave(manners[i], 0);
            _isRefused(signed, _unsigned(address(wallet)));
        }
        wallet.behave(HostileWallet.Manner.Accepts, 1_000_000);
        history.record(signed);
    }

    /// @dev The yes of the first wallet is not taken for the second one's, which says nothing.
    function test_Record_RevertGiven_OnlyTheFirstWalletSaysYes() external {
        (HostileWallet first, HostileWallet second) = (new HostileWallet(), new HostileWallet());
        second.behave(HostileWallet.Manner.ReturnsNothing, 0);
        IInteractionHistory.Receipt memory receipt = receiptOf(100, 1);
        (receipt.consumer, receipt.provider) = (address(first), address(second));
        _isRefused(IInteractionHistory.SignedReceipt(receipt, "", ""), _unsigned(address(second)));
    }

    /// @dev Accounts of no key and no code: zero, which failed recoveries give, and precompiles, which answer anything.
    function testFuzz_Record_RevertWhen_APeerIsNobody(uint8 precompile) external {
        IInteractionHistory.Receipt memory receipt = receiptOf(100, 1);
        receipt.consumer = address(uint160(precompile) % 0x12);
        IInteractionHistory.SignedReceipt memory signed = signedByBoth(receipt);
        signed.consumerSig = new bytes(65);
        _isRefused(signed, _unsigned(receipt.consumer));
        signed.consumerSig = "";
        _isRefused(signed, _unsigned(receipt.consumer));
    }

    function test_Record_TakesTheKeyOfAnAccountWithCode() external {
        HostileWallet wallet = new HostileWallet();
        wallet.behave(HostileWallet.Manner.Reverts, 0);
        vm.etch(alice, abi.encodePacked(hex"ef0100", wallet));
        vm.etch(bob, abi.encodePacked(hex"ef0100", new Wallet1271(alice)));
        history.record(signedByBoth(receiptOf(100, 1)));
        // And what the code takes, where the key did not sign.
        IInteractionHistory.SignedReceipt memory signed = signedByBoth(receiptOf(200, 2));
        signed.providerSig = signed.consumerSig;
        history.record(signed);
        _assertReceipt(200, 2);
    }

    // recordBatch

    function testFuzz_RecordBatch_IsTheSameOneAfterAnother(
        uint8[8] memory served,
        uint8[8] memory counts,
        uint256 damage
    ) external {
        IInteractionHistory.SignedReceipt[] memory batch = new IInteractionHistory.SignedReceipt[](8);
        for (uint256 i = 0; i < 8; ++i) {
            batch[i] = signedByBoth(receiptOf(served[i], counts[i]));
            if ((damage >> i) & 7 == 1) batch[i].providerSig[0] ^= 0x01;
            if ((damage >> i) & 7 == 2) batch[i].receipt.networkId = 99;
            if ((damage >> i) & 7 == 3) batch[i].receipt.consumer = bob;
        }
        uint256 before = vm.snapshotState();
        bytes4[] memory reasons = new bytes4[](8);
        for (uint256 i = 0; i < 8; ++i) {
            try history.record(batch[i]) {} catch (bytes memory failure) {
                reasons[i] = bytes4(failure);
            }
        }
        (uint96 total, uint32 count) = history.receiptOf(networkId, alice, bob);
        vm.revertToState(before);

        vm.recordLogs();
        history.recordBatch(batch);
        _assertReceipt(total, count);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        assertEq(logs.length, 8);
        for (uint256 i = 0; i < 8; ++i) {
            bool isSkipped = logs[i].topics[0] == IInteractionHistory.ReceiptSkipped.selector;
            assertEq(isSkipped, reasons[i] != 0);
            if (!isSkipped) continue;
            assertEq(logs[i].topics[1], history.receiptHash(batch[i].receipt));
            assertEq(bytes32(abi.decode(logs[i].data, (bytes4))), bytes32(reasons[i]));
        }
    }

    /// @dev A peer whose wallet turns hostile once the batch is under way stops nobody else, as long as the batch has the
    /// gas for it that `recordBatch` states.
    function testFuzz_RecordBatch_AWalletJamsNobody(uint8 manner, uint8 place, bool isConsumer) external {
        HostileWallet wallet = new HostileWallet();
        wallet.behave(HostileWallet.Manner(bound(manner, 1, 6)), 0);
        IInteractionHistory.SignedReceipt[] memory batch = new IInteractionHistory.SignedReceipt[](5);
        for (uint32 i = 0; i < 5; ++i) batch[i] = signedByBoth(receiptOf(i + 1, i + 1));
        IInteractionHistory.Receipt memory receipt = receiptOf(3, 3);
        if (isConsumer) receipt.consumer = address(wallet);
        else receipt.provider = address(wallet);
        place = uint8(bound(place, 0, 4));
        batch[place] = signedByBoth(receipt);
        history.recordBatch{gas: 5 * 50_000 + 80_000}(batch);
        _assertReceipt(place == 4 ? 4 : 5, place == 4 ? 4 : 5);
        (uint96 served, ) = history.receiptOf(networkId, receipt.consumer, receipt.provider);
        bool accepts = HostileWallet.Manner(bound(manner, 1, 6)) == HostileWallet.Manner.ReturnsMuch;
        assertEq(served, accepts ? 3 : 0);
    }

    /// @dev Who gives too little gas loses the transaction: a batch that succeeds has done what one with plenty does, so
    /// that what a node estimates is enough.
    function testFuzz_RecordBatch_SkipsNothingForWantOfGas(uint256 gas_, uint256 burns) external {
        HostileWallet wallet = new HostileWallet();
        wallet.behave(HostileWallet.Manner.Accepts, bound(burns, 0, 400_000));
        IInteractionHistory.Receipt memory receipt = receiptOf(100, 1);
        receipt.provider = address(wallet);
        IInteractionHistory.SignedReceipt[] memory batch = new IInteractionHistory.SignedReceipt[](1);
        batch[0] = signedByBoth(receipt);
        uint256 before = vm.snapshotState();
        history.recordBatch(batch);
        (uint96 served, ) = history.receiptOf(networkId, alice, address(wallet));
        vm.revertToState(before);
        try history.recordBatch{gas: bound(gas_, 10_000, 600_000)}(batch) {
            (uint96 served_, ) = history.receiptOf(networkId, alice, address(wallet));
            assertEq(served_, served);
        } catch {}
    }

    function test_RecordBatch_AWalletThatNeedsMoreIsRecordedAlone() external {
        HostileWallet wallet = new HostileWallet();
        wallet.behave(HostileWallet.Manner.Accepts, 90_000);
        IInteractionHistory.Receipt memory receipt = receiptOf(100, 1);
        receipt.provider = address(wallet);
        IInteractionHistory.SignedReceipt[] memory batch = new IInteractionHistory.SignedReceipt[](1);
        batch[0] = signedByBoth(receipt);
        vm.expectEmit(address(history));
        emit IInteractionHistory.ReceiptSkipped(
            history.receiptHash(receipt),
            IInteractionHistory.InvalidSignature.selector
        );
        history.recordBatch(batch);
        history.record(batch[0]);
        (uint96 served, ) = history.receiptOf(networkId, alice, address(wallet));
        assertEq(served, 100);
    }

    // what the tests above share

    function _isRefused(IInteractionHistory.SignedReceipt memory signed, bytes memory failure) private {
        vm.expectRevert(failure);
        history.record(signed);
    }

    function _signatureIsRefused(IInteractionHistory.Receipt memory receipt, bytes memory signature) private {
        IInteractionHistory.SignedReceipt memory signed = signedByBoth(receipt);
        signed.consumerSig = signature;
        _isRefused(signed, _unsigned(alice));
        signed = signedByBoth(receipt);
        signed.providerSig = signature;
        _isRefused(signed, _unsigned(bob));
    }

    function _unsigned(address account) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IInteractionHistory.InvalidSignature.selector, account);
    }

    function _stale(uint96 served, uint32 count) private view returns (bytes memory) {
        return
            abi.encodeWithSelector(
                IInteractionHistory.StaleReceipt.selector,
                networkId,
                alice,
                bob,
                served,
                count
            );
    }

    function _assertReceipt(uint96 served, uint32 count) private view {
        (uint96 served_, uint32 count_) = history.receiptOf(networkId, alice, bob);
        assertEq(served_, served);
        assertEq(count_, count);
    }

    /// @dev All that settlement made, in one word.
    function _settledState() private view returns (bytes32) {
        (uint96 a, uint96 b, uint96 c) = history.edge(networkId, alice, bob);
        (uint96 d, uint96 e, uint96 f, uint96 g) = history.totals(networkId, alice);
        (uint96 h, uint96 i, uint96 j, uint96 k) = history.totals(networkId, bob);
        return keccak256(abi.encode(a, b, c, d, e, f, g, h, i, j, k));
    }
}
