import { readFileSync } from 'node:fs'
import asc from 'assemblyscript/asc'

/** The most that a browser compiles on its main thread. */
const MAX_SIZE = 4_096

/** What the SDK has in WebAssembly: the source in AssemblyScript, and the generated module that holds the code in base64. */
export const wasmModules = {
  keccak: { source: 'sdk/channels/crypto/keccak/keccak.ts', module: 'sdk/channels/crypto/keccakWasm.ts', flags: [] },
  // Its memory is as large as the graph, so the caller brings it.
  gather: {
    source: 'sdk/reputation/gather/gather.ts',
    module: 'sdk/reputation/gatherWasm.ts',
    flags: ['--importMemory'],
  },
} as const

/** Compiles one of them. The same source gives the same bytes, on every machine. */
export async function compileWasm(name: keyof typeof wasmModules): Promise<Uint8Array> {
  const { source, flags } = wasmModules[name]
  const text = readFileSync(new URL(`../${source}`, import.meta.url), 'utf8')
  let compiled: Uint8Array | undefined
  const { error, stderr } = await asc.main(
    [source, '-O3', '--noAssert', '--runtime', 'stub', ...flags, '--outFile', `${name}.wasm`],
    {
      readFile: (file) => (file === source ? text : null),
      writeFile: (_, contents) => {
        compiled = contents as Uint8Array
      },
      listFiles: () => [],
    },
  )
  if (compiled === undefined) throw new Error(`${source} does not compile:\n${stderr.toString()}`, { cause: error })
  if (compiled.length > MAX_SIZE) throw new Error(`${source} makes ${compiled.length} bytes, more than ${MAX_SIZE}`)
  return compiled
}
