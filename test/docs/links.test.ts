import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { documents, root } from './extract.js'
import { brokenLinks } from './links.js'

test('every link of a document to a file or heading of the project leads somewhere', () => {
  const checked = documents().map((file) =>
    brokenLinks(file, readFileSync(join(root, file), 'utf8')),
  )
  expect(checked.flatMap(({ broken }) => broken)).toEqual([])
  expect(checked.reduce((sum, { links }) => sum + links, 0)).toBeGreaterThanOrEqual(15)
})

test('a broken link is reported with its file and line', () => {
  const text =
    '# A\n[ok](../README.md#use-it)\n[gone](gone.md) [here](#a)\n[no](#b)\n`[x](code.md)`'
  expect(brokenLinks('docs/a.md', text).broken.slice(0, 1)).toEqual([
    'docs/a.md:3: there is no docs/gone.md',
  ])
  expect(brokenLinks('README.md', '[no](docs/guide.md#no-such-heading)').broken).toEqual([
    'README.md:1: docs/guide.md has no heading #no-such-heading',
  ])
})
