/**
 * ISO 8601 strings and milliseconds: what a timestamp column can hold and give back.
 *
 * @module
 */

/** 0001-01-01 and the end of 9999, in ms: outside, an ISO string has no four-digit year. */
export const firstIsoMs = -62135596800000
export const lastIsoMs = 253402300799999

const isoForm =
  /^(\d{4}-\d\d-\d\d)(?:T(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d))?$/

/**
 * Milliseconds of an ISO 8601 date (midnight UTC) or date-time with an offset, else `undefined`.
 * A date-time without an offset means something else on every machine, so it is no timestamp here.
 */
export function parseIso(text: string): number | undefined {
  const day = isoForm.exec(text)?.[1]
  // What is no day, such as 30 February, is read as another one or not at all.
  if (day === undefined || !new Date(day).toJSON()?.startsWith(day)) return undefined
  const ms = Date.parse(text.replace(',', '.').replace(/([+-]\d\d)(\d\d)$/, '$1:$2'))
  return ms >= firstIsoMs && ms <= lastIsoMs ? ms : undefined
}

const dayMs = 86_400_000

/** The day that was written last: those of a page are often the same. */
let lastDay = { day: 0, text: '1970-01-01T' }

const twoDigits = (value: number) => String(100 + value).slice(1)

/** Whole milliseconds as `Date.prototype.toISOString` writes them, in a fraction of its time. */
export function toIso(ms: number): string {
  const day = Math.floor(ms / dayMs)
  if (day !== lastDay.day) {
    lastDay = { day, text: new Date(day * dayMs).toISOString().slice(0, -13) }
  }
  const inDay = ms - day * dayMs
  const seconds = Math.floor(inDay / 1000)
  const minutes = Math.floor(seconds / 60)
  return `${lastDay.text}${twoDigits(Math.floor(minutes / 60))}:${twoDigits(minutes % 60)}:${twoDigits(seconds % 60)}.${String(1000 + (inDay % 1000)).slice(1)}Z`
}

/**
 * SQL that prints a BIGINT of ms as `Date.prototype.toISOString` does. Seconds and milliseconds
 * apart, since the microseconds of all of them together are more than a double holds.
 */
export function isoSql(column: string): string {
  return `pg_catalog.to_char(timestamp 'epoch' + ${column} / 1000 * interval '1 second' + ${column} % 1000 * interval '1 millisecond', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
}

const msSql = (moment: string) =>
  `pg_catalog.floor(extract(epoch from pg_catalog.${moment}()) * 1000)::bigint`

/** SQL: milliseconds since 1970 by the database's clock at this very moment, as BIGINT. */
export const nowMsSql = msSql('clock_timestamp')

/** SQL: the same when the statement began, which an index can be asked for. */
export const startMsSql = msSql('statement_timestamp')
