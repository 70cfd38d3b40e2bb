/**
 * `nvent-store-postgres/browser`: a database in the browser that all tabs of an origin share.
 *
 * @module
 */
export { type BrowserDriver, type BrowserDriverOptions, browserDriver } from './driver.js'
export type { DatabaseInfo, Durability, StorageKind } from './options.js'
