/** Runs work one after another where it is about the same. */
export type Turns = { take<Result>(name: string, work: () => Promise<Result>): Promise<Result> }

export function createTurns(): Turns {
  const tails = new Map<string, Promise<unknown>>()
  return {
    take: (name, work) => {
      const turn = (tails.get(name) ?? Promise.resolve()).then(work)
      const tail = turn.then(
        () => {},
        () => {},
      )
      tails.set(name, tail)
      tail.then(() => {
        if (tails.get(name) === tail) tails.delete(name)
      })
      return turn
    },
  }
}
