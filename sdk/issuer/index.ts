export {
  createIssuerGateway,
  type GatewayAnswer,
  type GatewayRequest,
  type IssuerGateway,
  type IssuerGatewayParameters,
} from './createIssuerGateway.ts'
export type { Rate } from './createLimiter.ts'
export { type GatewayListenerOptions, gatewayListener } from './gatewayListener.ts'
export { openApi } from './openApi.ts'
