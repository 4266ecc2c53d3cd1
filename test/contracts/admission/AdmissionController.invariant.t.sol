// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {AdmissionController} from "../../../contracts/admission/AdmissionController.sol";
import {IAdmissionPolicy} from "../../../contracts/admission/IAdmissionPolicy.sol";
import {IPaymentChannels} from "../../../contracts/channels/IPaymentChannels.sol";
import {InteractionHistory} from "../../../contracts/history/InteractionHistory.sol";
import {Test} from "../support/Test.sol";
import {StatedPolicy} from "./StatedPolicy.sol";

/// @dev Admissions, renewals, expulsions and changes of policy in any order, by anybody, against a model.
contract AdmissionControllerInvariants is Test {
    uint256 private constant PEERS = 3;
    uint256 private constant NETWORKS = 2;
    bytes private constant PROOF = "proof";

    AdmissionController private controller;
    StatedPolicy[2] private policies;
    address[PEERS] private peers;
    uint256 private time;

    /// @dev What a model of words says: the policy of each network (0 for none), and the end of each admission.
    uint256[NETWORKS] private policyOf;
    uint256[PEERS][NETWORKS] private endOf;
    /// @dev What each policy would say of each peer.
    uint256[PEERS][2] private statedEnd;
    bool[PEERS][2] private isProvable;

    function setUp() external {
        time = 1_800_000_000;
        vm.warp(time);
        InteractionHistory history = new InteractionHistory(IPaymentChannels(address(0)));
        controller = new AdmissionController(history);
        policies = [new StatedPolicy(), new StatedPolicy()];
        peers = [makeAddr("ann"), makeAddr("ben"), makeAddr("eve")];
        for (uint256 i = 0; i < NETWORKS; ++i) history.createNetwork(address(this), 1 days, "");
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(this);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[7] memory selectors = [
            this.setPolicy.selector,
            this.state.selector,
            this.admit.selector,
            this.admit.selector,
            this.expel.selector,
            this.expel.selector,
            this.passTime.selector
        ];
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(this), new bytes4[](selectors.length));
        for (uint256 i = 0; i < selectors.length; ++i) targets[0].selectors[i] = selectors[i];
    }

    function setPolicy(uint256 where, uint256 which, bool byStranger) external {
        (where, which) = (where % NETWORKS, which % 3);
        IAdmissionPolicy policy = IAdmissionPolicy(which == 0 ? address(0) : address(policies[which - 1]));
        if (byStranger) vm.prank(peers[2]);
        try controller.setPolicy(where + 1, policy) {
            assertTrue(!byStranger, "a stranger set a policy");
            policyOf[where] = which;
        } catch {
            assertTrue(byStranger, "the steward was refused");
        }
    }

    /// @dev What a policy says of a peer from now on.
    function state(uint256 which, uint256 who, uint256 end, bool provable) external {
        (which, who) = (which % 2, who % PEERS);
        end = end % 3 == 0 ? 0 : time + bound(end, 1, 9 days);
        (statedEnd[which][who], isProvable[which][who]) = (end, provable);
        policies[which].state(peers[who], uint40(end), provable ? PROOF : bytes("none will do"));
    }

    function admit(uint256 where, uint256 who, uint256 caller) external {
        (where, who) = (where % NETWORKS, who % PEERS);
        uint256 policy = policyOf[where];
        bool fits = policy != 0 && statedEnd[policy - 1][who] != 0;
        vm.prank(peers[caller % PEERS]);
        try controller.admit(where + 1, peers[who], "") returns (uint40 until) {
            assertTrue(fits, "admitted against the policy");
            uint256 stated = statedEnd[policy - 1][who];
            if (stated > endOf[where][who]) endOf[where][who] = stated;
            assertEq(until, endOf[where][who], "the end that was returned");
        } catch {
            assertTrue(!fits, "refused against the policy");
        }
    }

    function expel(uint256 where, uint256 who, uint256 caller, bool withProof) external {
        (where, who) = (where % NETWORKS, who % PEERS);
        uint256 policy = policyOf[where];
        bool fits = policy != 0 && isProvable[policy - 1][who] && withProof && time < endOf[where][who];
        vm.prank(peers[caller % PEERS]);
        try controller.expel(where + 1, peers[who], withProof ? PROOF : bytes("")) {
            assertTrue(fits, "expelled without a proof");
            endOf[where][who] = 0;
        } catch {
            assertTrue(!fits, "a proof was not enough");
        }
    }

    function passTime(uint256 seconds_) external {
        time += bound(seconds_, 0, 3 days);
        vm.warp(time);
    }

    function invariant_AdmissionController() external view {
        for (uint256 where = 0; where < NETWORKS; ++where) {
            for (uint256 who = 0; who < PEERS; ++who) {
                (bool admitted, uint40 until) = controller.admission(where + 1, peers[who]);
                assertEq(until, endOf[where][who], "an end moved by itself");
                assertTrue(admitted == (time < until), "admitted exactly until the end");
            }
        }
    }
}
