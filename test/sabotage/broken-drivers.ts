/** Drivers with one thing wrong each. */
import type { Driver, QueryResult, Row, Statement } from '../../src/index.js'
import { isStoreError, StoreError } from '../../src/index.js'
import { wrapDriver } from '../../src/testing/index.js'

type Broken = (driver: Driver) => Driver

/** Changes the text of statements. */
const rewriting =
  (change: (text: string) => string): Broken =>
  (driver) => {
    const changed = ({ text, ...rest }: Statement): Statement => ({ ...rest, text: change(text) })
    return wrapDriver(driver, {
      query: (statement, options) => driver.query(changed(statement), options),
      batch: (statements, options) => driver.batch(statements.map(changed), options),
    })
  }

/** Changes the parameters of statements. */
const altering =
  (change: (param: string | null) => string | null): Broken =>
  (driver) => {
    const changed = ({ text, params }: Statement): Statement =>
      params === undefined ? { text } : { text, params: params.map(change) }
    return wrapDriver(driver, {
      query: (statement, options) => driver.query(changed(statement), options),
      batch: (statements, options) => driver.batch(statements.map(changed), options),
    })
  }

/** Changes the values that come back. */
const misreading =
  (change: (value: string | null) => unknown): Broken =>
  (driver) => {
    const changed = ({ rows }: QueryResult): QueryResult => ({
      rows: rows.map(
        (row) =>
          Object.fromEntries(
            Object.entries(row).map(([column, value]) => [column, change(value)]),
          ) as Row,
      ),
    })
    return wrapDriver(driver, {
      query: async (statement, options) => changed(await driver.query(statement, options)),
      batch: async (statements, options) => (await driver.batch(statements, options)).map(changed),
    })
  }

/** Each broken driver, with the rule of which a promise has to fail. */
export const brokenDrivers: readonly { name: string; rule: string; broken: Broken }[] = [
  {
    name: 'an inclusive `after`',
    rule: 'S3',
    broken: rewriting((text) => text.replaceAll('t.id > $', 't.id >= $')),
  },
  {
    name: 'an inclusive `before`',
    rule: 'S3',
    broken: rewriting((text) => text.replaceAll('t.id < $', 't.id <= $')),
  },
  {
    name: 'an update without the version check',
    rule: 'I5',
    broken: rewriting((text) => text.replace(/ and \(t\.version_epoch[^=]*= \$\d+::bigint/g, ' ')),
  },
  {
    name: 'an inclusive cursor',
    rule: 'I7',
    broken: rewriting((text) => text.replace(/collate "C"\) < \(/g, 'collate "C") <= (')),
  },
  {
    name: 'a key pattern without its escape character',
    rule: 'K4',
    broken: rewriting((text) => text.replaceAll("escape E'\\\\'", "escape ''")),
  },
  {
    name: 'keys that never expire',
    rule: 'K2',
    broken: rewriting((text) =>
      text.replaceAll(
        '(t.expires_at is null or t.expires_at > pg_catalog.clock_timestamp())',
        'true',
      ),
    ),
  },
  {
    name: 'a dropped cast: numbers where the store asked for text',
    rule: 'S1',
    broken: misreading((value) =>
      value !== null && /^\d{16,}$/.test(value) ? String(Number(value)) : value,
    ),
  },
  {
    name: 'a lost JSON null',
    rule: 'S2',
    broken: altering((param) => (param === 'null' ? null : param)),
  },
  {
    name: 'an empty text that becomes NULL',
    rule: 'S2',
    broken: misreading((value) => (value === '""' ? null : value)),
  },
  {
    name: 'parameters whose text is changed on the way',
    rule: 'R1',
    broken: altering((param) => param?.replaceAll('$1', '?') ?? null),
  },
  {
    name: 'parameters that lose white space at the end',
    rule: 'R1',
    broken: altering((param) => param?.trimEnd() ?? null),
  },
  {
    name: 'a batch that is not atomic',
    rule: 'D1',
    broken: (driver) =>
      wrapDriver(driver, {
        async batch(statements, options) {
          const results: QueryResult[] = []
          for (const each of statements) results.push(await driver.query(each, options))
          return results
        },
      }),
  },
  {
    name: 'a batch that gives its results in another order',
    rule: 'D1',
    broken: (driver) =>
      wrapDriver(driver, {
        batch: async (statements, options) =>
          [...(await driver.batch(statements, options))].reverse(),
      }),
  },
  {
    name: 'a transaction that commits what failed',
    rule: 'D1',
    broken: (driver) => wrapDriver(driver, { transaction: (run) => run(driver) }),
  },
]

/** Says of every lost statement that it was not applied, so that it is repeated. */
export const claimsNothingWasApplied: Broken = (driver) => {
  const denying = async <T>(call: () => Promise<T>): Promise<T> => {
    try {
      return await call()
    } catch (error) {
      if (!isStoreError(error, 'connection')) throw error
      throw new StoreError('connection', error.message, { details: { outcome: 'not-applied' } })
    }
  }
  return wrapDriver(driver, {
    query: (statement, options) => denying(() => driver.query(statement, options)),
    batch: (statements, options) => denying(() => driver.batch(statements, options)),
  })
}

const withoutLock = rewriting((text) =>
  text.includes('pg_advisory_xact_lock(') && text.startsWith('select')
    ? `select '1'::text as bucket where ${[...new Set(text.match(/\$\d+::text/g))].map((param) => `${param} is not null`).join(' and ')}`
    : text,
)

/**
 * Leaves out the lock that makes a conditional append sound. A server that waits for no disk commits
 * so fast that others rarely come in between, so each transaction stays open for a moment.
 */
export const withoutAppendLock: Broken = (driver) =>
  withoutLock(
    wrapDriver(driver, {
      batch: async (statements, options) =>
        (
          await driver.batch(
            [...statements, { text: `select pg_catalog.pg_sleep(0.05)::text as slept` }],
            options,
          )
        ).slice(0, -1),
    }),
  )
