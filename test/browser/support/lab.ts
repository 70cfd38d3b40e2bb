/** What the tests' page offers to them: the library as a page has it. */
import { createStore, isStoreError } from 'nvent-store-postgres'
import { type BrowserDriverOptions, browserDriver } from 'nvent-store-postgres/browser'
import { pglite } from 'nvent-store-postgres/drivers/pglite'
import { runConformance } from 'nvent-store-postgres/testing'
import { exportStore, importStore } from 'nvent-store-postgres/transfer'

/** A driver for the database `name`, with the tests' worker. */
function driver(options: Partial<BrowserDriverOptions> = {}) {
  return browserDriver({ worker: () => new Worker('/worker.js', { type: 'module' }), ...options })
}

/** What `work` fails with, in a form that leaves the page; null if it does not fail. */
async function failure(work: () => Promise<unknown>) {
  try {
    await work()
    return null
  } catch (error) {
    if (!isStoreError(error)) return { code: String(error), message: '', details: {} }
    return { code: error.code, message: error.message, details: { ...error.details } }
  }
}

/** Random text, since Postgres would compress anything else. */
function noise(length: number): string {
  let text = ''
  while (text.length < length) {
    const bytes = crypto.getRandomValues(new Uint8Array(Math.min(length - text.length, 65_536)))
    text += Array.from(bytes, (byte) => String.fromCharCode(48 + (byte % 64))).join('')
  }
  return text
}

/** How many files the worker `counted.js` was to flush so far; after `'fail'` the next one fails. */
function flushes(ask: 'count' | 'fail' = 'count'): Promise<number> {
  const questions = new BroadcastChannel('flushes')
  return new Promise((resolve) => {
    questions.onmessage = ({ data }) => {
      questions.close()
      resolve(data as number)
    }
    questions.postMessage(ask)
  })
}

const offered = {
  createStore,
  exportStore,
  failure,
  flushes,
  importStore,
  isStoreError,
  newDriver: driver,
  noise,
  pglite,
  runConformance,
  driver: driver(),
  store: createStore({ driver: driver() }),
  /** Numbers of what was acknowledged, for those who write in the background. */
  acknowledged: [] as number[],
  /** What failed of it. */
  failed: [] as NonNullable<Awaited<ReturnType<typeof failure>>>[],
  /** How many of them have not ended, and whether they are to end. */
  underWay: 0,
  isDone: false,
  /** A transaction that is held open: how it goes on, and how it ends. */
  resume: (): void => undefined,
  outcome: Promise.resolve(null) as ReturnType<typeof failure>,
}

/** Opens a store for the test to use, as `lab.store` on `lab.driver`. */
async function open(options: Partial<BrowserDriverOptions> = {}): Promise<void> {
  lab.driver = driver({ snapshot: '/snapshot.bin', ...options })
  lab.store = createStore({ driver: lab.driver })
  await lab.store.init()
}

declare global {
  var lab: typeof offered & { open: typeof open }
}

globalThis.lab = { ...offered, open }
