import { createStore, type Store, type StoreOptions } from '../../src/index.js'

/** Makes stores that send each call by itself, unless the case says otherwise. */
export const oneByOne = (options: StoreOptions): Store =>
  createStore({ batching: false, ...options })
