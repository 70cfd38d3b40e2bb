/** PGlite in memory: what concurrent appends gain where there is no network. */
import { createStore, pglite } from '../built.js'
import { filling } from '../contender.js'
import { type Effort, type Measured, measure } from '../rounds.js'

/** What this section found. */
export interface Pglite {
  readonly measured: readonly Measured[]
  /** Rate of 32 callers, divided by that of one. */
  readonly ratio: number
}

/** Measures one caller and 32, in turns. */
export async function measurePglite(effort: Effort): Promise<Pglite> {
  const store = createStore({ driver: pglite() })
  const call = () => store.stream.append('nvent:flow:run:appended', filling.event)
  try {
    await call()
    const measured = await measure(
      [1, 32].map((callers) => ({ name: `${callers} at once`, callers, call })),
      effort,
    )
    const [one, many] = measured
    return { measured, ratio: (many?.median ?? Number.NaN) / (one?.median ?? Number.NaN) }
  } finally {
    await store.close()
  }
}
