/** What has another name in every run: addresses, hashes, and where somebody listens. */
const NAME = /0x(?:[0-9a-fA-F]{64}|[0-9a-fA-F]{40})\b|http:\/\/127\.0\.0\.1:\d+/g

/** What differs from run to run and has no name. */
const noise: [RegExp, string][] = [
  [/[\d,]+ gas\b/g, '… gas'],
  [/\d+(\.\d+)? of the chain's coin/g, "… of the chain's coin"],
  [/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/g, '… UTC'],
  [/(--cursor |"cursor":")\d+-[0-9a-f]*/g, '$1…'],
  [/"coin":"\d+"/g, '"coin":"…"'],
]

/** Knows what the names of a page are called in a run of it. */
export type Names = {
  /** A text of the page with the names of the run. */
  inRun(text: string): string
  /** A text of the run with the names of the page, where they are known. */
  inPage(text: string): string
  /** What of two texts must be the same in page and run. Names are learned by where they stand. */
  compare(page: string, run: string): { page: string; run: string }
}

/** Learns names as page and run go along. A name of the page that stands for two of the run is left as it is. */
export function createNames(): Names {
  const toRun = new Map<string, string>()
  const toPage = new Map<string, string>()
  const rename = (names: ReadonlyMap<string, string>) => (text: string) =>
    text.replace(NAME, (name) => names.get(name) ?? name)
  const quiet = (text: string) => noise.reduce((result, [pattern, word]) => result.replace(pattern, word), text)

  return {
    inRun: rename(toRun),
    inPage: rename(toPage),
    compare: (page, run) => {
      const [theirs, ours] = [page.match(NAME) ?? [], run.match(NAME) ?? []]
      if (theirs.length === ours.length) {
        for (const [index, name] of theirs.entries()) {
          const actual = ours[index] ?? name
          if (toRun.has(name) || toPage.has(actual)) continue
          toRun.set(name, actual)
          toPage.set(actual, name)
        }
      }
      return { page: quiet(page), run: quiet(rename(toPage)(run)) }
    },
  }
}
