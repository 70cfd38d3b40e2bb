/**
 * Measures the driver of pages in Chromium: how long a write takes, and the first opening beside that
 * of PGlite as it comes.
 *
 * @module
 */
import { writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { Command, InvalidArgumentError } from 'commander'
import type { Page } from 'playwright-core'
import { openEmptyLab, openLab } from '../../test/browser/support/lab-page.js'
import { serveLab } from '../../test/browser/support/site.js'
import { newProfile, startChromium } from '../../test/support/chromium.js'
import { median } from '../rounds.js'
import type { Storage, Way } from './openings.js'
import type {} from './page.js'
import type { Writes } from './writes.js'

const count = (text: string) => {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('Not a whole number.')
  return value
}

const { rounds, json } = new Command('bench:browser')
  .description('Measures the driver of pages in Chromium, in milliseconds.')
  .option('--rounds <n>', 'rounds that count', count, 5)
  .option('--json <file>', 'also write everything to this file')
  .parse()
  .opts<{ readonly rounds: number; readonly json?: string }>()

const profile = newProfile()
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const site = await serveLab({ bench: here('page.ts'), stock: here('stock.worker.ts') })
const context = await startChromium(profile.path)
const place = { context, site }
try {
  const results = []
  for (const storage of ['opfs', 'idb'] as const) {
    const result = { storage, writes: await writes(storage), openings: await openings(storage) }
    results.push(result)
    const inMs = (values: object) =>
      Object.entries(values)
        .map(([name, rounds]) => `${name} ${median(rounds as number[]).toFixed(2)} ms`)
        .join(', ')
    console.log(`${storage}: append ${inMs(result.writes)}`)
    console.log(`${storage}: first opening ${inMs(result.openings)}`)
  }
  if (json !== undefined) {
    const machine = {
      date: new Date().toISOString(),
      chromium: context.browser()?.version() ?? null,
      cpus: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`,
    }
    await writeFile(json, `${JSON.stringify({ ...machine, rounds, results }, null, 2)}\n`)
  }
} finally {
  await context.close()
  await site.close()
  profile.remove()
}

/** The configuration of the example; each round in a tab of its own, on the same database. */
async function writes(storage: Storage): Promise<Record<keyof Writes, number[]>> {
  const all: Record<keyof Writes, number[]> = { lone: [], concurrent: [], flushed: [] }
  for (let round = 0; round < rounds; round++) {
    await inTab(openLab(place, { name: `writes-${storage}`, storage }), async (page) => {
      const { lone, concurrent, flushed } = await page.evaluate(() => bench.measureWrites())
      all.lone.push(lone)
      all.concurrent.push(concurrent)
      all.flushed.push(flushed)
    })
  }
  return all
}

/** All ways in turn, each in a tab of its own; the first round fills the browser's caches. */
async function openings(storage: Storage): Promise<Record<Way, number[]>> {
  const all: Record<Way, number[]> = {
    'with a snapshot': [],
    'without one': [],
    'PGlite as it comes': [],
  }
  for (let round = -1; round < rounds; round++) {
    for (const way of Object.keys(all) as Way[]) {
      await inTab(openEmptyLab(place), async (page) => {
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
