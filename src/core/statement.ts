/**
 * Collects the parameters of a statement while its text is written.
 *
 * @module
 */
import type { Param, Statement } from './driver.js'
import { textArray } from './values.js'

/** Builds one statement. */
export interface StatementBuilder {
  /** Adds a parameter and gives the SQL that reads it: `$3::bigint`. */
  param(value: Param, type: string): string
  /** The statement with everything added so far. */
  done(text: string): Statement
}

/** Starts a statement. */
export function statementBuilder(): StatementBuilder {
  const params: Param[] = []
  return {
    param(value, type) {
      params.push(value)
      return `$${params.length}::${type}`
    },
    done: (text) => ({ text, params }),
  }
}

/** Builds the SQL that a statement has for each of its rows `r`: parameters become columns. */
export interface RowBuilder extends StatementBuilder {
  /** The row's columns so far. */
  readonly columns: readonly Param[]
}

/** Starts the SQL of one row. Rows of the same text go into one statement, by {@link rowsSql}. */
export function rowBuilder(): RowBuilder {
  const columns: Param[] = []
  return {
    columns,
    param(value, type) {
      columns.push(value)
      return `r.p${columns.length}::${type}`
    },
    done: (text) => ({ text, params: columns }),
  }
}

/**
 * SQL of a list that is a parameter, whose length the planner shall not see: for a few values a plan
 * of their own looks cheaper to it than the kept one, but planning takes longer than the statement.
 */
export const listSql = (param: string, type: string) => `(select ${param})::${type}[]`

/** SQL of the record set `r`: each row's columns, and its place from 1 as `at`. */
export function rowsSql(rows: readonly (readonly Param[])[], build: StatementBuilder): string {
  const width = rows[0]?.length ?? 0
  const columns = Array.from({ length: width }, (_, at) => rows.map((row) => row[at] ?? null))
  const arrays = columns.map(
    (column) => `pg_catalog.unnest(${listSql(build.param(textArray(column), 'text[]'), 'text')})`,
  )
  const names = columns.map((_, at) => `p${at + 1}`)
  return `rows from (${arrays.join(', ')}) with ordinality as r (${[...names, 'at'].join(', ')})`
}

/**
 * SQL of a query of which no more than `rows` are read: its first 16, 128, 1,024, … at most, so that
 * the planner knows that these are few. Of a LIMIT that is a parameter it assumes a tenth of all rows
 * and then plans anew for every call, which takes longer than reading a page.
 */
export function atMostSql(query: string, rows: number): string {
  let ceiling = 16
  while (ceiling < rows) ceiling *= 8
  return `select * from (${query} limit ${ceiling}) as page`
}

/**
 * SQL of a CTE `patience`: from when it is read, this transaction waits at most this long for a lock.
 * A statement for several rows must not hold all of them up behind one that somebody keeps locked.
 */
export const patienceSql = `patience as materialized (
    select pg_catalog.set_config('lock_timeout', '100ms', true) as lock_timeout
  )`
