/** Where the contracts of this version are: the same addresses on every chain (CREATE2). */
export { addresses } from '../abi/addresses.ts'
