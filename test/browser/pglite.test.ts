/** PGlite's own storages, without the driver of pages. */
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { describeInChromium, visit } from './support/describe-in-chromium.js'
import { openEmptyLab } from './support/lab-page.js'
import { serveLab } from './support/site.js'

describeInChromium('pglite() in a browser', { timeout: 180_000 }, () => {
  const worker = fileURLToPath(new URL('support/own-storage.worker.ts', import.meta.url))
  const browser = visit(() => serveLab({ 'own-storage': worker }))

  it.each([
    // Strict durability waits for more, and stores no less.
    { dataDir: 'idb://own', relaxedDurability: true },
    { dataDir: 'opfs-ahp://own', relaxedDurability: false },
  ])('keeps what was written, in $dataDir', async (target) => {
    for (const found of [null, 'kept']) {
      const page = await openEmptyLab(browser)
      const value = await page.evaluate(async (target) => {
        const worker = new Worker('/own-storage.js', { type: 'module' })
        const answer = await new Promise<unknown>((resolve, reject) => {
          worker.onmessage = ({ data }) => resolve(data)
          worker.onerror = ({ message }) => reject(new Error(message))
          worker.postMessage(target)
        })
        worker.terminate()
        return answer
      }, target)
      expect(value).toBe(found)
      await page.close()
    }
  })
})
