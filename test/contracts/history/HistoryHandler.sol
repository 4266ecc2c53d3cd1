// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IPaymentChannels} from "../../../contracts/channels/IPaymentChannels.sol";
import {IInteractionHistory} from "../../../contracts/history/IInteractionHistory.sol";
import {PlainToken} from "../support/PlainToken.sol";
import {HistoryTest} from "./HistoryTest.sol";

/// @title Everything that peers, stewards, strangers and the clock do to a history, in any order
/// @dev No step reverts; a step that the contract has to refuse checks that it does. The last of the actors is a bystander:
/// it never sends nor signs anything, and others try to put things in its name.
abstract contract HistoryHandler is HistoryTest {
    uint256 internal constant ACTORS = 4;
    uint256 internal constant BYSTANDER = 3;
    uint256 internal constant TOKENS = 2;

    /// @dev What a channel should have brought: claimed in all, and up to where it was counted.
    struct Flow {
        uint256 claimed;
        uint256 counted;
    }

    /// @dev What one peer should have served to another. Sums are exact: no contract's sum saturates here.
    struct Pair {
        uint256 served;
        uint256 closed;
        uint96 faulted;
        uint96 stated;
        uint32 count;
    }

    string[ACTORS] internal names = ["alice", "bob", "carol", "bystander"];
    address[ACTORS] internal actors;
    PlainToken[TOKENS] internal tokens;
    uint256[TOKENS] internal weights;
    bool[TOKENS] internal retired;
    Flow[TOKENS][ACTORS][ACTORS] internal flows;
    Pair[ACTORS][ACTORS] internal pairs;

    uint256 internal passed;
    uint256 internal synced;
    uint256 internal recorded;
    uint256 internal refused;

    function setUp() public override {
        super.setUp();
        for (uint256 i = 0; i < ACTORS; ++i) actors[i] = makeAddr(names[i]);
        for (uint256 t = 0; t < TOKENS; ++t) tokens[t] = new PlainToken();
        // One token is valued from the start.
        _weigh(0, ONE / 3);
    }

    /// @notice Pays through a channel: dust, and as much as makes sums saturate.
    function pay(uint256 who, uint256 toWhom, uint256 what, uint96 amount, bool isDust) external {
        (who, toWhom, what) = (_signer(who), toWhom % (ACTORS - 1), what % TOKENS);
        amount = bound96(amount, 1, isDust ? 5 : type(uint64).max);
        token = tokens[what];
        settle(names[who], names[toWhom], amount);
        flows[who][toWhom][what].claimed += amount;
    }

    /// @notice Anybody syncs any channels, some of them twice, some that nobody opened.
    function sync(uint256 which, uint256 length) external {
        length = bound(length, 1, 6);
        IPaymentChannels.Channel[] memory batch = new IPaymentChannels.Channel[](length);
        bool isValued = true;
        for (uint256 i = 0; i < length; ++i) {
            (uint256 who, uint256 toWhom, uint256 what) = _channel(which, i);
            token = tokens[what];
            batch[i] = channelOf(names[who], names[toWhom]);
            if ((which >> (8 * i)) & 128 != 0) batch[i].payer = actors[BYSTANDER];
            if (weights[what] == 0) isValued = false;
        }
        if (!isValued) {
            (bool success, ) = address(history).call(abi.encodeCall(history.sync, (networkId, batch)));
            assertFalse(success);
            return;
        }
        history.sync(networkId, batch);
        for (uint256 i = 0; i < length; ++i) {
            if ((which >> (8 * i)) & 128 == 0) _count(which, i);
        }
        ++synced;
    }

    /// @notice The steward values a token, late, at anything from next to nothing to more than fits.
    function setWeightLate(uint256 what, uint96 weight, uint256 exponent) external {
        what = what % TOKENS;
        weight = bound96(weight >> (exponent % 96), 1, type(uint96).max);
        if (weights[what] == 0) _weigh(what, weight);
        else _stewardIsRefused(abi.encodeCall(history.setWeight, (networkId, address(tokens[what]), weight)));
    }

    /// @notice The steward retires the second token, once in a while.
    function retireSecond(uint256 chance) external {
        if (chance % 8 != 0) return;
        bytes memory call = abi.encodeCall(history.retire, (networkId, address(tokens[1])));
        if (weights[1] == 0 || retired[1]) {
            _stewardIsRefused(call);
            return;
        }
        vm.prank(steward);
        history.retire(networkId, address(tokens[1]));
        retired[1] = true;
    }

    /// @notice Time passes, over the end of an epoch and over several.
    function pass(uint256 hoursLater) external {
        uint256 epoch = passed / 1 days;
        passed += bound(hoursLater, 1, 60) * 1 hours;
        vm.warp(START + passed);
        if (passed / 1 days == epoch) return;
        for (uint256 i = 0; i < ACTORS; ++i) {
            for (uint256 j = 0; j < ACTORS; ++j) pairs[i][j].closed = pairs[i][j].served;
        }
    }

    /// @notice A receipt is recorded, alone or in a batch. Where one of its peers did not sign, it is not.
    function receipt(uint256 who, uint256 toWhom, uint96 served, uint32 count, uint256 how) external {
        (who, toWhom) = (who % ACTORS, toWhom % ACTORS);
        Pair storage pair = pairs[who][toWhom];
        // Mostly newer than the last one.
        if (how % 4 != 0) {
            served = bound96(served, pair.stated, type(uint96).max);
            count = uint32(bound(count, pair.count, type(uint32).max));
        }
        IInteractionHistory.Receipt memory receipt_ = IInteractionHistory.Receipt(
            networkId,
            actors[who],
            actors[toWhom],
            served,
            count
        );
        bool isNewer =
            served >= pair.stated && count >= pair.count && (served != pair.stated || count != pair.count);
        bool isGood = isNewer && who != toWhom && who != BYSTANDER && toWhom != BYSTANDER;
        IInteractionHistory.SignedReceipt[] memory batch = new IInteractionHistory.SignedReceipt[](1);
        batch[0] = _sign(receipt_, who, toWhom);
        if (how % 16 == 1) {
            batch[0].providerSig[how % 65] ^= 0x10;
            isGood = false;
        }
        if (how % 2 == 0) {
            history.recordBatch(batch);
        } else {
            (bool success, ) = address(history).call(abi.encodeCall(history.record, (batch[0])));
            assertTrue(success == isGood);
        }
        if (!isGood) {
            ++refused;
            return;
        }
        (pair.stated, pair.count) = (served, count);
        ++recorded;
    }

    /// @notice A consumer takes back, by its own call or by signature; others try in its name.
    function fault(uint256 who, uint256 toWhom, uint96 faulted, uint256 how) external {
        (who, toWhom) = (who % ACTORS, toWhom % ACTORS);
        Pair storage pair = pairs[who][toWhom];
        if (how % 2 == 0) faulted = bound96(faulted, 0, pair.served / 2 + 10);
        bool isOwn = how % 4 < 2 && who != BYSTANDER;
        bytes memory signature = "";
        if (how % 4 >= 2) {
            bytes32 digest = faultsDigest(
                networkId,
                actors[who],
                actors[toWhom],
                faulted,
                block.chainid,
                address(history)
            );
            (, uint256 key) = makeAddrAndKey(who == BYSTANDER ? "forger" : names[who]);
            signature = signOf(key, digest);
        }
        bool isGood = faulted > pair.faulted && who != toWhom && who != BYSTANDER;
        vm.prank(isOwn ? actors[who] : actors[toWhom]);
        (bool success, ) = address(history).call(
            abi.encodeCall(history.stateFaults, (networkId, actors[who], actors[toWhom], faulted, signature))
        );
        // The bystander called itself where it is the provider too, and nobody states faults of its own edge.
        assertTrue(success == isGood);
        if (isGood) pair.faulted = faulted;
    }

    function _weigh(uint256 what, uint96 weight) private {
        vm.prank(steward);
        history.setWeight(networkId, address(tokens[what]), weight);
        weights[what] = weight;
    }

    function _stewardIsRefused(bytes memory call) private {
        vm.prank(steward);
        (bool success, ) = address(history).call(call);
        assertFalse(success);
    }

    /// @dev What the model makes of one row: the difference of what all that was claimed is worth, and of what was counted.
    function _count(uint256 which, uint256 i) private {
        (uint256 who, uint256 toWhom, uint256 what) = _channel(which, i);
        if (retired[what] || who == toWhom) return;
        Flow storage flow = flows[who][toWhom][what];
        uint256 weight = weights[what];
        pairs[who][toWhom].served += (flow.claimed * weight) / 1e18 - (flow.counted * weight) / 1e18;
        flow.counted = flow.claimed;
    }

    function _channel(
        uint256 which,
        uint256 i
    ) private view returns (uint256 who, uint256 toWhom, uint256 what) {
        uint256 part = (which >> (8 * i)) & 127;
        // As long as the second token has no weight, few batches are spoilt by it.
        bool isFirst = weights[1] == 0 && which >> 254 != 0;
        return (part % 3, (part / 3) % 3, isFirst ? 0 : (part / 9) % TOKENS);
    }

    /// @dev Anybody but the bystander.
    function _signer(uint256 who) private pure returns (uint256) {
        return who % (ACTORS - 1);
    }

    /// @dev The bystander's signature is forged, by a key that is not its own.
    function _sign(
        IInteractionHistory.Receipt memory receipt_,
        uint256 who,
        uint256 toWhom
    ) private returns (IInteractionHistory.SignedReceipt memory) {
        bytes32 digest = receiptDigest(receipt_, block.chainid, address(history));
        (, uint256 consumerKey) = makeAddrAndKey(who == BYSTANDER ? "forger" : names[who]);
        (, uint256 providerKey) = makeAddrAndKey(toWhom == BYSTANDER ? "forger" : names[toWhom]);
        return
            IInteractionHistory.SignedReceipt(
                receipt_,
                signOf(consumerKey, digest),
                signOf(providerKey, digest)
            );
    }
}
