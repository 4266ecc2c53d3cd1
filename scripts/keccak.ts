import { readFileSync } from 'node:fs'
import asc from 'assemblyscript/asc'

const source = 'sdk/channels/crypto/keccak/keccak.ts'

/** The most that a browser compiles on its main thread. */
const MAX_SIZE = 4_096

/** Compiles the SDK's Keccak to WebAssembly. The same source gives the same bytes, on every machine. */
export async function compileKeccak(): Promise<Uint8Array> {
  const text = readFileSync(new URL(`../${source}`, import.meta.url), 'utf8')
  let compiled: Uint8Array | undefined
  const { error, stderr } = await asc.main(
    [source, '-O3', '--noAssert', '--runtime', 'stub', '--outFile', 'keccak.wasm'],
    {
      readFile: (name) => (name === source ? text : null),
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
