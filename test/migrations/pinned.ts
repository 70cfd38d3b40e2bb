/** Where the texts of released migrations and the description of the schema are checked in. */
import type { Migration } from '../../src/migrations/index.js'

/** The text of a released migration, under placeholder names. */
export function releasedFile({ version, name }: Migration): URL {
  return new URL(`./released/${String(version).padStart(4, '0')}_${name}.sql`, import.meta.url)
}

/** The schema that all migrations make, as the catalogues describe it. */
export const schemaFile = new URL('./schema.json', import.meta.url)
