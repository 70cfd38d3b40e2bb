/**
 * ISO 8601 strings and milliseconds: what a timestamp column can hold and give back.
 *
 * @module
 */

/** 0001-01-01 and the end of 9999, in ms: outside, an ISO string has no four-digit year. */
export const firstIsoMs = -62135596800000
export const lastIsoMs = 253402300799999

const isoForm =
  /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d))?$/

/**
 * Milliseconds of an ISO 8601 date (midnight UTC) or date-time with an offset, else `undefined`.
 * A date-time without an offset means something else on every machine, so it is no timestamp here.
 */
export function parseIso(text: string): number | undefined {
  const parts = isoForm.exec(text)
  if (parts === null) return undefined
  const [year, month, day, hour = 0, minute = 0, second = 0] = parts
    .slice(1)
    .map((part) => (part === undefined ? undefined : Number(part))) as [
    number,
    number,
    number,
    number?,
    number?,
    number?,
  ]
  const daysInMonth = new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate()
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth) return undefined
  if (hour > 23 || minute > 59 || second > 59) return undefined
  const ms = Date.parse(text.replace(',', '.').replace(/([+-]\d\d)(\d\d)$/, '$1:$2'))
  return ms >= firstIsoMs && ms <= lastIsoMs ? ms : undefined
}

/** SQL that prints a BIGINT of ms as `Date.prototype.toISOString` does. Integer arithmetic only. */
export function isoSql(column: string): string {
  const ms = `(((${column} % 1000) + 1000) % 1000)`
  const seconds = `((${column} - ${ms}) / 1000)::double precision`
  return `pg_catalog.to_char(pg_catalog.to_timestamp(${seconds}) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS') || '.' || pg_catalog.lpad(${ms}::text, 3, '0') || 'Z'`
}

/** SQL: milliseconds since 1970 by the database's clock at this very moment, as BIGINT. */
export const nowMsSql = `pg_catalog.floor(extract(epoch from pg_catalog.clock_timestamp()) * 1000)::bigint`
