/** A table in Markdown; cells that begin with a digit stand to the right. */
export function tableOf(head: string[], body: string[][]): string[] {
  const widths = head.map((_, column) => Math.max(...[head, ...body].map((line) => line[column]?.length ?? 0)))
  const isNumber = head.map((_, column) => body.every((line) => /^([\d.].*)?$/.test(line[column] ?? '')))
  const line = (cells: string[]) => {
    const padded = cells.map((cell, at) =>
      isNumber[at] ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0),
    )
    return `| ${padded.join(' | ')} |`
  }
  const rule = widths.map((width, at) => (isNumber[at] ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)))
  return [line(head), line(rule), ...body.map(line)]
}

/** A number with three digits that count. */
export function number(value: number): string {
  return value.toLocaleString('en', { maximumSignificantDigits: 3 })
}
