/** Small pools of names and values, so that random calls meet on the same things. */
import fc from 'fast-check'

/** The subject prefix of the stores under test: what a pattern or a quote could stumble over. */
export const subjectPrefix = 'P_%'

const own = (rest: string) => `${subjectPrefix}:${rest}`

/** Streams of a flow's runs, of triggers, and of three other types. */
export const subjects = [
  own('flow:run:r1'),
  own('flow:run:r:"2" \\ %'),
  own('trigger:event:t1'),
  own('custom:one'),
  own('custom:two:and more'),
  own('flow:run:'),
  'other:flow:run:r1',
] as const

/** Types of the streams without a table of their own. */
export const subjectTypes = [own('custom'), own('flow'), 'other:flow', 'never:used'] as const

/** All five kinds of index, and two keys that only look like one. */
export const indexKeys = [
  own('flow:runs:f1'),
  own('flow:runs:f:"2" \\ %'),
  own('flows'),
  own('triggers'),
  own('scheduler:jobs'),
  own('scheduler:locks'),
  'other:flows',
] as const

export const entryIds = ['a', 'b', 'B', 'é', '😀', '\uffff', 'with:colon', "it's", 'q"\\'] as const

export const kvKeys = ['k', 'k:1', 'k:2', 'k_1', 'k%1', 'k*', 'k\\', 'K', 'é:1', '😀', 'x'] as const

/** Patterns that tell characters with a meaning from those without. */
export const kvPatterns = [
  '*',
  'k*',
  'k:*',
  'k_*',
  'k%*',
  'k\\*',
  'k\\\\',
  '*1',
  '*:*',
  '**',
  'k',
  '😀',
  '',
] as const

/** Names of metadata fields with a column in some table, and of some without. */
export const fieldNames = [
  'status',
  'startedAt',
  'completedAt',
  'lastActivityAt',
  'completedSteps',
  'stepCount',
  'emittedEvents',
  'awaitingSteps',
  'displayName',
  'flowVersion',
  'registeredAt',
  'lastRunAt',
  'stats',
  'stats.total',
  'stats.running',
  'stats.totalFires',
  'stats.lastFiredAt',
  'stats.custom',
  'stats.total.deep',
  'triggerType',
  'type',
  'name',
  'id',
  'schedule',
  'config',
  'config.a',
  'config.a.b',
  'metadata',
  'metadata.a',
  'enabled',
  'interval',
  'executeAt',
  'nextRunAt',
  'custom',
  'custom.a',
  'custom.a.b',
  'status.a',
  'emittedEvents.a',
  'overflow',
  'score',
  'createdAt',
  '__proto__',
  '__proto__.x',
  'constructor',
  "it's",
  'q"u\\o/te',
  '{a,b}',
  '😀',
  '1',
  '0',
] as const

/** Keys below the top level; a dot there is an ordinary character. */
export const innerNames = [
  'a',
  'b',
  'total',
  'running',
  'totalFires',
  'lastFiredAt',
  'custom',
  'flow.started',
  'a.b',
  '__proto__',
  '',
  "it's",
  '"\\',
  '😀',
  '7',
] as const

export const timestamps = [
  '2024-05-06T07:08:09.123Z',
  '2024-05-06T07:08:09Z',
  '2024-02-29',
  '2023-02-29',
  '2024-05-06T07:08+02:00',
  '2024-12-31T23:59:59.9999-0530',
  '2024-05-06T07:08:09',
  '2024-05-06 07:08:09Z',
  '2024-13-01T00:00:00Z',
  '2024-05-06T24:00:00Z',
  '0001-01-01T00:00:00Z',
  '0001-01-01T00:00:00+01:00',
  '9999-12-31T23:59:59.999Z',
  '0000-01-01T00:00:00Z',
  '1969-12-31T23:59:59.999Z',
  'yesterday',
  '1714979289123',
] as const

const numbers = [
  0,
  1,
  -1,
  2,
  0.1,
  0.2,
  -0.5,
  1.5,
  41,
  1e-7,
  2147483647,
  2147483648,
  -2147483648,
  -2147483649,
  9007199254740991,
  9007199254740992,
  -9007199254740994,
  2 ** 63,
  1e20,
  1e300,
  5e-324,
  1714979289123,
  253402300800000,
  -62135596800001,
  1.7976931348623157e308,
] as const

/** Finite numbers at which some type ends or some format changes. */
export const edgeNumber = fc.constantFrom<number>(...numbers)

/** A value that fits some columns, and not others. */
export const scalar: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('running', 'done', 'active', '', 'null', '{}', '[]') },
  { weight: 3, arbitrary: edgeNumber },
  { weight: 3, arbitrary: fc.constantFrom<string>(...timestamps) },
  { weight: 2, arbitrary: fc.boolean() },
  { weight: 2, arbitrary: fc.constant(null) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<unknown>(
      'x'.repeat(2500),
      'é😀\u2028"\\\'%_',
      new Date(1714979289123),
      undefined,
    ),
  },
)

const objectOf = (value: fc.Arbitrary<unknown>, maxLength: number) =>
  fc
    .array(fc.tuple(fc.constantFrom(...innerNames), value), { maxLength })
    .map((members) => Object.fromEntries(members))

const nested = fc.letrec<{ value: unknown; object: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', maxDepth: 4, withCrossShrink: true },
    { weight: 5, arbitrary: scalar },
    { weight: 4, arbitrary: tie('object') },
    { weight: 1, arbitrary: fc.array(tie('value'), { maxLength: 3 }) },
  ),
  object: objectOf(tie('value'), 3),
}))

/** A value of a field, often an object. */
export const fieldValue = nested.value

/** Metadata or a patch: fields of the pool with any value. */
export const fields = (maxLength = 4): fc.Arbitrary<Record<string, unknown>> =>
  fc
    .array(fc.tuple(fc.constantFrom<string>(...fieldNames), fieldValue), { maxLength })
    .map((members) => Object.fromEntries(members))

/** A filter: conditions on fields of the pool. */
export const filter: fc.Arbitrary<Record<string, unknown>> = fc
  .array(
    fc.tuple(
      fc.constantFrom<string>(...fieldNames, 'version'),
      fc.oneof(
        { weight: 3, arbitrary: fieldValue },
        { weight: 2, arbitrary: fc.array(fieldValue, { maxLength: 3 }) },
      ),
    ),
    { maxLength: 2 },
  )
  .map((conditions) => Object.fromEntries(conditions))
