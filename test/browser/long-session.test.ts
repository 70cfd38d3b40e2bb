/** A page that stays open: its write-ahead log does not grow for ever. */
import { expect, it } from 'vitest'
import { describeInChromium, visit } from './support/describe-in-chromium.js'
import { openLab } from './support/lab-page.js'

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
})
