/** Key-value as the promises say, without a clock: what has expired is not there. */
import { Decimal, sum } from './decimal.js'
import { equal, fromInput, Refusal, refuse, type Value } from './documents.js'
import { matches } from './glob.js'

interface Held {
  readonly value: Value
  /** Seconds, or `Infinity`. */
  readonly ttl: number
}

/** All keys. */
export class KeyValueModel {
  readonly #held: Map<string, Held>

  constructor(held: ReadonlyMap<string, Held> = new Map()) {
    this.#held = new Map(held)
  }

  copy(): KeyValueModel {
    return new KeyValueModel(this.#held)
  }

  get(key: string): Value {
    return this.#held.get(named(key))?.value ?? null
  }

  set(key: string, input: unknown, ttl: number | undefined): void {
    this.#held.set(named(key), { value: valueFrom(input), ttl: lifetime(ttl) })
  }

  setIfAbsent(key: string, input: unknown, ttl: number | undefined): boolean {
    const next = { value: valueFrom(input), ttl: lifetime(ttl) }
    if (this.#held.has(named(key))) return false
    this.#held.set(key, next)
    return true
  }

  compareAndSet(key: string, expected: unknown, input: unknown, ttl: number | undefined): boolean {
    const [wanted, next] = [valueFrom(expected), { value: valueFrom(input), ttl: lifetime(ttl) }]
    const held = this.#held.get(named(key))
    if (held === undefined || !equal(held.value, wanted)) return false
    this.#held.set(key, next)
    return true
  }

  delete(key: string): void {
    this.#held.delete(named(key))
  }

  increment(key: string, by: number): Value {
    if (!Number.isFinite(by)) refuse('invalid-argument')
    const { value, ttl } = this.#held.get(named(key)) ?? { value: 0, ttl: Number.POSITIVE_INFINITY }
    const result =
      typeof value === 'number' || value instanceof Decimal ? sum(value, by) : undefined
    if (result === undefined) throw new Refusal('type-mismatch')
    this.#held.set(key, { value: result, ttl })
    return result
  }

  ttl(key: string): number | null {
    return this.#held.get(named(key))?.ttl ?? null
  }

  keys(pattern: string): readonly string[] {
    const checked = named(pattern)
    return [...this.#held.keys()]
      .filter((key) => matches(checked, key))
      .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  }

  clear(pattern: string): number {
    const gone = this.keys(pattern)
    for (const key of gone) this.#held.delete(key)
    return gone.length
  }
}

const named = (key: string) => (key === '' ? refuse('invalid-argument') : key)

function valueFrom(input: unknown): Value {
  const value = fromInput(input)
  return value === undefined ? refuse('invalid-argument') : value
}

function lifetime(ttl: number | undefined): number {
  if (ttl === undefined) return Number.POSITIVE_INFINITY
  return Number.isFinite(ttl) && ttl > 0 ? ttl : refuse('invalid-argument')
}
