/**
 * Numbers, sizes, times and tables as people read them.
 *
 * @module
 */
import { stripVTControlCharacters } from 'node:util'

const grouped = new Intl.NumberFormat('en')

/** `12,345`. */
export const formatCount = (value: number) => grouped.format(value)

/** `12,345 packages`, `1 package`. */
export const formatNumber = (value: number, unit: string, units = `${unit}s`) =>
  `${formatCount(value)} ${value === 1 ? unit : units}`

/** `412.3 MB`, in powers of 1,000. Always one decimal from kB on, so that columns align. */
export function formatBytes(bytes: number): string {
  if (Math.abs(bytes) < 1_000) return `${bytes} B`
  let value = bytes
  let unit = 'B'
  for (const next of ['kB', 'MB', 'GB', 'TB']) {
    value /= 1_000
    unit = next
    if (Math.abs(value) < 999.95) break
  }
  return `${value.toFixed(1)} ${unit}`
}

/** `0.31 s`, `12.4 s`, `3 min 05 s`, `2 h 07 min`. */
export function formatDuration(ms: number): string {
  const seconds = ms / 1_000
  if (seconds < 9.995) return `${seconds.toFixed(2)} s`
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 3_600) return `${Math.floor(whole / 60)} min ${pad2(whole % 60)} s`
  const minutes = Math.round(whole / 60)
  return `${Math.floor(minutes / 60)} h ${pad2(minutes % 60)} min`
}

/** `2025-01-31 14:05:09`, local time. */
export function formatTime(ms: number): string {
  const at = new Date(ms)
  const date = [at.getFullYear(), pad2(at.getMonth() + 1), pad2(at.getDate())].join('-')
  return `${date} ${[at.getHours(), at.getMinutes(), at.getSeconds()].map(pad2).join(':')}`
}

/** `+3`, `-2`, `±0`. */
export const formatSigned = (text: string, value: number) =>
  value > 0 ? `+${text}` : value < 0 ? text : `±${text}`

/** The first eight characters of a run's id, enough to tell runs apart. */
export const shortId = (runId: string) => runId.slice(0, 8)

const pad2 = (value: number) => String(value).padStart(2, '0')

/** How a column of a {@link table} is set. */
export interface Column {
  readonly title?: string
  readonly align?: 'left' | 'right'
  /** May be shortened, down to 12 characters, if the table is too wide. */
  readonly flexible?: boolean
  /** Left out first, the highest first, if the table is still too wide. */
  readonly optional?: number
}

/** Cuts a text without escape codes to `width` columns. */
export function truncate(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`
}

const widthOf = (text: string) => stripVTControlCharacters(text).length
const gap = 2
const narrowest = 12

/**
 * Sets rows in columns, at most `width` wide where optional and flexible columns allow it. Cells
 * may carry colours, except those of flexible columns that have to be shortened.
 */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
  styleTitle: (text: string) => string = (text) => text,
): string[] {
  let shown = columns.map((_, position) => position)
  const natural = columns.map((column, position) =>
    Math.max(column.title?.length ?? 0, ...rows.map((row) => widthOf(row[position] ?? ''))),
  )
  const total = (widths: readonly number[]) =>
    shown.reduce((sum, at) => sum + (widths[at] ?? 0), gap * (shown.length - 1))
  const least = natural.map((size, at) =>
    columns[at]?.flexible === true ? Math.min(size, narrowest) : size,
  )
  const optional = shown
    .filter((at) => columns[at]?.optional !== undefined)
    .sort((a, b) => (columns[b]?.optional ?? 0) - (columns[a]?.optional ?? 0))
  for (const at of optional) {
    if (total(least) <= width) break
    shown = shown.filter((other) => other !== at)
  }
  const widths = [...natural]
  for (const at of shown) {
    const excess = total(widths) - width
    if (excess > 0 && columns[at]?.flexible === true) {
      widths[at] = Math.max(least[at] ?? 0, (widths[at] ?? 0) - excess)
    }
  }
  const line = (cells: readonly string[], style: (text: string) => string) =>
    shown
      .map((at) => {
        const size = widths[at] ?? 0
        const cell = cells[at] ?? ''
        const text = widthOf(cell) > size ? truncate(stripVTControlCharacters(cell), size) : cell
        const space = ' '.repeat(size - widthOf(text))
        return style(columns[at]?.align === 'right' ? space + text : text + space)
      })
      .join(' '.repeat(gap))
      .trimEnd()
  const titled = columns.some((column) => column.title !== undefined)
  const head = titled
    ? [
        line(
          columns.map((column) => column.title ?? ''),
          styleTitle,
        ),
      ]
    : []
  return [...head, ...rows.map((row) => line(row, (text) => text))]
}
