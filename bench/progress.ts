/** How far a run is, on standard error: a bar on a terminal, lines elsewhere. */
import { SingleBar } from 'cli-progress'
import { barOptions, canDraw } from '../test/support/progress-bar.js'

/** Tells what is going on. */
export interface Progress {
  /** What is done next. */
  step(name: string): void
  /** What was found, where there is no bar. */
  note(text: string): void
  end(): void
}

/** Makes it for so many steps. */
export function createProgress(steps: number, quiet: boolean): Progress {
  if (!canDraw()) {
    const say = quiet ? () => undefined : (text: string) => void process.stderr.write(`${text}\n`)
    return { step: () => undefined, note: say, end: () => undefined }
  }
  const bar = new SingleBar(barOptions)
  let done = -1
  bar.start(steps, 0, { name: '' })
  return {
    step(name) {
      done += 1
      bar.update(done, { name })
    },
    note: () => undefined,
    end: () => bar.stop(),
  }
}
