/** `npm run bench -- browser`: the driver of pages in Chromium, beside PGlite as it comes. */
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { table } from '../../src/cli/format.js'
import { openEmptyLab, openLab } from '../../test/browser/support/lab-page.js'
import { serveLab } from '../../test/browser/support/site.js'
import { newProfile, startChromium } from '../../test/support/chromium.js'
import { lookAround } from '../machine.js'
import { createProgress } from '../progress.js'
import type { Storage, Way } from './openings.js'
import type {} from './page.js'
import { type BrowserReport, browserRows, saveBrowserReport } from './report.js'
import type { Writes } from './writes.js'

/** Options of the command. */
interface Options {
  readonly rounds: number
  readonly out?: string
  readonly json?: true
}

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const storages = ['opfs', 'idb'] as const

/** Measures, tells and keeps. */
export async function browser({ rounds, out, json }: Options): Promise<void> {
  const surroundings = await lookAround()
  const profile = newProfile()
  const site = await serveLab({ bench: here('page.ts'), stock: here('stock.worker.ts') })
  const context = await startChromium(profile.path)
  const chromium = `Chromium ${context.browser()?.version() ?? 'unknown'}`
  const progress = createProgress(2 * storages.length, json === true)
  const found: BrowserReport['storages'][number][] = []
  try {
    for (const storage of storages) {
      progress.step(`${storage}: writing`)
      const writes = await measureWriting(storage)
      progress.step(`${storage}: opening`)
      found.push({ storage, writes, openings: await measureOpenings(storage) })
    }
  } finally {
    progress.end()
    await context.close()
    await site.close()
    profile.remove()
  }
  const report = { surroundings: await surroundings(chromium), rounds, storages: found }
  saveBrowserReport(report, out)
  if (json) {
    console.log(JSON.stringify(report, null, 2))
    return
  }
  const [head = [], ...rows] = browserRows(report)
  const columns = head.map((title) => ({ title }))
  console.log(table(columns, rows, process.stdout.columns ?? Number.POSITIVE_INFINITY).join('\n'))

  /** In the configuration of the example; each round in a tab of its own, on the same database. */
  async function measureWriting(storage: Storage) {
    const all: Record<keyof Writes, number[]> = {
      first: [],
      lone: [],
      concurrent: [],
      flushed: [],
    }
    for (let round = 0; round < rounds; round++) {
      await inTab(
        openLab({ context, site }, { name: `writes-${storage}`, storage }),
        async (page) => {
          const round = await page.evaluate(() => bench.measureWrites())
          for (const key of Object.keys(all) as (keyof Writes)[]) all[key].push(round[key])
        },
      )
    }
    return all
  }

  /** All ways in turn, each in a tab of its own; a round before fills the browser's caches. */
  async function measureOpenings(storage: Storage) {
    const all: Record<Way, number[]> = {
      'with a snapshot': [],
      'without one': [],
      'PGlite as it comes': [],
    }
    for (let round = -1; round < rounds; round++) {
      for (const way of Object.keys(all) as Way[]) {
        await inTab(openEmptyLab({ context, site }), async (page) => {
          const took = await page.evaluate(([storage, way]) => bench.measureOpening(storage, way), [
            storage,
            way,
          ] as const)
          if (round >= 0) all[way].push(took)
        })
      }
    }
    return all
  }
}

async function inTab(opening: Promise<Page>, work: (page: Page) => Promise<void>): Promise<void> {
  const page = await opening
  try {
    await page.addScriptTag({ type: 'module', url: '/bench.js' })
    await page.waitForFunction(() => 'bench' in globalThis)
    await work(page)
  } finally {
    await page.close()
  }
}
