/** What the Worker of examples/edge answers with, by what was asked. */
import type { EventRecord } from 'nvent-store-postgres'
import type { Run } from '../../examples/edge/flows.js'
import type { Problem } from '../../examples/edge/problem.js'

export interface RoutesBody {
  readonly routes: readonly string[]
}

export interface MigrationBody {
  readonly current: number
  readonly applied: readonly number[]
}

export interface FlowsBody {
  readonly flows: readonly { readonly name: string; readonly stats: Record<string, number> }[]
}

export interface RunBody {
  readonly run: Run
}

/** A page of runs; `next` is the cursor of the page behind it. */
export interface RunsBody {
  readonly runs: readonly Run[]
  readonly next: string | null
}

/** Events that were appended. */
export interface EventsBody {
  readonly events: readonly EventRecord[]
}

/** A page of a run's events; `next` is the id of the last one, if there are more behind it. */
export interface TimelineBody extends EventsBody {
  readonly next: string | null
}

/** A failure. */
export interface ProblemBody {
  readonly error: Pick<Problem, 'code' | 'message'> & Pick<Problem['details'], 'field' | 'outcome'>
}
