/** The tests' page in a tab. */
import type { BrowserContext, Page } from 'playwright-core'
import type { BrowserDriverOptions } from '../../../src/browser/index.js'
import type {} from './lab.js'
import type { Site } from './site.js'

/** Opens a tab with the tests' page, on nothing yet. */
export async function openEmptyLab(context: BrowserContext, site: Site): Promise<Page> {
  const page = await context.newPage()
  await page.goto(site.origin)
  await page.waitForFunction(() => 'lab' in globalThis)
  return page
}

/** Opens a tab whose `lab.store` is ready. */
export async function openLab(
  context: BrowserContext,
  site: Site,
  options: Pick<BrowserDriverOptions, 'name' | 'storage' | 'durability'>,
): Promise<Page> {
  const page = await openEmptyLab(context, site)
  await page.evaluate((chosen) => lab.open(chosen), options)
  return page
}
