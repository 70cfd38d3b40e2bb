/**
 * The three tiers, on whatever runs their plans.
 *
 * @module
 */
import type { RunOptions } from './driver.js'
import { isStoreError, StoreError } from './errors.js'
import { checkRead, nextPage, readPagePlan } from './event-stream.js'
import { countPlan, readPlan } from './index-read.js'
import { getValuesPlan, ttlPlan } from './key-value.js'
import { clearPlan, isFullPage, keysPagePlan } from './key-value-patterns.js'
import type { Context, Plans } from './plans.js'
import { backoffMs, delay } from './retry.js'
import type { Runner } from './runner.js'
import { getManyPlan } from './sorted-index.js'
import type {
  AppendOptions,
  EventInput,
  EventRecord,
  EventStreams,
  IterateOptions,
  ReadOptions,
  SubjectEvent,
} from './types/event-streams.js'
import type { KeyValue } from './types/key-value.js'
import type { SortedIndexes } from './types/sorted-indexes.js'
import type { Tiers } from './types/store.js'
import { checkBetween, checkCount, invalid } from './values.js'

/** Events fetched at once by a read without a limit. */
const readPageSize = 1000
const defaultIteratePageSize = 500
const maxPageSize = 10_000

/** The tiers of one store, on whatever runs their plans. */
export function createTiers(context: Context, plans: Plans, runner: Runner): Tiers {
  return {
    stream: createStreams(context, plans, runner),
    index: createIndexes(context, plans, runner),
    kv: createKeyValue(context, plans, runner),
  }
}

function createStreams({ router }: Context, plans: Plans, { run }: Runner): EventStreams {
  async function* pages(subject: string, options: ReadOptions, pageSize: number) {
    const route = router.stream(subject)
    let read = checkRead(options)
    let left = read.limit ?? Number.POSITIVE_INFINITY
    let mostRows = pageSize
    while (left > 0) {
      const size = Math.min(mostRows, left)
      let page: EventRecord[]
      try {
        page = await run(readPagePlan(route, read, size), options)
      } catch (error) {
        if (size === 1 || !isStoreError(error, 'too-large')) throw error
        // Each of the events passed on its own way in: fewer of them pass on the way out.
        mostRows = Math.ceil(size / 4)
        continue
      }
      yield page
      left -= page.length
      const last = page.at(-1)
      if (last === undefined || page.length < size) return
      read = nextPage(read, last)
    }
  }

  async function appendMany(
    first: string | readonly SubjectEvent[],
    second?: readonly EventInput[] | RunOptions,
    third?: AppendOptions,
  ): Promise<EventRecord[]> {
    if (typeof first === 'string' || !Array.isArray(first)) {
      const events = second as readonly EventInput[]
      const plan = plans.stream.appendMany(first as string, events, third)
      return events.length === 0 ? [] : await run(plan, third)
    }
    for (const name of ['expectedLastId', 'expectEmpty', 'idempotencyKey'] as const) {
      const value = (second as AppendOptions | undefined)?.[name]
      if (value !== undefined) throw invalid(name, 'is for appends to one stream', value)
    }
    const plan = plans.stream.appendAcross(first)
    return first.length === 0 ? [] : await run(plan, second as RunOptions | undefined)
  }

  return {
    append: async (subject, event, options) =>
      await run(plans.stream.append(subject, event, options), options),
    appendMany,
    async read(subject, options = {}) {
      const events: EventRecord[] = []
      for await (const page of pages(subject, options, readPageSize)) {
        for (const event of page) events.push(event)
      }
      return events
    },
    async *iterate(subject: string, options: IterateOptions = {}) {
      const { pageSize: asked = defaultIteratePageSize } = options
      const pageSize = checkBetween(asked, 'pageSize', maxPageSize)
      for await (const page of pages(subject, options, pageSize)) yield* page
    },
    delete: async (subject, options) => await run(plans.stream.delete(subject), options),
  }
}

function createIndexes({ router }: Context, plans: Plans, { run }: Runner): SortedIndexes {
  const remove: SortedIndexes['delete'] = async (key, id, options) =>
    await run(plans.index.delete(key, id), options)

  return {
    add: async (key, id, score, metadata, options) =>
      await run(plans.index.add(key, id, score, metadata), options),
    async addMany(key, entries, options) {
      const plan = plans.index.addMany(key, entries)
      if (entries.length > 0) await run(plan, options)
    },
    get: async (key, id, options) => await run(plans.index.get(key, id), options),
    async getMany(key, ids, options) {
      const plan = getManyPlan(router.index(key), ids)
      return ids.length === 0 ? [] : await run(plan, options)
    },
    read: async (key, options = {}) => await run(readPlan(router.index(key), options), options),
    count: async (key, options = {}) =>
      await run(countPlan(router.index(key), options.filter), options),
    update: async (key, id, patch, options) =>
      await run(plans.index.update(key, id, patch, options), options),
    async updateWithRetry(key, id, patch, maxRetries = 3, options = {}) {
      checkCount(maxRetries, 'maxRetries')
      for (let attempt = 0; ; attempt++) {
        if (await run(plans.index.update(key, id, patch, options), options)) return
        if (attempt >= maxRetries) break
        await delay(backoffMs(attempt, 50), options.signal)
      }
      const entry = await run(plans.index.get(key, id), options)
      const about = { key, id, attempts: maxRetries + 1 }
      if (entry === null) {
        throw new StoreError('not-found', `There is no entry ${id} in ${key} to update.`, {
          details: about,
        })
      }
      throw new StoreError(
        'version-conflict',
        `Entry ${id} in ${key} is at version ${entry.metadata.version}, not at the expected one.`,
        { details: { ...about, version: entry.metadata.version } },
      )
    },
    increment: async (key, id, field, by, options) =>
      await run(plans.index.increment(key, id, field, by), options),
    delete: remove,
    remove,
  }
}

function createKeyValue({ names }: Context, plans: Plans, { run }: Runner): KeyValue {
  return {
    get: async (key, options) => await run(plans.kv.get(key), options),
    async getMany(keys, options) {
      const plan = getValuesPlan(keys, names)
      return keys.length === 0 ? [] : await run(plan, options)
    },
    set: async (key, value, ttlSeconds, options) =>
      await run(plans.kv.set(key, value, ttlSeconds), options),
    setIfAbsent: async (key, value, ttlSeconds, options) =>
      await run(plans.kv.setIfAbsent(key, value, ttlSeconds), options),
    compareAndSet: async (key, expected, value, ttlSeconds, options) =>
      await run(plans.kv.compareAndSet(key, expected, value, ttlSeconds), options),
    delete: async (key, options) => await run(plans.kv.delete(key), options),
    clear: async (pattern, options) => await run(clearPlan(pattern, names), options),
    async *keys(pattern, options) {
      let after: string | undefined
      for (;;) {
        const page: string[] = await run(keysPagePlan(pattern, after, names), options)
        yield* page
        if (!isFullPage(page)) return
        after = page.at(-1)
      }
    },
    increment: async (key, by, options) => await run(plans.kv.increment(key, by), options),
    ttl: async (key, options) => await run(ttlPlan(key, names), options),
  }
}
