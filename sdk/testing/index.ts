export type { DeploymentAddresses } from '../chain/deploy/plan.ts'
export { deployScrip, type NetworkConnection } from './deployScrip.ts'
