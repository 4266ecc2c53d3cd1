// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {CurrencyFactory} from "../../../contracts/currency/CurrencyFactory.sol";
import {CurrencyConfig, ICurrencyFactory} from "../../../contracts/currency/ICurrencyFactory.sol";
import {IIssuerCurrency} from "../../../contracts/currency/IIssuerCurrency.sol";
import {Test} from "../support/Test.sol";

/// @dev The branches are those of `CurrencyFactory.tree`.
contract CurrencyFactoryTest is Test {
    CurrencyFactory private factory;
    address private issuer;

    function setUp() external {
        factory = new CurrencyFactory(makeAddr("channels"));
        issuer = makeAddr("issuer");
    }

    function testFuzz_Create_RevertWhen_NameIsEmptyOrTooLong(uint256 length) external {
        CurrencyConfig memory config = _config();
        length = bound(length, 65, 20_000);
        config.name = string(new bytes(length));
        _refuses(config, abi.encodeWithSelector(ICurrencyFactory.InvalidName.selector, length));
        config.name = "";
        _refuses(config, abi.encodeWithSelector(ICurrencyFactory.InvalidName.selector, 0));
    }

    function testFuzz_Create_RevertWhen_SymbolIsEmptyOrTooLong(uint256 length) external {
        CurrencyConfig memory config = _config();
        length = bound(length, 17, 20_000);
        config.symbol = string(new bytes(length));
        _refuses(config, abi.encodeWithSelector(ICurrencyFactory.InvalidSymbol.selector, length));
        config.symbol = "";
        _refuses(config, abi.encodeWithSelector(ICurrencyFactory.InvalidSymbol.selector, 0));
    }

    function testFuzz_Create_RevertWhen_ThereAreTooManyDecimals(uint8 decimals) external {
        CurrencyConfig memory config = _config();
        config.decimals = uint8(bound(decimals, 19, 255));
        _refuses(config, abi.encodeWithSelector(ICurrencyFactory.InvalidDecimals.selector, config.decimals));
    }

    function test_Create_RevertWhen_NothingCouldBeMinted() external {
        CurrencyConfig memory config = _config();
        config.maxSupply = 0;
        _refuses(config, abi.encodeWithSelector(ICurrencyFactory.InvalidMaxSupply.selector));
    }

    function testFuzz_Create_RevertWhen_TheFeeExceedsATenth(uint16 feeBps) external {
        CurrencyConfig memory config = _config();
        config.feeBps = uint16(bound(feeBps, 1_001, type(uint16).max));
        _refuses(config, abi.encodeWithSelector(ICurrencyFactory.InvalidFee.selector, config.feeBps));
    }

    function testFuzz_Create_RevertWhen_TheURIIsTooLong(uint256 length) external {
        CurrencyConfig memory config = _config();
        length = bound(length, 129, 20_000);
        config.contractURI = string(new bytes(length));
        _refuses(config, abi.encodeWithSelector(ICurrencyFactory.InvalidContractURI.selector, length));
    }

    function testFuzz_Create_RevertGiven_ItExists(bytes32 salt) external {
        address currency = _create(issuer, _config(), salt);
        vm.expectRevert(abi.encodeWithSelector(ICurrencyFactory.CurrencyExists.selector, currency));
        _create(issuer, _config(), salt);
    }

    /// @dev All limits at once are sound terms.
    function test_Create_LimitsAreIncluded() external {
        CurrencyConfig memory config = _config();
        config.name = string(new bytes(64));
        config.symbol = string(new bytes(16));
        config.contractURI = string(new bytes(128));
        config.decimals = 18;
        config.feeBps = 1_000;
        config.feeFlat = type(uint96).max;
        config.redemptionWindow = type(uint32).max;
        assertTrue(factory.isCurrency(_create(issuer, config, 0)));
        config.name = "N";
        config.symbol = "S";
        config.contractURI = "";
        config.decimals = 0;
        config.maxSupply = 1;
        config.feeBps = 0;
        config.feeFlat = 0;
        config.redemptionWindow = 0;
        assertTrue(factory.isCurrency(_create(issuer, config, 0)));
    }

    function testFuzz_Create_AtThePredictedAddress(
        address caller,
        CurrencyConfig memory terms,
        bytes32 salt
    ) external {
        CurrencyConfig memory config = _config();
        config.decimals = uint8(bound(terms.decimals, 0, 18));
        config.maxSupply = bound96(terms.maxSupply, 1, type(uint96).max);
        config.feeFlat = terms.feeFlat;
        config.feeBps = uint16(bound(terms.feeBps, 0, 1_000));
        config.redemptionWindow = terms.redemptionWindow;
        address predicted = factory.predictCurrency(caller, config, salt);
        assertFalse(factory.isCurrency(predicted));

        vm.expectEmit(address(factory));
        emit ICurrencyFactory.CurrencyCreated(predicted, caller, config.name, config.symbol, config.decimals);
        assertEq(_create(caller, config, salt), predicted);

        assertTrue(factory.isCurrency(predicted));
        IIssuerCurrency currency = IIssuerCurrency(predicted);
        assertEq(currency.issuer(), caller);
        assertEq(currency.name(), config.name);
        assertEq(currency.symbol(), config.symbol);
        assertEq(currency.decimals(), config.decimals);
        assertEq(currency.maxSupply(), config.maxSupply);
        assertEq(currency.feeFlat(), config.feeFlat);
        assertEq(currency.feeBps(), config.feeBps);
        assertEq(currency.redemptionWindow(), config.redemptionWindow);
        assertEq(currency.contractURI(), config.contractURI);
        assertEq(currency.totalSupply(), 0);
    }

    function test_Predict_RefusesWhatCreateRefuses() external {
        CurrencyConfig memory config = _config();
        config.decimals = 78;
        vm.expectRevert(abi.encodeWithSelector(ICurrencyFactory.InvalidDecimals.selector, 78));
        factory.predictCurrency(issuer, config, 0);
    }

    function test_IsCurrency_NotACloneOfTheSameImplementationByOthers() external {
        address genuine = _create(issuer, _config(), 0);
        bytes memory terms = Clones.fetchCloneArgs(genuine);
        address impostor = Clones.cloneDeterministicWithImmutableArgs(factory.implementation(), terms, 0);
        assertEq(impostor.codehash, genuine.codehash);
        assertEq(IIssuerCurrency(impostor).issuer(), issuer);
        assertFalse(factory.isCurrency(impostor));
    }

    function test_IsCurrency_NotAnotherFactorys() external {
        CurrencyFactory other = new CurrencyFactory(address(this));
        vm.prank(issuer);
        assertFalse(factory.isCurrency(other.createCurrency(_config(), 0)));
    }

    function testFuzz_IsCurrency_NotArbitraryCode(bytes memory code) external {
        address account = makeAddr("arbitrary");
        vm.etch(account, code);
        assertFalse(factory.isCurrency(account));
    }

    function test_IsCurrency_NotWhatHasNoTerms() external {
        assertFalse(factory.isCurrency(factory.implementation()));
        assertFalse(factory.isCurrency(address(factory)));
        assertFalse(factory.isCurrency(issuer));
        assertFalse(factory.isCurrency(address(0)));
        assertFalse(factory.isCurrency(Clones.clone(factory.implementation())));
        // An account that delegates to a currency (EIP-7702) has 23 bytes of code.
        vm.etch(issuer, abi.encodePacked(hex"ef0100", _create(issuer, _config(), 0)));
        assertFalse(factory.isCurrency(issuer));
    }

    function _config() private pure returns (CurrencyConfig memory) {
        return CurrencyConfig("Claire dollar", "CLD", 6, type(uint96).max, 0, 0, 7 days, "ipfs://terms");
    }

    function _create(address from, CurrencyConfig memory config, bytes32 salt) private returns (address) {
        vm.prank(from);
        return factory.createCurrency(config, salt);
    }

    function _refuses(CurrencyConfig memory config, bytes memory failure) private {
        vm.expectRevert(failure);
        factory.createCurrency(config, 0);
    }
}
