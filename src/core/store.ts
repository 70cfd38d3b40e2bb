/**
 * The store: three tiers on one driver, connected and migrated when they are first used.
 *
 * @module
 */
import { checkBatching, createCoalescer } from './coalesce.js'
import type { Driver, RunOptions } from './driver.js'
import { StoreError } from './errors.js'
import { checkIdentifier } from './identifiers.js'
import { createLocks } from './locks.js'
import { createNames, type Names } from './names.js'
import type { Plan } from './operation.js'
import {
  createPartitions,
  dropStreamTable,
  listStreamTables,
  truncateStreamTable,
} from './partitions.js'
import { createPlans } from './plans.js'
import { prune } from './prune.js'
import { orAborted, throwIfAborted, withRetry } from './retry.js'
import { asPlans, type Runner, runBatch, runPlan } from './runner.js'
import { forAll, perTick } from './sharing.js'
import { type StoreContext, storeContext } from './store-context.js'
import { createRouter } from './subjects.js'
import { createTiers } from './tiers.js'
import type { Operation, OperationResults } from './types/operations.js'
import type { Store } from './types/store.js'
import type { StoreOptions } from './types/store-options.js'
import { checkCount, invalid } from './values.js'

const defaultRetries = 4
/** How long `close` waits for calls that may have vanished, in ms. */
const graceMs = 1000

/** Brings the schema to where the store needs it. Given by whoever composes core and migrations. */
export type PrepareSchema = (
  driver: Driver,
  names: Names,
  mode: boolean | 'check',
  options: Pick<StoreOptions, 'logger'>,
) => Promise<void>

/** How many open stores use a driver: it is closed with the last of them. */
const users = new WeakMap<Driver, number>()

/**
 * Wires a store together. Synchronous; nothing connects until the first operation or `init`.
 * @throws StoreError `invalid-argument` if an option is wrong.
 */
export function openStore(options: StoreOptions, prepareSchema: PrepareSchema): Store {
  const { driver, logger, sanitize } = checkOptions(options)
  const names = createNames(options.prefix, options.schema)
  const subjectPrefix = options.subjectPrefix ?? names.prefix
  const mode = options.autoMigrate ?? true
  const retries = options.retries ?? defaultRetries
  const batching = checkBatching(options.batching)
  const share = options.sharing === false ? perTick : forAll
  const partitions = createPartitions(
    driver,
    names,
    options.partitions ?? (mode === true ? 'auto' : 'off'),
    share,
    logger,
  )
  const context = {
    names,
    router: createRouter(names, subjectPrefix, createLocks(options.locks)),
    sanitize,
  }
  const plans = createPlans(context)

  let initialisation: Promise<void> | undefined
  let isInitialised = false
  let closing: Promise<void> | undefined

  async function prepare(): Promise<void> {
    if (isInitialised) return
    await withRetry({ retries, repeatable: true }, () =>
      prepareSchema(driver, names, mode, { logger }),
    )
    isInitialised = true
  }

  /** Shared by all who come first; a failed one is forgotten, so that the next caller tries again. */
  function prepareOnce(): Promise<void> {
    if (initialisation === undefined) {
      const started = prepare().catch((error: unknown) => {
        if (initialisation === started) initialisation = undefined
        throw error
      })
      initialisation = started
    }
    return initialisation
  }

  const initialise = share === forAll ? prepareOnce : perTick(prepare)

  async function ready({ signal }: RunOptions = {}): Promise<void> {
    if (closing !== undefined) {
      throw new StoreError('closed', 'The store is closed; create a new one to go on.')
    }
    throwIfAborted(signal)
    await orAborted(initialise(), signal)
  }

  const onRetry = (error: StoreError, attempt: number) =>
    logger?.debug?.(`Attempt ${attempt} failed, trying again: ${error.message}`)
  const retrying = <T>(repeatable: boolean, run: () => Promise<T>, { signal }: RunOptions) =>
    withRetry({ retries, repeatable, signal, onRetry }, run)

  /** Operations that `close` waits for: each may need several calls of the driver. */
  let underWay = 0
  let onIdle: (() => void) | undefined
  function leave(): void {
    underWay -= 1
    if (underWay === 0) onIdle?.()
  }

  const ensurePartitions = (types: readonly string[], runOptions: RunOptions) =>
    retrying(true, () => partitions.ensure(types, runOptions), runOptions)

  const send = <T>(plan: Plan<T>, runOptions: RunOptions): Promise<T> =>
    retrying(plan.repeatable, () => runPlan(driver, plan, runOptions), runOptions)
  const coalescer = share(() =>
    batching === undefined ? { run: send } : createCoalescer(batching, send),
  )

  const hasPartitions = ({ subjectTypes }: Plan<unknown>) =>
    subjectTypes === undefined || partitions.has(subjectTypes)

  async function runPrepared<T>(plan: Plan<T>, runOptions: RunOptions): Promise<T> {
    throwIfAborted(runOptions.signal)
    if (!isInitialised || closing !== undefined) await ready(runOptions)
    if (!hasPartitions(plan)) await ensurePartitions(plan.subjectTypes ?? [], runOptions)
    return await coalescer().run(plan, runOptions)
  }

  const runner: Runner = {
    run(plan, runOptions = {}) {
      // Nobody waits for what is there, so that the calls of one tick keep their order.
      const isPrepared = isInitialised && closing === undefined && hasPartitions(plan)
      const result =
        isPrepared && !runOptions.signal?.aborted
          ? coalescer().run(plan, runOptions)
          : runPrepared(plan, runOptions)
      underWay += 1
      result.then(leave, leave)
      return result
    },
  }

  const store: Store & { readonly [storeContext]: StoreContext } = {
    [storeContext]: { ...context, subjectPrefix, run: runner.run },
    driver,
    ...createTiers(context, plans, runner),
    op: plans as Store['op'],
    init: ready,

    async batch<const T extends readonly Operation<unknown>[]>(
      operations: T,
      runOptions: RunOptions = {},
    ): Promise<OperationResults<T>> {
      const batch = asPlans(operations)
      underWay += 1
      try {
        await ready(runOptions)
        const types = batch.flatMap(({ subjectTypes }) => subjectTypes ?? [])
        await ensurePartitions(types, runOptions)
        return await retrying(
          // Done again, a read would see what the operations behind it wrote the first time.
          batch.every(
            ({ repeatable, reads }, at) =>
              repeatable && (!reads || batch.slice(at).every((later) => later.reads)),
          ),
          () => runBatch<T>(driver, batch, runOptions, (plan) => send(plan, runOptions)),
          runOptions,
        )
      } finally {
        leave()
      }
    },

    async transaction(work, runOptions = {}) {
      if (typeof work !== 'function') throw invalid('work', 'must be a function', work)
      await ready(runOptions)
      if (driver.transaction === undefined) {
        throw new StoreError(
          'unsupported',
          `The driver ${driver.name} holds no session, so it has no transactions; store.batch([...]) applies operations all or none on every driver.`,
        )
      }
      return driver.transaction((session) => {
        // A partition made in the transaction is there for nobody else until it commits.
        const made = new Set<string>()
        const inside: Runner = {
          async run(plan, inner = {}) {
            await partitions.ensureInside(session, plan.subjectTypes ?? [], inner, made)
            return runPlan(session, plan, inner)
          },
        }
        return work(createTiers(context, plans, inside))
      }, runOptions)
    },

    async listStreamTables(runOptions = {}) {
      await ready(runOptions)
      return retrying(true, () => listStreamTables(driver, names, runOptions), runOptions)
    },
    async dropStreamTable(subjectType, runOptions) {
      await ready(runOptions)
      // Those who append meanwhile wait for the drop and make it anew; those before it may just have.
      partitions.forget(subjectType)
      try {
        return await dropStreamTable(driver, names, subjectType, runOptions)
      } finally {
        partitions.forget(subjectType)
      }
    },
    async truncateStreamTable(subjectType, runOptions) {
      await ready(runOptions)
      return truncateStreamTable(driver, names, subjectType, runOptions)
    },

    prune: (pruneOptions) => prune(names, runner, pruneOptions),

    close: closeOnce,
    [Symbol.asyncDispose]: closeOnce,
  }

  users.set(driver, (users.get(driver) ?? 0) + 1)
  return store

  function closeOnce(): Promise<void> {
    closing ??= close()
    return closing
  }

  async function close(): Promise<void> {
    await initialisation?.catch(() => undefined)
    if (underWay > 0) {
      await new Promise<void>((resolve) => {
        const timer = share === forAll ? undefined : setTimeout(resolve, graceMs)
        onIdle = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    const left = (users.get(driver) ?? 1) - 1
    users.set(driver, left)
    if (left <= 0) await driver.close()
  }
}

function checkOptions(options: StoreOptions): StoreOptions {
  if (typeof options !== 'object' || options === null) {
    throw invalid('options', 'must be an object with a driver', options)
  }
  const { driver, autoMigrate, partitions, sanitize, retries, sharing, subjectPrefix } = options
  if (typeof driver?.query !== 'function' || typeof driver.batch !== 'function') {
    throw invalid('driver', 'must be a driver, for example nodePostgres(url) or pglite()')
  }
  if (autoMigrate !== undefined && typeof autoMigrate !== 'boolean' && autoMigrate !== 'check') {
    throw invalid('autoMigrate', "must be true, false or 'check'", autoMigrate)
  }
  if (partitions !== undefined && partitions !== 'auto' && partitions !== 'off') {
    throw invalid('partitions', "must be 'auto' or 'off'", partitions)
  }
  if (sanitize !== undefined && sanitize !== 'strip') {
    throw invalid('sanitize', "must be 'strip', or left out", sanitize)
  }
  if (sharing !== undefined && typeof sharing !== 'boolean') {
    throw invalid('sharing', 'must be true or false', sharing)
  }
  if (retries !== undefined) checkCount(retries, 'retries')
  if (subjectPrefix !== undefined) checkIdentifier('subjectPrefix', subjectPrefix)
  return options
}
