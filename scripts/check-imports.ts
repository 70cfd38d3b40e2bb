/** Checks the import rules, and fails as well if there was nothing to check. */
import { cruise, type ICruiseResult } from 'dependency-cruiser'
import extractDepcruiseOptions from 'dependency-cruiser/config-utl/extract-depcruise-options'
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config'

/** A success on fewer modules than this means that the checker read nothing. */
const fewestModules = 100

const options = await extractDepcruiseOptions('./.dependency-cruiser.cjs')
const { output } = await cruise(['src'], options, undefined, {
  tsConfig: extractTSConfig('./tsconfig.json'),
})
const { summary } = output as ICruiseResult
for (const { from, to, rule } of summary.violations) console.error(`${rule.name}: ${from} → ${to}`)
if (summary.totalCruised < fewestModules) {
  console.error(
    `Only ${summary.totalCruised} modules were examined; at least ${fewestModules} were expected.`,
  )
}
const isGood = summary.violations.length === 0 && summary.totalCruised >= fewestModules
if (isGood) console.log(`import rules: ${summary.totalCruised} modules, no violation`)
process.exitCode = isGood ? 0 : 1
