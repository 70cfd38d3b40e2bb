/** A little help with the document. Text only ever becomes text. */

/** The element with this id, which the page has. */
export function element<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`The page has no #${id}.`)
  return found as T
}

/** Makes an element. */
export function make(
  tag: string,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly (Node | string)[]
): HTMLElement {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value)
  made.append(...children)
  return made
}

/** Terms and what they are, as the inside of a `dl`. */
export function facts(pairs: readonly (readonly [string, string])[]): HTMLElement[] {
  return pairs.map(([term, text]) => make('div', {}, make('dt', {}, term), make('dd', {}, text)))
}

/** A length of time in words. */
export function duration(ms: number): string {
  return ms < 1000 ? `${Math.max(0, Math.round(ms))} ms` : `${(ms / 1000).toFixed(1)} s`
}

/** A size in words. */
export function size(bytes: number | null): string {
  if (bytes === null) return 'not told'
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(0)} kB`
  if (bytes < 1e9) return `${(bytes / 1e6).toFixed(1)} MB`
  return `${(bytes / 1e9).toFixed(1)} GB`
}
