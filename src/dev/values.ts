/**
 * Values between JSON and the text of PostgreSQL, as Neon's proxy translates them.
 *
 * @module
 */

/** A parameter as text; null is NULL, and an array becomes an array literal. */
export function toText(value: unknown): string | null {
  if (value === null) return null
  if (typeof value === 'string') return value
  return Array.isArray(value) ? arrayLiteral(value) : JSON.stringify(value)
}

function arrayLiteral(values: readonly unknown[]): string {
  const elements = values.map((value) => {
    if (value === null) return 'NULL'
    if (Array.isArray(value)) return arrayLiteral(value)
    if (typeof value === 'boolean' || typeof value === 'number') return JSON.stringify(value)
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    return `"${text.replace(/["\\]/g, '\\$&')}"`
  })
  return `{${elements.join(',')}}`
}

/** The types whose text becomes JSON of its own kind; every other stays a string. */
const toJson: Readonly<Record<number, (text: string) => string>> = {
  16: (text) => (text === 't' ? 'true' : 'false'),
  21: (text) => text,
  23: (text) => text,
  700: number,
  701: number,
  114: (text) => text,
  3802: (text) => text,
}

/** The element type of each array type whose elements are not strings. */
const elementTypes: Readonly<Record<number, number>> = {
  1000: 16,
  1005: 21,
  1007: 23,
  1021: 700,
  1022: 701,
  199: 114,
  3807: 3802,
}

/** Array types of strings, by their elements' separator, where it is a comma. */
const stringArrays = new Set([
  1001, 1002, 1003, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 1015, 1016, 1017, 1018, 1019, 1027,
  1028, 1034, 1040, 1041, 1115, 1182, 1183, 1185, 1187, 1231, 1263, 1270, 1561, 1563, 2201, 2207,
  2208, 2209, 2210, 2211, 2949, 2951, 3221, 3643, 3644, 3645, 3735, 3770, 3905, 3907, 3909, 3911,
  3913, 3927, 4073, 6150, 6151, 6152, 6153, 6155, 6157, 629, 651, 719, 775, 791, 143, 1000,
])

// NaN and the infinities have no JSON number.
function number(text: string): string {
  return Number.isFinite(Number(text)) ? text : JSON.stringify(text)
}

/** The JSON of a column's text: a string for `raw` output, else what its type calls for. */
export function columnJson(text: string | null, type: number, raw: boolean): string {
  if (text === null) return 'null'
  if (raw) return JSON.stringify(text)
  const elementType = elementTypes[type] ?? (stringArrays.has(type) ? 25 : undefined)
  if (elementType !== undefined) return arrayJson(text, elementType)
  return toJson[type]?.(text) ?? JSON.stringify(text)
}

/** Reads an array literal, with bounds before it or not. */
function arrayJson(literal: string, elementType: number): string {
  const convert = toJson[elementType] ?? JSON.stringify
  let at = literal.indexOf('{')
  let json = ''
  while (at < literal.length) {
    const sign = literal[at]
    if (sign === '{' || sign === '}' || sign === ',') {
      json += sign === '{' ? '[' : sign === '}' ? ']' : ','
      at += 1
    } else if (sign === '"') {
      let text = ''
      for (at += 1; literal[at] !== '"'; at += 1) {
        if (literal[at] === '\\') at += 1
        text += literal[at] ?? ''
      }
      json += convert(text)
      at += 1
    } else {
      const end = at + literal.slice(at).search(/[,}]/)
      const text = literal.slice(at, end)
      json += text === 'NULL' ? 'null' : convert(text)
      at = end
    }
  }
  return json
}
