/** Export and import: random stores, taken from one kind of database to the other and back. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exportStore, importStore } from '../../src/transfer/index.js'
import { edgeNumber, entryIds, fields, fieldValue, indexKeys, kvKeys, subjects } from './pools.js'
import { check, type OpenStore, stores } from './stores.js'
import { json, text, topKey } from './wild.js'

const timeout = 120_000

const event = fc
  .record(
    {
      subject: fc.constantFrom<string>(...subjects),
      type: fc.constantFrom('a', 'b'),
      runId: fc.constantFrom('1', 'other'),
      flowName: fc.oneof(fc.constant('f'), fieldValue),
      attempt: fieldValue,
      data: json,
      more: fc.dictionary(topKey, json, { maxKeys: 2 }),
      idempotencyKey: fc.option(
        text.filter((key) => key !== '' && key.length < 60),
        { nil: undefined },
      ),
    },
    { requiredKeys: ['subject', 'type', 'more', 'idempotencyKey'] },
  )
  .map(({ subject, idempotencyKey, more, ...own }) => ({
    subject,
    idempotencyKey,
    event: { ...more, ...own },
  }))

const entry = fc.record({
  key: fc.constantFrom<string>(...indexKeys),
  id: fc.constantFrom<string>(...entryIds),
  score: fc.oneof(fc.constantFrom(0, -0, 0.1), edgeNumber),
  metadata: fields(6),
  patch: fc.option(fields(3)),
})

const value = fc.record({
  key: fc.constantFrom<string>(...kvKeys),
  value: json,
  ttl: fc.option(fc.integer({ min: 1_000, max: 1e9 }), { nil: undefined }),
})

async function exported({ store }: OpenStore): Promise<string[]> {
  const lines: string[] = []
  for await (const line of exportStore(store)) lines.push(line)
  // Databases may order text differently.
  return lines.slice(1, -1).sort()
}

describe('export and import', () => {
  let opened: readonly OpenStore[] = []

  beforeAll(async () => {
    opened = await Promise.all(stores.map(({ open }) => open()))
  }, timeout)
  afterAll(() => Promise.all(opened.map(({ close }) => close())))

  it('give the same lines on either side, there and back, and change nothing the second time', {
    timeout,
  }, () => {
    const [here, there] = opened as [OpenStore, OpenStore]
    return check(
      'there and back',
      15,
      fc.asyncProperty(
        fc.array(event, { maxLength: 12 }),
        fc.array(entry, { maxLength: 12 }),
        fc.array(value, { maxLength: 12 }),
        async (events, entries, values) => {
          await Promise.all(opened.map(({ reset }) => reset()))
          const { stream, index, kv } = here.store
          for (const { subject, event: given, idempotencyKey } of events) {
            await stream.append(subject, given as never, { idempotencyKey })
          }
          for (const { key, id, score, metadata, patch } of entries) {
            await index.add(key, id, score, metadata)
            if (patch !== null) await index.update(key, id, patch)
          }
          for (const { key, value: given, ttl } of values) await kv.set(key, given, ttl)

          const lines = await exported(here)
          await importStore(there.store, exportStore(here.store))
          expect(await exported(there)).toEqual(lines)
          for (const key of indexKeys) {
            expect(await there.store.index.read(key)).toEqual(await index.read(key))
          }
          for (const subject of subjects) {
            expect(await there.store.stream.read(subject)).toEqual(await stream.read(subject))
          }

          const again = await importStore(here.store, exportStore(there.store))
          const written = again.events.written + again.entries.written + again.keys.written
          expect(written).toBe(0)
          await here.reset()
          await importStore(here.store, exportStore(there.store))
          expect(await exported(here)).toEqual(lines)
        },
      ),
    )
  })
})
