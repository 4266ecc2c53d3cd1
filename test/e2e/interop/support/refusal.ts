import { BaseError, ContractFunctionRevertedError } from 'viem'

/** The name of the error with which a contract refused a call of viem's. */
export async function refusal(call: Promise<unknown>): Promise<string | undefined> {
  const error = await call.then(
    () => new Error('The contract did not refuse.'),
    (reason: unknown) => reason,
  )
  const reverted = error instanceof BaseError && error.walk((cause) => cause instanceof ContractFunctionRevertedError)
  if (reverted instanceof ContractFunctionRevertedError) return reverted.data?.errorName
  throw error
}
