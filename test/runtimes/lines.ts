/** What a run of the suite inside a runtime tells those outside: one line of JSON at a time. */

/** One line. */
export type Line =
  /** The first one. */
  | { readonly kind: 'plan'; readonly version: string; readonly promises: readonly string[] }
  | {
      readonly kind: 'promise'
      readonly name: string
      readonly error?: string
    }
  /** The last one: the store and its driver were closed as well. */
  | { readonly kind: 'end' }
  /** The run broke off. */
  | { readonly kind: 'broken'; readonly error: string }

/** Reads a line; whatever else a runtime prints is none. */
export function parseLine(text: string): Line | undefined {
  if (!text.startsWith('{"kind":')) return undefined
  try {
    return JSON.parse(text) as Line
  } catch {
    return undefined
  }
}
