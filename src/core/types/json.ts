/**
 * JSON: what the store gives, and what it takes.
 *
 * @module
 */

/** Anything that JSON can say. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue }

/** A JSON object. */
export type JsonObject = { readonly [key: string]: JsonValue }

/**
 * What may be given where JSON is stored: what `JSON.stringify` accepts, nested at most 100 deep. A
 * `Date` becomes its ISO string. `NaN`, `Infinity`, BigInt, functions, symbols, Maps, Sets, cycles,
 * NUL characters and lone surrogates are refused with `invalid-argument` when it is used.
 */
export type JsonInput = unknown

/**
 * An object of {@link JsonInput}. Its values are `any`, since TypeScript takes what an `interface`
 * describes for nothing else: an interface has no index signature of its own.
 */
export interface ObjectInput {
  // biome-ignore lint/suspicious/noExplicitAny: with `unknown`, TypeScript refuses values typed by an interface
  readonly [field: string]: any
}
