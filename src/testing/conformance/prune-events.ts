/**
 * What `prune` removes of events, and what it leaves.
 *
 * @module
 */
import { equal, range } from './assertions.js'
import { promise } from './case.js'
import { type DatedEvent, type PruneStore, pruneStore } from './prune-store.js'

/** Every kind of stream by the name that it has for `prune`, with two of its subjects. */
function kinds({ run, trigger }: PruneStore): [string, string, string, string?][] {
  return [
    ['flow', run('a'), run('b'), 'f'],
    ['flow', run('c'), run('d')],
    ['trigger', trigger('a'), trigger('b')],
    ['nq:flow', 'nq:flow:a', 'nq:flow:b'],
    ['one', 'one', 'one'],
    ['x:y"\'% 🦉', 'x:y"\'% 🦉:a', 'x:y"\'% 🦉'],
  ]
}

const dated = (subject: string, ats: readonly number[], flowName?: string): DatedEvent[] =>
  ats.map((at) => ({ subject, at, ...(flowName !== undefined && { flowName }) }))

export const pruneEventCases = (['auto', 'off'] as const).flatMap((partitions) => [
  promise(
    'O1',
    `prune removes what is older than the cutoff, and nothing as old or younger; partitions: '${partitions}'`,
    async (t) => {
      const p = await pruneStore(t, { partitions })
      for (const [name, one, other, flowName] of kinds(p)) {
        const subjects = [...new Set([one, other])]
        await p.fill(subjects.flatMap((subject) => dated(subject, [1000, 2000, 2001], flowName)))
        const { events, ...rest } = await p.store.prune({ streams: { [name]: new Date(2000) } })
        equal(rest, { runs: 0, keys: 0, done: true, cursor: null }, name)
        equal(events, subjects.length, name)
        for (const subject of subjects) equal(await p.left(subject), [2000, 2001], subject)
        await p.store.prune({ streams: { [name]: new Date(3000) } })
        for (const subject of subjects) equal(await p.left(subject), [], subject)
      }
    },
  ),
  promise(
    'O1',
    `prune leaves other kinds, types that start alike and other stores alone; partitions: '${partitions}'`,
    async (t) => {
      const p = await pruneStore(t, { partitions })
      const other = await pruneStore(t, { partitions })
      const alike = ['nq:flows:1', 'nq:flo', 'nq:flow_:1', 'nq', 'n%:flow:1', 'NQ:flow:1', 'flow:x']
      const subjects = [...kinds(p).map(([, subject]) => subject), ...alike]
      await p.fill(subjects.flatMap((subject) => dated(subject, [1, 2])))
      const theirs = kinds(other).map(([, subject]) => subject)
      await other.fill(theirs.flatMap((subject) => dated(subject, [1])))
      for (const [name] of kinds(p)) {
        const own = kinds(p).flatMap(([each, subject]) => (each === name ? [subject] : []))
        const still = subjects.filter((subject) => !own.includes(subject))
        const before = await Promise.all(still.map(p.left))
        await p.store.prune({ streams: { [name]: new Date(2) } })
        equal(await Promise.all(still.map(p.left)), before, name)
        for (const subject of own) equal(await p.left(subject), [2], subject)
      }
      for (const subject of alike) equal(await p.left(subject), [1, 2], subject)
      for (const subject of theirs) equal(await other.left(subject), [1], subject)
    },
  ),
  promise(
    'O1',
    `prune finds what is old among more groups than a batch looks at; partitions: '${partitions}'`,
    async (t) => {
      const p = await pruneStore(t, { partitions })
      const many = range(1100)
      const at = (n: number) => (n % 549 === 548 ? 1 : 5)
      const kind = (n: number, event: Omit<DatedEvent, 'at' | 'type'>, group = 0) =>
        ({ ...event, type: `t${n % 11 === group ? n : n % 11}`, at: at(n) }) satisfies DatedEvent
      await p.fill([
        ...many.map((n) => ({ ...kind(n, { subject: p.run('a') }), type: `t${n}` })),
        ...many.map((n) => kind(n, { subject: p.run('b'), flowName: `f${n}` })),
        ...many.map((n) => ({ ...kind(n, { subject: p.trigger('a') }), type: `t${n}` })),
        ...many.map((n) => kind(n, { subject: `nq:flow:${n}` })),
      ])
      for (const [name, expected] of [
        ['flow', 4],
        ['trigger', 2],
        ['nq:flow', 2],
      ] as const) {
        let batches = 0
        const { events, done } = await p.store.prune({
          streams: { [name]: new Date(5) },
          onProgress: () => {
            batches += 1
          },
        })
        equal({ name, events, done }, { name, events: expected, done: true })
        equal(batches, name === 'flow' ? 4 : 2, `batches for ${name}`)
      }
    },
  ),
])

export const pruneAgeCases = [
  promise(
    'O1',
    "ages go by the database's clock, in every unit, whole or fractional",
    async (t) => {
      const p = await pruneStore(t)
      const minutes = async (age: number) =>
        p.sql(
          'flow_events',
          `update {table} set ts = extract(epoch from now() - interval '${age} minutes') * 1000`,
        )
      await p.fill([{ subject: p.run('a'), at: 1 }])
      for (const [age, kept, gone] of [
        [91, '1.6h', '1.5h'],
        [91, '92m', '90.5m'],
        [91, 5_520_000, 5_400_000],
        [2, '121s', '119s'],
        [2, '125000ms', '119000.5ms'],
        [60 * 24 * 2, '2.01d', '1.99d'],
        [60 * 24 * 8, '1.2w', '1w'],
      ] as const) {
        await minutes(age)
        const streams = (flow: string | number) => ({ streams: { flow } })
        equal((await p.store.prune(streams(kept))).events, 0, `${age} minutes, kept ${kept}`)
        equal((await p.store.prune(streams(gone))).events, 1, `${age} minutes, kept ${gone}`)
        await p.fill([{ subject: p.run('a'), at: 1 }])
      }
      await p.store.stream.append(p.run('new'), { type: 't' })
      equal((await p.store.prune({ streams: { flow: '1m' } })).events, 1)
      equal((await p.store.stream.read(p.run('new'))).length, 1)
    },
  ),
  promise(
    'O1',
    'a stream ends at its first young event, from which on everything stays',
    async (t) => {
      const p = await pruneStore(t)
      await p.fill(dated('nq:flow:1', [1, 2, 9, 3]))
      equal((await p.store.prune({ streams: { 'nq:flow': new Date(5) } })).events, 2)
      equal(await p.left('nq:flow:1'), [9, 3])
    },
  ),
  promise('O1', 'a pruned stream behaves as if its events had never been', async (t) => {
    const p = await pruneStore(t)
    const { stream } = p.store
    for (const [name, subject] of [
      ['flow', p.run('a')],
      ['trigger', p.trigger('a')],
      ['nq:flow', 'nq:flow:a'],
    ] as const) {
      const keyed = { idempotencyKey: 'k' }
      const first = await stream.append(subject, { type: 'first' }, keyed)
      const last = await stream.append(subject, { type: 'last' })
      equal((await stream.append(subject, { type: 'again' }, keyed)).id, first.id)
      await p.store.prune({ streams: { [name]: new Date(last.ts + 1) } })
      const fresh = await stream.append(subject, { type: 'fresh' }, { expectEmpty: true })
      const again = await stream.append(subject, { type: 'again' }, keyed)
      equal(await stream.read(subject), [fresh, again], subject)
    }
  }),
]
