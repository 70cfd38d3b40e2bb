/** The shortest use of a store. */
import { createStore, type Driver } from 'nvent-store-postgres'

/** Opens a store, writes, reads and closes; fails if that is not what was written. */
export async function writeAndRead(driver: Driver): Promise<void> {
  await using store = createStore({ driver })
  await store.kv.set('greeting', { hello: 'world' })
  const read = JSON.stringify(await store.kv.get('greeting'))
  if (read !== '{"hello":"world"}') throw new Error(`${driver.name} read ${read}`)
}
