/**
 * Builds the indexes of a concurrent migration with `create index concurrently`, one at a time over
 * all processes, and resumes where a crashed one stopped.
 *
 * @module
 */
import type { Driver, RunOptions } from '../core/driver.js'
import type { Names } from '../core/names.js'
import { causeOf, StatementFailure } from './failures.js'
import { readIndexStates } from './index-states.js'
import { type Patience, verdictOn } from './lock.js'
import { createIndexSql, type IndexSpec } from './migration.js'
import type { MigrationStep } from './steps.js'

/** What a build works with. */
export interface BuildContext {
  readonly driver: Driver
  readonly names: Names
  /** The migration that the indexes belong to. */
  readonly step: MigrationStep
  readonly run: RunOptions
  readonly patience: Patience
  /** Before each build: which index, and how many of how many are ready. */
  onIndex(index: string, ready: number, of: number): void
}

/** How often a build may fail by chance before it has failed. */
const maxChances = 5

/**
 * Returns when every index is there and valid, whoever built it, or when somebody else has applied
 * the migration meanwhile.
 * @throws StatementFailure if one cannot be built; it leaves no invalid index of its own behind.
 */
export async function buildIndexes(
  context: BuildContext,
  specs: readonly IndexSpec[],
): Promise<void> {
  const { driver, names, step, run, patience } = context
  const look = () => readIndexStates(driver, names, step, specs, run)
  const lease = createLease(context)
  let ready = -1
  let chances = 0
  for (;;) {
    const { applied, states } = await look()
    const valid = states.filter((state) => state === 'valid').length
    if (valid !== ready) patience.progress()
    ready = valid
    if (applied || valid === specs.length) return lease.release()
    if (states.includes('building')) {
      patience.progress()
      await patience.wait('another session is building an index')
      continue
    }
    // Between this look and the build, somebody else could look too: only one holds the lease.
    if (!(await lease.take())) {
      await patience.wait('another process is building indexes')
      continue
    }
    const now = await look()
    const at = now.states.findIndex((state) => state === 'missing' || state === 'invalid')
    const spec = specs[at]
    if (now.applied || now.states.includes('building') || spec === undefined) continue
    context.onIndex(spec.name, valid, specs.length)
    try {
      await build(context, spec, now.states[at] === 'invalid')
      chances = 0
    } catch (error) {
      const verdict = verdictOn(causeOf(error))
      if (verdict === 'failed' || ++chances >= maxChances) {
        await cleanUp(context, spec)
        await lease.release().catch(() => undefined)
        throw error
      }
      await patience.wait(`building ${spec.name} has to start again`)
    }
  }
}

async function build(context: BuildContext, spec: IndexSpec, broken: boolean): Promise<void> {
  const { names, run, driver } = context
  const texts = [
    ...(broken ? [dropSql(names, spec)] : []),
    createIndexSql(names, spec, 'concurrently'),
  ]
  for (const text of texts) {
    try {
      await driver.query({ text }, run)
    } catch (error) {
      throw new StatementFailure(text, error)
    }
  }
}

const dropSql = (names: Names, spec: IndexSpec) =>
  `drop index concurrently if exists ${names.qualify(spec.name)}`

/** An invalid index would still slow every write down, and a unique one refuse some. */
async function cleanUp({ driver, names, step }: BuildContext, spec: IndexSpec): Promise<void> {
  try {
    const { states } = await readIndexStates(driver, names, step, [spec], {})
    if (states[0] === 'invalid') await driver.query({ text: dropSql(names, spec) })
  } catch {
    // What made the build fail is what the caller needs to hear; the next run cleans up as well.
  }
}

/**
 * A row in the key-value table that says who is about to build. It has to last only from the look
 * at the indexes to the start of the build, which then shows in the server's own progress view; so
 * a crash holds nobody up for longer than this.
 */
const leaseSeconds = 15
const leaseKey = 'nvent-store-postgres:index-build'

function createLease({ driver, names, run }: BuildContext) {
  const kv = names.table('kv')
  const owner = JSON.stringify(randomToken())
  return {
    /** Takes or renews it. */
    async take(): Promise<boolean> {
      const { rows } = await driver.query(
        {
          text: `insert into ${kv} as held (key, value, expires_at)
values ($1::text, $2::jsonb, clock_timestamp() + interval '${leaseSeconds} seconds')
on conflict (key) do update set value = excluded.value, expires_at = excluded.expires_at
where held.value = excluded.value or held.expires_at < clock_timestamp()
returning held.key::text as key`,
          params: [leaseKey, owner],
        },
        run,
      )
      return rows.length > 0
    },
    /** Lets others take it at once; also after the caller gave up. */
    async release(): Promise<void> {
      await driver.query({
        text: `delete from ${kv} where key = $1::text and value = $2::jsonb`,
        params: [leaseKey, owner],
      })
    },
  }
}

function randomToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
