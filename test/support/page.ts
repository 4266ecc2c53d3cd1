import { readFileSync, writeFileSync } from 'node:fs'

/** What is typed into a terminal of a page, and what the page says is printed then. */
export type Line = {
  /** Whose terminal. */
  terminal: string
  /** A command; `^C`, which ends what runs; or nothing, where what runs goes on printing. */
  typed: string
  /** What is printed, with all its lines' ends. */
  printed: string
  /** Where the printed text begins and ends in the page. */
  start: number
  end: number
}

/** The blocks of a page that begin with `console` and the name of a terminal, line by typed line. */
export function readPage(path: string): Line[] {
  const text = readFileSync(path, 'utf8')
  return [...text.matchAll(/^```console (\w+)\n([\s\S]*?)^```$/gm)].flatMap((block) => {
    const { 1: terminal = '', 2: body = '' } = block
    const begin = text.indexOf('\n', block.index) + 1
    const prompts = [...body.matchAll(/^(?:\$ (.*)|(\^C))\n/gm)].map((match) => ({
      typed: match[1] ?? '^C',
      from: match.index,
      start: match.index + match[0].length,
    }))
    if (prompts[0]?.from !== 0) prompts.unshift({ typed: '', from: 0, start: 0 })
    return prompts.map(({ typed, start }, index) => {
      const end = prompts[index + 1]?.from ?? body.length
      return { terminal, typed, printed: body.slice(start, end), start: begin + start, end: begin + end }
    })
  })
}

/** Puts what was printed in fact into a page, line by typed line. */
export function writePage(path: string, lines: readonly Line[], printed: ReadonlyMap<Line, string>): void {
  let text = readFileSync(path, 'utf8')
  for (const line of lines.toReversed()) {
    text = text.slice(0, line.start) + (printed.get(line) ?? line.printed) + text.slice(line.end)
  }
  writeFileSync(path, text)
}
