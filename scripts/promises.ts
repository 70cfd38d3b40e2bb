/** Writes `docs/promises.md`: every promise of the conformance suite, by rule. `npm run promises`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { conformanceCases } from '../src/testing/index.js'

export const promisesFile = 'docs/promises.md'

/** What the letter of a rule stands for. */
const chapters: Readonly<Record<string, string>> = {
  C: 'The store',
  S: 'Event streams',
  I: 'Sorted indexes',
  F: 'Fields and columns',
  R: 'Where things live',
  K: 'Key-value',
  D: 'Drivers, batches and failures',
  M: 'Migrations',
  E: 'Errors and limits',
  T: 'Export and import',
  O: 'Retention',
}

/** The document as it should be. */
export function renderPromises(): string {
  const lines = [
    '# Promises',
    '',
    'What the store promises, on every driver. Each line is a case of the conformance suite',
    '(see [testing.md](testing.md)), with the number of the rule that it belongs to. This page is',
    'written by `npm run promises`.',
  ]
  for (const [letter, title] of Object.entries(chapters)) {
    const cases = conformanceCases
      .filter(({ rule }) => rule.startsWith(letter))
      .sort((a, b) => a.rule.localeCompare(b.rule, 'en', { numeric: true }))
    lines.push('', `## ${title}`, '')
    for (const { rule, name } of cases)
      lines.push(`- **${rule}** ${name.replace(/[*_\\`]/g, '\\$&')}`)
  }
  return `${lines.join('\n')}\n`
}

/** The document as it is. */
export const readPromises = () => readFileSync(promisesFile, 'utf8')

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeFileSync(promisesFile, renderPromises())
  console.log(`wrote ${promisesFile}: ${conformanceCases.length} promises`)
}
