/**
 * Random calls. What a call cannot know yet stands in it as a reference, which the walk resolves:
 * `@3` is the id of the stream's fourth event, `@last` that of its last, a `from` or `to` of -3 the
 * time of its fourth, and an expected version of -1 the version that the entry is at.
 */
import fc from 'fast-check'
import type { EventInput } from '../../src/index.js'
import type { PlainCall, StoreCall, TierCall } from './calls.js'
import {
  edgeNumber,
  entryIds,
  fieldNames,
  fields,
  fieldValue,
  filter,
  indexKeys,
  kvKeys,
  kvPatterns,
  subjects,
  subjectTypes,
} from './pools.js'

/** Something that can happen to the store under test. */
export type Happening =
  | TierCall
  | StoreCall
  | { readonly call: 'expire'; readonly key: string }
  /** Calls of one kind in one tick: they are to give what they give one after the other. */
  | { readonly call: 'concurrent'; readonly calls: readonly TierCall[] }
  | {
      readonly call: 'transaction'
      readonly calls: readonly TierCall[]
      readonly commits: boolean
    }

const key = fc.constantFrom<string>(...indexKeys)
const id = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom<string>(...entryIds.slice(0, 3)) },
  { weight: 9, arbitrary: fc.constantFrom<string>(...entryIds) },
  { weight: 1, arbitrary: fc.constant('') },
)
const score = fc.oneof(
  { weight: 10, arbitrary: fc.constantFrom(0, -0, 1, 2, 2.5, -1e300, 1714979289123) },
  { weight: 4, arbitrary: edgeNumber },
  { weight: 1, arbitrary: fc.constant(Number.NaN) },
)
const mostly = <T>(usual: fc.Arbitrary<T>, unusual: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 24, arbitrary: usual }, { weight: 1, arbitrary: unusual })

const metadata = mostly(fields(6), fc.constantFrom({ 'a.': 1 }, { '.': null }, { version: 7 }))
const patch = mostly(
  fields(4),
  fc.constantFrom<Record<string, unknown>>(
    { 'a..b': 1 },
    { 'version.x': 1 },
    { version: 1.5 },
    { version: -1 },
    { version: 1, status: 'x' },
    { version: null },
  ),
)
const expectedVersion = fc.oneof(
  { weight: 8, arbitrary: fc.constant(undefined) },
  { weight: 3, arbitrary: fc.constant(-1) },
  { weight: 1, arbitrary: fc.nat(3) },
)
const path = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom<string>(...fieldNames) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<string | readonly string[]>(
      ['stats', 'total'],
      ['emittedEvents', 'flow.started'],
      ['custom', 'a.b', ''],
      ['config', '__proto__'],
      ['a.b'],
      [],
      'version',
      'a.',
      'custom.a.b.a.b',
    ),
  },
)
const by: fc.Arbitrary<number> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(1, 0.1, -1) },
  { weight: 3, arbitrary: edgeNumber },
)
const count = mostly(fc.nat(4), fc.constantFrom(-1, 0.5, 1000))

const record = <T>(shape: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(shape)
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
const named = <C extends string>(call: C) => fc.constant(call)

const entry = record({ id, score, metadata })
const cursor = fc.record({ score: fc.constantFrom(0, 1, 2, 2.5), id: fc.constantFrom(...entryIds) })
const readOptions = fc.record(
  {
    limit: count,
    offset: mostly(fc.constant(0), fc.nat(3)),
    order: fc.constantFrom('asc' as const, 'desc' as const),
    filter: mostly(filter, fc.constant({ 'a.': 1 })),
    cursor,
  },
  { requiredKeys: [] },
)

const type = mostly(fc.constantFrom('started', 'done', "it's"), fc.constant(''))
const event = fc
  .tuple(
    type,
    fc.record(
      {
        runId: fc.constantFrom('r1', 'elsewhere'),
        flowName: fc.constantFrom<unknown>('f1', '', null, 5, 'x'.repeat(2500)),
        stepName: fieldValue,
        stepId: fc.constantFrom<unknown>('s1', undefined),
        attempt: fc.constantFrom<unknown>(0, 1, 1.5, 2147483648, -1, null, '1'),
        data: fieldValue,
        id: fc.constant('99'),
        ts: fc.constant(1),
      },
      { requiredKeys: [] },
    ),
    fc.oneof({ weight: 2, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: fields(2) }),
  )
  // What belongs to an event stands last, so that the extra fields do not change its type.
  .map(([ownType, own, extra]) => ({ ...extra, ...own, type: ownType }) as EventInput)
const subject = fc.constantFrom<string>(...subjects)
const appendOptions = fc.oneof(
  { weight: 5, arbitrary: fc.constant({}) },
  {
    weight: 3,
    arbitrary: fc.record(
      {
        expectedLastId: fc.constantFrom<string | null>('@last', '@last', '@0', null, '12345678'),
        idempotencyKey: fc.constantFrom('i1', 'i2'),
      },
      { requiredKeys: [] },
    ),
  },
  { weight: 1, arbitrary: fc.constant({ expectEmpty: true }) },
)
const position = fc.constantFrom('@0', '@1', '@2', '@3', '@last', '0', '9223372036854775807')
const eventReadOptions = fc.record(
  {
    types: fc.constantFrom<string[]>(['started'], ['done', "it's"], [], ['started', 'done']),
    after: position,
    before: position,
    from: fc.constantFrom(-1, -3, 0, 0.5, 9e15),
    to: fc.constantFrom(-2, -4, 0, 0.5, 9e15),
    limit: count,
    order: fc.constantFrom('asc' as const, 'desc' as const),
  },
  { requiredKeys: [] },
)

const kvKey = mostly(fc.constantFrom<string>(...kvKeys), fc.constant(''))
// So far apart that the time a test takes cannot turn one into another.
const ttl = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  { weight: 3, arbitrary: fc.constantFrom(10_000, 20_000.5, 315_360_000) },
  { weight: 1, arbitrary: fc.constantFrom(0, -1, Number.NaN, Number.POSITIVE_INFINITY) },
)
const pattern = fc.constantFrom<string>(...kvPatterns)

const plainCall: fc.Arbitrary<PlainCall> = fc.oneof(
  { weight: 6, arbitrary: record({ call: named('index.add'), key, id, score, metadata }) },
  {
    weight: 2,
    arbitrary: record({
      call: named('index.addMany'),
      key,
      entries: fc.array(entry, { maxLength: 4 }),
    }),
  },
  { weight: 2, arbitrary: record({ call: named('index.get'), key, id }) },
  {
    weight: 14,
    arbitrary: record({ call: named('index.update'), key, id, patch, expectedVersion }),
  },
  { weight: 10, arbitrary: record({ call: named('index.increment'), key, id, field: path, by }) },
  { weight: 1, arbitrary: record({ call: named('index.delete'), key, id }) },
  {
    weight: 5,
    arbitrary: record({ call: named('stream.append'), subject, event, options: appendOptions }),
  },
  {
    weight: 4,
    arbitrary: record({
      call: named('stream.appendMany'),
      subject,
      events: fc.array(event, { minLength: 1, maxLength: 3 }),
      options: appendOptions,
    }),
  },
  { weight: 1, arbitrary: record({ call: named('stream.delete'), subject }) },
  { weight: 2, arbitrary: record({ call: named('kv.get'), key: kvKey }) },
  { weight: 3, arbitrary: record({ call: named('kv.set'), key: kvKey, value: fieldValue, ttl }) },
  {
    weight: 2,
    arbitrary: record({ call: named('kv.setIfAbsent'), key: kvKey, value: fieldValue, ttl }),
  },
  {
    weight: 3,
    arbitrary: record({
      call: named('kv.compareAndSet'),
      key: kvKey,
      expected: fieldValue,
      value: fieldValue,
      ttl,
    }),
  },
  { weight: 1, arbitrary: record({ call: named('kv.delete'), key: kvKey }) },
  { weight: 4, arbitrary: record({ call: named('kv.increment'), key: kvKey, by }) },
)

const reading: fc.Arbitrary<TierCall> = fc.oneof(
  record({ call: named('index.getMany'), key, ids: fc.array(id, { maxLength: 4 }) }),
  record({ call: named('index.read'), key, options: readOptions }),
  record({ call: named('index.read'), key, options: readOptions }),
  record({ call: named('index.count'), key, filter: optional(filter) }),
  record({ call: named('stream.read'), subject, options: eventReadOptions }),
  record({
    call: named('stream.iterate'),
    subject,
    options: fc
      .tuple(eventReadOptions, fc.integer({ min: 1, max: 3 }))
      .map(([options, pageSize]) => ({ ...options, pageSize })),
  }),
  record({ call: named('kv.getMany'), keys: fc.array(kvKey, { maxLength: 4 }) }),
  record({ call: named('kv.keys'), pattern }),
  record({ call: named('kv.ttl'), key: kvKey }),
)

const rareWriting: fc.Arbitrary<TierCall> = fc.oneof(
  record({ call: named('index.updateWithRetry'), key, id, patch, expectedVersion }),
  record({ call: named('index.remove'), key, id }),
  record({ call: named('kv.clear'), pattern }),
  record({
    call: named('stream.appendAcross'),
    events: fc.array(record({ subject, event }), { maxLength: 4 }),
  }),
)

const tierCall: fc.Arbitrary<TierCall> = fc.oneof(
  { weight: 14, arbitrary: plainCall },
  { weight: 4, arbitrary: reading },
  { weight: 2, arbitrary: rareWriting },
)

const several = <C extends TierCall>(calls: fc.Arbitrary<C>): fc.Arbitrary<readonly TierCall[]> =>
  fc.array(calls, { minLength: 2, maxLength: 8 })
/** Sums so far out go one by one, and have no order among them. */
const sharedBy = by.filter((amount) => !(Math.abs(amount) > 1e290))
const unconditional = fc.constant({})

const concurrentCalls: fc.Arbitrary<readonly TierCall[]> = fc.oneof(
  several(record({ call: named('index.add'), key, id, score, metadata })),
  several(record({ call: named('index.get'), key, id })),
  {
    weight: 4,
    arbitrary: several(
      record({
        call: named('index.update'),
        key,
        id,
        patch: patch.filter((changes) => !Object.hasOwn(changes, 'version')),
        expectedVersion: fc.constant(undefined),
      }),
    ),
  },
  // What is added to different fields of one entry has no order among it.
  {
    weight: 3,
    arbitrary: path.chain((field) =>
      several(
        record({
          call: named('index.increment'),
          key,
          id,
          field: fc.constant(field),
          by: sharedBy,
        }),
      ),
    ),
  },
  {
    weight: 2,
    arbitrary: several(
      record({ call: named('stream.append'), subject, event, options: unconditional }),
    ),
  },
  several(
    record({
      call: named('stream.appendMany'),
      subject,
      events: fc.array(event, { minLength: 1, maxLength: 3 }),
      options: unconditional,
    }),
  ),
  several(record({ call: named('kv.get'), key: kvKey })),
  several(record({ call: named('kv.set'), key: kvKey, value: fieldValue, ttl })),
  {
    weight: 3,
    arbitrary: several(record({ call: named('kv.increment'), key: kvKey, by: sharedBy })),
  },
)

/** Anything that can happen. */
export const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 60, arbitrary: tierCall },
  {
    weight: 5,
    arbitrary: record({ call: named('batch'), calls: fc.array(plainCall, { maxLength: 5 }) }),
  },
  {
    weight: 4,
    arbitrary: record({
      call: named('transaction'),
      calls: fc.array(tierCall, { maxLength: 4 }),
      commits: fc.boolean(),
    }),
  },
  { weight: 12, arbitrary: record({ call: named('concurrent'), calls: concurrentCalls }) },
  { weight: 3, arbitrary: record({ call: named('expire'), key: fc.constantFrom(...kvKeys) }) },
  {
    weight: 1,
    arbitrary: record({
      call: fc.constantFrom('dropStreamTable' as const, 'truncateStreamTable' as const),
      type: fc.constantFrom<string>(...subjectTypes),
    }),
  },
)
