/**
 * Keeps Node 22 from calling its SQLite experimental at the start of every command: whoever types one can do nothing about
 * it, and what goes wrong takes one line. All other warnings stay.
 */
export function hideSqliteWarning(): void {
  const emitWarning = process.emitWarning.bind(process)
  process.emitWarning = ((warning: string | Error, ...rest: never[]) => {
    if (!String(warning).startsWith('SQLite is an experimental feature')) emitWarning(warning, ...rest)
  }) as typeof process.emitWarning
}
