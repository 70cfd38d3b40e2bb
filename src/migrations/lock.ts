/**
 * One migrating process at a time, in any number of processes: a transaction-level advisory lock
 * that is only ever tried, never waited for on the server. A blocked session would hold a snapshot,
 * and `create index concurrently` waits for snapshots: the two would deadlock.
 *
 * @module
 */
import { alreadyAppliedSqlState, StoreError, sqlStateOf } from '../core/errors.js'
import { quoteLiteral } from '../core/identifiers.js'
import type { Names } from '../core/names.js'
import { backoffMs, delay, isTransient } from '../core/retry.js'
import { dollarQuote, type Namespace } from './migration.js'

/** How long one attempt waits for a table that others are using, before it makes room again. */
const tableLockMs = 2000

/** The table that holds a namespace's versions. */
export function versionTable(namespace: Namespace): 'schema_version' | 'schema_version_user' {
  return namespace === 'store' ? 'schema_version' : 'schema_version_user'
}

/** What a guard refuses to go on with. */
export interface GuardOptions {
  readonly namespace: Namespace
  /** Somebody else was faster if this version is there already … */
  readonly applying?: number
  /** … or if this is no longer the highest one. */
  readonly expected?: number
}

/**
 * The first statement of every migration batch. It takes the lock or raises 55P03, and raises NVS02
 * if the versions are no longer what the caller saw. The settings end with the transaction.
 */
export function guardSql(names: Names, { namespace, applying, expected }: GuardOptions): string {
  const table = names.table(versionTable(namespace))
  const gone =
    applying === undefined
      ? `(select coalesce(max(v.version), 0) from ${table} as v) <> ${expected ?? 0}`
      : `exists (select from ${table} as v where v.version = ${applying})`
  return `do ${dollarQuote(`
begin
  perform pg_catalog.set_config('lock_timeout', '${tableLockMs}ms', true);
  perform pg_catalog.set_config('statement_timeout', '0', true);
  if not pg_catalog.pg_try_advisory_xact_lock(${names.lockKey('migrations')}) then
    raise exception using errcode = '55P03', message = 'another process is migrating';
  end if;
  if pg_catalog.to_regclass(${quoteLiteral(table)}) is not null then
    if ${gone} then
      raise exception using errcode = '${alreadyAppliedSqlState}', message = 'already applied';
    end if;
  end if;
end
`)}`
}

/**
 * Goes before the store's own statements, so that nothing in `search_path` can get in their way.
 * The user's own migrations may count on theirs.
 */
export const ownPathSql = `set local search_path = pg_catalog, pg_temp`

/** What to do after a batch or an index build failed. */
export type Verdict =
  /** Somebody else has applied it: look again. */
  | 'applied'
  /** Somebody else is at it, or uses a table: wait. */
  | 'busy'
  /** Rolled back by chance, for example by a deadlock, or lost on the way: try again, a few times. */
  | 'again'
  | 'failed'

/**
 * 23505, 42P06, 42P07, 42710: something of that name appeared meanwhile,
 * for example because an old instance started too.
 */
const byChance = new Set(['23505', '42P06', '42P07', '42710'])

/** Judges a failure. */
export function verdictOn(error: unknown): Verdict {
  const sqlState = sqlStateOf(error)
  if (sqlState === alreadyAppliedSqlState) return 'applied'
  if (sqlState === '55P03') return 'busy'
  if (sqlState !== undefined && byChance.has(sqlState)) return 'again'
  if (sqlState === 'XX000' && String((error as Error).message).includes('tuple concurrently')) {
    return 'again'
  }
  // A batch checks by itself whether it has been applied, so an unknown outcome does no harm.
  return isTransient(error, true) ? 'again' : 'failed'
}

/** Waits between attempts, and knows when to stop. */
export interface Patience {
  /** Waits up to a second: longer each time, and never just as long as others. */
  wait(reason: string): Promise<void>
  /** Something moved: the waiting starts anew. */
  progress(): void
}

/**
 * @param limitMs longest wait without progress.
 * @throws StoreError `timeout` from `wait` when the limit has passed, `aborted` when given up.
 */
export function createPatience(
  limitMs: number,
  signal: AbortSignal | undefined,
  onWait: (reason: string) => void,
): Patience {
  let since = Date.now()
  let waits = 0
  return {
    progress() {
      since = Date.now()
      waits = 0
    },
    async wait(reason) {
      if (Date.now() - since >= limitMs) {
        throw new StoreError(
          'timeout',
          `Gave up after ${limitMs} ms without progress: ${reason}.`,
          {
            details: { outcome: 'not-applied' },
          },
        )
      }
      onWait(reason)
      await delay(backoffMs(waits++, 50), signal)
    },
  }
}
