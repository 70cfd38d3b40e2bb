/** Random sequences of every operation against a model of the whole store. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { happening } from './arbitraries.js'
import { check, everyStore, type OpenStore } from './stores.js'
import { Walk } from './walk.js'

const minSteps = 2000

describe.each(everyStore)('the store on $name', ({ name, open, batching }) => {
  let opened: OpenStore

  beforeAll(async () => {
    opened = await open()
  })
  afterAll(() => opened?.close())

  it('does what its model does, step by step', { timeout: 170_000 }, async () => {
    let steps = 0
    await check(
      `stateful, ${name}`,
      60,
      fc.asyncProperty(
        fc.array(happening, { minLength: 1, maxLength: 120, size: 'max' }),
        async (happenings) => {
          await opened.reset()
          const walk = new Walk(opened.store, opened.driver, opened.kvTable, batching !== false)
          for (const each of happenings) await walk.step(each)
          await walk.compareEverything()
          steps += walk.steps
        },
      ),
    )
    console.info(`stateful, ${name}: ${steps} steps`)
    // A replayed counterexample is as short as it is.
    if (process.env.FC_PATH === undefined) expect(steps).toBeGreaterThanOrEqual(minSteps)
  })
})
