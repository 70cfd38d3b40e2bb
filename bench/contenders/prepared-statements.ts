/** The limit for a lone call: bare prepared statements through the same pool, one per call. */
import { createRequire } from 'node:module'
import { type Contender, filling, manyEvents } from '../contender.js'

const { version } = createRequire(import.meta.url)('pg/package.json') as { version: string }

const schema = `
  create table bench_bare_events (
    id bigserial, run_id text not null, flow_name text, ts bigint not null, type text not null,
    step_name text, step_id text, attempt integer, data jsonb, created_at timestamptz default now(),
    primary key (run_id, id)
  );
  create index on bench_bare_events (flow_name, type, ts desc);
  create table bench_bare_runs (
    flow_name text not null, run_id text not null, score double precision not null, status text,
    started_at bigint, completed_at bigint, step_count integer, completed_steps integer,
    last_activity_at bigint, emitted_events jsonb, version integer default 0,
    updated_at timestamptz default now(), primary key (flow_name, run_id)
  ) with (fillfactor = 70);
  create index on bench_bare_runs (flow_name, score desc, run_id desc);
  create table bench_bare_kv (
    key text primary key, value jsonb not null, expires_at timestamptz,
    updated_at timestamptz default now()
  ) with (fillfactor = 70);`

export const preparedStatements: Contender = {
  name: 'bare statements',
  configuration:
    'The shared pool; one named statement per call, on tables with the columns and the keys alone; 1,000 events as one `insert … select from unnest(…)`. Checks nothing, merges nothing.',
  async open({ pool }) {
    await pool.query(schema)
    const query = (name: string, text: string, values: unknown[]) =>
      pool.query({ name: `bare ${name}`, text, values })
    const append = (run: string) => {
      const { type, flowName, stepName, stepId, attempt, data } = filling.event
      return query(
        'append',
        `insert into bench_bare_events (run_id, flow_name, ts, type, step_name, step_id, attempt, data)
         values ($1, $2, (extract(epoch from clock_timestamp()) * 1000)::bigint, $3, $4, $5, $6, $7)
         returning id, ts`,
        [run, flowName, type, stepName, stepId, attempt, JSON.stringify(data)],
      )
    }
    const appendMany = () =>
      query(
        'append many',
        `insert into bench_bare_events (run_id, flow_name, ts, type, step_name, step_id, attempt, data)
         select 'many', flow_name, (extract(epoch from clock_timestamp()) * 1000)::bigint, type,
           step_name, step_id, attempt, data
         from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::jsonb[])
           as event (flow_name, type, step_name, step_id, attempt, data)
         returning id, ts`,
        [
          manyEvents.map(({ flowName }) => flowName),
          manyEvents.map(({ type }) => type),
          manyEvents.map(({ stepName }) => stepName),
          manyEvents.map(({ stepId }) => stepId),
          manyEvents.map(({ attempt }) => attempt),
          manyEvents.map(({ data }) => JSON.stringify(data)),
        ],
      )
    const set = (key: string) =>
      query(
        'set',
        `insert into bench_bare_kv (key, value) values ($1, $2)
         on conflict (key) do update set value = excluded.value, updated_at = now()`,
        [key, JSON.stringify(filling.value)],
      )
    await Promise.all(Array.from({ length: filling.eventsRead }, () => append('read')))
    await Promise.all(
      Array.from({ length: filling.manyReads * filling.eventsRead }, (_, at) =>
        append(`read-${at % filling.manyReads}`),
      ),
    )
    await Promise.all(Array.from({ length: filling.keys }, (_, at) => set(`key-${at}`)))
    await Promise.all(
      Array.from({ length: filling.runs }, (_, at) => {
        const { status, startedAt, completedAt, stepCount, completedSteps, emittedEvents } =
          filling.metadata(at)
        return query(
          'add',
          `insert into bench_bare_runs (flow_name, run_id, score, status, started_at, completed_at,
             step_count, completed_steps, emitted_events)
           values ('import', $1, $2, $3, $4, $5, $6, $7, $8)`,
          [
            `run-${at}`,
            at,
            status,
            startedAt,
            completedAt,
            stepCount,
            completedSteps,
            JSON.stringify(emittedEvents),
          ],
        )
      }),
    )
    await pool.query('vacuum analyze')
    const id = (at: number) => `run-${filling.spread(at, filling.runs)}`
    const oneOf = (at: number) => filling.spread(at, filling.manyReads)
    const read = (run: string) =>
      query(
        'read',
        'select id, ts, type, flow_name, step_name, step_id, attempt, data from bench_bare_events where run_id = $1 order by id limit $2',
        [run, filling.eventsRead],
      )
    const page = (offset: number) =>
      query(
        'page',
        `select * from bench_bare_runs where flow_name = 'import' order by score desc, run_id desc limit $1 offset $2`,
        [filling.entriesRead, offset],
      )
    const update = (run: string, at: number) => {
      const { status, completedSteps, lastActivityAt } = filling.patch(at)
      return query(
        'update',
        `update bench_bare_runs set status = $1, completed_steps = $2, last_activity_at = $3,
           version = version + 1, updated_at = now()
         where flow_name = 'import' and run_id = $4 returning version`,
        [status, completedSteps, lastActivityAt, run],
      )
    }
    return {
      version: `pg ${version}`,
      calls: {
        'stream.append': () => append('appended'),
        'stream.read 50': () => read('read'),
        'stream.read 50, of 100 streams': (at) => read(`read-${oneOf(at)}`),
        'index.get': (at) =>
          query('get', `select * from bench_bare_runs where flow_name = 'import' and run_id = $1`, [
            id(at),
          ]),
        'index.read 50': () => page(0),
        'index.read 50, of 100 pages': (at) => page(oneOf(at)),
        'index.update': (at) => update(id(at), at),
        'increment, one hot counter': () =>
          query(
            'increment',
            `update bench_bare_runs set step_count = step_count + 1, version = version + 1, updated_at = now()
             where flow_name = 'import' and run_id = $1 returning step_count`,
            ['run-1'],
          ),
        'updateWithRetry, one hot entry': (at) => update('run-0', at),
        'kv.set': (at) => set(`key-${filling.spread(at, filling.keys)}`),
        'kv.get': (at) =>
          query(
            'value',
            'select value from bench_bare_kv where key = $1 and (expires_at is null or expires_at > now())',
            [`key-${filling.spread(at, filling.keys)}`],
          ),
        'stream.appendMany 1,000': appendMany,
      },
      async close() {},
    }
  },
}
