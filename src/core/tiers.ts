/**
 * The three tiers, as operations to run now and as operations to put into a batch.
 *
 * @module
 */
import type { RunOptions } from './driver.js'
import { StoreError } from './errors.js'
import { appendPlan, checkConditions, conditionalAppendPlan, routeEvents } from './event-append.js'
import { checkRead, deleteStreamPlan, nextPage, readPagePlan } from './event-stream.js'
import { addPlan } from './index-add.js'
import { incrementPlan } from './index-increment.js'
import { updatePlan } from './index-update.js'
import {
  clearPlan,
  compareAndSetPlan,
  deleteValuePlan,
  getValuePlan,
  getValuesPlan,
  incrementValuePlan,
  isFullPage,
  keysPagePlan,
  setIfAbsentPlan,
  setPlan,
  ttlPlan,
} from './key-value.js'
import { releaseLockPlan, takeLockPlan } from './lock-entries.js'
import type { Names } from './names.js'
import { mapPlan, type Plan } from './operation.js'
import { backoffMs, delay } from './retry.js'
import type { Runner } from './runner.js'
import { countPlan, deletePlan, getManyPlan, getPlan, readPlan } from './sorted-index.js'
import type { Router, StreamRoute } from './subjects.js'
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
import type { IndexEntryInput, SortedIndexes } from './types/sorted-indexes.js'
import type { Tiers } from './types/store.js'
import { checkCount, invalid, type Sanitize } from './values.js'

/** Events fetched at once by a read without a limit. */
const readPageSize = 1000
const defaultIteratePageSize = 500
const maxPageSize = 10_000

/** What every plan of one store needs to know. */
export interface Context {
  readonly names: Names
  readonly router: Router
  readonly sanitize: Sanitize
}

/** An append of no events, which asks the database nothing. */
const nothing: Plan<EventRecord[]> = {
  kind: 'operation',
  repeatable: true,
  statements: () => [],
  decode: () => [],
}

/** The plans behind the operations, by tier; `store.op` shows some of them. */
export function createPlans({ names, router, sanitize }: Context) {
  const appendMany = (
    route: StreamRoute,
    events: readonly unknown[],
    path: (at: number) => string,
    options: AppendOptions,
  ): Plan<EventRecord[]> => {
    const conditions = checkConditions(options)
    if (events.length === 0) return nothing
    const routed = routeEvents(
      events.map((event, at) => ({ route, event, path: path(at) })),
      sanitize,
    )
    const isPlain =
      conditions.expectedLastId === undefined && conditions.idempotencyKey === undefined
    return isPlain
      ? appendPlan(routed, names)
      : conditionalAppendPlan(routed, route, conditions, names)
  }

  return {
    stream: {
      append: (subject: string, event: EventInput, options: AppendOptions = {}) =>
        mapPlan(
          appendMany(router.stream(subject), [event], () => 'event', options),
          ([record]) => record as EventRecord,
        ),
      appendMany(subject: string, events: readonly EventInput[], options: AppendOptions = {}) {
        const route = router.stream(subject)
        if (!Array.isArray(events)) throw invalid('events', 'must be an array', events)
        return appendMany(route, events, (at) => `events[${at}]`, options)
      },
      appendAcross: (events: readonly SubjectEvent[]) =>
        appendPlan(
          routeEvents(
            events.map((item, at) => {
              const path = `events[${at}]`
              if (typeof item !== 'object' || item === null) {
                throw invalid(path, 'must be { subject, event }', item)
              }
              return {
                route: router.stream(item.subject),
                event: item.event,
                path: `${path}.event`,
              }
            }),
            sanitize,
          ),
          names,
        ),
      delete: (subject: string) => deleteStreamPlan(router.stream(subject)),
    },
    index: {
      add(key: string, id: string, score: number, metadata?: IndexEntryInput['metadata']) {
        const route = router.index(key)
        return route.lock === undefined
          ? addPlan(route, [{ id, score, metadata }], (_, field) => field, sanitize)
          : takeLockPlan(route, route.lock, { id, score, metadata }, names, sanitize)
      },
      addMany(key: string, entries: readonly IndexEntryInput[]) {
        const route = router.index(key)
        if (!Array.isArray(entries)) throw invalid('entries', 'must be an array', entries)
        if (route.lock !== undefined) {
          throw invalid('key', 'names an index of locks, which are added one by one', key)
        }
        const path = (at: number, field: string) =>
          field === '' ? `entries[${at}]` : `entries[${at}].${field}`
        return addPlan(route, entries, path, sanitize)
      },
      get: (key: string, id: string) => getPlan(router.index(key), id),
      update: (
        key: string,
        id: string,
        patch: { readonly [field: string]: unknown },
        options: { readonly expectedVersion?: number | undefined } = {},
      ) => updatePlan(router.index(key), id, patch, options, names, sanitize),
      increment: (key: string, id: string, field: string | readonly string[], by = 1) =>
        incrementPlan(router.index(key), id, field, by, names),
      delete(key: string, id: string) {
        const route = router.index(key)
        return route.lock === undefined
          ? deletePlan(route, id)
          : releaseLockPlan(route, route.lock, id)
      },
    },
    kv: {
      get: (key: string) => getValuePlan(key, names),
      set: (key: string, value: unknown, ttlSeconds?: number) =>
        setPlan(key, value, ttlSeconds, names, sanitize),
      setIfAbsent: (key: string, value: unknown, ttlSeconds?: number) =>
        setIfAbsentPlan(key, value, ttlSeconds, names, sanitize),
      compareAndSet: (key: string, expected: unknown, value: unknown, ttlSeconds?: number) =>
        compareAndSetPlan(key, expected, value, ttlSeconds, names, sanitize),
      delete: (key: string) => deleteValuePlan(key, names),
      increment: (key: string, by = 1) => incrementValuePlan(key, by, names),
    },
  }
}

/** The plans of one store. */
export type Plans = ReturnType<typeof createPlans>

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
    while (left > 0) {
      const size = Math.min(pageSize, left)
      const page = await run(readPagePlan(route, read, size), options)
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
      return events.length === 0 ? [] : run(plan, third)
    }
    for (const name of ['expectedLastId', 'expectEmpty', 'idempotencyKey'] as const) {
      const value = (second as AppendOptions | undefined)?.[name]
      if (value !== undefined) throw invalid(name, 'is for appends to one stream', value)
    }
    const plan = plans.stream.appendAcross(first)
    return first.length === 0 ? [] : run(plan, second as RunOptions | undefined)
  }

  return {
    append: async (subject, event, options) =>
      run(plans.stream.append(subject, event, options), options),
    appendMany,
    async read(subject, options = {}) {
      const events: EventRecord[] = []
      for await (const page of pages(subject, options, readPageSize)) {
        for (const event of page) events.push(event)
      }
      return events
    },
    async *iterate(subject: string, options: IterateOptions = {}) {
      const pageSize = checkCount(options.pageSize ?? defaultIteratePageSize, 'pageSize')
      if (pageSize < 1 || pageSize > maxPageSize) {
        throw invalid('pageSize', `must be between 1 and ${maxPageSize}`, pageSize)
      }
      for await (const page of pages(subject, options, pageSize)) yield* page
    },
    delete: async (subject, options) => run(plans.stream.delete(subject), options),
  }
}

function createIndexes({ router }: Context, plans: Plans, { run }: Runner): SortedIndexes {
  const remove: SortedIndexes['delete'] = async (key, id, options) =>
    run(plans.index.delete(key, id), options)

  return {
    add: async (key, id, score, metadata, options) =>
      run(plans.index.add(key, id, score, metadata), options),
    async addMany(key, entries, options) {
      const plan = plans.index.addMany(key, entries)
      if (entries.length > 0) await run(plan, options)
    },
    get: async (key, id, options) => run(plans.index.get(key, id), options),
    async getMany(key, ids, options) {
      const plan = getManyPlan(router.index(key), ids)
      return ids.length === 0 ? [] : run(plan, options)
    },
    read: async (key, options = {}) => run(readPlan(router.index(key), options), options),
    count: async (key, options = {}) => run(countPlan(router.index(key), options.filter), options),
    update: async (key, id, patch, options) =>
      run(plans.index.update(key, id, patch, options), options),
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
      run(plans.index.increment(key, id, field, by), options),
    delete: remove,
    remove,
  }
}

function createKeyValue({ names }: Context, plans: Plans, { run }: Runner): KeyValue {
  return {
    get: async (key, options) => run(plans.kv.get(key), options),
    async getMany(keys, options) {
      const plan = getValuesPlan(keys, names)
      return keys.length === 0 ? [] : run(plan, options)
    },
    set: async (key, value, ttlSeconds, options) =>
      run(plans.kv.set(key, value, ttlSeconds), options),
    setIfAbsent: async (key, value, ttlSeconds, options) =>
      run(plans.kv.setIfAbsent(key, value, ttlSeconds), options),
    compareAndSet: async (key, expected, value, ttlSeconds, options) =>
      run(plans.kv.compareAndSet(key, expected, value, ttlSeconds), options),
    delete: async (key, options) => run(plans.kv.delete(key), options),
    clear: async (pattern, options) => run(clearPlan(pattern, names), options),
    async *keys(pattern, options) {
      let after: string | undefined
      for (;;) {
        const page: string[] = await run(keysPagePlan(pattern, after, names), options)
        yield* page
        if (!isFullPage(page)) return
        after = page.at(-1)
      }
    },
    increment: async (key, by, options) => run(plans.kv.increment(key, by), options),
    ttl: async (key, options) => run(ttlPlan(key, names), options),
  }
}
