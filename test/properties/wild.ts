/** JSON without restraint: whatever can be stored, with keys that trip up implementations. */
import fc from 'fast-check'
import { edgeNumber, fieldNames, innerNames } from './pools.js'

/** Any text that Postgres can store. */
export const text: fc.Arbitrary<string> = fc
  .oneof(
    { weight: 4, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) },
    { weight: 2, arbitrary: fc.string({ unit: 'grapheme', maxLength: 8 }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        '"',
        '\\',
        "'",
        '\\u0000',
        '{}',
        '$1',
        '%s',
        '\u2028',
        '\ud7ff',
        '\u{10ffff}',
      ),
    },
  )
  .map((given) => given.replaceAll('\0', ''))

const longKeys = ['k'.repeat(3000), '"\\é😀'.repeat(700)] as const

const innerKey: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom<string>(...innerNames) },
  { weight: 3, arbitrary: text },
  { weight: 1, arbitrary: fc.constantFrom<string>(...longKeys, 'toString', 'constructor') },
)

/** Keys at the top level, where a dot leads into an object, so that no segment may be empty. */
export const topKey: fc.Arbitrary<string> = fc
  .oneof(
    { weight: 6, arbitrary: fc.constantFrom<string>(...fieldNames) },
    { weight: 3, arbitrary: innerKey },
    { weight: 2, arbitrary: fc.tuple(innerKey, innerKey).map((segments) => segments.join('.')) },
  )
  .map((key) =>
    key.split('.').includes('') || /^version(\.|$)/.test(key)
      ? `_${key.replaceAll('.', '_')}`
      : key,
  )

/** Numbers as JSON has them. */
export const number: fc.Arbitrary<number> = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  edgeNumber,
)

const leaf: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(null) },
  { weight: 3, arbitrary: text },
  { weight: 2, arbitrary: number },
  { weight: 1, arbitrary: fc.boolean() },
)

const tree = fc.letrec<{ value: unknown; object: Record<string, unknown> }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 6, depthSize: 'medium', withCrossShrink: true },
    { weight: 4, arbitrary: leaf },
    { weight: 5, arbitrary: tie('object') },
    { weight: 2, arbitrary: fc.array(tie('value'), { maxLength: 4 }) },
  ),
  object: fc
    .array(fc.tuple(innerKey, tie('value')), { maxLength: 4 })
    .map((members) => Object.fromEntries(members)),
}))

/** Any JSON value, nulls and empty objects at every depth included. */
export const json = tree.value

/** Metadata, or a patch of it. */
export const document: fc.Arbitrary<Record<string, unknown>> = fc
  .array(fc.tuple(topKey, json), { maxLength: 6 })
  .map((members) => Object.fromEntries(members))
