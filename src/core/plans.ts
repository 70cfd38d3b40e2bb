/**
 * The plans behind the operations, by tier.
 *
 * @module
 */
import { appendPlan, onlyRecord } from './event-append.js'
import { checkConditions, conditionalAppendPlan } from './event-append-conditional.js'
import { prepareEvent } from './event-input.js'
import { deleteStreamPlan } from './event-stream.js'
import { addPlan } from './index-add.js'
import { incrementPlan } from './index-increment.js'
import { updatePlan } from './index-update.js'
import {
  compareAndSetPlan,
  deleteValuePlan,
  getValuePlan,
  incrementValuePlan,
  setIfAbsentPlan,
  setPlan,
} from './key-value.js'
import { releaseLockPlan, takeLockPlan } from './lock-entries.js'
import type { Names } from './names.js'
import { asItIs, mapPlan, type Plan } from './operation.js'
import { deletePlan, getPlan } from './sorted-index.js'
import type { Router, StreamRoute } from './subjects.js'
import type { AppendOptions, EventInput, EventRecord, SubjectEvent } from './types/event-streams.js'
import type { IndexEntryInput, Patch } from './types/sorted-indexes.js'
import { invalid, type Sanitize } from './values.js'

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
    options: AppendOptions,
  ): Plan<EventRecord[]> => {
    const conditions = checkConditions(options)
    if (events.length === 0) return nothing
    const prepared = events.map((event, at) =>
      prepareEvent(route, event, `events[${at}]`, sanitize),
    )
    return conditions === undefined
      ? appendPlan(prepared, names, asItIs)
      : conditionalAppendPlan(prepared, route, conditions, names)
  }

  const append = (
    route: StreamRoute,
    given: EventInput,
    options: AppendOptions,
  ): Plan<EventRecord> => {
    const conditions = checkConditions(options)
    // By `map`, which makes no array that would ever be kept (see `Shared`).
    const prepared = [given].map((event) => prepareEvent(route, event, 'event', sanitize))
    return conditions === undefined
      ? appendPlan(prepared, names, onlyRecord)
      : mapPlan(conditionalAppendPlan(prepared, route, conditions, names), onlyRecord)
  }

  return {
    stream: {
      append: (subject: string, event: EventInput, options: AppendOptions = {}) =>
        append(router.stream(subject), event, options),
      appendMany(subject: string, events: readonly EventInput[], options: AppendOptions = {}) {
        const route = router.stream(subject)
        if (!Array.isArray(events)) throw invalid('events', 'must be an array', events)
        return appendMany(route, events, options)
      },
      appendAcross: (events: readonly SubjectEvent[]) =>
        appendPlan(
          events.map((item, at) => {
            const path = `events[${at}]`
            if (typeof item !== 'object' || item === null) {
              throw invalid(path, 'must be { subject, event }', item)
            }
            return prepareEvent(router.stream(item.subject), item.event, `${path}.event`, sanitize)
          }),
          names,
          asItIs,
        ),
      delete: (subject: string) => deleteStreamPlan(router.stream(subject), names),
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
      get: (key: string, id: string) => getPlan(router.index(key), id, names),
      update: (
        key: string,
        id: string,
        patch: Patch,
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
