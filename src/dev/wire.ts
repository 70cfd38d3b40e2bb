/**
 * Messages of PostgreSQL's wire protocol 3: cut out of a stream of bytes, and put together.
 *
 * @module
 */

/** A message: its type byte as a character (empty for those of the start-up) and what it carries. */
export interface WireMessage {
  readonly type: string
  readonly body: Buffer
}

/** A client or server that breaks the framing; nothing that follows can be understood. */
export function protocolViolation(message: string): Error & { readonly code: string } {
  return Object.assign(new Error(message), { code: '08P01' })
}

/** Collects bytes until whole messages are there. */
export interface MessageReader {
  push(chunk: Buffer): void
  /**
   * The next whole message, or null. `typed: false` reads one of the start-up, without a type.
   * @throws an error with code 08P01 if the length that is announced cannot be right.
   */
  next(typed?: boolean): WireMessage | null
  /** What has come and was not read. */
  rest(): Buffer
}

/** Reads messages of at most `maxBytes` each. */
export function createMessageReader(maxBytes: number): MessageReader {
  let chunks: Buffer[] = []
  let length = 0

  const gather = (): Buffer => {
    const whole = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, length)
    chunks = whole === undefined ? [] : [whole]
    return whole ?? Buffer.alloc(0)
  }

  /** The first bytes without joining megabytes that may be waiting behind them. */
  const peek = (wanted: number): Buffer => {
    const [first] = chunks
    return first !== undefined && first.length >= wanted ? first : gather()
  }

  return {
    push(chunk) {
      if (chunk.length === 0) return
      chunks.push(chunk)
      length += chunk.length
    },
    next(typed = true) {
      const start = typed ? 1 : 0
      if (length < start + 4) return null
      const head = peek(start + 4)
      const size = head.readUInt32BE(start)
      if (size < 4 || size > maxBytes) {
        throw protocolViolation(`invalid message length ${size}`)
      }
      if (length < start + size) return null
      const whole = peek(start + size)
      const message = {
        type: typed ? String.fromCharCode(whole[0] ?? 0) : '',
        body: whole.subarray(start + 4, start + size),
      }
      const rest = whole.subarray(start + size)
      chunks.shift()
      if (rest.length > 0) chunks.unshift(rest)
      length -= start + size
      return message
    },
    rest() {
      const whole = gather()
      chunks = []
      length = 0
      return whole
    },
  }
}

/** A message of `type` around a body. */
export function frame(type: string, ...parts: readonly Buffer[]): Buffer {
  const size = parts.reduce((sum, part) => sum + part.length, 4)
  const head = Buffer.allocUnsafe(type.length + 4)
  head.write(type, 'latin1')
  head.writeUInt32BE(size, type.length)
  return Buffer.concat([head, ...parts], type.length + size)
}

/** A text with its closing NUL. */
export const cstring = (text: string): Buffer => Buffer.from(`${text}\0`)

export function int16(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(2)
  bytes.writeUInt16BE(value)
  return bytes
}

export function int32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeInt32BE(value)
  return bytes
}

/** Reads the body of a message from front to back. */
export function createBodyReader(body: Buffer) {
  let at = 0
  const take = (size: number): number => {
    const start = at
    if (start + size > body.length) throw protocolViolation('insufficient data left in message')
    at += size
    return start
  }
  return {
    left() {
      return body.length - at
    },
    byte: () => body.readUInt8(take(1)),
    int16: () => body.readInt16BE(take(2)),
    int32: () => body.readInt32BE(take(4)),
    uint32: () => body.readUInt32BE(take(4)),
    bytes: (size: number) => {
      const start = take(size)
      return body.subarray(start, start + size)
    },
    cstring: () => {
      const end = body.indexOf(0, at)
      if (end < 0) throw protocolViolation('invalid string in message')
      const text = body.toString('utf8', at, end)
      at = end + 1
      return text
    },
  }
}
