import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { postgresJs } from '../../examples/postgres-js/driver.js'
import { defineConformanceTests } from '../../src/testing/index.js'
import { createDatabase, type TestDatabase } from '../support/postgres.js'

let database: TestDatabase
defineConformanceTests(
  {
    name: 'a driver of somebody else, for postgres.js',
    async open() {
      database = await createDatabase()
      return postgresJs(database.url)
    },
    close: () => database.drop(),
  },
  { describe, it, beforeAll, afterAll },
)

it('has under 80 lines', () => {
  const lines = readFileSync('examples/postgres-js/driver.ts', 'utf8').trim().split('\n')
  expect(lines.length).toBeLessThan(80)
})
