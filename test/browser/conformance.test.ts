/** The whole suite over the driver that tabs share, in a page. */
import { expect, it } from 'vitest'
import { conformanceCases } from '../../src/testing/index.js'
import { describeInChromium, visit } from './support/describe-in-chromium.js'
import { openEmptyLab } from './support/lab-page.js'

describeInChromium('the driver of pages', { timeout: 400_000 }, () => {
  const browser = visit()

  it('keeps every promise of the suite', async () => {
    const page = await openEmptyLab(browser)
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
