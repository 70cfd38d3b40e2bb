/**
 * Removing what is old: what there is to do, and one batch after the other.
 *
 * @module
 */
import type { Names } from './names.js'
import { flowTargets, streamTablePlan, streamTarget, triggerTarget } from './prune-events.js'
import { keysTarget } from './prune-keys.js'
import { runsTarget } from './prune-runs.js'
import type { Target } from './prune-walk.js'
import { type Cutoff, checkRetention } from './retention.js'
import type { Runner } from './runner.js'
import { subjectTypeOf } from './subjects.js'
import type { PruneOptions, PruneResult } from './types/prune.js'
import { checkCount, checkName, invalid, pathOf } from './values.js'

const optionNames = 'streams runs kv batchSize maxBatches cursor onProgress signal'.split(' ')

/** One thing to be pruned, by its cutoff. */
interface Task {
  /** Its name in cursors. */
  readonly name: string
  readonly cutoff: Cutoff
  target(): Target | Promise<Target>
}

/** Where a batch starts: which task, and where in it. */
type Position = readonly [task: number, position: string | undefined]

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
  const { signal, onProgress, batchSize = 1000, maxBatches = Number.MAX_SAFE_INTEGER } = options
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw invalid('onProgress', 'must be a function', onProgress)
  }
  const size = checkBetween(batchSize, 'batchSize', 10_000)
  const most = checkBetween(maxBatches, 'maxBatches', Number.MAX_SAFE_INTEGER)
  const tasks = tasksOf(names, options, (type) => run(streamTablePlan(type, names), { signal }))
  let [at, position] = checkCursor(options.cursor, tasks)
  let [events, runs, keys] = [0, 0, 0]
  let now: number | undefined
  let target: Target | undefined
  const result = (): PruneResult => {
    const task = tasks[at]
    const cursor = task === undefined ? null : JSON.stringify([task.name, position])
    return { events, runs, keys, done: cursor === null, cursor }
  }
  for (let left = most; left > 0; left--) {
    const task = tasks[at]
    if (task === undefined) break
    target ??= await task.target()
    const plan = target.plan({
      position: position ?? target.start,
      size,
      cutoff: { now, ...task.cutoff },
    })
    const batch = await run(plan, { signal })
    events += batch.events
    runs += batch.runs
    keys += batch.keys
    now ??= task.cutoff.now === undefined ? batch.now : undefined
    position = batch.next ?? undefined
    if (position === undefined) {
      at += 1
      target = undefined
    }
    onProgress?.(result())
  }
  return result()
}

function tasksOf(
  names: Names,
  { streams, runs, kv }: PruneOptions,
  tableOf: (type: string) => Promise<string>,
): readonly Task[] {
  if ((streams ?? runs ?? kv) === undefined) {
    throw invalid('options', 'must say what to remove: streams, runs or kv')
  }
  const tasks: Task[] = []
  const add = (path: string, cutoff: Cutoff, ...targets: Target[]) => {
    for (const [nth, target] of targets.entries()) {
      tasks.push({ name: `${nth} ${path}`, cutoff, target: () => target })
    }
  }
  if (streams !== undefined) {
    if (typeof streams !== 'object' || streams === null) {
      throw invalid('streams', "must be an object such as { flow: '30d' }", streams)
    }
    for (const [type, retention] of Object.entries(streams)) {
      const path = pathOf('streams', [type])
      const cutoff = checkRetention(retention, path)
      if (type === 'flow') add(path, cutoff, ...flowTargets(names))
      else if (type === 'trigger') add(path, cutoff, triggerTarget(names))
      else {
        if (subjectTypeOf(checkName(type, path)) !== type) {
          throw invalid(path, 'is no type of streams: the first two segments of their subjects')
        }
        tasks.push({
          name: type,
          cutoff,
          target: async () => streamTarget(type, await tableOf(type)),
        })
      }
    }
  }
  if (runs !== undefined) add('runs', checkRetention(runs, 'runs'), runsTarget(names))
  if (kv !== undefined && typeof kv !== 'boolean') throw invalid('kv', 'must be true or false', kv)
  // Keys say themselves when they expire.
  if (kv) add('kv', { now: 0, age: 0 }, keysTarget(names))
  return tasks
}

function checkBetween(value: unknown, path: string, most: number): number {
  const count = checkCount(value, path)
  if (count < 1 || count > most) throw invalid(path, `must be between 1 and ${most}`, count)
  return count
}

/** Where a cursor says to go on. What it holds only ever becomes a parameter. */
function checkCursor(cursor: string | null | undefined, tasks: readonly Task[]): Position {
  if (cursor == null) return [0, undefined]
  try {
    const [name, position] = JSON.parse(cursor) as [string, string | null]
    const at = tasks.findIndex((task) => task.name === name)
    const place = position === null ? ['0'] : (JSON.parse(position) as unknown[])
    const isPlace =
      place.every((text) => typeof text === 'string') && /^-?\d+$/.test(place.at(-1) ?? '')
    if (at >= 0 && isPlace) return [at, position ?? undefined]
  } catch {}
  throw invalid('cursor', 'must come from a prune of the same things', cursor)
}
