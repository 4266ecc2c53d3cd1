/** Writes `docs/errors.md` from the codes of `sdk/errors/codes.ts`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { type ErrorCode, errorCodes } from '../sdk/errors/codes.ts'

const page = new URL('../docs/errors.md', import.meta.url)
const source = new URL('../sdk/errors/codes.ts', import.meta.url)

const introduction = `# Errors

Everything that this package throws on purpose is a \`ScripError\`. Its \`code\` is stable and is what programs match;
\`message\` says what happened, \`hint\` what to do next, \`values\` holds what was at fault, and \`cause\` the error beneath.
The command line prints the code and the hint, and with \`--json\` all of it. A peer answers with the status below and a body
of \`application/problem+json\` (RFC 9457) that has \`code\`, \`detail\`, \`hint\` and the values, bigints as decimal strings;
\`payingFetch\` turns it into the same \`ScripError\` again.
`

/** The page that describes every code. */
export function errorsPage(): string {
  const groups = [...codesByGroup()].map(([group, codes]) => `\n## ${group}\n${codes.map(section).join('')}`)
  return introduction + groups.join('')
}

/** The groups of the source: each is a comment above its codes. */
function codesByGroup(): Map<string, ErrorCode[]> {
  const groups = new Map<string, ErrorCode[]>()
  let codes: ErrorCode[] = []
  for (const [, group, code] of readFileSync(source, 'utf8').matchAll(/^ {2}(?:\/\/ (.+)|([A-Z_]+): \{)$/gm)) {
    if (group !== undefined) {
      codes = []
      groups.set(group, codes)
    } else codes.push(code as ErrorCode)
  }
  return groups
}

function section(code: ErrorCode): string {
  const { status, title, hint } = errorCodes[code]
  return `\n### ${code}\n\n${escaped(title)}. HTTP status ${status}.\n\nNext step: ${escaped(hint)}\n`
}

/** Text as Markdown shows it, apart from what is in backticks. */
function escaped(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part) => (part.startsWith('`') ? part : part.replaceAll(/[<*|\\]/g, '\\$&')))
    .join('')
}

if (import.meta.main) writeFileSync(page, errorsPage())
