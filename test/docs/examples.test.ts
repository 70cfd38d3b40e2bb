import { expect, test } from 'vitest'
import { allExamples, documents, inMarkdown, inSource } from './extract.js'
import { typeErrors } from './type-check.js'

const examples = allExamples()
const blocksIn = (file: RegExp) =>
  examples.filter((example) => file.test(example.file)).reduce((sum, { blocks }) => sum + blocks, 0)

test('finds the examples that there are', () => {
  expect(documents()).toEqual(expect.arrayContaining(['README.md', 'docs/guide.md']))
  expect(blocksIn(/^README\.md$/)).toBeGreaterThanOrEqual(2)
  expect(blocksIn(/^docs\//)).toBeGreaterThanOrEqual(12)
  expect(blocksIn(/^src\//)).toBeGreaterThanOrEqual(7)
})

test('every TypeScript example in a document or an @example block passes the type checker', () => {
  expect(typeErrors(examples)).toEqual([])
})

test('a wrong example is reported with its file and line', () => {
  const fence = '```'
  const page = [
    '# Page',
    `${fence}ts`,
    "import { createStore } from 'nvent-store-postgres'",
    'const one: number = 1',
    fence,
    'It goes on:',
    `${fence}ts`,
    'const two: string = one',
    fence,
    `${fence}ts`,
    "import { nothing } from 'nvent-store-postgres/adapter'",
    fence,
  ].join('\n')
  const source = [
    '/**',
    ' * Adds.',
    ' *',
    ' * @example',
    ` * ${fence}ts`,
    ' * const sum: string = 1 + 1',
    ` * ${fence}`,
    ' * @returns the sum',
    ' */',
  ].join('\n')
  expect(typeErrors([...inMarkdown('page.md', page), ...inSource('source.ts', source)])).toEqual([
    expect.stringMatching(/^page\.md:8: Type 'number' is not assignable to type 'string'/),
    expect.stringMatching(/^page\.md:11: .*has no exported member 'nothing'/),
    expect.stringMatching(/^source\.ts:6: Type 'number' is not assignable to type 'string'/),
  ])
})
