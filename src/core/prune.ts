/**
 * Removing what is old: what there is to do, and one batch after the other.
 *
 * @module
 */
import type { Names } from './names.js'
import { flowTargets, streamTarget, triggerTargets } from './prune-events.js'
import { keysTarget } from './prune-keys.js'
import { behind, isPosition } from './prune-position.js'
import { runsTarget } from './prune-runs.js'
import { type Batch, batchPlan, type Target } from './prune-walk.js'
import { type Cutoff, checkRetention } from './retention.js'
import type { Runner } from './runner.js'
import { subjectTypeOf } from './subjects.js'
import { startMsSql } from './timestamps.js'
import type { PruneOptions, PruneResult } from './types/prune.js'
import { checkBetween, checkName, invalid, pathOf } from './values.js'

const optionNames = 'streams runs kv batchSize maxBatches cursor onProgress signal'.split(' ')

/** One thing to be pruned. */
interface Task {
  /** Its name in cursors. */
  readonly name: string
  readonly cutoff: Cutoff
  readonly target: Target
}

/**
 * Removes what the options say, batch by batch.
 * @throws StoreError `invalid-argument` before any SQL.
 */
export async function prune(
  names: Names,
  { run }: Runner,
  options: PruneOptions,
): Promise<PruneResult> {
  if (typeof options !== 'object' || options === null) {
    throw invalid('options', 'must be an object', options)
  }
  for (const name of Object.keys(options)) {
    if (!optionNames.includes(name)) throw invalid(name, 'is no option of prune')
  }
  const most = Number.MAX_SAFE_INTEGER
  const { signal, onProgress, batchSize = 1000, maxBatches = most, cursor } = options
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw invalid('onProgress', 'must be a function', onProgress)
  }
  const size = checkBetween(batchSize, 'batchSize', 10_000)
  let left = checkBetween(maxBatches, 'maxBatches', most)
  const tasks = tasksOf(names, options)
  let [at, position] = cursor == null ? [0, undefined] : checkCursor(cursor, tasks)
  const sums = { events: 0, runs: 0, keys: 0 }
  let now: number | undefined
  const result = (): PruneResult => {
    const task = tasks[at]
    const next = task === undefined ? null : task.name + (position ?? '')
    return { ...sums, done: next === null, cursor: next }
  }
  for (; left > 0; left--) {
    const task = tasks[at]
    if (task === undefined) break
    const { now: moment = now, age } = task.cutoff
    const plan = batchPlan(task.target, {
      position,
      size,
      cutoff: (build) =>
        moment === undefined
          ? `${startMsSql} - ${build.param(String(age), 'bigint')}`
          : build.param(String(moment - age), 'bigint'),
    })
    const batch = await run(plan, { signal })
    for (const what of ['events', 'runs', 'keys'] as const) sums[what] += Number(batch[what] ?? 0)
    now ??= Number(batch.now)
    const isStuck = batch.next !== null && batch.next === position && isNothing(batch)
    position = isStuck ? behind(position) : (batch.next ?? undefined)
    if (position === undefined) at += 1
    onProgress?.(result())
  }
  return result()
}

function tasksOf(names: Names, { streams, runs, kv }: PruneOptions): readonly Task[] {
  if ((streams ?? runs ?? kv) === undefined) {
    throw invalid('options', 'must name streams, runs or kv to remove')
  }
  const tasks: Task[] = []
  const add = (path: string, cutoff: Cutoff, targets: readonly Target[]) => {
    for (const [nth, target] of targets.entries()) tasks.push({ name: path + nth, cutoff, target })
  }
  if (streams !== undefined && (typeof streams !== 'object' || streams === null)) {
    throw invalid('streams', "must be an object such as { flow: '30d' }", streams)
  }
  for (const [type, retention] of Object.entries(streams ?? {})) {
    const path = pathOf('streams', [type])
    if (subjectTypeOf(checkName(type, path)) !== type) {
      throw invalid(path, 'must be the first two segments of subjects')
    }
    const cutoff = checkRetention(retention, path)
    if (type === 'flow') add(path, cutoff, flowTargets(names))
    else if (type === 'trigger') add(path, cutoff, triggerTargets(names))
    else add(path, cutoff, [streamTarget(type, names)])
  }
  if (runs !== undefined) add('runs', checkRetention(runs, 'runs'), [runsTarget(names)])
  if (kv !== undefined && typeof kv !== 'boolean') throw invalid('kv', 'must be true or false', kv)
  // Each key has its own time.
  if (kv) add('kv', { age: 0 }, [keysTarget(names)])
  return tasks
}

const isNothing = ({ events, runs, keys }: Batch) =>
  Number(events ?? 0) + Number(runs ?? 0) + Number(keys ?? 0) === 0

/** Where a cursor says to go on. What it holds only ever becomes a parameter. */
function checkCursor(cursor: unknown, tasks: readonly Task[]): [number, string | undefined] {
  const text = String(cursor)
  for (const [at, { name, target }] of tasks.entries()) {
    const rest = text.slice(name.length)
    if (text === name) return [at, undefined]
    if (text.startsWith(name) && isPosition(rest, target.lengths)) return [at, rest]
  }
  throw invalid('cursor', 'must come from a prune of the same things', cursor)
}
