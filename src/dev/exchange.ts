/**
 * Statements on a session, and their answers as the JSON that Neon gives over HTTP.
 *
 * @module
 */
import {
  type Field,
  readDataRow,
  readError,
  readRowDescription,
  readStatus,
  type TransactionStatus,
} from './backend.js'
import { failure } from './failure.js'
import { simpleQuery, statementMessages, sync } from './frontend.js'
import type { UpstreamSession } from './upstream.js'
import { columnJson } from './values.js'
import { createMessageReader, type WireMessage } from './wire.js'

/** A statement of a request. */
export interface SqlStatement {
  readonly text: string
  readonly params: readonly (string | null)[]
  readonly arrayMode: boolean
}

/** How answers are written. */
export interface OutputOptions {
  /** Every column as the text that the server sent. */
  readonly raw: boolean
  /** Rows may not add up to more bytes than this. */
  readonly maxBytes: number
}

/** A failure after which the session cannot be used any more: an answer is still under way. */
export const unusable = new WeakSet<object>()

export interface Exchange {
  /** Runs statements in one group; the first that fails ends it. Gives the JSON of each answer. */
  run(statements: readonly SqlStatement[]): Promise<string[]>
  /** Runs a command that answers with no rows. */
  command(text: string): Promise<void>
  /** As the server last said. */
  readonly status: TransactionStatus
}

const largestMessage = 0x7fffffff

/** Speaks with the server on a session that nobody else reads. */
export function createExchange(session: UpstreamSession, output: OutputOptions): Exchange {
  const { stream } = session
  const reader = createMessageReader(largestMessage)
  let status: TransactionStatus = 'I'
  let bytes = 0

  function send(messages: Buffer, statements: readonly SqlStatement[]): Promise<string[]> {
    return new Promise((resolve, reject) => {
      const answers: string[] = []
      let error: Error | undefined
      let result = emptyResult(statements[0], output)

      const settle = (done: () => void) => {
        stream.pause()
        stream.removeListener('data', onData)
        stream.removeListener('close', onClose)
        done()
      }
      const onClose = () =>
        settle(() => {
          const lost = failure(500, {
            severity: 'FATAL',
            code: '08006',
            message: 'The connection to the database was lost.',
          })
          unusable.add(error ?? lost)
          reject(error ?? lost)
        })
      const handle = ({ type, body }: WireMessage): boolean => {
        if (type === 'D') bytes += body.length
        if (bytes > output.maxBytes) {
          const tooLarge = failure(507, {
            code: '54000',
            message: `response is too large (max is ${output.maxBytes} bytes)`,
          })
          unusable.add(tooLarge)
          settle(() => reject(tooLarge))
          return false
        }
        if (type === 'T') result.describe(readRowDescription(body))
        else if (type === 'D') result.add(readDataRow(body))
        else if (type === 'C' || type === 'I') {
          answers.push(result.complete(body.toString('utf8', 0, Math.max(body.length - 1, 0))))
          result = emptyResult(statements[answers.length], output)
        } else if (type === 'E') error ??= failure(400, readError(body))
        else if (type === 'Z') {
          status = readStatus(body)
          settle(() => (error === undefined ? resolve(answers) : reject(error)))
        }
        return true
      }
      const onData = (chunk: Buffer) => {
        reader.push(chunk)
        for (let next = reader.next(); next !== null; next = reader.next()) {
          if (!handle(next)) return
        }
      }
      if (stream.destroyed || !stream.writable) return onClose()
      stream.on('data', onData)
      stream.on('close', onClose)
      stream.resume()
      stream.write(messages)
    })
  }

  return {
    run: (statements) =>
      send(
        Buffer.concat([
          ...statements.map(({ text, params }) => statementMessages(text, params)),
          sync,
        ]),
        statements,
      ),
    async command(text) {
      await send(simpleQuery(text), [])
    },
    get status() {
      return status
    },
  }
}

/** Collects the answer to one statement. */
function emptyResult(statement: SqlStatement | undefined, { raw }: OutputOptions) {
  const asArray = statement?.arrayMode ?? false
  const rows: string[] = []
  let fields: Field[] = []
  let columns: readonly { readonly at: number; readonly key: string; readonly type: number }[] = []
  return {
    describe(described: Field[]) {
      fields = described
      const all = described.map(({ name, dataTypeID }, at) => ({ at, name, type: dataTypeID }))
      // Of columns with the same name an object can hold one: the last.
      const last = new Map(all.map(({ at, name }) => [name, at]))
      columns = all
        .filter(({ at, name }) => asArray || last.get(name) === at)
        .map(({ at, name, type }) => ({ at, type, key: asArray ? '' : `${JSON.stringify(name)}:` }))
    },
    add(values: readonly (string | null)[]) {
      const parts = columns.map(
        ({ at, key, type }) => key + columnJson(values[at] ?? null, type, raw),
      )
      rows.push(asArray ? `[${parts.join(',')}]` : `{${parts.join(',')}}`)
    },
    complete(tag: string): string {
      const words = tag.split(' ')
      const command = words[0] ?? ''
      // INSERT tells an object id before the number of rows.
      const count = words[command === 'INSERT' ? 2 : 1]
      const rowCount = count !== undefined && /^\d+$/.test(count) ? count : 'null'
      return (
        `{"fields":${JSON.stringify(fields)},"rows":[${rows.join(',')}],` +
        `"command":${JSON.stringify(command)},"rowCount":${rowCount},"rowAsArray":${asArray}}`
      )
    },
  }
}
