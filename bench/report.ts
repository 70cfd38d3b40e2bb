/** The results as a table and as JSON. */
import { cpus } from 'node:os'
import type { Measured, Workload } from './rounds.js'

/** One workload and what everybody reached. */
export interface Result extends Workload {
  readonly measured: readonly Measured[]
}

/** One line: the first contender's calls per second, then how many times those of each other. */
export function line({ operation, callers, measured }: Result): string {
  const [first, ...others] = measured
  if (first === undefined) return ''
  const failed = (failures: number) => (failures === 0 ? '' : ` (${failures} failed)`)
  return [
    operation.padEnd(32),
    String(callers).padStart(4),
    `${Math.round(first.median)}/s`.padStart(10) + failed(first.failures),
    ...others.map(
      ({ contender, median, failures }) =>
        `  ${(first.median / median).toFixed(2)} × ${contender} (${Math.round(median)}/s)${failed(failures)}`,
    ),
  ].join('')
}

/** Everything that somebody needs to understand the numbers later. */
export function report(server: string, settings: object, results: readonly Result[]) {
  return {
    date: new Date().toISOString(),
    node: process.version,
    cpus: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`,
    server,
    settings,
    results,
  }
}
