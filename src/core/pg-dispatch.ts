/**
 * Sends statements to a node-postgres client in the best way that the client has.
 *
 * @module
 */
import type { Statement } from './driver.js'
import { fnv1a64 } from './identifiers.js'
import type { PgClient } from './pg-client.js'
import {
  type Dispatch,
  type NamedStatement,
  type Progress,
  sendGroup,
  type TaggedResult,
  takesGroups,
} from './pg-wire.js'

/** A server keeps what is prepared for the life of a connection, so there is an end to it. */
const maxPreparedStatements = 500

/** Gives statements the names under which they are prepared. */
export type Naming = (statement: Statement) => NamedStatement

/**
 * Names statements by their text, the same on every connection; what has no parameters (such as
 * DDL) and what comes after the first 500 texts stays unnamed. With `prepare` false, everything.
 */
export function createNaming(prepare: boolean): Naming {
  if (!prepare) return (statement) => statement
  const names = new Map<string, string>()
  return (statement) => {
    const { text, params = [] } = statement
    if (params.length === 0) return statement
    let name = names.get(text)
    if (name === undefined) {
      if (names.size >= maxPreparedStatements) return statement
      name = `nvent_${fnv1a64(text).toString(36)}`
      names.set(text, name)
    }
    return { text, params, name }
  }
}

/** Sends one statement. */
export function dispatchOne(client: PgClient, statement: NamedStatement): Dispatch {
  return takesGroups(client)
    ? sendGroup(client, [statement])
    : sendPlainly({ sent: true, completed: 1 }, async () => [await sendQuery(client, statement)])
}

/** Sends statements within an open transaction. */
export function dispatchAll(client: PgClient, statements: readonly NamedStatement[]): Dispatch {
  return takesGroups(client)
    ? sendGroup(client, statements)
    : sendPlainly(nothingSent(), (progress) => oneByOne(client, statements, progress))
}

/** `begin`, the statements and `commit`: all or none, and none known to be applied before the end. */
export function dispatchBatch(client: PgClient, statements: readonly NamedStatement[]): Dispatch {
  const all = [begin, ...statements, commit]
  if (takesGroups(client)) return sendGroup(client, all)
  return sendPlainly(nothingSent(), (progress) =>
    client.pipeline === true ? pipeline(client, all, progress) : oneByOne(client, all, progress),
  )
}

export const begin: Statement = { text: 'begin isolation level read committed' }
export const commit: Statement = { text: 'commit' }
export const rollback: Statement = { text: 'rollback' }

/** What a client without groups lets us know is less, so `completed` errs towards too many. */
const nothingSent = (): Progress => ({ sent: false, completed: 0 })

function sendPlainly(
  progress: Progress,
  send: (progress: Progress) => Promise<TaggedResult[]>,
): Dispatch {
  const results = send(progress).catch((error: unknown) => {
    // node-postgres answers for a dead connection without trying it.
    if (/is not queryable$/.test(String((error as Error)?.message))) progress.sent = false
    throw error
  })
  return { results, progress }
}

async function oneByOne(
  client: PgClient,
  statements: readonly NamedStatement[],
  progress: Progress,
): Promise<TaggedResult[]> {
  const results: TaggedResult[] = []
  for (const statement of statements) {
    // Until the last one goes out, nothing can be applied.
    progress.sent = statement === commit
    results.push(await sendQuery(client, statement))
    progress.completed += 1
  }
  return results
}

/** Waits for `begin` alone: were it to fail unseen, what follows would be applied piece by piece. */
async function pipeline(
  client: PgClient,
  [first, ...rest]: readonly NamedStatement[],
  progress: Progress,
): Promise<TaggedResult[]> {
  const begun = await sendQuery(client, first ?? begin)
  progress.sent = true
  progress.completed = 1
  const settled = await Promise.allSettled(rest.map((statement) => sendQuery(client, statement)))
  return [
    begun,
    ...settled.map((result) => {
      // The first failure is the cause; those behind it only say that the transaction is aborted.
      if (result.status === 'rejected') throw result.reason
      progress.completed += 1
      return result.value
    }),
  ]
}

/** Columns arrive as the text that the server sent, whatever parsers the caller has installed. */
const asText = { getTypeParser: () => (text: string) => text }

async function sendQuery(
  client: PgClient,
  { text, params = [], name }: NamedStatement,
): Promise<TaggedResult> {
  const { rows, command } = await client.query({
    text,
    values: [...params],
    types: asText,
    // Never the simple protocol, which would take several statements in one text.
    queryMode: 'extended',
    ...(name !== undefined && { name }),
  })
  return { rows: rows as TaggedResult['rows'], command: command ?? '' }
}
