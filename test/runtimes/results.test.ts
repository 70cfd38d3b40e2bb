/** The tables of the documents are made of the results file, and that is complete. */
import { describe, expect, it } from 'vitest'
import { driverNames, runtimeNames, whyUnsupported } from './matrix.js'
import { count, documentNames, documentOf, readResults } from './results.js'

const results = readResults()

describe('the results of the runtimes', () => {
  it.each(documentNames)('stand in %s as the file has them', (name) => {
    const { is, becomes } = documentOf(name, results)
    expect(is).toBe(becomes)
  })

  it('say of each place what the matrix says, in its order', () => {
    const places = runtimeNames.flatMap((runtime) =>
      driverNames.map((driver) => ({ runtime, driver })),
    )
    const told = results.cells.map(({ runtime, driver }) => ({ runtime, driver }))
    expect(told).toEqual(
      places.filter((place) =>
        told.some(({ runtime, driver }) => runtime === place.runtime && driver === place.driver),
      ),
    )
    for (const cell of results.cells) {
      const why = whyUnsupported(cell.runtime, cell.driver)
      expect('unsupported' in cell ? cell.unsupported : undefined).toBe(why)
    }
    expect(count(results).passed).toBeGreaterThan(0)
  })
})
