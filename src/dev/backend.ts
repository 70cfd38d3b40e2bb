/**
 * Messages that a server sends: those that the endpoint writes itself, and those that it reads.
 *
 * @module
 */
import { createBodyReader, cstring, frame, int32 } from './wire.js'

/** What an ErrorResponse tells, under the names that Neon's HTTP answers use. */
export interface ServerFields {
  readonly message: string
  readonly code?: string | undefined
  readonly detail?: string | undefined
  readonly hint?: string | undefined
  readonly position?: string | undefined
  readonly internalPosition?: string | undefined
  readonly internalQuery?: string | undefined
  readonly severity?: string | undefined
  readonly where?: string | undefined
  readonly table?: string | undefined
  readonly column?: string | undefined
  readonly schema?: string | undefined
  readonly dataType?: string | undefined
  readonly constraint?: string | undefined
  readonly file?: string | undefined
  readonly line?: string | undefined
  readonly routine?: string | undefined
}

/** The letter of each field in an ErrorResponse, in the order in which Neon answers them. */
export const errorLetters: Readonly<Record<keyof ServerFields, string>> = {
  message: 'M',
  code: 'C',
  detail: 'D',
  hint: 'H',
  position: 'P',
  internalPosition: 'p',
  internalQuery: 'q',
  severity: 'S',
  where: 'W',
  table: 't',
  column: 'c',
  schema: 's',
  dataType: 'd',
  constraint: 'n',
  file: 'F',
  line: 'L',
  routine: 'R',
}

const names = new Map(
  Object.entries(errorLetters).map(([name, letter]) => [letter, name as keyof ServerFields]),
)

export function readError(body: Buffer): ServerFields {
  const reader = createBodyReader(body)
  const fields: { -readonly [name in keyof ServerFields]: ServerFields[name] } = { message: '' }
  while (reader.left() > 0) {
    const letter = reader.byte()
    if (letter === 0) break
    const text = reader.cstring()
    const name = names.get(String.fromCharCode(letter))
    if (name !== undefined) fields[name] = text
  }
  return fields
}

/** A column of a result, as Neon describes it. */
export interface Field {
  readonly name: string
  readonly dataTypeID: number
  readonly tableID: number
  readonly columnID: number
  readonly dataTypeSize: number
  readonly dataTypeModifier: number
  readonly format: 'text' | 'binary'
}

export function readRowDescription(body: Buffer): Field[] {
  const reader = createBodyReader(body)
  return Array.from({ length: reader.int16() }, () => {
    const name = reader.cstring()
    const tableID = reader.uint32()
    const columnID = reader.int16()
    const dataTypeID = reader.uint32()
    const dataTypeSize = reader.int16()
    const dataTypeModifier = reader.int32()
    const format = reader.int16() === 0 ? 'text' : 'binary'
    return { name, dataTypeID, tableID, columnID, dataTypeSize, dataTypeModifier, format }
  })
}

export function readDataRow(body: Buffer): (string | null)[] {
  const reader = createBodyReader(body)
  return Array.from({ length: reader.int16() }, () => {
    const size = reader.int32()
    return size < 0 ? null : reader.bytes(size).toString('utf8')
  })
}

/** What `ReadyForQuery` says: idle, in a transaction, or in one that has failed. */
export type TransactionStatus = 'I' | 'T' | 'E'

export const readStatus = (body: Buffer) =>
  String.fromCharCode(body[0] ?? 0x49) as TransactionStatus

export const readyForQuery = (status: TransactionStatus) => frame('Z', Buffer.from(status))

export const passwordRequest = frame('R', int32(3))
export const authenticated = frame('R', int32(0))

export const parameterStatus = (name: string, value: string): Buffer =>
  frame('S', cstring(name), cstring(value))

export const backendKeyData = ({ pid, secret }: { pid: number; secret: Buffer }): Buffer =>
  frame('K', int32(pid), secret)

/** Tells a client that asked for a newer protocol, or for options of it, what it gets. */
export function negotiateProtocol(minor: number, unknownOptions: readonly string[]): Buffer {
  return frame('v', int32(minor), int32(unknownOptions.length), ...unknownOptions.map(cstring))
}

export function errorResponse(fields: ServerFields): Buffer {
  const severity = fields.severity ?? 'ERROR'
  const parts = [Buffer.from('V'), cstring(severity)]
  for (const [name, letter] of Object.entries(errorLetters)) {
    const text = name === 'severity' ? severity : fields[name as keyof ServerFields]
    // A NUL would end the field, and with it the sense of all that follows.
    if (text !== undefined) parts.push(Buffer.from(letter), cstring(text.replaceAll('\0', '')))
  }
  return frame('E', ...parts, Buffer.from([0]))
}
