/**
 * Writes down what the tests hold on to, for a new migration: its text (a released one is never
 * written again) and the schema that all of them together make.
 *
 *     npm run pin
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createNames } from '../../src/core/names.js'
import { pglite } from '../../src/drivers/pglite.js'
import { migrate, migrations } from '../../src/migrations/index.js'
import { renderMigration } from '../../src/migrations/migration.js'
import { describeSchema } from './describe-schema.js'
import { releasedFile, schemaFile } from './pinned.js'

for (const migration of migrations) {
  const file = releasedFile(migration)
  if (existsSync(file)) continue
  mkdirSync(new URL('.', file), { recursive: true })
  writeFileSync(file, `${renderMigration(migration, createNames('{prefix}', '{schema}'))}\n`)
  console.log(`wrote ${file.pathname}`)
}

const driver = pglite()
await migrate(driver)
writeFileSync(schemaFile, `${JSON.stringify(await describeSchema(driver), null, 2)}\n`)
await driver.close()
console.log(`wrote ${schemaFile.pathname}`)
