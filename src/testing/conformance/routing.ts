/**
 * Where things live.
 *
 * @module
 */
import { equal } from './assertions.js'
import { type ConformanceContext, promise } from './case.js'

const oddNames = [
  'a:b:c',
  'quote \' double " back \\',
  '100% _under_',
  '🦉 emoji',
  'new\nline\ttab',
  ' spaces ',
  '{"json": [1]}',
  '$1',
  'NULL',
  '::',
  '\u0001\u007f\u2028',
]

/** How many rows a table of the shared store holds for a value of a column. */
async function rowsOf(t: ConformanceContext, table: string, column: string, value: string) {
  const quote = (name: string) => `"${name.replaceAll('"', '""')}"`
  const { rows } = await t.driver.query({
    text: `select count(*)::text as n from ${quote(t.schema)}.${quote(`${t.prefix}_${table}`)} where ${quote(column)} = $1::text`,
    params: [value],
  })
  return Number(rows[0]?.n)
}

export const routingCases = [
  promise('R1', 'subjects, keys and ids hold any character but NUL', async (t) => {
    for (const odd of oddNames) {
      const name = `${odd}${t.unique()}${odd}`
      for (const subject of [
        `${t.prefix}:flow:run:${name}`,
        `${t.prefix}:trigger:event:${name}`,
        `x:${name}`,
      ]) {
        const stored = await t.store.stream.append(subject, {
          type: odd,
          flowName: odd,
          stepId: odd,
        })
        equal(await t.store.stream.read(subject, { types: [odd] }), [stored], subject)
        equal(await t.store.stream.delete(subject), true, subject)
      }
      for (const key of [`${t.prefix}:flow:runs:${name}`, `${t.prefix}:flows`, `x:${name}`]) {
        await t.store.index.add(key, name, 1, { [odd]: odd })
        const entry = { id: name, score: 1, metadata: { [odd]: odd, version: 0 } }
        equal(await t.store.index.getMany(key, [name]), [entry], key)
        equal(await t.store.index.delete(key, name), true, key)
      }
      await t.store.kv.set(name, odd)
      equal(await t.store.kv.getMany([name, 'none']), [odd, null])
    }
  }),
  promise(
    'R3',
    'specialised subjects and keys reach their tables, all others the generic ones',
    async (t) => {
      const id = t.unique()
      const streams: [string, string, string, string][] = [
        [`${t.prefix}:flow:run:${id}`, 'flow_events', 'run_id', id],
        [`${t.prefix}:trigger:event:${id}`, 'trigger_events', 'trigger_name', id],
        [`other:flow:run:${id}`, 'streams', 'subject', `other:flow:run:${id}`],
        [`${t.prefix}x:flow:run:${id}`, 'streams', 'subject', `${t.prefix}x:flow:run:${id}`],
        [
          `${t.prefix.toUpperCase()}:flow:run:${id}`,
          'streams',
          'subject',
          `${t.prefix.toUpperCase()}:flow:run:${id}`,
        ],
        [`${t.prefix}:flow:run`, 'streams', 'subject', `${t.prefix}:flow:run`],
        [`${t.prefix}:flow:run:`, 'streams', 'subject', `${t.prefix}:flow:run:`],
        [id, 'streams', 'subject', id],
      ]
      for (const [subject, table, column, value] of streams) {
        await t.store.stream.append(subject, { type: 'routed' })
        equal(await rowsOf(t, table, column, value), 1, `${subject} in ${table}`)
      }
      const indexes: [string, string, string][] = [
        [`${t.prefix}:flow:runs:${id}`, 'flow_runs', 'run_id'],
        [`${t.prefix}:flows`, 'flows', 'flow_name'],
        [`${t.prefix}:triggers`, 'triggers', 'trigger_name'],
        [`${t.prefix}:scheduler:jobs`, 'scheduler_jobs', 'job_id'],
        [`${t.prefix}:scheduler:locks`, 'index', 'id'],
        [`other:flows`, 'index', 'id'],
        [`${t.prefix}:flows:`, 'index', 'id'],
        [`${t.prefix}:flow:runs:`, 'index', 'id'],
      ]
      for (const [key, table, column] of indexes) {
        const entryId = t.unique('routed')
        await t.store.index.add(key, entryId, 1)
        equal(await rowsOf(t, table, column, entryId), 1, `${key} in ${table}`)
      }
    },
  ),
  promise(
    'R3',
    'subjects of another prefix that looks like a pattern of this one stay apart',
    async (t) => {
      const { store } = await t.freshStore({ subjectPrefix: 'a_%' })
      await store.stream.append('a_%:flow:run:1', { type: 'mine' })
      await store.stream.append('abc:flow:run:1', { type: 'other' })
      equal(
        (await store.stream.read('a_%:flow:run:1')).map(({ type }) => type),
        ['mine'],
      )
      equal(
        (await store.stream.read('abc:flow:run:1')).map(({ type }) => type),
        ['other'],
      )
      equal(await store.stream.delete('a_%:flow:run:1'), true)
      equal((await store.stream.read('abc:flow:run:1')).length, 1)
    },
  ),
  promise('C3', 'stores with hostile prefixes in one database never see each other', async (t) => {
    const prefixes = [
      'My-App',
      'my-app',
      'a"b',
      "a'b",
      'select',
      'p'.repeat(40),
      `${'p'.repeat(39)}q`,
      '日本'.repeat(6),
      'a.b',
      '%',
    ]
    const stores = []
    for (const prefix of prefixes) {
      stores.push((await t.freshStore({ prefix, subjectPrefix: 'shared' })).store)
    }
    for (const [at, store] of stores.entries()) {
      await store.stream.append('shared:flow:run:1', { type: 't', data: at })
      await store.stream.append('any:type:1', { type: 't', data: at })
      await store.index.add('shared:flows', 'f', at, { at })
      await store.index.add('any', 'f', at, { at })
      await store.kv.set('k', at)
    }
    for (const [at, store] of stores.entries()) {
      equal(
        (await store.stream.read('shared:flow:run:1')).map(({ data }) => data),
        [at],
      )
      equal(
        (await store.stream.read('any:type:1')).map(({ data }) => data),
        [at],
      )
      equal(
        (await store.index.read('shared:flows')).map(({ metadata }) => metadata.at),
        [at],
      )
      equal(
        (await store.index.read('any')).map(({ score }) => score),
        [at],
      )
      equal(await store.kv.get('k'), at)
    }
    const [first, second] = stores
    equal(await first?.kv.clear('*'), 1)
    equal(await second?.kv.get('k'), 1)
    equal(await first?.dropStreamTable('any:type'), true)
    equal((await second?.stream.read('any:type:1'))?.length, 1)
  }),
  promise('C3', 'stores whose prefixes start alike never meet in a name', async (t) => {
    const prefix = t.unique('a').replace('-', '_')
    const { store } = await t.freshStore({ prefix })
    for (const type of ['kv', 'flow_runs', 'schema_version', 'default', 'types', 'user']) {
      await store.stream.append(`q:${type}:1`, { type })
    }
    for (const ending of ['_user', '_stream', '_streams', '_schema', '_index', '_flow']) {
      const other = (await t.freshStore({ prefix: `${prefix}${ending}` })).store
      await other.kv.set('k', ending)
      await other.stream.append('q:kv:1', { type: ending })
      equal(await other.kv.get('k'), ending)
      equal(
        (await other.stream.read('q:kv:1')).map(({ type }) => type),
        [ending],
      )
    }
    equal(await store.kv.get('k'), null)
    equal(
      (await store.stream.read('q:kv:1')).map(({ type }) => type),
      ['kv'],
    )
  }),
  promise('C3', 'stores with one prefix in two schemas never see each other', async (t) => {
    const schemas = [`${t.schema} b"`, `${t.schema} c.`]
    const stores = schemas.map((schema) =>
      t.openStore({ driver: t.driver, prefix: 'same', schema }),
    )
    try {
      for (const [at, store] of stores.entries()) await store.kv.set('k', at)
      for (const [at, store] of stores.entries()) equal(await store.kv.get('k'), at)
    } finally {
      for (const schema of schemas) {
        await t.driver.query({
          text: `drop schema if exists "${schema.replaceAll('"', '""')}" cascade`,
        })
      }
    }
  }),
]
