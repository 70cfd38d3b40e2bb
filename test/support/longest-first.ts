/** The order of the test files. */
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Folders and files whose tests take minutes: the whole suite, browsers, many processes. */
const long = [
  'browser/',
  'conformance/',
  'runtimes/',
  'cli/demo-embedded',
  'migrations/processes',
  'dev/pglite',
  'edge/',
  'properties/stateful',
]

/**
 * Starts the files that take longest first, so that at the end no worker waits for the other's.
 * Vitest goes by what it measured before, and in a fresh checkout by the sizes of files, of which
 * those that run the whole suite are the smallest.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const isLong = ({ moduleId }: TestSpecification) =>
      long.some((name) => moduleId.includes(`/test/${name}`))
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
  }
}
