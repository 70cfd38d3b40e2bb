/** Groups of tests that need a browser. */
import type { BrowserContext } from 'playwright-core'
import { afterAll, beforeAll, describe } from 'vitest'
import { findChromium, newProfile, startChromium } from '../../support/chromium.js'
import { type Site, serveLab } from './site.js'

const hasChromium = findChromium() !== undefined
if (!hasChromium) {
  console.warn(
    '\n!!! There is no Chromium: the tests in a browser are SKIPPED. Install it (Debian: apt-get install chromium-headless-shell) or set CHROMIUM_PATH.\n',
  )
}

/** Like `describe`, where there is a Chromium. */
export const describeInChromium = describe.skipIf(!hasChromium)

/** What the tests of a group share. */
export interface Visit {
  readonly site: Site
  readonly context: BrowserContext
}

/** Before the tests of a group: a site, by default the tests' own, and a browser with a new profile. */
export function visit(serveSite: () => Promise<Site> = serveLab): Visit {
  const profile = newProfile()
  let site: Site | undefined
  let context: BrowserContext | undefined

  beforeAll(async () => {
    site = await serveSite()
    context = await startChromium(profile.path)
    // The tests have limits of their own; a busy machine is no failure.
    context.setDefaultTimeout(0)
  }, 180_000)
  afterAll(async () => {
    await context?.close()
    await site?.close()
    profile.remove()
  })

  const started = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error('The browser is there within tests only.')
    return value
  }
  return {
    get site() {
      return started(site)
    },
    get context() {
      return started(context)
    },
  }
}
