/**
 * What clients may send, checked before anything is done with it.
 *
 * @module
 */
import type { IndexCursor, JsonInput } from 'nvent-store-postgres'
import * as v from 'valibot'
import { invalid } from './problem.js'

const text = (bytes: number) =>
  v.pipe(
    v.string('must be a text'),
    v.minBytes(1, 'must not be empty'),
    v.maxBytes(bytes, `must have at most ${bytes} bytes`),
    v.check((value) => !value.includes('\0'), 'must not contain NUL'),
  )

/** Names of flows and ids of runs. */
const name = text(200)

const json = v.custom<JsonInput>(() => true)

/** What `POST /flows/:flow/runs` takes. */
export const startInput = v.strictObject({ id: v.optional(name), input: v.optional(json) })

const event = v.strictObject({
  type: v.pipe(
    text(200),
    v.check(
      (type) => !type.startsWith('flow.'),
      'must not start with flow., which the service writes',
    ),
  ),
  stepName: v.optional(text(200)),
  attempt: v.optional(
    v.pipe(
      v.number('must be a number'),
      v.integer('must be a whole number'),
      v.minValue(1, 'must be at least 1'),
    ),
  ),
  data: v.optional(json),
})

/** What `POST …/events` takes. */
export const eventsInput = v.strictObject({
  events: v.pipe(
    v.array(event, 'must be a list of events'),
    v.minLength(1, 'must not be empty'),
    v.maxLength(500, 'must have at most 500 events'),
  ),
})

/** What `POST …/finish` takes. */
export const finishInput = v.strictObject({
  status: v.picklist(['completed', 'failed'], 'must be completed or failed'),
  result: v.optional(json),
})

const wholeNumber = (from: number, to: number) =>
  v.pipe(
    v.string(),
    v.regex(/^\d{1,9}$/, `must be a whole number from ${from} to ${to}`),
    v.transform(Number),
    v.minValue(from, `must be at least ${from}`),
    v.maxValue(to, `must be at most ${to}`),
  )

const eventId = v.pipe(v.string(), v.regex(/^\d{1,18}$/, 'must be the id of an event'))

const cursor = v.pipe(
  v.string(),
  v.rawTransform<string, IndexCursor>(({ dataset, addIssue, NEVER }) => {
    const decoded = decodeCursor(dataset.value)
    if (decoded !== undefined) return decoded
    addIssue({ message: 'must be the next of a page before' })
    return NEVER
  }),
)

/** The query of `GET …/runs`. */
export const runsQuery = v.strictObject({
  limit: v.optional(wholeNumber(1, 200), '50'),
  cursor: v.optional(cursor),
  status: v.optional(
    v.picklist(['running', 'completed', 'failed'], 'must be running, completed or failed'),
  ),
})

/** The query of `GET …/events`. */
export const timelineQuery = v.strictObject({
  limit: v.optional(wholeNumber(1, 1000), '100'),
  after: v.optional(eventId),
})

/** Where a live timeline begins. */
export const liveQuery = v.strictObject({ after: v.optional(eventId) })

/** The path of a flow and of a run. */
export const flowPath = v.object({ flow: name })
export const runPath = v.object({ flow: name, run: name })

/** The header that makes a write safe to repeat. */
const keyHeader = v.pipe(
  v.string(),
  v.regex(/^[\x21-\x7e]{1,200}$/, 'must be 1 to 200 visible ASCII characters'),
)

/** @throws Problem 400 that names the field. */
export function check<T extends v.GenericSchema>(schema: T, value: unknown): v.InferOutput<T> {
  const { success, output, issues } = v.safeParse(schema, value)
  if (success) return output
  const [issue] = issues
  const field = fieldOf(issue)
  if (issue?.type === 'strict_object' && issue.expected === 'never') {
    throw invalid(field, `${field} is not known here.`)
  }
  if (issue?.input === undefined && issue?.type !== 'check')
    throw invalid(field, `${field} is missing.`)
  throw invalid(field, `${field} ${issue.message}.`)
}

/** `events[2].type` */
function fieldOf(issue: v.BaseIssue<unknown> | undefined): string {
  let field = ''
  for (const { key } of issue?.path ?? []) {
    field += typeof key === 'number' ? `[${key}]` : `${field === '' ? '' : '.'}${String(key)}`
  }
  return field
}

/** @throws Problem 400 if there is one that cannot be a key. */
export function idempotencyKey(header: string | undefined): string | undefined {
  if (header === undefined) return undefined
  return check(v.object({ 'Idempotency-Key': keyHeader }), { 'Idempotency-Key': header })[
    'Idempotency-Key'
  ]
}

/**
 * Parses a body, whatever its content type; none is an empty object.
 * @throws Problem 400 if it is no JSON object.
 */
export async function body(request: { text(): Promise<string> }): Promise<object> {
  const sent = await request.text()
  const parsed = parse(sent === '' ? '{}' : sent)
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed
  throw invalid('body', 'The body must be a JSON object.')
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw invalid('body', 'The body is not valid JSON.')
  }
}

/** A cursor as clients see it: nothing to read anything into. */
export function encodeCursor({ score, id }: IndexCursor): string {
  const bytes = new TextEncoder().encode(JSON.stringify([score, id]))
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '')
}

function decodeCursor(encoded: string): IndexCursor | undefined {
  try {
    const binary = atob(encoded.replaceAll('-', '+').replaceAll('_', '/'))
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0))
    const [score, id] = v.parse(
      v.strictTuple([v.pipe(v.number(), v.finite()), name]),
      JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)),
    )
    return { score, id }
  } catch {
    return undefined
  }
}
