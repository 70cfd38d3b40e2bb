/** What is broken inside workerd or Chromium is reported by its name, and so is what never ran. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findChromium } from '../support/chromium.js'
import { newestServer } from '../support/postgres.js'
import type { Edit } from './bundle.js'
import { expectedOf } from './cell.js'
import { runInChromium } from './chromium.js'
import { type OpenTarget, openTarget } from './databases.js'
import { follow } from './follow.js'
import type { Driver } from './matrix.js'
import { runInWorkerd } from './workerd.js'

const expected = expectedOf('pglite-memory')
const chromium = findChromium()
if (chromium === undefined) console.warn('SKIPPED: broken things in Chromium: there is none.')

/** Replaces a text of the bundle, which has to be there. */
const instead =
  (text: string, other: string): Edit =>
  (code) => {
    if (!code.includes(text)) throw new Error(`The bundle has no ${text}`)
    return code.replaceAll(text, other)
  }

/** The suite with the promises of one rule only, for speed; the others are then not told of. */
const ofRule = (rule: string) =>
  instead('conformanceCases.filter(only)', `conformanceCases.filter((c) => c.rule === '${rule}')`)

const lostCast = instead('(t.value)::numeric', '(t.value)::integer')

const places = [
  { name: 'workerd', driver: 'neon-http', run: runInWorkerd, isThere: true },
  {
    name: 'Chromium',
    driver: 'pglite-memory',
    run: (target, edit) => runInChromium(target, edit),
    isThere: chromium !== undefined,
  },
] as const satisfies readonly {
  name: string
  driver: Driver
  run: typeof runInWorkerd
  isThere: boolean
}[]

for (const { name, driver, run, isThere } of places) {
  describe.skipIf(!isThere)(name, () => {
    let opened: OpenTarget
    beforeAll(async () => {
      opened = await openTarget(driver, async () => newestServer(), [])
    })
    afterAll(() => opened.close())
    const broken = async (edit: Edit) => {
      const { passed, failures } = await follow(run(opened.target, edit), { expected })
      const isTold = ({ error }: { error: string }) => !error.startsWith('not told: ')
      return { passed, failures, told: failures.filter(isTold) }
    }

    it('names the promise that a lost cast breaks', async () => {
      const { passed, told } = await broken((code) => ofRule('K3')(lostCast(code)))
      expect(told.map((failure) => failure.name)).toEqual([
        'K3: increment starts from 0, keeps the time to live, and refuses what is no number',
      ])
      expect(passed).toBeGreaterThan(0)
    }, 120_000)

    it('fails every promise of a suite that has none', async () => {
      const none = instead('promises: conformanceCases.map(nameOf)', 'promises: []')
      const { passed, failures } = await broken((code) => none(ofRule('none')(code)))
      expect(passed).toBe(0)
      expect(failures.map((failure) => failure.name)).toEqual(expected)
      expect(failures[0]?.error).toContain('it planned 0 promises')
    }, 120_000)

    it('fails every promise that was not told of when the run breaks off', async () => {
      const end = instead(
        'await runConformance(',
        `tell({ kind: 'promise', name: ${JSON.stringify(expected[0])} }); throw new Error('no more'); await runConformance(`,
      )
      const { passed, failures } = await broken(end)
      expect(passed).toBe(1)
      expect(failures.map((failure) => failure.name)).toEqual(expected.slice(1))
      expect(failures[0]?.error).toBe('not told: Error: no more')
    }, 120_000)
  })
}

describe.skipIf(chromium === undefined)('Chromium', () => {
  it('fails what a page has not told of when an error escapes', async () => {
    const { target, close } = await openTarget('pglite-memory', async () => newestServer(), [])
    const thrown = "setTimeout(() => { throw new Error('escaped') }); await runConformance("
    const escaping = instead('await runConformance(', thrown)
    const { passed, failures } = await follow(runInChromium(target, escaping), {
      expected,
    })
    await close()
    expect(passed).toBe(0)
    expect(failures[0]?.error).toContain('the page threw Error escaped')
  }, 120_000)
})
