/**
 * Messages that a client sends.
 *
 * @module
 */
import { cstring, frame, int16, int32 } from './wire.js'

const none = int16(0)

export const sync = frame('S')

export const simpleQuery = (text: string): Buffer => frame('Q', cstring(text))

/**
 * Refuses a COPY from the client, and is ignored after any other command. Sent behind a command, it
 * keeps a COPY from taking what follows for its data, and from waiting for some.
 */
export const noCopy = frame('f', cstring('this endpoint takes no data for it here'))

/**
 * A statement by the extended protocol, parameters and columns as text, without the Sync behind it.
 * The extended protocol refuses several statements in one text, as Neon does.
 */
export function statementMessages(text: string, params: readonly (string | null)[]): Buffer {
  const values = params.map((param) => {
    if (param === null) return int32(-1)
    const bytes = Buffer.from(param)
    return Buffer.concat([int32(bytes.length), bytes])
  })
  return Buffer.concat([
    frame('P', cstring(''), cstring(text), none),
    frame('B', cstring(''), cstring(''), none, int16(params.length), ...values, none),
    frame('D', Buffer.from('P'), cstring('')),
    frame('E', cstring(''), int32(0)),
    noCopy,
  ])
}

export const cancelRequestCode = 80877102

export function cancelRequest({ pid, secret }: { pid: number; secret: Buffer }): Buffer {
  return frame('', int32(cancelRequestCode), int32(pid), secret)
}
