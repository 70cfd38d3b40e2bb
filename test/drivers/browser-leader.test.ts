/** Who has a database in the browser open for all tabs, while that ends. */
import { expect, it, vi } from 'vitest'
import { createLeader, NotTaken } from '../../src/browser/leader.js'
import type { Call } from '../../src/browser/messages.js'
import type * as storages from '../../src/browser/storage.js'

/** What the next removal of a database fails with, what acknowledgements wait for, and what was done. */
const files = vi.hoisted(() => ({
  failure: undefined as Error | undefined,
  held: Promise.resolve(),
  steps: [] as string[],
}))
vi.mock('../../src/browser/storage.js', async (original) => {
  const { chooseStorage } = await original<typeof storages>()
  return {
    async chooseStorage(options: Parameters<typeof chooseStorage>[0]) {
      const storage = await chooseStorage(options)
      return {
        ...storage,
        async acknowledge() {
          files.steps.push('acknowledging')
          await files.held
          files.steps.push('acknowledged')
        },
        async flush() {
          files.steps.push('closing')
        },
        async remove() {
          const { failure } = files
          files.failure = undefined
          if (failure !== undefined) throw failure
          await storage.remove()
        },
      }
    },
  }
})

const { signal } = new AbortController()
const select: Call = { method: 'query', args: [{ text: 'select 1 as one' }] }

const begin: Call = { method: 'begin', args: [] }

function newLeader() {
  const heard: string[] = []
  const leader = createLeader(
    { name: 'memory', storage: 'memory', durability: 'relaxed', snapshot: undefined },
    () => ({}),
    {
      onNotify: (_, payload) => heard.push(payload),
      onDeleted: () => heard.push('deleted'),
    },
  )
  return { leader, heard }
}

it('a leader that closes answers what it was asked before, and takes nothing after', async () => {
  const { leader } = newLeader()
  const before = leader.run('a', select, signal)
  await expect(leader.run('a', begin, signal)).resolves.toBeTypeOf('string')
  const later = [leader.run('b', begin, signal), leader.run('c', begin, signal)]
  const behind = leader.run('b', select, signal)
  const closed = leader.close()
  for (const call of [...later, leader.run('b', select, signal)]) {
    await expect(call).rejects.toBeInstanceOf(NotTaken)
  }
  await expect(before).resolves.toMatchObject({ rows: [{ one: 1 }] })
  await expect(behind).resolves.toMatchObject({ rows: [{ one: 1 }] })
  await closed
  await expect(leader.run('b', select, signal)).rejects.toBeInstanceOf(NotTaken)
})

it('a leader closes the database behind the last step of every call', async () => {
  const { leader } = newLeader()
  let letGo = () => {}
  files.held = new Promise((resolve) => {
    letGo = resolve
  })
  files.steps = []
  // Its statements are committed, and then it waits for the files.
  const batch = leader.run('a', { method: 'batch', args: [[{ text: 'select 1' }]] }, signal)
  await vi.waitFor(() => expect(files.steps).toEqual(['acknowledging']), 20_000)
  const closed = leader.close()
  await new Promise((resolve) => setImmediate(resolve))
  letGo()
  await Promise.all([batch, closed])
  expect(files.steps).toEqual(['acknowledging', 'acknowledged', 'closing'])
})

it('a leader that deletes the database answers what it was asked before, and says so after', async () => {
  const { leader, heard } = newLeader()
  const before = leader.run('a', select, signal)
  const deleted = leader.run('a', { method: 'delete', args: [] }, signal)
  const again = leader.run('b', { method: 'delete', args: [] }, signal)
  const after = leader.run('b', select, signal)
  await expect(before).resolves.toMatchObject({ rows: [{ one: 1 }] })
  await Promise.all([deleted, again])
  await expect(after).rejects.toMatchObject({ code: 'closed' })
  expect(heard).toEqual(['deleted'])
})

it('a leader that could not delete the database opens it again, and all goes on', async () => {
  const { leader, heard } = newLeader()
  const run = (call: Call) => leader.run('a', call, signal)
  const notify = (payload: string) =>
    run({ method: 'query', args: [{ text: `notify news, '${payload}'` }] })
  await run({ method: 'listen', args: ['news'] })
  await notify('before')

  files.failure = new Error('The files are in use.')
  const deleted = run({ method: 'delete', args: [] })
  const meanwhile = run(select)
  await expect(deleted).rejects.toThrow('The files are in use.')
  await expect(meanwhile).resolves.toMatchObject({ rows: [{ one: 1 }] })

  const session = (await run(begin)) as string
  await run({ method: 'query', args: [{ text: 'create table t ()' }, session] })
  await run({ method: 'end', args: [session, 'commit'] })
  await notify('after')
  await vi.waitFor(() => expect(heard).toEqual(['before', 'after']))
  await leader.close()
})
