/**
 * Stores to export, and files made by hand.
 *
 * @module
 */
import type { Store } from '../../core/types/store.js'
import { createCrc32 } from '../../transfer/crc32.js'
import { exportStore, type ImportOptions, importStore } from '../../transfer/index.js'
import { collect, nested } from './assertions.js'
import type { ConformanceContext } from './case.js'

/** Subject prefix of the stores here; each has tables of its own. */
export const prefix = 'p:"%'

export const empty = async (t: ConformanceContext, subjectPrefix = prefix): Promise<Store> =>
  (await t.freshStore({ subjectPrefix })).store

export const exported = (store: Store) => collect(exportStore(store))

/** The lines between header and end: what does not depend on when it was exported. */
export const body = (lines: readonly string[]) => lines.slice(1, -1).join('')

export const moved = async (lines: Iterable<string>, to: Store, options?: ImportOptions) => {
  const { events, entries, keys } = await importStore(to, lines, options)
  return { events, entries, keys }
}

export const counts = (written: number, unchanged = 0, skipped = 0) => ({
  written,
  unchanged,
  skipped,
})

/** A file made by hand, with the end that belongs to it. */
export function sealed(...values: readonly object[]): string[] {
  const header = {
    kind: 'header',
    format: 'nvent-store-export',
    version: 1,
    prefix: 'x',
    subjectPrefix: prefix,
  }
  const checksum = createCrc32()
  const lines = [header, ...values].map((value) => `${JSON.stringify(value)}\n`)
  for (const line of lines) checksum.add(line)
  const count = (kind: string) =>
    values.filter((value) => (value as { kind?: unknown }).kind === kind).length
  const end = {
    kind: 'end',
    lines: lines.length,
    events: count('event'),
    entries: count('entry'),
    keys: count('key'),
    crc32: checksum.hex(),
  }
  return [...lines, `${JSON.stringify(end)}\n`]
}

const hostile = `"\\'%_:\u2028🦉 ${'é'.repeat(40)}`
const values = [null, 0, false, '', [], {}, -1.5, 1e300, [null, { a: null }], nested(99), hostile]

/** Something of everything; gives what a reader of it sees. */
export async function fill({ stream, index, kv }: Store): Promise<void> {
  const run = `${prefix}:flow:run:${hostile}`
  for (const [at, data] of values.entries()) {
    await stream.append(run, { type: `t${at}`, flowName: hostile, attempt: at, data })
  }
  await stream.appendMany(
    run,
    [
      { type: 'a', runId: 'other' },
      { type: 'b', attempt: 0.5 },
    ],
    {
      idempotencyKey: 'twice',
    },
  )
  await stream.append(run, {
    type: 'c',
    flowName: 7,
    stepId: null,
    'odd.field': { __proto: 1 },
  } as never)
  await stream.append(`${prefix}:trigger:event:${hostile}`, {
    type: 'fired',
    flowName: 'f',
    data: 0,
  })
  await stream.append(`other:type:${hostile}`, { type: 'x', runId: 'r', stepName: '', data: '' })
  await stream.append('no type', { type: 'x' }, { idempotencyKey: hostile })

  const runs = `${prefix}:flow:runs:${hostile}`
  await index.add(runs, 'iso', -0, { startedAt: '2024-02-29T12:00:00.500Z', status: 'running' })
  await index.add(runs, 'number', 0.1, {
    startedAt: 1.7e12,
    completedAt: 'soon',
    stepCount: 2 ** 40,
  })
  await index.add(runs, 'odd', -1e300, {
    status: 7,
    emittedEvents: { 'a.b': 1 },
    awaitingSteps: null,
  })
  await index.add(runs, hostile, 5e-324, Object.fromEntries(values.map((v, at) => [`v${at}`, v])))
  await index.increment(runs, 'odd', ['emittedEvents', 'a.b'], 2 ** 53)
  await index.increment(runs, 'odd', ['emittedEvents', 'a.b'], 0.25)
  await index.increment(runs, 'iso', ['a.b', 'c'], 0.1)
  await index.increment(runs, 'iso', ['a.b', 'c'], 0.2)
  await index.add(`${prefix}:flows`, 'f', 1, { stats: {}, lastRunAt: 5 })
  await index.add(`${prefix}:flows`, 'g', 1, { 'stats.total': 1, 'stats.of': 'none', name: 'g' })
  await index.update(`${prefix}:flows`, 'g', { stats: { total: null } })
  await index.add(`${prefix}:triggers`, 't', 2, {
    'stats.lastFiredAt': 9,
    config: {},
    subscriptions: [],
  })
  await index.add(`${prefix}:scheduler:jobs`, 'j', 3, {
    enabled: false,
    interval: 2 ** 52,
    cron: null,
  })
  await index.add('any:index', hostile, 4, {})
  await index.add('any:index', 'e', 4)

  for (const [at, value] of values.entries()) await kv.set(`k:${at}:${hostile}`, value)
  // More digits than a double has.
  await kv.set('sum', 2 ** 53)
  await kv.increment('sum', 0.1)
  await kv.increment('sum', 0.2)
  await kv.set('soon', 1, 3_600.25)
  await kv.set('late', 1, 315_360_000_000)
}

/** What the operations of a store give for all of {@link fill}. */
export async function readings({ stream, index, kv }: Store): Promise<unknown> {
  const subjects = [`${prefix}:flow:run:${hostile}`, `${prefix}:trigger:event:${hostile}`]
  const indexes = [
    `${prefix}:flow:runs:${hostile}`,
    `${prefix}:flows`,
    `${prefix}:triggers`,
    `${prefix}:scheduler:jobs`,
  ]
  const keys = (await collect(kv.keys('*'))).sort()
  return {
    streams: await Promise.all(
      [...subjects, `other:type:${hostile}`, 'no type'].map((subject) => stream.read(subject)),
    ),
    indexes: await Promise.all([...indexes, 'any:index'].map((key) => index.read(key))),
    keys,
    values: await kv.getMany(keys),
  }
}
