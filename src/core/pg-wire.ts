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

/**
 * The statements that a connection has prepared, for its lifetime, by the columns of what they give.
 * These never change (the server refuses with 0A000), so nobody asks for them again.
 */
const prepared = new WeakMap<WireConnection, Map<string, readonly string[]>>()

/** Whether the client takes message groups: it shows its connection, and is not in `pipeline` mode. */
export function takesGroups(client: unknown): client is WireClient {
  const { connection, pipeline } = client as Partial<WireClient>
  return (
    pipeline !== true &&
    typeof connection === 'object' &&
    connection !== null &&
    (prepared.has(connection) ||
      messages.every((message) => typeof connection[message] === 'function'))
  )
}

/** Writes the statements and reads their answers. After a failure the server skips the rest. */
export function sendGroup(client: WireClient, statements: readonly NamedStatement[]): Dispatch {
  const progress: Progress = { sent: false, completed: 0 }
  const results = new Promise<TaggedResult[]>((resolve, reject) => {
    client.query(new Group(statements, progress, resolve, reject))
  })
  return { results, progress }
}

/** What node-postgres submits, and then tells of all that the server answers. */
class Group {
  readonly #statements: readonly NamedStatement[]
  readonly #progress: Progress
  readonly #results: TaggedResult[] = []
  /** node-postgres wraps this to end its own query_timeout. */
  readonly callback: (error: unknown) => void
  #known = new Map<string, readonly string[]>()
  #columns: readonly string[] = []
  #rows: Row[] = []

  constructor(
    statements: readonly NamedStatement[],
    progress: Progress,
    resolve: (results: TaggedResult[]) => void,
    reject: (error: unknown) => void,
  ) {
    this.#statements = statements
    this.#progress = progress
    const results = this.#results
    // By way of a variable: V8 puts a function that is assigned as it is written into the old
    // generation, where it would keep all rows until the next full collection.
    const callback = (error: unknown): void => {
      if (error === null) resolve(results)
      else reject(error)
    }
    this.callback = callback
  }

  submit(connection: WireConnection): Error | null {
    const { stream } = connection
    if (stream?.writable === false) return new Error('The connection is closed')
    const known = prepared.get(connection)
    if (known === undefined) prepared.set(connection, this.#known)
    else this.#known = known
    this.#expect()
    this.#progress.sent = true
    // Without this each message would travel in a packet of its own.
    stream?.cork?.()
    try {
      write(connection, this.#statements, this.#known)
    } catch (error) {
      // Half a group without its Sync would run together with the next one.
      stream?.destroy?.()
      return error as Error
    } finally {
      stream?.uncork?.()
    }
    return null
  }

  handleRowDescription({ fields }: { fields: readonly { name: string }[] }): void {
    this.#columns = fields.map((field) => field.name)
  }

  handleDataRow({ fields }: { fields: readonly (string | null)[] }): void {
    const row: Record<string, string | null> = {}
    let at = 0
    for (const column of this.#columns) row[column] = fields[at++] ?? null
    this.#rows.push(row)
  }

  handleCommandComplete({ text }: { text: string }): void {
    this.#complete(text)
  }

  handleEmptyQuery(): void {
    this.#complete('')
  }

  handleReadyForQuery(): void {
    this.callback(null)
  }

  handleError(error: unknown): void {
    // 26000: somebody has deallocated it; 0A000: its tables have changed. Prepare it afresh.
    const { code } = (error ?? {}) as { code?: unknown }
    const name = this.#current()?.name
    if ((code === '26000' || code === '0A000') && name !== undefined) this.#known.delete(name)
    this.callback(error)
  }

  handlePortalSuspended(): void {}

  handleCopyInResponse(connection: WireConnection): void {
    connection.sendCopyFail('The store copies nothing in.')
  }

  handleCopyData(): void {}

  #current(): NamedStatement | undefined {
    return this.#statements[this.#progress.completed]
  }

  #expect(): void {
    const name = this.#current()?.name
    this.#columns = (name === undefined ? undefined : this.#known.get(name)) ?? []
    this.#rows = []
  }

  #complete(command: string): void {
    const name = this.#current()?.name
    if (name !== undefined) this.#known.set(name, this.#columns)
    this.#results.push({ rows: this.#rows, command })
    this.#progress.completed += 1
    this.#expect()
  }
}

function write(
  connection: WireConnection,
  statements: readonly NamedStatement[],
  known: ReadonlyMap<string, unknown>,
): void {
  let named: Set<string> | undefined
  for (const { text, params = [], name = '' } of statements) {
    const isKnown = known.has(name)
    if (!isKnown && !named?.has(name)) {
      if (name !== '') {
        // An earlier group may have failed just after it had prepared this; closing always succeeds.
        connection.close({ type: 'S', name })
        named ??= new Set()
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
