import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A fenced block of TypeScript in a page, and where its code is said to come from. */
export type CodeBlock = {
  /** The page and the line of the fence, as an editor opens it. */
  place: string
  code: string
  /** What follows `ts` on the fence: `examples/pay.ts#open`, a file and one of its regions. */
  source: string
}

/** The TypeScript blocks of the README and of the pages in docs. */
export function readCodeBlocks(root: string): CodeBlock[] {
  return globSync('{README.md,docs/**/*.md}', { cwd: root })
    .sort()
    .flatMap((page) => {
      const text = readFileSync(join(root, page), 'utf8')
      return [...text.matchAll(/^```(?:ts|typescript)\b(.*)\n([\s\S]*?)^```$/gm)].map(
        ({ 1: source = '', 2: code = '', index }) => ({
          place: `${page}:${text.slice(0, index).split('\n').length}`,
          code,
          source: source.trim(),
        }),
      )
    })
}

/** What lies between `// #region <name>` and `// #endregion`, without the indentation that all of it has. */
export function readRegion(root: string, source: string): string {
  const [file = '', name = ''] = source.split('#')
  const lines = readFileSync(join(root, file), 'utf8').split('\n')
  const start = lines.findIndex((line) => line.trim() === `// #region ${name}`)
  const end = lines.findIndex((line, index) => index > start && line.trim() === '// #endregion')
  if (start === -1 || end === -1) throw new Error(`${file} has no region ${name}`)
  const region = lines.slice(start + 1, end)
  const indents = region.filter((line) => line !== '').map((line) => line.search(/\S/))
  return `${region.map((line) => line.slice(Math.min(...indents))).join('\n')}\n`
}
