/** What goes on in the background: files are flushed, and the write-ahead log does not grow for ever. */
import { expect, it } from 'vitest'
import { describeInChromium, visit } from './support/describe-in-chromium.js'
import { openEmptyLab, openLab } from './support/lab-page.js'

describeInChromium('a page that stays open', { timeout: 180_000 }, () => {
  const browser = visit()

  it('makes checkpoints, which nothing else does in PGlite', async () => {
    const page = await openLab(browser, { name: 'long', storage: 'opfs' })
    const behind = await page.evaluate(async () => {
      const behind = async () => {
        const { rows } = await lab.driver.query({
          text: `select pg_wal_lsn_diff(pg_current_wal_lsn(), redo_lsn)::text as bytes
  from pg_control_checkpoint()`,
        })
        return Number(rows[0]?.bytes)
      }
      for (let n = 0; n < 300; n++) await lab.store.kv.set(`k${n % 10}`, lab.noise(60_000))
      const before = await behind()
      for (let n = 0; n < 250; n++) await lab.store.kv.set('k', n)
      return { before, after: await behind() }
    })
    expect(behind.before).toBeGreaterThan(16 * 1024 * 1024)
    expect(behind.after).toBeLessThan(2 * 1024 * 1024)
    await page.close()
  })

  it('flushes a new database while nothing is written, and all of it when asked to', async () => {
    const page = await openEmptyLab(browser)
    await page.evaluate(async () => {
      const worker = () => new Worker('/counted.js', { type: 'module' })
      lab.driver = lab.newDriver({
        worker,
        name: 'flushed',
        storage: 'opfs',
        snapshot: '/snapshot.bin',
      })
      lab.store = lab.createStore({ driver: lab.driver })
      await lab.store.init()
      await lab.driver.query({ text: 'create table t (n int)' })
    })
    const amidWrites = await page.evaluate(async () => {
      const before = await lab.flushes()
      // All at once: the worker has one behind the other, however busy the page is.
      const insert = { text: 'insert into t values (1)' }
      await Promise.all(Array.from({ length: 100 }, () => lab.driver.query(insert)))
      return (await lab.flushes()) - before
    })
    expect(amidWrites).toBeLessThan(50)
    const all = await page.evaluate(async () => {
      const before = await lab.flushes()
      // Some more by themselves, or all of them already.
      for (let now = before; now < Math.min(before + 20, 300); ) now = await lab.flushes()
      await lab.driver.flush()
      return lab.flushes()
    })
    // A cluster of PostgreSQL is hundreds of files.
    expect(all).toBeGreaterThan(300)

    const failing = await page.evaluate(async () => {
      await lab.store.kv.set('k', 'once more')
      const before = await lab.flushes('fail')
      const failure = await lab.failure(() => lab.driver.flush())
      const between = await lab.flushes()
      await lab.driver.flush()
      return { failure, first: between - before, second: (await lab.flushes()) - between }
    })
    expect(failing.failure).not.toBeNull()
    expect(failing.first).toBeGreaterThan(0)
    expect(failing.second).toBeGreaterThanOrEqual(failing.first)
    await page.close()
  })
})
