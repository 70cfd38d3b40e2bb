/**
 * nvent's store in Nitro, with Nuxt or without.
 *
 * @module
 */
export { type Connection, isPostgres } from './connection.js'
export {
  createNventStore,
  type NventStore,
  type NventStoreOptions,
} from './create-nvent-store.js'
export {
  createNventStream,
  type NventStream,
  type NventStreamOptions,
  type StreamEvent,
  type StreamSubscription,
} from './nvent-stream.js'
export {
  type NventPluginOptions,
  type NventRegistry,
  nventPlugin,
  type RuntimeConfig,
} from './plugin.js'
