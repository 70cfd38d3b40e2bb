import { expect, test } from 'vitest'
import { readPromises, renderPromises } from '../../scripts/promises.js'
import { conformanceCases } from '../../src/testing/index.js'

test('the page of promises is the one that `npm run promises` writes, and has all of them', () => {
  expect(readPromises()).toBe(renderPromises())
  expect(readPromises().match(/^- \*\*/gm)).toHaveLength(conformanceCases.length)
  expect(new Set(conformanceCases.map(({ name }) => name)).size).toBe(conformanceCases.length)
})
