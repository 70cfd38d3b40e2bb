/** Who has a database in the browser open for all tabs, while that ends. */
import { expect, it } from 'vitest'
import { createLeader, NotTaken } from '../../src/browser/leader.js'
import type { Call } from '../../src/browser/messages.js'

const { signal } = new AbortController()
const select: Call = { method: 'query', args: [{ text: 'select 1 as one' }] }

function newLeader() {
  const heard: string[] = []
  const leader = createLeader(
    { name: 'memory', storage: 'memory', durability: 'relaxed', snapshot: undefined },
    () => ({}),
    { onNotify: () => undefined, onDeleted: () => heard.push('deleted') },
  )
  return { leader, heard }
}

it('a leader that closes answers what it was asked before, and takes nothing after', async () => {
  const { leader } = newLeader()
  const begin: Call = { method: 'begin', args: [] }
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
