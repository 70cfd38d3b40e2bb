/** Runs the suite inside a runtime, and tells line by line how it goes. */
import type { Driver } from 'nvent-store-postgres'
import { conformanceCases, runConformance } from 'nvent-store-postgres/testing'
import type { Line } from '../lines.js'

/** Receives a line. */
export type Tell = (line: Line) => void

const nameOf = ({ rule, name }: { rule: string; name: string }) => `${rule}: ${name}`

/**
 * Runs the whole suite, and then what is to be checked behind it. Never fails; what breaks it off is
 * told.
 */
export async function tellConformance(
  version: string,
  tell: Tell,
  open: () => Driver | Promise<Driver>,
  afterwards: () => Promise<void> = async () => {},
): Promise<void> {
  await told(tell, async () => {
    tell({ kind: 'plan', version, promises: conformanceCases.map(nameOf) })
    await runConformance(
      { name: version, open },
      { onResult: (promise, error) => tell(lineOf(nameOf(promise), error)) },
    )
    await afterwards()
  })
}

/** Runs checks that are no promises of the store. */
export async function tellChecks(
  version: string,
  tell: Tell,
  checks: Readonly<Record<string, () => Promise<void>>>,
): Promise<void> {
  await told(tell, async () => {
    tell({ kind: 'plan', version, promises: Object.keys(checks) })
    for (const [name, check] of Object.entries(checks)) {
      await check().then(
        () => tell(lineOf(name)),
        (error: unknown) => tell(lineOf(name, error ?? 'failed')),
      )
    }
  })
}

async function told(tell: Tell, work: () => Promise<void>): Promise<void> {
  try {
    await work()
    tell({ kind: 'end' })
  } catch (error) {
    tell({ kind: 'broken', error: describe(error) })
  }
}

const lineOf = (name: string, error?: unknown): Line => ({
  kind: 'promise',
  name,
  ...(error !== undefined && { error: describe(error) }),
})

/** An error with its causes; without stacks, which tell of bundles. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { name, message, cause } = error
  return `${name}: ${message}${cause === undefined ? '' : `\n  caused by ${describe(cause)}`}`
}
