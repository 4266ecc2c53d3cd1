import { type Abi, encodeFunctionData } from 'viem'
import { chainError } from './chainError.ts'

/** viem's `encodeFunctionData`. @throws `INVALID_ARGUMENT` where an argument does not fit into its type. */
export const encodeCall: typeof encodeFunctionData = (parameters) => {
  try {
    return encodeFunctionData(parameters)
  } catch (error) {
    throw chainError(error, parameters.abi as Abi)
  }
}
