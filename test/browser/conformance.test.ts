/** The whole suite over the driver that tabs share, in a page. */
import type { BrowserContext } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { conformanceCases } from '../../src/testing/index.js'
import { describeInChromium, newProfile, startChromium } from './support/chromium.js'
import { openEmptyLab } from './support/lab-page.js'
import { type Site, serveLab } from './support/site.js'

describeInChromium('the driver of pages', { timeout: 400_000 }, () => {
  const profile = newProfile()
  let site: Site
  let context: BrowserContext

  beforeAll(async () => {
    site = await serveLab()
    context = await startChromium(profile.path)
  }, 120_000)
  afterAll(async () => {
    await context?.close()
    await site?.close()
    profile.remove()
  })

  it('keeps every promise of the suite', async () => {
    const page = await openEmptyLab(context, site)
    const { passed, failures } = await page.evaluate(async () => {
      const report = await lab.runConformance({
        name: 'the driver of pages',
        open: () => lab.newDriver({ name: 'conformance', snapshot: '/snapshot.bin' }),
      })
      return {
        passed: report.passed,
        failures: report.failures.map(({ rule, name, error }) => `${rule}: ${name}: ${error}`),
      }
    })
    expect(failures).toEqual([])
    expect(passed).toBe(conformanceCases.length)
  })
})
