/** What calls allocate: a guard against work that nobody asked for, which no clock shows reliably. */
import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { bundleScript } from '../support/bundle-script.js'
import { createDatabase } from '../support/postgres.js'

/** Everything fits into a young generation of this many MB, so that nothing is collected meanwhile. */
const roomMb = 512

/**
 * Bytes per call on Node 20: alone and among 256 calls at once, as measured and 6 % more; and those that
 * may survive minor collections, which are V8's own, mostly feedback and compiled code.
 */
const budgets: Readonly<Record<string, Allocated & { readonly kept: number }>> = {
  'stream.append': { alone: 12_660, among256: 8_920, kept: 700 },
  'stream.read 50': { alone: 42_140, among256: 36_990, kept: 600 },
  'index.get': { alone: 8_880, among256: 6_340, kept: 450 },
  'index.read 50': { alone: 109_480, among256: 103_630, kept: 650 },
  'index.update': { alone: 16_450, among256: 7_590, kept: 800 },
  'index.increment': { alone: 8_210, among256: 6_740, kept: 480 },
  'kv.set': { alone: 7_160, among256: 4_290, kept: 400 },
  'kv.get': { alone: 6_280, among256: 3_470, kept: 300 },
}

/** Bytes of a call that may survive a full collection, where no call asks for the same. */
const mostRemembered = 100

interface Allocated {
  readonly alone: number
  readonly among256: number
}

/** What a script prints of calls on a database of its own. */
async function printedBy<T>(script: URL, flags: readonly string[]): Promise<T> {
  const database = await createDatabase()
  const path = bundleScript(script)
  try {
    const printed = execFileSync(process.execPath, ['--expose-gc', ...flags, path, database.url], {
      encoding: 'utf8',
    })
    return JSON.parse(printed) as T
  } finally {
    await database.drop()
  }
}

it('calls allocate no more than their budgets', async () => {
  const room = String(roomMb)
  const found = await printedBy<Record<string, Allocated>>(new URL('./calls.ts', import.meta.url), [
    '--no-opt',
    `--min-semi-space-size=${room}`,
    `--max-semi-space-size=${room}`,
  ])
  expect(Object.keys(found)).toEqual(Object.keys(budgets))
  const over = Object.entries(budgets).flatMap(([operation, budget]) =>
    (['alone', 'among256'] as const)
      .filter((how) => (found[operation]?.[how] ?? 0) > budget[how])
      .map((how) => `${operation}, ${how}: ${found[operation]?.[how]} of ${budget[how]} bytes`),
  )
  expect(over).toEqual([])
  // Sharing is there to do less, not only to send less.
  for (const { alone, among256 } of Object.values(found)) expect(among256).toBeLessThan(alone)
})

it('what a call allocates does not outlive it', async () => {
  const found = await printedBy<Record<string, number>>(
    new URL('./survivors.ts', import.meta.url),
    [],
  )
  expect(Object.keys(found)).toEqual(Object.keys(budgets))
  const over = Object.entries(budgets).filter(([name, { kept }]) => (found[name] ?? 0) > kept)
  expect(over.map(([name]) => [name, found[name]])).toEqual([])
})

it('nothing is kept of what is not asked for again', async () => {
  const found = await printedBy<Record<string, number>>(new URL('./kept.ts', import.meta.url), [])
  const kept = Object.entries(found).filter(([, bytes]) => bytes > mostRemembered)
  expect(kept).toEqual([])
})
