/** Every operation of every contender: one server, one pool, alternating rounds. */
import {
  type Contender,
  type OpenContender,
  type Place,
  type Workload,
  workloads,
} from '../contender.js'
import type { Progress } from '../progress.js'
import { type Effort, type Measured, measure } from '../rounds.js'

/** One workload and what everybody reached. */
export interface Result extends Workload {
  readonly measured: readonly Measured[]
}

/** A contender as the report tells of it. */
export interface Participant {
  readonly name: string
  readonly configuration: string
  readonly version?: string
  /** Why it did not take part. */
  readonly unavailable?: string
}

/** What this section found. */
export interface Operations {
  readonly contenders: readonly Participant[]
  readonly results: readonly Result[]
}

/** Measures those workloads whose operation contains `only`. */
export async function measureOperations(
  contenders: readonly Contender[],
  place: Place,
  effort: Effort,
  only: string,
  progress: Progress,
): Promise<Operations> {
  const participants: Participant[] = []
  const open: (OpenContender & { readonly name: string })[] = []
  for (const { name, configuration, ...contender } of contenders) {
    progress.step(`setting up ${name}`)
    try {
      const opened = await silently(() => contender.open(place))
      open.push({ name, ...opened })
      participants.push({ name, configuration, version: opened.version })
    } catch (error) {
      const unavailable = error instanceof Error ? error.message : String(error)
      progress.note(`${name} does not take part: ${unavailable}`)
      participants.push({ name, configuration, unavailable })
    }
  }
  // So that nobody's filling is being cleaned up while another is measured.
  await place.pool.query('vacuum analyze')
  const results: Result[] = []
  for (const workload of workloads) {
    const { operation, callers } = workload
    if (!operation.includes(only)) continue
    progress.step(`${operation}, ${callers}`)
    const entries = open.flatMap(({ name, calls }) => {
      const call = calls[operation]
      return call === undefined ? [] : [{ name, call, callers }]
    })
    const measured = await measure(entries, effort)
    results.push({ ...workload, measured })
    progress.note(
      `${operation}, ${callers}: ${measured.map(({ contender, median }) => `${contender} ${Math.round(median)}/s`).join(', ')}`,
    )
  }
  for (const { close } of open) await close()
  return { contenders: participants, results }
}

/** How many steps it has. */
export const stepsOf = (contenders: readonly Contender[], only: string) =>
  contenders.length + workloads.filter(({ operation }) => operation.includes(only)).length

/** Standard output is for the results; some peers tell there that they connect. */
async function silently<T>(run: () => Promise<T>): Promise<T> {
  const { log } = console
  console.log = () => undefined
  try {
    return await run()
  } finally {
    console.log = log
  }
}
