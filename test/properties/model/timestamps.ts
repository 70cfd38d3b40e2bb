/** The one place where routing to columns is visible: timestamps come back as canonical ISO text. */
import { at, type Doc, put } from './documents.js'

const iso =
  /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?(Z|([+-])(\d\d):?(\d\d)))?$/

const isLeap = (year: number) => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
const daysIn = (year: number, month: number) =>
  month === 2 ? (isLeap(year) ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31

/** Canonical text of an ISO 8601 date, or date-time with a zone; `undefined` for everything else. */
export function canonicalTime(text: string): string | undefined {
  const parts = iso.exec(text)
  if (parts === null) return undefined
  const number = (group: number) => Number(parts[group] ?? 0)
  const [year, month, day] = [number(1), number(2), number(3)]
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined
  const [hour, minute, second] = [number(4), number(5), number(6)]
  if (hour > 23 || minute > 59 || second > 59) return undefined
  if (number(10) > 23 || number(11) > 59) return undefined
  const ms = Number((parts[7] ?? '').slice(0, 3).padEnd(3, '0'))
  const offset = (parts[9] === '-' ? 1 : -1) * (number(10) * 60 + number(11))
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  date.setUTCHours(hour, minute + offset, second, ms)
  const inUtc = date.getUTCFullYear()
  return inUtc < 1 || inUtc > 9999 ? undefined : date.toISOString()
}

/** The metadata as it comes back. */
export function withCanonicalTimes(doc: Doc, fields: readonly string[]): Doc {
  return fields.reduce((result, field) => {
    const path = field.split('.')
    const value = at(result, path)
    const text = typeof value === 'string' ? canonicalTime(value) : undefined
    return text === undefined ? result : put(result, path, text)
  }, doc)
}
