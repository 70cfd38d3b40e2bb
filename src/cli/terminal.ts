/**
 * Where a command writes: results to standard output, progress and remarks to standard error.
 * Progress is drawn only on a terminal; with `--json` or in a pipe nothing but the result is told.
 *
 * @module
 */
import { SingleBar } from 'cli-progress'
import pc from 'picocolors'
import { formatBytes, formatCount, truncate } from './format.js'

/** Colours for one stream; each function returns its text unchanged where colours are off. */
export type Colors = ReturnType<typeof pc.createColors>

/** Options that decide how much is told. */
export interface TerminalOptions {
  readonly json?: boolean | undefined
  readonly verbose?: boolean | undefined
}

/** What commands use to talk. */
export interface Terminal {
  readonly json: boolean
  readonly verbose: boolean
  /** A person is there to be asked, on standard error. */
  readonly interactive: boolean
  /** Columns of standard output; 80 where it is not a terminal. */
  readonly width: number
  readonly colors: Colors
  /** A line of the result. Silent with `--json`. */
  print(line?: string): void
  /** The result for scripts: one document. Silent without `--json`. */
  printJson(value: unknown): void
  /** A line that stays, beside the result. Silent with `--json` and in pipes unless `always`. */
  remark(line: string, always?: boolean): void
  /** A line of detail, with `--verbose` only. */
  detail(line: string): void
  /** What is going on right now; replaced by the next, gone with {@link Terminal.settle}. */
  status(line: string): void
  /** Shows how far the hashing is. */
  progress(done: number, total: number, bytes: number): void
  /** Takes status and progress off the screen. */
  settle(): void
}

/** Creates the terminal of this process. */
export function createTerminal({ json = false, verbose = false }: TerminalOptions): Terminal {
  const { stdout, stderr } = process
  const drawing = stderr.isTTY === true && !json && process.env.TERM !== 'dumb'
  const colors = pc.createColors(wantsColor(stdout))
  const errorColors = pc.createColors(wantsColor(stderr))
  let bar: SingleBar | undefined
  let statusShown = false

  const settle = () => {
    bar?.stop()
    bar = undefined
    if (statusShown) stderr.write('\r\u001b[K')
    statusShown = false
  }
  const besides = (line: string) => {
    settle()
    stderr.write(`${line}\n`)
  }

  return {
    json,
    verbose,
    interactive: process.stdin.isTTY === true && stderr.isTTY === true && !json,
    width: Math.max(40, stdout.isTTY === true ? (stdout.columns ?? 80) : 80),
    colors,
    print(line = '') {
      if (json) return
      settle()
      stdout.write(`${line}\n`)
    },
    printJson(value) {
      if (json) stdout.write(`${JSON.stringify(value, null, 2)}\n`)
    },
    remark(line, always = false) {
      if (always || drawing) besides(line)
    },
    detail(line) {
      if (verbose) besides(errorColors.dim(line))
    },
    status(line) {
      if (!drawing) return
      settle()
      stderr.write(errorColors.dim(truncate(line, (stderr.columns ?? 80) - 1)))
      statusShown = true
    },
    progress(done, total, bytes) {
      if (!drawing) return
      if (bar === undefined) {
        settle()
        bar = createBar(errorColors)
        bar.start(total, done, { bytes })
      }
      bar.update(done, { bytes })
    },
    settle,
  }
}

function createBar(colors: Colors): SingleBar {
  return new SingleBar({
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
    fps: 10,
    gracefulExit: false,
    format(_, { value, total }, payload: { bytes: number }) {
      const columns = (process.stderr.columns ?? 80) - 1
      const count = `${formatCount(value).padStart(formatCount(total).length)}/${formatCount(total)}`
      const text = `  ${count} packages  ${formatBytes(payload.bytes).padStart(8)}`
      const room = Math.min(40, columns - 'hashing '.length - text.length)
      if (room < 8) return truncate(`hashing${text}`, columns)
      const filled = total === 0 ? 0 : Math.floor((value / total) * room)
      return `hashing ${colors.cyan('█'.repeat(filled))}${colors.dim('░'.repeat(room - filled))}${text}`
    },
  })
}

/** NO_COLOR (any value but the empty one) switches colours off, FORCE_COLOR on. */
export function wantsColor(stream: NodeJS.WriteStream): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env
  if (NO_COLOR) return false
  if (FORCE_COLOR && FORCE_COLOR !== '0') return true
  return stream.isTTY === true && TERM !== 'dumb'
}
