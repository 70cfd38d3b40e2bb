/** A process of its own: opens a store, uses it and does not close it. */
import { createTestStore } from '../../src/testing/index.js'

const store = await createTestStore()
await store.kv.set('k', 'still here')
console.log(JSON.stringify(await store.kv.get('k')))
