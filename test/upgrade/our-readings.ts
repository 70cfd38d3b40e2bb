/**
 * What the store gives for the rows of the published adapter: the same as that adapter, but for the
 * few differences listed here.
 *
 * @module
 */
import { type PublishedEntry, publishedEntries, publishedStreams } from './published-schema.js'

/** Fields that read differently, by entry. */
const differences: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  // Through node-postgres a BIGINT was a string; ours is the number that was written.
  interval: { interval: 60000 },
  // The published adapter printed ISO strings only above 0, and bare digits at and below it.
  zero: { startedAt: '1970-01-01T00:00:00.000Z', completedAt: '1970-01-01T00:00:00.000Z' },
  'before 1970': {
    startedAt: '1969-12-31T23:59:59.995Z',
    completedAt: '1969-12-31T23:59:59.999Z',
  },
  // Beyond the year 9999 there is no four-digit year: ours gives milliseconds.
  'latest date': { startedAt: 8640000000000000 },
}

/** Every entry, as the store returns it. */
export const ourEntries: readonly PublishedEntry[] = publishedEntries.map((entry) => ({
  ...entry,
  metadata: { ...entry.metadata, ...differences[entry.id] },
}))

/** Every stream, as the store returns it. */
export const ourStreams = publishedStreams.map(({ subject, events }) => ({
  subject,
  // Of a trigger the published adapter made up both; the subject says the name already.
  events: subject.startsWith('nvent:trigger:')
    ? events.map(({ flowName: _name, runId: _run, ...event }) => event)
    : events,
}))

/** The index keys of all entries. */
export const indexKeys: readonly string[] = [...new Set(ourEntries.map(({ key }) => key))]

/** The entries of one index. */
export const entriesOf = (key: string) => ourEntries.filter((entry) => entry.key === key)
