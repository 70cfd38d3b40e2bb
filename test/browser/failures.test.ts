/** What a page is told when the browser cannot store, and the way out of it. */
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { describeInChromium, visit } from './support/describe-in-chromium.js'
import { openEmptyLab, openLab } from './support/lab-page.js'

describeInChromium('a browser that cannot store', { timeout: 120_000 }, () => {
  const browser = visit()

  it('says that it gives the page no storage, and opens in memory if asked to', async () => {
    const page = await openEmptyLab(browser)
    const outcome = await page.evaluate(async () => {
      const worker = () => new Worker('/forbidden.js', { type: 'module' })
      const attempt = (storage: 'auto' | 'opfs' | 'idb') => {
        const store = lab.createStore({ driver: lab.newDriver({ worker, storage, name: storage }) })
        return lab.failure(() => store.init())
      }
      const store = lab.createStore({ driver: lab.newDriver({ worker, storage: 'memory' }) })
      await store.kv.set('kept', 'in memory')
      return {
        failures: [await attempt('auto'), await attempt('opfs'), await attempt('idb')],
        value: await store.kv.get('kept'),
      }
    })
    for (const failure of outcome.failures) {
      expect(failure).toMatchObject({ code: 'unsupported', details: { reason: 'no-storage' } })
      expect(failure?.message).toContain("storage: 'memory'")
    }
    expect(outcome.value).toBe('in memory')
    await page.close()
  })

  /** Allows the site so many bytes, or what it had before. */
  async function allow(page: Page, quotaSize?: number): Promise<void> {
    const cdp = await browser.context.newCDPSession(page)
    await cdp.send('Storage.overrideQuotaForOrigin', {
      origin: browser.site.origin,
      ...(quotaSize !== undefined && { quotaSize }),
    })
  }

  it('says that there is no more space, and goes on when there is again', async () => {
    const page = await openLab(browser, { name: 'full', storage: 'opfs' })
    await page.evaluate(() => lab.store.kv.set('before', 1))
    await allow(page, 20_000_000)
    const failure = await page.evaluate(() =>
      lab.failure(async () => {
        for (let n = 0; n < 100; n++) {
          await lab.store.kv.set(`filler-${n}`, lab.noise(240_000))
        }
      }),
    )
    await allow(page)
    expect(failure).toMatchObject({ code: 'too-large', details: { reason: 'quota' } })
    expect(failure?.message).toMatch(/no more space for this site.*flush\(\)/)

    await page.evaluate(() => lab.driver.flush())
    await page.evaluate(() => lab.store.kv.set('after', 2))
    await page.evaluate(() => lab.store.close())
    await page.evaluate(() => lab.open({ name: 'full', storage: 'opfs' }))
    expect(await page.evaluate(() => lab.store.kv.getMany(['before', 'after']))).toEqual([1, 2])

    // Deleting it makes room, so it needs none.
    await allow(page, 20_000_000)
    await page.evaluate(() =>
      lab.failure(async () => {
        for (let n = 0; n < 100; n++) await lab.store.kv.set(`more-${n}`, lab.noise(240_000))
      }),
    )
    await page.evaluate(() => lab.driver.delete())
    await allow(page)
    await page.close()
  })

  it('says with the next write that what was acknowledged found no space, and keeps it until there is', async () => {
    const page = await openEmptyLab(browser)
    const found = await page.evaluate(async () => {
      const worker = () => new Worker('/full.js', { type: 'module' })
      const allowance = new BroadcastChannel('allowance')
      const allow = (space: 'full' | 'free') =>
        new Promise((resolve) => {
          allowance.onmessage = resolve
          allowance.postMessage(space)
        })
      const open = () => {
        const driver = lab.newDriver({
          worker,
          name: 'full-idb',
          storage: 'idb',
          snapshot: '/snapshot.bin',
        })
        return { driver, store: lab.createStore({ driver }) }
      }
      const { driver, store } = open()
      await store.kv.set('before', 1)
      await driver.flush()
      await allow('full')
      await store.kv.set('acknowledged', 2)
      const flushed = await lab.failure(() => driver.flush())
      const next = await lab.failure(() => store.kv.set('next', 3))
      await allow('free')
      await driver.flush()
      await store.close()

      const again = open()
      const kept = await again.store.kv.getMany(['before', 'acknowledged', 'next'])
      await again.driver.delete()
      return { flushed, next, kept }
    })
    const full = { code: 'too-large', details: { reason: 'quota' } }
    expect(found).toMatchObject({ flushed: full, next: full, kept: [1, 2, 3] })
    await page.close()
  })

  it.each(['opfs', 'idb'] as const)(
    'says that there is no space for a new database, and makes it when there is (%s)',
    async (storage) => {
      const page = await openEmptyLab(browser)
      const name = `no-space-${storage}`
      await allow(page, 1000)
      const failure = await page.evaluate((chosen) => lab.failure(() => lab.open(chosen)), {
        name,
        storage,
      })
      await allow(page)
      expect(failure).toMatchObject({ code: 'too-large', details: { reason: 'quota' } })
      await page.evaluate(() => lab.store.kv.set('kept', 1))
      expect(await page.evaluate(() => lab.store.kv.get('kept'))).toBe(1)
      await page.evaluate(() => lab.driver.delete())
      await page.close()
    },
  )

  it.each([
    ['opfs', damageFiles],
    ['idb', damageRecords],
  ] as const)(
    'says that the files are damaged, gives them, and starts again once they are deleted (%s)',
    async (storage, damage) => {
      const name = `damaged-${storage}`
      const page = await openLab(browser, { name, storage })
      await page.evaluate(() => lab.store.kv.set('kept', 1))
      await page.evaluate(() => lab.store.close())
      await damage(page, name)

      const outcome = await page.evaluate(
        async (chosen) => {
          const failure = await lab.failure(() => lab.open(chosen))
          const files = await lab.driver.files()
          return { failure, size: files.size, start: await files.slice(257, 262).text() }
        },
        { name, storage },
      )
      expect(outcome.failure).toMatchObject({ code: 'internal', details: { reason: 'corrupt' } })
      expect(outcome.failure?.message).toMatch(/cannot be opened.*files\(\).*delete\(\)/)
      expect(outcome.start).toBe('ustar')
      expect(outcome.size).toBeGreaterThan(1_000_000)

      await page.evaluate(() => lab.driver.delete())
      expect(await page.evaluate(() => lab.failure(() => lab.store.kv.get('kept')))).toMatchObject({
        code: 'closed',
      })
      await page.evaluate((chosen) => lab.open(chosen), { name, storage })
      expect(await page.evaluate(() => lab.store.kv.get('kept'))).toBeNull()
      await page.close()
    },
  )

  it('tells every tab that the database was deleted in one of them', async () => {
    const first = await openLab(browser, { name: 'deleted', storage: 'opfs' })
    const second = await openLab(browser, { name: 'deleted', storage: 'opfs' })
    await second.evaluate(() => lab.driver.delete())
    for (const tab of [first, second]) {
      expect(await tab.evaluate(() => lab.failure(() => lab.store.kv.get('x')))).toMatchObject({
        code: 'closed',
      })
    }
    await second.evaluate(() => lab.open({ name: 'deleted', storage: 'opfs' }))
    expect(await second.evaluate(() => lab.driver.info())).toMatchObject({ openedFrom: 'snapshot' })
    await Promise.all([first.close(), second.close()])
  })

  it('names a worker that is not there', async () => {
    const page = await openEmptyLab(browser)
    const failure = await page.evaluate(() => {
      const worker = () => new Worker('/nowhere.js', { type: 'module' })
      const store = lab.createStore({ driver: lab.newDriver({ worker }) })
      return lab.failure(() => store.init())
    })
    expect(failure).toMatchObject({ code: 'unsupported', details: { reason: 'worker' } })
    await page.close()
  })

  it('gives a worker up that says nothing for half a minute', async () => {
    const page = await openEmptyLab(browser)
    await page.clock.install()
    const failing = page.evaluate(() => {
      const worker = () => new Worker('data:text/javascript,')
      const store = lab.createStore({ driver: lab.newDriver({ worker }) })
      const failure = lab.failure(() => store.init())
      document.title = 'waiting'
      return failure
    })
    await page.waitForFunction(() => document.title === 'waiting')
    await page.clock.runFor(29_000)
    expect(await Promise.race([failing, page.evaluate(() => 'waits')])).toBe('waits')
    await page.clock.runFor(1_000)
    const failure = await failing
    expect(failure).toMatchObject({ code: 'unsupported', details: { reason: 'worker' } })
    expect(failure?.message).toContain('serveDatabase()')
    await page.close()
  })

  it('says which option is wrong', async () => {
    const page = await openEmptyLab(browser)
    const paths = await page.evaluate(async () => {
      const wrong = [{ name: '../up' }, { storage: 'disk' }, { durability: 'lax' }, { worker: 1 }]
      const failures = wrong.map((options) =>
        lab.failure(async () => lab.newDriver(options as object)),
      )
      return (await Promise.all(failures)).map((failure) => failure?.details)
    })
    expect(paths).toEqual(['name', 'storage', 'durability', 'worker'].map((path) => ({ path })))
    await page.close()
  })
})

/** Overwrites what Postgres reads first. */
function damageFiles(page: Page, name: string): Promise<void> {
  return page.evaluate(async (folder) => {
    let at = await navigator.storage.getDirectory()
    for (const part of ['nvent-store', folder, 'data', 'global']) {
      at = await at.getDirectoryHandle(part)
    }
    const file = await (await at.getFileHandle('pg_control')).createWritable()
    await file.write(new Uint8Array(8192).fill(255))
    await file.close()
  }, name)
}

function damageRecords(page: Page, name: string): Promise<void> {
  return page.evaluate(async (folder) => {
    const path = `/pglite/${folder}`
    const done = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result)
        request.onerror = () => reject(request.error)
      })
    const database = await done(indexedDB.open(path))
    const files = database.transaction('FILE_DATA', 'readwrite').objectStore('FILE_DATA')
    const key = `${path}/global/pg_control`
    await done(
      files.put({ ...(await done(files.get(key))), contents: new Uint8Array(8192).fill(255) }, key),
    )
    database.close()
  }, name)
}
