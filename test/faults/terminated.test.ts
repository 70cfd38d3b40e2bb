import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { nodePostgres } from '../../src/drivers/node-postgres.js'
import { createStore, isStoreError, type Store } from '../../src/index.js'
import { createDatabase } from '../support/postgres.js'
import { closedClients, ownPool, type PoolKind, pipeliningPool } from './stores.js'

const workers = 6
const writesPerWorker = 40
/** One termination of everything for so many writes that have come to an end. */
const writesPerTermination = 15

const run = 'nvent:flow:run:load'
const runs = 'nvent:flow:runs:load'

/** What a caller knows about a write once it has come to an end. */
type Known = 'done' | 'not-applied' | 'unknown'

/** A way to write the mark `id`, and the way to count how often it is there. */
interface Writing {
  write(store: Store, id: string): Promise<unknown>
  /** How often each mark is stored. */
  marks(store: Store): Promise<readonly string[]>
}

const eventMarks = async (store: Store, subject: string) =>
  (await store.stream.read(subject)).map(({ data }) => String(data))

const writings: Record<string, Writing> = {
  append: {
    write: ({ stream }, id) => stream.append(run, { type: 'x', data: id }),
    marks: (store) => eventMarks(store, run),
  },
  'append with a key': {
    write: ({ stream }, id) =>
      stream.append(`${run}:keyed`, { type: 'x', data: id }, { idempotencyKey: id }),
    marks: (store) => eventMarks(store, `${run}:keyed`),
  },
  batch: {
    write: ({ batch, op }, id) =>
      batch([
        op.stream.append(`${run}:batch`, { type: 'x', data: id }),
        op.index.increment(runs, 'batched', 'completedSteps'),
      ]),
    marks: (store) => eventMarks(store, `${run}:batch`),
  },
  transaction: {
    write: (store, id) =>
      store.transaction(async ({ stream, index }) => {
        await stream.append(`${run}:tx`, { type: 'x', data: id })
        await index.increment(runs, 'transacted', 'completedSteps')
      }),
    marks: (store) => eventMarks(store, `${run}:tx`),
  },
  'increment of a key': {
    write: ({ kv }, id) => kv.increment(`count:${id}`),
    marks: async (store) => {
      const marks: string[] = []
      for await (const key of store.kv.keys('count:*')) {
        const times = Number(await store.kv.get(key))
        for (let at = 0; at < times; at++) marks.push(key.slice('count:'.length))
      }
      return marks
    },
  },
}

async function known(write: Promise<unknown>): Promise<Known> {
  try {
    await write
    return 'done'
  } catch (error) {
    if (!isStoreError(error, 'connection')) throw error
    return error.details.outcome ?? 'unknown'
  }
}

/** Lets workers write while all sessions of the database are ended again and again. */
async function underFire(kind: PoolKind, retries: number) {
  const { url, drop } = await createDatabase()
  const admin = new pg.Pool({ connectionString: url, max: 1 })
  admin.on('error', () => undefined)
  const { driver, end } = kind.open(url, 4)
  const store = createStore({ driver, retries })
  await store.init()
  await store.index.addMany(
    runs,
    ['batched', 'transacted'].map((id) => ({ id, score: 1, metadata: { completedSteps: 0 } })),
  )
  const outcomes = new Map<string, { kind: string; known: Known }>()
  let ended = 0

  async function terminate(): Promise<void> {
    const { rowCount } = await admin.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    )
    ended += rowCount ?? 0
  }
  async function work(worker: number): Promise<void> {
    for (let at = 0; at < writesPerWorker; at++) {
      const names = Object.keys(writings)
      const name = names[(worker + at) % names.length] ?? ''
      const id = `${worker}-${at}`
      const outcome = await known(writings[name]?.write(store, id) ?? Promise.reject(name))
      outcomes.set(id, { kind: name, known: outcome })
      if (outcomes.size % writesPerTermination === 0) await terminate()
    }
  }
  await Promise.all(Array.from({ length: workers }, (_, worker) => work(worker)))

  await store.close()
  await end()
  await admin.end()

  const truth = createStore({ driver: nodePostgres(url) })
  const marks: Record<string, readonly string[]> = {}
  for (const [name, writing] of Object.entries(writings)) marks[name] = await writing.marks(truth)
  const counted = await truth.index.getMany(runs, ['batched', 'transacted'])
  await truth.close()
  await drop()
  return { outcomes, marks, ended, counted: counted.map((e) => e?.metadata.completedSteps) }
}

/** What is known of a write against how often it is there. */
function contradictions({ outcomes, marks }: Awaited<ReturnType<typeof underFire>>): string[] {
  return [...outcomes].flatMap(([id, { kind, known }]) => {
    const times = marks[kind]?.filter((mark) => mark === id).length ?? 0
    const isTrue = known === 'unknown' ? times <= 1 : times === (known === 'done' ? 1 : 0)
    return isTrue ? [] : [`${kind} ${id} is ${known} and there ${times} times`]
  })
}

const defaultRetries = 4
const cases = [
  [ownPool, defaultRetries],
  [ownPool, 0],
  [pipeliningPool, 0],
  [closedClients, 0],
] as const

describe('while all sessions are ended again and again', () => {
  it.each(cases.map(([kind, retries]) => ({ name: kind.name, kind, retries })))(
    'every write is there as often as it was said to be, on $name with $retries retries',
    async ({ kind, retries }) => {
      const fire = await underFire(kind, retries)
      expect(contradictions(fire)).toEqual([])
      expect(fire.ended).toBeGreaterThan(10)
      expect(fire.outcomes.size).toBe(workers * writesPerWorker)
      // Both halves of a batch and of a transaction, or none.
      expect(fire.counted).toEqual([fire.marks.batch?.length, fire.marks.transaction?.length])
      const outcomes = [...fire.outcomes.values()]
      const done = outcomes.filter(({ known }) => known === 'done').length
      expect(done).toBeGreaterThan(workers * writesPerWorker * 0.3)
      if (retries === 0) expect(done).toBeLessThan(outcomes.length)
    },
  )
})
