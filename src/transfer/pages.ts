/**
 * Reading tables page by page in the order of their primary keys, bounded in rows and in bytes.
 *
 * @module
 */
import type { Row } from '../core/driver.js'
import { quoteIdentifier } from '../core/identifiers.js'
import { type Plan, single } from '../core/operation.js'
import { statementBuilder } from '../core/statement.js'

/** Rows of a page. */
const maxRows = 1000

/** Rows of the first page: rows may be large, and the server has to write all of a page's to count. */
const firstRows = 64

/** Text of a page, in bytes. Written as JSON it may double, and Neon's proxy lets 10 MiB pass. */
const maxBytes = 3 * 1024 * 1024

/** What to read of a table `t`. */
export interface PageSource {
  /** Quoted and qualified. */
  readonly table: string
  /** The columns that order the rows, together unique, with their types. */
  readonly keys: readonly { readonly column: string; readonly type: 'text' | 'bigint' }[]
  /** Output name to SQL over `t`; everything as text. */
  readonly columns: Readonly<Record<string, string>>
  /** The outputs that can be large. */
  readonly large: readonly string[]
  /** SQL over `t`: which rows. Default: all. */
  readonly condition?: string
}

/** Position behind a row: the values of the keys. */
type Position = readonly string[]

const positionName = (at: number) => `+key${at}`

function pagePlan(
  { table, keys, columns, large, condition }: PageSource,
  after: Position | undefined,
  rows: number,
): Plan<readonly Row[]> {
  return single({
    repeatable: true,
    statement() {
      const build = statementBuilder()
      const order = keys.map(({ column }) => `t.${quoteIdentifier(column)}`).join(', ')
      const outputs: Record<string, string> = { ...columns }
      keys.forEach(({ column }, at) => {
        outputs[positionName(at)] = `t.${quoteIdentifier(column)}::text`
      })
      const conditions = condition === undefined ? [] : [condition]
      if (after !== undefined) {
        const values = keys.map(({ type }, at) => build.param(after[at] ?? '', type)).join(', ')
        conditions.push(`(${order}) > (${values})`)
      }
      const names = Object.keys(outputs).map(quoteIdentifier)
      const size = large
        .map((name) => `coalesce(pg_catalog.octet_length(p.${quoteIdentifier(name)}), 0)`)
        .join(' + ')
      return build.done(`select ${names.join(', ')}, q."+found" from (
    select p.*, (pg_catalog.count(*) over ())::text as "+found", pg_catalog.sum(${size}) over (order by p."+nth") as "+bytes" from (
      select ${Object.entries(outputs)
        .map(([name, sql]) => `${sql} as ${quoteIdentifier(name)}`)
        .join(', ')}, pg_catalog.row_number() over (order by ${order}) as "+nth"
      from ${table} as t${conditions.length === 0 ? '' : `\n      where ${conditions.join(' and ')}`}
      order by ${order}
      limit ${build.param(String(rows), 'bigint')}
    ) as p
  ) as q
  where q."+nth" = 1 or q."+bytes" <= ${maxBytes}
  order by q."+nth"`)
    },
    decode: (found) => found,
  })
}

/** All rows of a source, one statement per page; each page sees what was committed when it was read. */
export async function* readPages(
  source: PageSource,
  run: (plan: Plan<readonly Row[]>) => Promise<readonly Row[]>,
): AsyncGenerator<readonly Row[]> {
  let after: Position | undefined
  let rows = firstRows
  for (;;) {
    const page = await run(pagePlan(source, after, rows))
    const last = page.at(-1)
    if (last === undefined) return
    yield page
    const found = Number(last['+found'])
    if (found < rows && found === page.length) return
    after = source.keys.map((_, at) => last[positionName(at)] ?? '')
    rows = Math.min(maxRows, page.length * 2)
  }
}
