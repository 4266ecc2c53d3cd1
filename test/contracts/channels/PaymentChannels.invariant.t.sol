// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ChannelsHandler} from "./ChannelsHandler.sol";

/// @dev `contracts/channels/README.md` lists these in words.
contract PaymentChannelsInvariants is ChannelsHandler {
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(this);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[29] memory selectors = [
            this.open.selector,
            this.open.selector,
            this.topUp.selector,
            this.topUp.selector,
            this.sign.selector,
            this.sign.selector,
            this.requestExit.selector,
            this.cancelExit.selector,
            this.fundPurse.selector,
            this.fundPurse.selector,
            this.withdrawPurse.selector,
            this.claimTo.selector,
            this.close.selector,
            this.release.selector,
            this.claim.selector,
            this.claim.selector,
            this.claimBatch.selector,
            this.claimInTheLastSecond.selector,
            this.exit.selector,
            this.withdraw.selector,
            this.pass.selector,
            this.stray.selector,
            this.impersonate.selector,
            this.forgeMessage.selector,
            this.indebt.selector,
            this.replay.selector,
            this.forge.selector,
            this.misplaceTick.selector,
            this.misbehave.selector
        ];
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(this), new bytes4[](selectors.length));
        for (uint256 i = 0; i < selectors.length; ++i) targets[0].selectors[i] = selectors[i];
    }

    /// @dev One campaign for all: each step is followed by every check.
    function invariant_PaymentChannels() external view {
        Model[] memory models = models;
        _channelsAreWhatTheirPartiesMadeThem(models);
        for (uint256 t = 0; t < TOKENS; ++t) {
            IERC20 token = tokens[t];
            _balancesAndPursesAreWhatTheirOwnersMadeThem(token);
            if (!honest(token)) continue;
            _theBooksAreWhatTheContractHolds(models, token);
            _everyActorHasWhatItsOwnDealingsLeftIt(models, token);
        }
    }

    /// @dev A run in which many steps did nothing would prove little.
    function afterInvariant() external view {
        assertGe(worked * 4, steps * 3, "three steps in four do something");
    }

    /// @dev `claimed` is the best voucher presented as far as the deposits went, and an exit is due when it was promised.
    function _channelsAreWhatTheirPartiesMadeThem(Model[] memory models) private view {
        for (uint256 i = 0; i < models.length; ++i) {
            (uint96 claimed, uint96 deposit, uint40 exitAt, bool opened) = channels.state(models[i].id);
            assertTrue(opened == models[i].opened, "opened");
            assertEq(claimed, models[i].claimed, "claimed");
            assertEq(deposit, models[i].deposit, "deposit");
            assertEq(exitAt, models[i].exitAt, "exitAt");
        }
    }

    /// @dev Of the hostile token too: its books follow the calls that succeeded and nothing else.
    function _balancesAndPursesAreWhatTheirOwnersMadeThem(IERC20 token) private view {
        for (uint256 a = 0; a < ACTORS; ++a) {
            address actor = actors[a];
            assertEq(channels.balanceOf(actor, address(token)), balances[actor][token], "balance");
            (uint96 purse, bool opened) = channels.purseOf(actor, address(token), signers[actor]);
            assertEq(purse, purses[actor][token].balance, "purse");
            assertTrue(opened == purses[actor][token].opened, "purse opened");
        }
    }

    /// @dev Tokens held = balances + deposits + purses + what was sent by mistake, for every token whose balances change only by
    /// transfers, whatever the hostile token beside them does.
    function _theBooksAreWhatTheContractHolds(Model[] memory models, IERC20 token) private view {
        uint256 books = strayed[token];
        for (uint256 a = 0; a < ACTORS; ++a) {
            books += channels.balanceOf(actors[a], address(token)) + purses[actors[a]][token].balance;
        }
        for (uint256 i = 0; i < models.length; ++i) {
            if (models[i].channel.token == address(token)) books += models[i].deposit;
        }
        assertEq(token.balanceOf(address(channels)), books, "tokens held");
    }

    /// @dev Wallet + balance + purse + deposits change only by what one funds, is paid, sends or gets: nobody's tokens are pulled
    /// by anyone else, and nothing is paid that no voucher promised.
    function _everyActorHasWhatItsOwnDealingsLeftIt(Model[] memory models, IERC20 token) private view {
        for (uint256 a = 0; a < ACTORS; ++a) {
            address actor = actors[a];
            uint256 has =
                token.balanceOf(actor) +
                    channels.balanceOf(actor, address(token)) +
                    purses[actor][token].balance;
            for (uint256 i = 0; i < models.length; ++i) {
                if (models[i].channel.token == address(token) && models[i].channel.payer == actor) {
                    has += models[i].deposit;
                }
            }
            assertEq(has, worth[actor][token], "what an actor has");
        }
    }
}
