// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {HistoryHandler} from "./HistoryHandler.sol";

/// @dev `contracts/history/README.md` lists these in words.
contract InteractionHistoryInvariants is HistoryHandler {
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(this);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[10] memory selectors = [
            this.pay.selector,
            this.pay.selector,
            this.sync.selector,
            this.sync.selector,
            this.sync.selector,
            this.setWeightLate.selector,
            this.retireSecond.selector,
            this.pass.selector,
            this.receipt.selector,
            this.fault.selector
        ];
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(this), new bytes4[](selectors.length));
        for (uint256 i = 0; i < selectors.length; ++i) targets[0].selectors[i] = selectors[i];
    }

    /// @dev One campaign for all: each step is followed by every check.
    function invariant_InteractionHistory() external view {
        _edgesReceiptsAndFaultsAreWhatTheirPeersMadeThem();
        _totalsAreTheSumsOfTheEdges();
        _nobodyIsNamedWhoDidNothing();
    }

    /// @dev A run in which hardly anything was counted would prove little.
    function afterInvariant() external view {
        assertGe(synced, 5, "syncs");
        assertGe(recorded + refused, 1, "receipts");
    }

    function _edgesReceiptsAndFaultsAreWhatTheirPeersMadeThem() private view {
        address[] memory from = new address[](ACTORS * ACTORS);
        address[] memory to = new address[](ACTORS * ACTORS);
        for (uint256 i = 0; i < ACTORS; ++i) {
            for (uint256 j = 0; j < ACTORS; ++j) {
                (from[i * ACTORS + j], to[i * ACTORS + j]) = (actors[i], actors[j]);
                Pair memory pair = pairs[i][j];
                (uint96 served, uint96 closed, uint96 faulted) = history.edge(
                    networkId,
                    actors[i],
                    actors[j]
                );
                assertEq(served, _most(pair.served), "served");
                assertEq(closed, _most(pair.closed), "served by the end of the last epoch");
                assertEq(faulted, pair.faulted < served ? pair.faulted : served, "faulted");
                (uint96 stated, uint32 count) = history.receiptOf(networkId, actors[i], actors[j]);
                assertEq(stated, pair.stated, "stated");
                assertEq(count, pair.count, "count");
            }
        }
        uint96[] memory capacities = history.capacities(networkId, from, to);
        for (uint256 i = 0; i < capacities.length; ++i) {
            assertEq(capacities[i], _most(pairs[i / ACTORS][i % ACTORS].closed), "capacity");
        }
    }

    function _totalsAreTheSumsOfTheEdges() private view {
        for (uint256 i = 0; i < ACTORS; ++i) {
            uint256[4] memory sums;
            for (uint256 j = 0; j < ACTORS; ++j) {
                sums[0] += pairs[j][i].served;
                sums[1] += pairs[i][j].served;
                sums[2] += pairs[j][i].closed;
                sums[3] += pairs[i][j].closed;
            }
            (uint96 provided, uint96 consumed, uint96 providedClosed, uint96 consumedClosed) = history.totals(
                networkId,
                actors[i]
            );
            assertEq(provided, _most(sums[0]), "provided");
            assertEq(consumed, _most(sums[1]), "consumed");
            assertEq(providedClosed, _most(sums[2]), "provided by the end of the last epoch");
            assertEq(consumedClosed, _most(sums[3]), "consumed by the end of the last epoch");
        }
    }

    function _nobodyIsNamedWhoDidNothing() private view {
        for (uint256 i = 0; i < ACTORS; ++i) {
            assertEq(pairs[BYSTANDER][i].served + pairs[BYSTANDER][i].faulted, 0, "in its own name");
            assertEq(pairs[BYSTANDER][i].stated + pairs[i][BYSTANDER].stated, 0, "stated");
        }
    }

    function _most(uint256 sum) private pure returns (uint256) {
        return sum < type(uint96).max ? sum : type(uint96).max;
    }
}
