/**
 * Positions of a prune: JSON of texts, of which the last is a number.
 *
 * @module
 */
import { toJson } from './json-values.js'

/** Behind a position at which everything is left alone, since others are writing it. */
export function behind(position: string | undefined): string {
  const parts = JSON.parse(position ?? '[]') as string[]
  return JSON.stringify([...parts.slice(0, -1), String(BigInt(parts.at(-1) ?? 0) + 1n)])
}

/** Whether a text is a position of so many parts. Of four, the third is a number as well. */
export function isPosition(text: string, lengths: readonly number[]): boolean {
  try {
    const parts = toJson(JSON.parse(text), 'cursor', undefined)
    return (
      Array.isArray(parts) &&
      lengths.includes(parts.length) &&
      parts.every((part) => typeof part === 'string') &&
      [parts.at(-1), parts.length === 4 ? parts[2] : '0'].every(isInt8)
    )
  } catch {
    return false
  }
}

const isInt8 = (text: unknown) =>
  /^-?\d{1,19}$/.test(String(text)) &&
  BigInt.asIntN(64, BigInt(String(text))) === BigInt(String(text))
