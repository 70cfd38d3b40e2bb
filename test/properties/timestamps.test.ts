/** Timestamps: the one thing that a column may change, and exactly how. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { firstIsoMs, lastIsoMs, toIso } from '../../src/core/timestamps.js'
import { canonical } from './model/documents.js'
import { Model } from './model.js'
import { indexKeys, subjectPrefix, timestamps } from './pools.js'
import { check, type OpenStore, stores } from './stores.js'

const digits = (length: number, max: number) =>
  fc.integer({ min: 0, max }).map((value) => String(value).padStart(length, '0'))

/** Texts that are ISO 8601, or nearly. */
const nearlyIso = fc
  .record({
    year: fc.oneof(
      fc.constantFrom('0001', '0000', '9999', '1970', '2000', '1900'),
      digits(4, 9999),
    ),
    month: digits(2, 13),
    day: digits(2, 31),
    separator: fc.oneof({ weight: 12, arbitrary: fc.constant('T') }, fc.constantFrom(' ', 't')),
    time: fc
      .tuple(digits(2, 24), digits(2, 60), digits(2, 60))
      .map(([hour, minute, second]) => `${hour}:${minute}:${second}`),
    fraction: fc.oneof(fc.constant(''), fc.stringMatching(/^[.,]\d{1,9}$/)),
    zone: fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom('Z', '+00:00', '-00:00', '+05:30', '-1245') },
      { weight: 1, arbitrary: fc.constantFrom('', 'z', '+24:00', '+01:60', '+5', ' UTC') },
      {
        weight: 1,
        arbitrary: fc.tuple(digits(2, 23), digits(2, 59)).map((at) => `-${at.join(':')}`),
      },
    ),
    isDate: fc.boolean(),
  })
  .map(({ year, month, day, separator, time, fraction, zone, isDate }) =>
    isDate
      ? `${year}-${month}-${day}`
      : `${year}-${month}-${day}${separator}${time}${fraction}${zone}`,
  )

const time: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: nearlyIso },
  { weight: 2, arbitrary: fc.constantFrom<string>(...timestamps) },
  { weight: 2, arbitrary: fc.date({ noInvalidDate: true }) },
  { weight: 1, arbitrary: fc.date({ noInvalidDate: true }).map((date) => date.getTime()) },
  { weight: 1, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }) },
)

const timesOf = (values: readonly unknown[]) => {
  const [first, second, third] = values
  return {
    startedAt: first,
    registeredAt: first,
    executeAt: first,
    lastRunAt: second,
    'stats.lastFiredAt': second,
    completedAt: third,
    createdAt: third,
  }
}

describe.each(stores)('timestamps on $name', ({ name, open }) => {
  let opened: OpenStore

  beforeAll(async () => {
    opened = await open()
  })
  afterAll(() => opened?.close())

  it(
    'come back as canonical ISO text, as the number they were, or as they are',
    {
      timeout: 60_000,
    },
    () =>
      check(
        `timestamps, ${name}`,
        8,
        fc.asyncProperty(
          fc.array(fc.tuple(time, time, time, time), { minLength: 1, maxLength: 40 }),
          async (cases) => {
            const model = new Model(subjectPrefix)
            await opened.reset()
            for (const key of indexKeys) {
              const entries = cases.map((values, at) => ({
                id: String(at),
                score: at,
                metadata: timesOf(values),
              }))
              await opened.store.index.addMany(key, entries)
              model.index(key).addMany(entries)
              const patches = cases.map(([, , first, second]) => timesOf([first, second]))
              await opened.store.batch(
                patches.map((patch, at) => opened.store.op.index.update(key, String(at), patch)),
              )
              patches.forEach((patch, at) => {
                model.index(key).update(String(at), patch, undefined)
              })
              const actual = await opened.store.index.read(key, { limit: 1000 })
              expect(actual.map(canonical)).toEqual(
                model.index(key).read({ limit: 1000 }).map(canonical),
              )
            }
          },
        ),
      ),
  )
})

it('are printed as Date prints them, on both sides of every midnight', () => {
  const times = fc.oneof(
    fc.integer({ min: firstIsoMs, max: lastIsoMs }),
    fc
      .tuple(fc.integer({ min: -719_161, max: 2_932_895 }), fc.constantFrom(-1, 0, 1))
      .map(([day, beside]) => day * 86_400_000 + beside),
  )
  fc.assert(
    fc.property(fc.array(times, { minLength: 1 }), (all) => {
      expect(all.map(toIso)).toEqual(all.map((ms) => new Date(ms).toISOString()))
    }),
    { numRuns: 1000 },
  )
})
