import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

it('docs/drivers.md shows the example driver that passes the conformance suite, word for word', () => {
  const example = readFileSync('examples/postgres-js/driver.ts', 'utf8')
  expect(readFileSync('docs/drivers.md', 'utf8')).toContain(`\`\`\`ts\n${example}\`\`\``)
})
