import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Line } from './page.ts'

/** A command in a terminal, and how much of what it printed was seen. */
type Command = { child: ChildProcess; output: string; seen: number; ended: Promise<unknown> }

type Terminal = { folder: string; environment: NodeJS.ProcessEnv; running?: Command }

/** Terminals into which a page can be typed. */
export type Terminals = {
  /** Types a line and returns what is printed. */
  type(line: Line): Promise<string>
  /** Ends what runs, and removes everything. */
  close(): Promise<void>
}

const root = fileURLToPath(new URL('../..', import.meta.url))
const program = join(root, 'sdk', 'cli', 'index.ts')

/** What a command that goes on prints last. */
const LAST = /Ctrl-C .*\n/

/** A progress line: it depends on how fast the machine is. */
const PROGRESS = /^.* MB, \d+ payments, .*\n/gm

/**
 * Terminals with `npx scrip`, each in a folder of its name below `/home`, which is a temporary folder in fact; beside them this
 * repository as `scrip`.
 */
export function openTerminals(): Terminals {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'scrip-page-')))
  const terminals = new Map<string, Terminal>()
  const bin = join(home, '.bin')
  mkdirSync(bin)
  writeFileSync(join(bin, 'npx'), `#!/bin/sh\nshift\nexec ${process.execPath} --conditions=source ${program} "$@"\n`)
  chmodSync(join(bin, 'npx'), 0o755)
  symlinkSync(process.execPath, join(bin, 'node'))
  symlinkSync(root, join(home, 'scrip'))
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SCRIP_')))
  const shared = { ...clean, PATH: [bin, process.env['PATH']].join(delimiter), SCRIP_HOME: join(home, '.scrip') }

  const open = (name: string): Terminal => {
    const terminal = terminals.get(name) ?? { folder: join(home, name), environment: {} }
    if (!terminals.has(name)) mkdirSync(terminal.folder)
    terminals.set(name, terminal)
    return terminal
  }

  const start = ({ folder, environment }: Terminal, typed: string): Command => {
    const child = spawn('bash', ['-c', `{ ${typed}\n} 2>&1`], {
      cwd: folder,
      env: { ...shared, ...environment },
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const command: Command = { child, output: '', seen: 0, ended: once(child, 'close') }
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      command.output += text
    })
    return command
  }

  /** What was printed and not seen yet, with the folder that a reader would have. */
  const read = (command: Command): string => {
    const text = command.output.slice(command.seen)
    command.seen = command.output.length
    return text.replace(PROGRESS, '').replaceAll(home, '/home')
  }

  const until = async ({ child, ended }: Command, isSo: () => boolean): Promise<void> => {
    let isOver = false
    ended.then(() => {
      isOver = true
    })
    while (!isSo() && !isOver)
      await Promise.race([ended, once(child.stdout as NonNullable<typeof child.stdout>, 'data')])
  }

  const lineCount = (text: string) => text.split('\n').length - 1

  return {
    type: async ({ terminal: name, typed, printed }) => {
      const terminal = open(name)
      const { running } = terminal
      if (typed === '' || typed === '^C') {
        if (running === undefined) throw new Error(`Nothing runs in ${name}'s terminal.`)
        if (running.child.exitCode !== null)
          throw new Error(`What ran in ${name}'s terminal has ended:\n${running.output}`)
        if (typed === '^C') process.kill(-(running.child.pid ?? 0), 'SIGINT')
        const isEnough = () => lineCount(running.output.slice(running.seen).replace(PROGRESS, '')) >= lineCount(printed)
        await (typed === '^C' ? running.ended : until(running, isEnough))
        if (typed === '^C') delete terminal.running
        return read(running)
      }
      const variable = /^export (\w+)=(\S+)$/.exec(typed)
      if (variable !== null) {
        terminal.environment[variable[1] as string] = variable[2]
        return ''
      }
      const command = start(terminal, typed)
      terminal.running = command
      await until(command, () => LAST.test(command.output))
      if (!LAST.test(command.output)) delete terminal.running
      return read(command)
    },
    close: async () => {
      for (const { running } of terminals.values()) {
        if (running === undefined || running.child.exitCode !== null) continue
        process.kill(-(running.child.pid ?? 0), 'SIGTERM')
        await running.ended
      }
      rmSync(home, { recursive: true, force: true })
    },
  }
}
