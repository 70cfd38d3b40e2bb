/** What the page does for the benchmark. */
import { measureOpening } from './openings.js'
import { measureWrites } from './writes.js'

const measures = { measureOpening, measureWrites }

declare global {
  var bench: typeof measures
}

globalThis.bench = measures
