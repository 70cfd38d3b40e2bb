/** What the tests' page offers to them: the library as a page has it. */
import { createStore, isStoreError } from 'nvent-store-postgres'
import { browserDriver } from 'nvent-store-postgres/browser'
import { pglite } from 'nvent-store-postgres/drivers/pglite'
import { runConformance } from 'nvent-store-postgres/testing'
import { exportStore, importStore } from 'nvent-store-postgres/transfer'

/** A driver for the database `name`, with the tests' worker. */
function driver(options: Partial<Parameters<typeof browserDriver>[0]> = {}) {
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

const lab = {
  createStore,
  driver,
  exportStore,
  failure,
  importStore,
  isStoreError,
  pglite,
  runConformance,
}
export type Lab = typeof lab
Object.assign(globalThis, { lab })
