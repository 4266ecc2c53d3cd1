// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";

/// @notice A small identity registry after ERC-8004's interface, written for these tests: it is not the one that the ERC's
/// authors deployed, and has only what feedback needs of it.
contract AgentRegistry is ERC721("Agents", "AGENT") {
    uint256 private _count;
    mapping(uint256 agentId => address wallet) private _wallets;

    function register() external returns (uint256 agentId) {
        agentId = _count++;
        _mint(msg.sender, agentId);
        _wallets[agentId] = msg.sender;
    }

    /// @dev The ERC wants the wallet's signature too.
    function setAgentWallet(uint256 agentId, address wallet) external {
        require(ownerOf(agentId) == msg.sender, "Not the owner");
        _wallets[agentId] = wallet;
    }

    function getAgentWallet(uint256 agentId) external view returns (address) {
        return _wallets[agentId];
    }

    function isAuthorizedOrOwner(address spender, uint256 agentId) external view returns (bool) {
        return _isAuthorized(_requireOwned(agentId), spender, agentId);
    }

    /// @dev A wallet ends with its owner's time.
    function _update(address to, uint256 agentId, address auth) internal override returns (address from) {
        from = super._update(to, agentId, auth);
        if (from != address(0)) delete _wallets[agentId];
    }
}

/// @notice A small reputation registry after ERC-8004's interface, written for these tests; see `AgentRegistry`.
contract FeedbackRegistry {
    struct Entry {
        int128 value;
        uint8 valueDecimals;
        bool isRevoked;
        string tag1;
        string tag2;
    }

    AgentRegistry private immutable _agents;
    mapping(uint256 agentId => address[]) private _clients;
    mapping(uint256 agentId => mapping(address client => Entry[])) private _entries;

    event NewFeedback(
        uint256 indexed agentId,
        address indexed clientAddress,
        uint64 feedbackIndex,
        int128 value,
        uint8 valueDecimals,
        string indexed indexedTag1,
        string tag1,
        string tag2,
        string endpoint,
        string feedbackURI,
        bytes32 feedbackHash
    );

    constructor(AgentRegistry agents) {
        _agents = agents;
    }

    function getIdentityRegistry() external view returns (address) {
        return address(_agents);
    }

    function giveFeedback(
        uint256 agentId,
        int128 value,
        uint8 valueDecimals,
        string calldata tag1,
        string calldata tag2,
        string calldata endpoint,
        string calldata feedbackURI,
        bytes32 feedbackHash
    ) external {
        require(valueDecimals <= 18, "too many decimals");
        require(value >= -1e38 && value <= 1e38, "value too large");
        require(!_agents.isAuthorizedOrOwner(msg.sender, agentId), "Self-feedback not allowed");
        Entry[] storage entries = _entries[agentId][msg.sender];
        if (entries.length == 0) _clients[agentId].push(msg.sender);
        entries.push(Entry(value, valueDecimals, false, tag1, tag2));
        emit NewFeedback(
            agentId,
            msg.sender,
            uint64(entries.length),
            value,
            valueDecimals,
            tag1,
            tag1,
            tag2,
            endpoint,
            feedbackURI,
            feedbackHash
        );
    }

    function revokeFeedback(uint256 agentId, uint64 feedbackIndex) external {
        _entries[agentId][msg.sender][feedbackIndex - 1].isRevoked = true;
    }

    /// @dev Only as the SDK asks: everything, of everybody.
    function readAllFeedback(
        uint256 agentId,
        address[] calldata,
        string calldata,
        string calldata,
        bool
    )
        external
        view
        returns (
            address[] memory clients,
            uint64[] memory feedbackIndexes,
            int128[] memory values,
            uint8[] memory valueDecimals,
            string[] memory tag1s,
            string[] memory tag2s,
            bool[] memory revokedStatuses
        )
    {
        address[] storage givers = _clients[agentId];
        uint256 count;
        for (uint256 i = 0; i < givers.length; ++i) count += _entries[agentId][givers[i]].length;
        clients = new address[](count);
        feedbackIndexes = new uint64[](count);
        values = new int128[](count);
        valueDecimals = new uint8[](count);
        tag1s = new string[](count);
        tag2s = new string[](count);
        revokedStatuses = new bool[](count);
        for (uint256 i = givers.length; i > 0; --i) {
            Entry[] storage entries = _entries[agentId][givers[i - 1]];
            for (uint256 j = entries.length; j > 0; --j) {
                Entry storage entry = entries[j - 1];
                clients[--count] = givers[i - 1];
                feedbackIndexes[count] = uint64(j);
                (values[count], valueDecimals[count]) = (entry.value, entry.valueDecimals);
                (tag1s[count], tag2s[count]) = (entry.tag1, entry.tag2);
                revokedStatuses[count] = entry.isRevoked;
            }
        }
    }
}
