/**
 * Chunks of text or bytes to lines, whatever brings them.
 *
 * @module
 */
import { StoreError } from '../core/errors.js'

/** Text, or its bytes in UTF-8; lines may be split anywhere, also inside a character. */
export type Chunk = string | Uint8Array

/** What an import reads from. */
export type ChunkSource = AsyncIterable<Chunk> | Iterable<Chunk> | ReadableStream<Chunk>

/** A longer line is no line of an export, and would only fill the memory. */
const maxLineUnits = 256 * 1024 * 1024

/** A line without its line feed, and its number from 1. */
export interface Line {
  readonly number: number
  readonly text: string
}

/** An error about a line of the input. */
export function badLine(number: number, problem: string, details: object = {}): StoreError {
  return new StoreError('invalid-argument', `Line ${number} ${problem}`, {
    details: { ...details, line: number },
  })
}

/** Lines as they come. A carriage return before the line feed is taken off. */
export async function* readLines(source: ChunkSource): AsyncGenerator<Line> {
  let number = 0
  let parts: string[] = []
  let units = 0
  const finish = (tail: string): Line => {
    number += 1
    parts.push(tail)
    const joined = parts.join('')
    // Some editors put a byte order mark in front.
    const whole = number === 1 && joined.startsWith('\ufeff') ? joined.slice(1) : joined
    parts = []
    units = 0
    return { number, text: whole.endsWith('\r') ? whole.slice(0, -1) : whole }
  }
  for await (const text of decoded(source, () => number + 1)) {
    let from = 0
    for (let to = text.indexOf('\n'); to !== -1; to = text.indexOf('\n', from)) {
      yield finish(text.slice(from, to))
      from = to + 1
    }
    if (from < text.length) parts.push(from === 0 ? text : text.slice(from))
    units += text.length - from
    if (units > maxLineUnits) {
      throw badLine(number + 1, `is longer than ${maxLineUnits} characters; no export has such.`)
    }
  }
  if (parts.length > 0) yield finish('')
}

async function* decoded(source: ChunkSource, line: () => number): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const decode = (bytes?: Uint8Array) => {
    try {
      return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true })
    } catch {
      throw badLine(line(), 'is not UTF-8; a compressed file has to be unpacked first.')
    }
  }
  for await (const chunk of chunks(source)) {
    if (typeof chunk === 'string') yield chunk
    else if (chunk instanceof Uint8Array) yield decode(chunk)
    else {
      throw new StoreError('invalid-argument', 'lines must give strings or Uint8Arrays.', {
        details: { path: 'lines' },
      })
    }
  }
  yield decode()
}

async function* chunks(source: ChunkSource): AsyncGenerator<Chunk> {
  // A string would be read character by character.
  if (typeof source === 'string') yield source
  else if (Symbol.asyncIterator in source || Symbol.iterator in source) {
    yield* source as AsyncIterable<Chunk>
  } else {
    // Not every browser's stream can be iterated.
    const reader = (source as ReadableStream<Chunk>).getReader()
    try {
      for (;;) {
        const { done, value } = await reader.read()
        if (done) return
        yield value
      }
    } finally {
      await reader.cancel().catch(() => undefined)
    }
  }
}
