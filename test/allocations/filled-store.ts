/** A store with something in it, and the calls whose memory is counted. */
import type { Store } from '../../src/index.js'

const subject = 'nvent:flow:run:1'
const runs = 'nvent:flow:runs:import'
const event = {
  type: 'step.completed',
  flowName: 'import',
  stepName: 'fetch',
  attempt: 1,
  data: { rows: 120, tags: ['a', 'b'] },
}

/** Fills the store; gives one call of each operation. */
export async function filledStore(
  store: Store,
): Promise<Readonly<Record<string, () => Promise<unknown>>>> {
  await store.stream.appendMany(
    subject,
    Array.from({ length: 50 }, () => event),
  )
  await store.index.addMany(
    runs,
    Array.from({ length: 50 }, (_, at) => ({
      id: `run-${at}`,
      score: at,
      metadata: { status: 'running', startedAt: 1_700_000_000_000, completedSteps: 1 },
    })),
  )
  await store.kv.set('key', { n: 1 })

  return {
    'stream.append': () => store.stream.append(subject, event),
    'stream.read 50': () => store.stream.read(subject, { limit: 50 }),
    'index.get': () => store.index.get(runs, 'run-1'),
    'index.read 50': () => store.index.read(runs, { limit: 50 }),
    'index.update': () => store.index.update(runs, 'run-1', { lastActivityAt: 1 }),
    'index.increment': () => store.index.increment(runs, 'run-1', 'completedSteps'),
    'kv.set': () => store.kv.set('key', { n: 1 }),
    'kv.get': () => store.kv.get('key'),
  }
}
