import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isStoreError, type Store } from '../../src/index.js'
import { type Cut, middle } from './proxy.js'
import { openBehindProxy, type ProxiedStore, poolKinds } from './stores.js'

const cuts: readonly { where: string; cut: Cut; isApplied: boolean }[] = [
  { where: 'before the request', cut: 'before', isApplied: false },
  { where: 'before the answer', cut: 'after', isApplied: true },
  { where: 'in the middle of the answer', cut: middle, isApplied: true },
]

/** Of the stream that is appended to at its expected end. */
let lastId: string | null = null

const run = 'nvent:flow:run:1'
const runs = 'nvent:flow:runs:f'
const event = { type: 'step', flowName: 'f', data: { n: 1 } }

/** Operations that change nothing more when they are done twice, and what they give. */
const safe: Record<string, { act(store: Store): Promise<unknown>; gives: unknown }> = {
  'a value read': { act: ({ kv }) => kv.get('kept'), gives: 'value' },
  'an entry read': { act: ({ index }) => index.count(runs), gives: 1 },
  'a stream read': { act: async ({ stream }) => (await stream.read('a:b:c')).length, gives: 1 },
  'a value set': { act: ({ kv }) => kv.set('kept', 'value'), gives: undefined },
  'a value deleted': { act: ({ kv }) => kv.delete('gone'), gives: undefined },
  'a batch of reads and sets': {
    act: ({ batch, op }) => batch([op.kv.set('kept', 'value'), op.kv.get('kept')]),
    gives: [undefined, 'value'],
  },
}

/** Operations that count, and what they have counted to. */
const unsafe: Record<
  string,
  { act(store: Store): Promise<unknown>; count(store: Store): unknown }
> = {
  'a counted key': {
    act: ({ kv }) => kv.increment('n'),
    count: async ({ kv }) => (await kv.get('n')) ?? 0,
  },
  'a counted field': {
    act: ({ index }) => index.increment(runs, 'r', 'completedSteps'),
    count: async ({ index }) => (await index.get(runs, 'r'))?.metadata.completedSteps ?? 0,
  },
  'an updated entry': {
    act: ({ index }) => index.update(runs, 'r', { status: 'x' }),
    count: async ({ index }) => (await index.get(runs, 'r'))?.metadata.version,
  },
  'an appended event': {
    act: ({ stream }) => stream.append(run, event),
    count: async ({ stream }) => (await stream.read(run)).length,
  },
  'an append at an expected end': {
    async act({ stream }) {
      await stream.append('x:y:z', event, { expectedLastId: lastId })
    },
    count: async ({ stream }) => (await stream.read('x:y:z')).length,
  },
  'a batch that counts': {
    act: ({ batch, op }) => batch([op.kv.set('kept', 'value'), op.kv.increment('batched')]),
    count: async ({ kv }) => (await kv.get('batched')) ?? 0,
  },
}

describe.each(poolKinds)('a connection of $name, cut', (kind) => {
  let opened: ProxiedStore
  beforeAll(async () => {
    opened = await openBehindProxy(kind)
    const { kv, index, stream } = opened.store
    await kv.set('kept', 'value')
    await index.add(runs, 'r', 1, { completedSteps: 0 })
    for (const subject of ['a:b:c', run, 'x:y:z']) await stream.append(subject, event)
  })
  afterAll(() => opened.close())

  /** Cuts the connection of what `act` asks for, and says how often it was cut. */
  async function cutting<T>(cut: Cut, skip: number, act: () => Promise<T>) {
    // With a connection that is open already, so that no log-in takes the cut.
    await opened.store.kv.get('kept')
    const before = opened.proxy.cuts
    opened.proxy.cutNext(cut, skip)
    const result = await act()
    expect(opened.proxy.cuts).toBe(before + 1)
    return result
  }

  /** Batches of these pools take several requests; what counts is the one with the commit. */
  const skipFor = (name: string) => (/batch|expected/.test(name) ? kind.batchRoundTrips(2) - 1 : 0)

  describe.each(cuts)('$where', ({ where, cut, isApplied }) => {
    it.each(Object.entries(safe))('goes unnoticed with %s', async (name, { act, gives }) => {
      const given = await cutting(cut, skipFor(name), () => act(opened.store))
      expect(given).toEqual(gives)
    })

    it('lets an event with a key be appended once', async () => {
      const { store, truth } = opened
      const subject = `nvent:flow:run:keyed ${where}`
      await store.stream.append(subject, event)
      const appended = await cutting(cut, 0, () =>
        store.stream.append(subject, event, { idempotencyKey: 'key' }),
      )
      const [, ...others] = await truth.stream.read(subject)
      expect(others).toEqual([appended])
    })

    it.each(Object.entries(unsafe))('is told, and never repeated, with %s', async (name, op) => {
      const { store, truth } = opened
      const [last] = await truth.stream.read('x:y:z', { order: 'desc', limit: 1 })
      lastId = last?.id ?? null
      const before = Number(await op.count(truth))
      const failure = await cutting(cut, skipFor(name), () =>
        op.act(store).then(
          () => 'no failure',
          (error: unknown) => error,
        ),
      )
      expect(isStoreError(failure, 'connection'), String(failure)).toBe(true)
      expect(failure).toMatchObject({ details: { outcome: 'unknown' } })
      expect(Number(await op.count(truth))).toBe(before + (isApplied ? 1 : 0))
    })
  })
})
