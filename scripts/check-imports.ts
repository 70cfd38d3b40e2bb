/** Checks the import rules, and fails as well if there was nothing to check. */
import { execFileSync } from 'node:child_process'

interface Report {
  readonly summary: {
    readonly totalCruised: number
    readonly violations: readonly {
      readonly from: string
      readonly to: string
      readonly rule: { readonly name: string }
    }[]
  }
}

/** A success on fewer modules than this means that the checker read nothing. */
const fewestModules = 40

const output = run()
const { summary } = JSON.parse(output) as Report
for (const { from, to, rule } of summary.violations) console.error(`${rule.name}: ${from} → ${to}`)
if (summary.totalCruised < fewestModules) {
  console.error(
    `Only ${summary.totalCruised} modules were examined; at least ${fewestModules} were expected.`,
  )
}
const isGood = summary.violations.length === 0 && summary.totalCruised >= fewestModules
if (isGood) console.log(`import rules: ${summary.totalCruised} modules, no violation`)
process.exitCode = isGood ? 0 : 1

function run(): string {
  const args = ['depcruise', 'src', '--config', '.dependency-cruiser.cjs', '--output-type', 'json']
  try {
    return execFileSync('npx', args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  } catch (error) {
    // It exits with the number of violations, which the report names.
    const { stdout } = error as { stdout?: string }
    if (stdout) return stdout
    throw error
  }
}
