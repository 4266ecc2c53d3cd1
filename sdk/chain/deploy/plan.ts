import { type Address, concatHex, encodeAbiParameters, getCreate2Address, type Hex, pad } from 'viem'
import { proxyAddress } from './proxy.ts'

/**
 * Every contract of a deployment and the contracts whose addresses its constructor takes, in the order of making: a
 * contract comes after those it names. The keys are those of `deployments/<chainId>.json`.
 */
export const deploymentPlan = {
  paymentChannels: { contract: 'PaymentChannels', constructorArguments: [] },
  currencyFactory: { contract: 'CurrencyFactory', constructorArguments: ['paymentChannels'] },
  interactionHistory: { contract: 'InteractionHistory', constructorArguments: ['paymentChannels'] },
  flowVerifier: { contract: 'FlowVerifier', constructorArguments: ['interactionHistory'] },
  admissionController: { contract: 'AdmissionController', constructorArguments: ['interactionHistory'] },
  ratioPolicy: { contract: 'RatioPolicy', constructorArguments: ['interactionHistory'] },
  bondPolicy: { contract: 'BondPolicy', constructorArguments: ['interactionHistory'] },
  allOfPolicy: { contract: 'AllOfPolicy', constructorArguments: ['interactionHistory'] },
  anyOfPolicy: { contract: 'AnyOfPolicy', constructorArguments: ['interactionHistory'] },
  flowPolicy: { contract: 'FlowPolicy', constructorArguments: ['flowVerifier'] },
} as const satisfies Record<string, { contract: string; constructorArguments: readonly string[] }>

/** The name of a contract in an address book. */
export type DeploymentKey = keyof typeof deploymentPlan

/** The Solidity name of a contract that is deployed once a chain. */
export type DeployedContract = (typeof deploymentPlan)[DeploymentKey]['contract']

/** Where the contracts of a deployment are: the same on every chain. */
export type DeploymentAddresses = Record<DeploymentKey, Address>

/** Creation bytecode by contract name, without constructor arguments. */
export type DeploymentBytecode = Readonly<Record<DeployedContract, Hex>>

/** One contract to be made. */
export type PlannedContract = {
  key: DeploymentKey
  contract: DeployedContract
  address: Address
  /** The constructor's arguments, ABI-encoded: addresses of earlier contracts. */
  constructorArguments: Hex
  /** Creation bytecode and arguments: what the proxy is sent, and what the address is computed from. */
  initCode: Hex
}

/**
 * The salt of every contract. Fixed, as it is a part of the address.
 */
export const deploymentSalt: Hex = pad('0x', { size: 32 })

/** What a deployment of `bytecode` consists of, in the order of making. Pure: it asks no chain. */
export function planDeployment(bytecode: DeploymentBytecode): PlannedContract[] {
  const planned: PlannedContract[] = []
  for (const [key, { contract, constructorArguments: keys }] of Object.entries(deploymentPlan)) {
    const constructorArguments = encodeAbiParameters(
      keys.map(() => ({ type: 'address' })),
      keys.map((name) => addressOf(planned, name)),
    )
    const initCode = concatHex([bytecode[contract], constructorArguments])
    const address = getCreate2Address({ from: proxyAddress, salt: deploymentSalt, bytecode: initCode })
    planned.push({ key: key as DeploymentKey, contract, address, constructorArguments, initCode })
  }
  return planned
}

/** The addresses of a deployment of `bytecode`, on any chain. */
export function deploymentAddresses(bytecode: DeploymentBytecode): DeploymentAddresses {
  return addressBook(planDeployment(bytecode))
}

/** The address book of planned contracts. */
export function addressBook(planned: readonly PlannedContract[]): DeploymentAddresses {
  return Object.fromEntries(planned.map(({ key, address }) => [key, address])) as DeploymentAddresses
}

function addressOf(planned: readonly PlannedContract[], key: DeploymentKey): Address {
  const found = planned.find((item) => item.key === key)
  if (found === undefined) throw new TypeError(`${key} must come before the contracts whose constructors take it`)
  return found.address
}
