/** Several tabs, one database: who has it open, and what happens when that tab is gone. */
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { newProfile, startKillableChromium } from '../support/chromium.js'
import { describeInChromium, visit } from './support/describe-in-chromium.js'
import { openEmptyLab, openLab } from './support/lab-page.js'
import { serveLab } from './support/site.js'

describeInChromium('tabs that share a database', { timeout: 120_000 }, () => {
  const browser = visit()

  const open = (name: string, storage: 'opfs' | 'idb') => openLab(browser, { name, storage })

  it.each(['opfs', 'idb'] as const)('see what the others write (%s)', async (storage) => {
    const first = await open(`seen-${storage}`, storage)
    const second = await open(`seen-${storage}`, storage)
    await first.evaluate(() => lab.store.kv.set('greeting', 'from the first'))
    expect(await second.evaluate(() => lab.store.kv.get('greeting'))).toBe('from the first')
    await second.evaluate(() => lab.store.kv.set('greeting', 'from the second'))
    expect(await first.evaluate(() => lab.store.kv.get('greeting'))).toBe('from the second')
    expect(
      await Promise.all([first, second].map((tab) => tab.evaluate(() => lab.driver.isLeader))),
    ).toEqual([true, false])
    await Promise.all([first.close(), second.close()])
  })

  it('lose nothing that was acknowledged when the leading tab is closed amid writes', async () => {
    const leading = await open('handover', 'opfs')
    const following = await open('handover', 'opfs')
    const fromLeader: number[] = []
    await leading.exposeFunction('tell', (n: number) => fromLeader.push(n))
    const write = (tab: Page, from: number) => tab.evaluate(writeOn, from)
    await Promise.all([write(leading, 0), write(following, 1_000_000)])
    await following.waitForFunction(() => lab.acknowledged.length >= 20)
    expect(await following.evaluate(() => lab.driver.isLeader)).toBe(false)

    await leading.close()

    const before = await following.evaluate(() => lab.acknowledged.length)
    await following.waitForFunction((count) => lab.acknowledged.length >= count + 20, before)
    const { acknowledged, failed, stored, isLeader } = await following.evaluate(async () => {
      const stored = await lab.store.stream.read('nvent:flow:run:handover')
      return {
        acknowledged: [...lab.acknowledged],
        failed: lab.failed,
        stored: stored.map(({ data }) => data as number),
        isLeader: lab.driver.isLeader,
      }
    })
    expect(isLeader).toBe(true)
    expect(fromLeader.length).toBeGreaterThan(0)
    expect(stored).toEqual(expect.arrayContaining([...fromLeader, ...acknowledged]))
    expect(new Set(stored).size).toBe(stored.length)
    for (const failure of failed) {
      expect(failure).toMatchObject({
        code: 'connection',
        details: { outcome: 'unknown', reason: 'leader-changed' },
      })
    }
    await following.close()
  })

  it('say that the outcome is unknown where the answer went down with the leader, and repeat reads', async () => {
    const leading = await open('answers', 'opfs')
    const following = await open('answers', 'opfs')
    await following.evaluate(() => lab.store.kv.set('kept', 1))
    // The leader is busy until it is gone, so that nothing is answered.
    await leading.evaluate(() => {
      void lab.driver.query({ text: 'select pg_sleep(600)' }).catch(() => undefined)
    })
    const write = following.evaluate(() =>
      lab.failure(() => lab.store.stream.append('nvent:flow:run:1', { type: 'x' })),
    )
    const read = following.evaluate(() => lab.store.kv.get('kept'))
    await leading.close()
    expect(await write).toMatchObject({ code: 'connection', details: { outcome: 'unknown' } })
    expect(await read).toBe(1)
    await following.close()
  })

  it('lose nothing, and fail in nothing, when the leading tab closes its driver amid their calls', async () => {
    const leading = await open('given', 'opfs')
    const following = await open('given', 'opfs')
    await addCounter(leading)
    for (const tab of [leading, following]) await tab.evaluate(countOn, 16)
    await following.waitForFunction(() => lab.acknowledged.length >= 50)

    await leading.evaluate(() => lab.store.close())

    const before = await following.evaluate(() => lab.acknowledged.length)
    await following.waitForFunction((count) => lab.acknowledged.length >= count + 50, before)
    await following.evaluate(() => {
      lab.isDone = true
    })
    const ofLeader = await leading.evaluate(() => lab.acknowledged.length)
    await following.waitForFunction(() => lab.underWay === 0)
    const seen = await following.evaluate(async () => ({
      entry: await lab.store.index.get('nvent:counters', 'calls'),
      count: lab.acknowledged.length,
      failed: lab.failed,
      isLeader: lab.driver.isLeader,
    }))
    expect(seen.failed).toEqual([])
    expect(seen.isLeader).toBe(true)
    expect(seen.entry?.metadata.made).toBe(ofLeader + seen.count)
    await Promise.all([leading.close(), following.close()])
  })

  it('lose no call that crosses with the news that the leading tab goes', async () => {
    const [leading, following] = [await openEmptyLab(browser), await openEmptyLab(browser)]
    for (const tab of [leading, following]) {
      await tab.evaluate(() => {
        // Nothing to save: it goes as fast as can be.
        lab.driver = lab.newDriver({ name: 'crossing', storage: 'memory' })
        return lab.driver.query({ text: 'select 1' })
      })
    }
    const [failed] = await Promise.all([
      following.evaluate(async () => {
        const call = () => lab.failure(() => lab.driver.query({ text: 'select 1' }))
        const outcomes = await Promise.all(Array.from({ length: 500 }, call))
        return outcomes.filter((outcome) => outcome !== null)
      }),
      leading.evaluate(() => lab.driver.close()),
    ])
    expect(failed).toEqual([])
    await Promise.all([leading.close(), following.close()])
  })

  it('say that a transaction was rolled back when the leading tab closes, and begin later ones anew', async () => {
    const leading = await open('rolled-back', 'opfs')
    const following = await open('rolled-back', 'opfs')
    await following.evaluate(holdTransaction)
    const queued = following.evaluate(() =>
      lab.store.transaction((tx) => tx.kv.set('had to wait', true)),
    )
    await leading.evaluate(() => lab.store.close())
    await queued
    const outcome = await following.evaluate(() => {
      lab.resume()
      return lab.outcome
    })
    expect(outcome).toMatchObject({
      code: 'connection',
      details: { outcome: 'not-applied', reason: 'leader-changed' },
    })
    const keys = ['abandoned', 'never', 'had to wait']
    expect(await following.evaluate((names) => lab.store.kv.getMany(names), keys)).toEqual([
      null,
      null,
      true,
    ])
    await Promise.all([leading.close(), following.close()])
  })

  it.each([
    { storage: 'opfs', who: 'the leading tab', deleting: 0 },
    { storage: 'idb', who: 'another tab', deleting: 1 },
  ] as const)(
    'may be deleted by $who amid the calls of all, who are told so and nothing else ($storage)',
    async ({ storage, deleting }) => {
      const name = `deleted-${storage}`
      const tabs = [await open(name, storage), await open(name, storage)]
      for (const tab of tabs) {
        await addCounter(tab)
        await tab.evaluate(countOn, 8)
        await tab.evaluate(askOn)
      }
      for (const tab of tabs) await tab.waitForFunction(() => lab.acknowledged.length >= 20)
      // The database has one connection: all others wait behind a transaction that nobody ends.
      await tabs[1 - deleting]?.evaluate(holdTransaction)
      await tabs[deleting]?.evaluate(() => lab.driver.delete())
      for (const tab of tabs) {
        await tab.waitForFunction(() => lab.underWay === 0)
        const codes = await tab.evaluate(() => lab.failed.map(({ code }) => code))
        expect(codes.length).toBeGreaterThan(0)
        expect(new Set(codes)).toEqual(new Set(['closed']))
      }
      const again = await open(name, storage)
      expect(await again.evaluate(async () => (await lab.driver.info()).openedFrom)).toBe(
        'snapshot',
      )
      await Promise.all([...tabs, again].map((tab) => tab.close()))
    },
  )

  it('have transactions, which are rolled back when their tab is closed', async () => {
    const leading = await open('sessions', 'opfs')
    const following = await open('sessions', 'opfs')
    await following.evaluate(() =>
      lab.store.transaction(async (tx) => {
        await tx.kv.set('committed', true)
      }),
    )
    await following.evaluate(holdTransaction)
    await following.close()
    expect(await leading.evaluate(() => lab.store.kv.getMany(['committed', 'abandoned']))).toEqual([
      true,
      null,
    ])
    await leading.close()
  })
})

describeInChromium('what is durable', { timeout: 120_000 }, () => {
  it.each(['opfs', 'idb'] as const)(
    'is all that was written before flush() when the browser is killed right after it (%s)',
    async (storage) => {
      const profile = newProfile()
      const site = await serveLab()
      try {
        const first = await startKillableChromium(profile.path)
        const writing = await openLab({ context: first.context, site }, { name: 'killed', storage })
        await writing.evaluate(async () => {
          const subject = 'nvent:flow:run:killed'
          for (let n = 0; n < 20; n++)
            await lab.store.stream.append(subject, { type: 'x', data: n })
          await lab.store.batch([lab.store.op.kv.set('in a batch', 'yes')])
          await lab.driver.flush()
        })
        await first.kill()

        const second = await startKillableChromium(profile.path)
        const reading = await openLab(
          { context: second.context, site },
          { name: 'killed', storage },
        )
        const found = await reading.evaluate(async () => ({
          events: await lab.store.stream.read('nvent:flow:run:killed'),
          key: await lab.store.kv.get('in a batch'),
          info: await lab.driver.info(),
        }))
        await second.kill()
        expect(found.events.map(({ data }) => data)).toEqual(
          Array.from({ length: 20 }, (_, n) => n),
        )
        expect(found.key).toBe('yes')
        expect(found.info).toMatchObject({ storage, openedFrom: 'existing' })
      } finally {
        await site.close()
        profile.remove()
      }
    },
  )
})

/** Appends one number after the other until the page is gone, and notes what was acknowledged. */
function writeOn(from: number): void {
  const { tell } = globalThis as { tell?: (n: number) => void }
  void (async () => {
    for (let n = from; ; n++) {
      const event = { type: 'x', data: n }
      const failed = await lab.failure(() =>
        lab.store.stream.append('nvent:flow:run:handover', event),
      )
      if (failed !== null) {
        lab.failed.push(failed)
        continue
      }
      lab.acknowledged.push(n)
      tell?.(n)
    }
  })()
}

/** The entry that `countOn` counts in, unless it is there. */
async function addCounter(tab: Page): Promise<void> {
  await tab.evaluate(() => lab.store.index.add('nvent:counters', 'calls', 0, { made: 0 }))
}

/** Counts calls, so many at a time, until the driver is closed, the page is gone or it is told to end. */
function countOn(atOnce: number): void {
  const count = async () => {
    lab.underWay += 1
    while (!lab.isDone) {
      const failed = await lab.failure(() =>
        lab.store.index.increment('nvent:counters', 'calls', 'made'),
      )
      if (failed === null) {
        lab.acknowledged.push(lab.acknowledged.length)
        continue
      }
      lab.failed.push(failed)
      if (failed.code === 'closed') break
    }
    lab.underWay -= 1
  }
  for (let n = 0; n < atOnce; n++) void count()
}

/** Asks for what pages ask for by the way, until the driver is closed. */
function askOn(): void {
  const ask = async (call: () => Promise<unknown>) => {
    lab.underWay += 1
    for (let isClosed = false; !isClosed; ) {
      const failed = await lab.failure(call)
      if (failed !== null) lab.failed.push(failed)
      isClosed = failed?.code === 'closed'
    }
    lab.underWay -= 1
  }
  void ask(() => lab.driver.info())
  void ask(() => lab.driver.flush())
}

/** Begins a transaction that goes on, and ends, once `lab.resume` is called. */
function holdTransaction(): Promise<void> {
  return new Promise((begun) => {
    lab.outcome = lab.failure(() =>
      lab.store.transaction(async (tx) => {
        await tx.kv.set('abandoned', true)
        await new Promise<void>((resolve) => {
          lab.resume = resolve
          begun()
        })
        await tx.kv.set('never', true)
      }),
    )
  })
}
