/** What calls allocate: a guard against work that nobody asked for, which no clock shows reliably. */
import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { bundleScript } from '../support/bundle-script.js'
import { createDatabase } from '../support/postgres.js'

/** Everything fits into a young generation of this many MB, so that nothing is collected meanwhile. */
const roomMb = 256

/** Bytes per call on Node 20, measured and 8 % more: alone, and among 256 calls at once. */
const budgets: Readonly<Record<string, Allocated>> = {
  'stream.append': { alone: 16_100, among256: 12_150 },
  'stream.read 50': { alone: 53_500 },
  'index.get': { alone: 13_000, among256: 7_800 },
  'index.read 50': { alone: 109_500 },
  'index.update': { alone: 19_300, among256: 9_850 },
  'index.increment': { alone: 9_900, among256: 8_500 },
  'kv.set': { alone: 9_650, among256: 5_350 },
  'kv.get': { alone: 8_500, among256: 4_370 },
}

interface Allocated {
  readonly alone: number
  readonly among256?: number
}

it('calls allocate no more than their budgets', async () => {
  const database = await createDatabase()
  const room = String(roomMb)
  const printed = execFileSync(
    process.execPath,
    [
      '--expose-gc',
      '--no-opt',
      `--min-semi-space-size=${room}`,
      `--max-semi-space-size=${room}`,
      bundleScript(new URL('./calls.ts', import.meta.url)),
      database.url,
    ],
    { encoding: 'utf8' },
  )
  const found = JSON.parse(printed) as Record<string, Allocated>
  expect(Object.keys(found)).toEqual(Object.keys(budgets))
  const over = Object.entries(budgets).flatMap(([operation, budget]) =>
    (['alone', 'among256'] as const)
      .filter((how) => (found[operation]?.[how] ?? 0) > (budget[how] ?? 0))
      .map((how) => `${operation}, ${how}: ${found[operation]?.[how]} of ${budget[how]} bytes`),
  )
  expect(over).toEqual([])
  // Sharing is there to do less, not only to send less.
  for (const { alone, among256 = 0 } of Object.values(found)) expect(among256).toBeLessThan(alone)
})
