/** How far a run of the matrix is: drawn on a terminal, and nowhere else. */
import { MultiBar, type SingleBar } from 'cli-progress'
import { barOptions, canDraw } from '../support/progress-bar.js'

/** Bars on standard error. */
export interface Progress {
  /** What is going on before the first bar. */
  note(text: string): void
  /** A bar for one cell. */
  begin(name: string, total: number): { step(failed: boolean): void; end(): void }
  /** Takes everything off the screen. */
  end(): void
}

const silent: Progress = {
  note: () => undefined,
  begin: () => ({ step: () => undefined, end: () => undefined }),
  end: () => undefined,
}

/** Makes the bars, the first one for all cells together. */
export function createProgress(cells: number): Progress {
  if (!canDraw()) return silent
  const bars = new MultiBar(barOptions)
  let all: SingleBar | undefined
  return {
    note: (text) => {
      process.stderr.write(`${text}\n`)
    },
    begin(name, total) {
      all ??= bars.create(cells, 0, { name: 'runs' })
      const bar = bars.create(total, 0, { name })
      let failed = 0
      return {
        step(isFailure) {
          if (isFailure) failed += 1
          bar.increment(1, { name: failed === 0 ? name : `${name}: ${failed} failed` })
        },
        end() {
          bars.remove(bar)
          all?.increment()
        },
      }
    },
    end: () => bars.stop(),
  }
}
