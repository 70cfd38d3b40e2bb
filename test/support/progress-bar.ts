/** Bars that tell how far a long run is: where they are drawn, and how they look. */
import type { Options } from 'cli-progress'

/** Whether standard error is a terminal that can draw a line again. */
export const canDraw = () => process.stderr.isTTY === true && process.env.TERM !== 'dumb'

export const barOptions: Options = {
  stream: process.stderr,
  clearOnComplete: true,
  hideCursor: true,
  gracefulExit: true,
  barsize: 20,
  format: ' {bar} {value}/{total} {name}',
}
