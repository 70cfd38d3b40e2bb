import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Driver, Statement } from '../../src/core/driver.js'
import { createStore, type Store } from '../../src/index.js'
import {
  getCurrentVersion,
  migrate,
  migrationStatus,
  rollbackTo,
} from '../../src/migrations/index.js'
import { type Backend, kinds, serverKinds } from '../migrations/backends.js'
import { ourEntries, ourStreams } from './our-readings.js'
import { publishedFilling, publishedKeys } from './published-schema.js'
import { asRead, emptyPublished, filledPublished, takenOver } from './taken-over.js'

const runs = 'nvent:flow:runs:orders'

/** Everything that the published adapter wrote reads as it should. */
async function expectOurReadings(store: Store, subjectPrefix = 'nvent'): Promise<void> {
  const named = (name: string) => name.replace(/^nvent:/, `${subjectPrefix}:`)
  for (const entry of ourEntries) {
    expect(await store.index.get(named(entry.key), entry.id)).toEqual(asRead(entry))
  }
  for (const { subject, events } of ourStreams) {
    expect(await store.stream.read(named(subject))).toEqual(events)
  }
  for (const { key, value, expired } of publishedKeys) {
    expect(await store.kv.get(key)).toEqual(expired ? null : value)
  }
}

describe.each(kinds)('taking over on $name', ({ open }) => {
  let db: Backend
  beforeAll(async () => {
    db = await open()
  })
  afterAll(() => db.close())

  it.each([1, 2] as const)(
    'lets an old instance of version %i write everything afterwards, and reads it',
    async (version) => {
      const published = await emptyPublished(db, version)
      const store = published.open()
      await store.init()
      for (const statement of publishedFilling(published)) await published.old(statement)
      await expectOurReadings(store)
    },
  )

  it('lets an old instance write between any two of its steps, and during each', async () => {
    const published = await emptyPublished(db)
    const statements = publishedFilling(published)
    // Tables that hold rows are those whose indexes are built concurrently.
    for (const statement of statements.splice(0, 5)) await published.old(statement)
    let steps = 0
    const besides = async <T>(step: () => Promise<T>): Promise<T> => {
      steps += 1
      const [done] = await Promise.all([step(), next()])
      await next()
      return done
    }
    const next = async () => {
      const statement = statements.shift()
      if (statement !== undefined) await published.old(statement)
    }
    const driver: Driver = {
      ...db.driver,
      query: (statement, options) => besides(() => db.driver.query(statement, options)),
      batch: (batch, options) => besides(() => db.driver.batch(batch, options)),
    }
    await migrate(driver, published)
    expect(steps).toBeGreaterThan(db.driver.concurrentIndexes ? 20 : 4)
    for (const statement of statements) await published.old(statement)
    await expectOurReadings(published.open())
  })

  it('leaves nothing for an old instance to migrate when that starts again', async () => {
    const published = await filledPublished(db, 1)
    await published.open().init()
    const [row] = await published.old({
      text: `select max(version)::text as version from ${published.schema}.nvent_schema_version`,
    })
    expect(Number(row?.version)).toBeGreaterThanOrEqual(2)
  })

  it('happens by itself with the first operation, or not at all', async () => {
    const published = await filledPublished(db, 1)
    const { schema } = published
    const careful = createStore({ driver: db.driver, schema, autoMigrate: 'check' })
    await expect(careful.kv.get('nvent:text')).rejects.toMatchObject({ code: 'schema-outdated' })
    expect(await getCurrentVersion(db.driver, { schema })).toBe(1)
    expect(await published.open().kv.get('nvent:text')).toBe('text')
    expect(await careful.kv.get('nvent:text')).toBe('text')
  })

  it('refuses a prefix whose capitals the published adapter lost, and works with the one it names', async () => {
    const published = await filledPublished(db, 2, 'MyApp')
    const { schema } = published
    for (const autoMigrate of [true, 'check'] as const) {
      const store = createStore({ driver: db.driver, prefix: 'MyApp', schema, autoMigrate })
      await expect(store.index.read('MyApp:flows')).rejects.toMatchObject({
        code: 'invalid-argument',
        message: expect.stringContaining("use prefix 'myapp' (and subjectPrefix 'MyApp'"),
        details: { prefix: 'myapp', schema },
      })
    }
    expect((await migrationStatus(db.driver, { prefix: 'MyApp', schema })).applied).toEqual([])
    // The subjects of such an application kept their capitals.
    const store = createStore({
      driver: db.driver,
      prefix: 'myapp',
      schema,
      subjectPrefix: 'MyApp',
    })
    await expectOurReadings(store, 'MyApp')
  })

  it('gives the tables back to an old instance, and takes them over once more', async () => {
    const back = await takenOver(db)
    const { send, old, schema } = back
    await back.store.index.add(runs, 'new', 9, { status: 'running', stepCount: 1 })
    await back.store.index.increment(runs, 'minimal', 'completedSteps')
    await back.store.stream.append('nvent:flow:run:new', { type: 'flow.start' })
    await rollbackTo(db.driver, 2, { schema })
    expect(await getCurrentVersion(db.driver, { schema })).toBe(2)
    const patch = { completedSteps: 2, awaitingSteps: { a: 1 } }
    expect(await old(send.update('flow_runs', ['orders', 'minimal'], 1, patch))).toHaveLength(1)
    expect(
      await old(send.update('flow_runs', ['orders', 'new'], 0, { stepCount: 2 })),
    ).toHaveLength(1)
    await old(send.appendRun('new', 1, { type: 'step', flowName: 'orders' }))
    const store = back.open()
    expect(await store.index.get(runs, 'new')).toEqual({
      id: 'new',
      score: 9,
      metadata: {
        status: 'running',
        startedAt: '1970-01-01T00:00:00.009Z',
        stepCount: 2,
        version: 1,
      },
    })
    expect((await store.index.get(runs, 'minimal'))?.metadata).toMatchObject({
      ...patch,
      emittedEvents: {},
      version: 2,
    })
    expect((await store.stream.read('nvent:flow:run:new')).map(({ type }) => type)).toEqual([
      'flow.start',
      'step',
    ])
    for (const entry of ourEntries.filter(({ id }) => id !== 'minimal')) {
      expect(await store.index.get(entry.key, entry.id)).toEqual(asRead(entry))
    }
  })
})

describe.each(serverKinds)('taking over on $name, with old instances at work', ({ open }) => {
  let db: Backend
  beforeAll(async () => {
    db = await open()
  })
  afterAll(() => db.close())

  it('loses nothing of what they write meanwhile, and stops none of them', async () => {
    const published = await filledPublished(db)
    const { send, old } = published
    let migrating = true
    const rounds = await Promise.all([
      ...[0, 1, 2, 3].map((worker) =>
        whileMigrating((round) => [
          send.add('flow_runs', ['busy', `${worker}-${round}`], round, { stepCount: worker }),
          send.appendRun(`busy ${worker}`, round, {
            type: 'tick',
            flowName: 'busy',
            attempt: round,
          }),
          send.incrementStat('flows', 'minimal', 'total', 1),
          send.incrementRun('orders', 'minimal', ['ticks'], 1),
          send.kvSet(`busy:${worker}:${round}`, { round }, null),
        ]),
      ),
      migrate(db.driver, published).then(() => {
        migrating = false
        return 0
      }),
    ])
    async function whileMigrating(statements: (round: number) => Statement[]): Promise<number> {
      let round = 0
      while (migrating) {
        round += 1
        for (const statement of statements(round)) await old(statement)
      }
      return round
    }
    const written = rounds.reduce((sum, count) => sum + count, 0)
    expect(Math.min(...rounds.slice(0, 4))).toBeGreaterThan(0)
    const store = published.open()
    expect(await store.index.count('nvent:flow:runs:busy')).toBe(written)
    expect(await store.kv.clear('busy:*')).toBe(written)
    const flow = await store.index.get('nvent:flows', 'minimal')
    expect(flow?.metadata).toMatchObject({ version: written, stats: { total: written } })
    const run = await store.index.get('nvent:flow:runs:orders', 'minimal')
    expect(run?.metadata).toMatchObject({ version: written, emittedEvents: { ticks: written } })
    for (const [worker, count] of rounds.slice(0, 4).entries()) {
      const events = await store.stream.read(`nvent:flow:run:busy ${worker}`)
      expect(events.map(({ attempt }) => attempt)).toEqual(
        Array.from({ length: count }, (_, at) => at + 1),
      )
    }
  })
})
