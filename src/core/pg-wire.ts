/**
 * Sends several statements to a node-postgres client as one group of protocol messages with a
 * single Sync at its end: one round trip, and after a failure the server skips the rest by itself.
 *
 * node-postgres' own `pipeline` ends every statement with a Sync of its own. If the `begin` of such
 * a pipeline is cancelled, the server goes on with the statements behind it, each on its own: that
 * is no batch. Here they are skipped. It needs what node-postgres calls a submittable, the interface
 * through which its cursors and streams are built.
 *
 * @module
 */
import type { Param, QueryResult, Row } from './driver.js'
import type { PgClient } from './pg-client.js'

/** A statement with the name under which it is prepared, if any. */
export interface NamedStatement {
  readonly text: string
  readonly params?: readonly Param[] | undefined
  readonly name?: string | undefined
}

/** A result with the tag of the command that was carried out, for example `COMMIT`. */
export interface TaggedResult extends QueryResult {
  readonly command: string
}

/** How far statements are known to have come. */
export interface Progress {
  /** Whether anything was written; what was not written is certainly not applied. */
  sent: boolean
  /** How many statements the server has answered as complete. */
  completed: number
}

/** Statements on their way. */
export interface Dispatch {
  readonly results: Promise<TaggedResult[]>
  readonly progress: Readonly<Progress>
}

interface WireConnection {
  readonly stream?: {
    readonly writable?: boolean
    cork?(): void
    uncork?(): void
    destroy?(): void
  }
  parse(message: { name: string; text: string }): void
  bind(message: { statement: string; values: readonly Param[] }): void
  describe(message: { type: 'P'; name: string }): void
  execute(message: { rows: number }): void
  close(message: { type: 'S'; name: string }): void
  sync(): void
  sendCopyFail(message: string): void
}

interface WireClient extends Omit<PgClient, 'query'> {
  readonly connection: WireConnection
  query(submittable: object): unknown
}

const messages = ['parse', 'bind', 'describe', 'execute', 'close', 'sync', 'sendCopyFail'] as const

/** Whether the client takes message groups: it shows its connection, and is not in `pipeline` mode. */
export function takesGroups(client: unknown): client is WireClient {
  const { connection, pipeline } = client as Partial<WireClient>
  return (
    pipeline !== true &&
    typeof connection === 'object' &&
    connection !== null &&
    messages.every((message) => typeof connection[message] === 'function')
  )
}

/**
 * The statements that a connection has prepared, for its lifetime, by the columns of what they give.
 * These never change (the server refuses with 0A000), so nobody asks for them again.
 */
const prepared = new WeakMap<WireConnection, Map<string, readonly string[]>>()

/** Writes the statements and reads their answers. After a failure the server skips the rest. */
export function sendGroup(client: WireClient, statements: readonly NamedStatement[]): Dispatch {
  const progress: Progress = { sent: false, completed: 0 }
  const results: TaggedResult[] = []
  let columns: readonly string[] = []
  let rows: Row[] = []
  let known = new Map<string, readonly string[]>()

  const expect = () => {
    columns = known.get(statements[progress.completed]?.name ?? '') ?? []
    rows = []
  }
  const complete = (command: string) => {
    const { name } = statements[progress.completed] ?? {}
    if (name !== undefined) known.set(name, columns)
    progress.completed += 1
    results.push({ rows, command })
    expect()
  }

  const settled = new Promise<TaggedResult[]>((resolve, reject) => {
    const submittable = {
      // node-postgres wraps this to end its own query_timeout.
      callback(error: unknown) {
        if (error === null) resolve(results)
        else reject(error)
      },

      submit(connection: WireConnection): Error | null {
        if (connection.stream?.writable === false) return new Error('The connection is closed')
        known = prepared.get(connection) ?? known
        prepared.set(connection, known)
        expect()
        progress.sent = true
        // Without this each message would travel in a packet of its own.
        connection.stream?.cork?.()
        try {
          write(connection, statements, known)
        } catch (error) {
          // Half a group without its Sync would run together with the next one.
          connection.stream?.destroy?.()
          return error as Error
        } finally {
          connection.stream?.uncork?.()
        }
        return null
      },

      handleRowDescription({ fields }: { fields: readonly { name: string }[] }) {
        columns = fields.map((field) => field.name)
      },
      handleDataRow({ fields }: { fields: readonly (string | null)[] }) {
        const row: Record<string, string | null> = {}
        let at = 0
        for (const column of columns) row[column] = fields[at++] ?? null
        rows.push(row)
      },
      handleCommandComplete({ text }: { text: string }) {
        complete(text)
      },
      handleEmptyQuery() {
        complete('')
      },
      handleReadyForQuery() {
        submittable.callback(null)
      },
      handleError(error: unknown) {
        // 26000: somebody has deallocated it; 0A000: its tables have changed. Prepare it afresh.
        const { code } = (error ?? {}) as { code?: unknown }
        const { name } = statements[progress.completed] ?? {}
        if ((code === '26000' || code === '0A000') && name !== undefined) known.delete(name)
        submittable.callback(error)
      },
      handlePortalSuspended() {},
      handleCopyInResponse(connection: WireConnection) {
        connection.sendCopyFail('The store copies nothing in.')
      },
      handleCopyData() {},
    }
    client.query(submittable)
  })

  return { results: settled, progress }
}

function write(
  connection: WireConnection,
  statements: readonly NamedStatement[],
  known: ReadonlyMap<string, unknown>,
): void {
  const named = new Set<string>()
  for (const { text, params = [], name = '' } of statements) {
    const isKnown = known.has(name)
    if (!isKnown && !named.has(name)) {
      if (name !== '') {
        // An earlier group may have failed just after it had prepared this; closing always succeeds.
        connection.close({ type: 'S', name })
        named.add(name)
      }
      connection.parse({ name, text })
    }
    connection.bind({ statement: name, values: params })
    if (!isKnown) connection.describe({ type: 'P', name: '' })
    connection.execute({ rows: 0 })
  }
  connection.sync()
}
