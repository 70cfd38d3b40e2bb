/** The tests' page in a tab. */
import type { BrowserContext, Page } from 'playwright-core'
import type { BrowserDriverOptions } from '../../../src/browser/index.js'
import type {} from './lab.js'
import type { Site } from './site.js'

/** A browser and what it visits. */
interface Place {
  readonly context: BrowserContext
  readonly site: Site
}

/** Opens a tab with the tests' page, on nothing yet. */
export async function openEmptyLab({ context, site }: Place): Promise<Page> {
  const page = await context.newPage()
  await page.goto(site.origin)
  await page.waitForFunction(() => 'lab' in globalThis)
  return page
}

/** Opens a tab whose `lab.store` is ready. */
export async function openLab(
  place: Place,
  options: Pick<BrowserDriverOptions, 'name' | 'storage' | 'durability'>,
): Promise<Page> {
  const page = await openEmptyLab(place)
  await page.evaluate((chosen) => lab.open(chosen), options)
  return page
}
