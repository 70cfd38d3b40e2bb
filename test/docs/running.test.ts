import { expect, onTestFinished, test, vi } from 'vitest'
import { createDatabase } from '../support/postgres.js'
import { allExamples } from './extract.js'
import { runExample } from './run-example.js'

// Opening PGlite is work for the processor, of which others may be using most.
vi.setConfig({ testTimeout: 180_000 })

const examples = allExamples()

/** The one example of a document that uses a driver. */
function exampleWith(file: string, driver: string) {
  const found = examples.filter(
    (example) =>
      example.file === file && example.code.includes(`nvent-store-postgres/drivers/${driver}'`),
  )
  expect(found).toHaveLength(1)
  return found[0] ?? expect.fail()
}

test('the example of the README on PGlite runs as it stands', async () => {
  const said = await runExample(exampleWith('README.md', 'pglite'))
  expect(said).toMatchObject({ code: 0, stderr: '' })
  expect(said.stdout).toContain("[ 'step.completed' ]")
  expect(said.stdout).toContain('stats: { rows: 500 }')
  expect(said.stdout).toContain("{ user: 'ada' }")
})

test('the example of the README on a server runs as it stands', async () => {
  const database = await createDatabase()
  onTestFinished(database.drop)
  const env = { DATABASE_URL: database.url }
  expect(await runExample(exampleWith('README.md', 'node-postgres'), env)).toMatchObject({
    code: 0,
    stderr: '',
  })
})

test('the guide runs from its first example to its last', async () => {
  const guide = exampleWith('docs/guide.md', 'pglite')
  expect(guide.blocks).toBeGreaterThanOrEqual(12)
  expect(await runExample(guide)).toMatchObject({ code: 0, stderr: '' })
})
