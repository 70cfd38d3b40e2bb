/**
 * Prints what was tested: `node summary.mjs <other runtimes> <vitest's results...>`. Where a file was
 * tested twice, the later results count. Exit code 1 if anything failed, or nothing passed.
 */
import { existsSync, readFileSync } from 'node:fs'

const [runtimesPath, ...resultPaths] = process.argv.slice(2)
const files = new Map()
let isBroken = false
for (const path of resultPaths) {
  if (!existsSync(path)) {
    isBroken = true
    continue
  }
  const { success, testResults } = JSON.parse(readFileSync(path, 'utf8'))
  isBroken ||= !success
  for (const file of testResults) files.set(file.name, file)
}

const count = { passed: 0, failed: 0, skipped: 0 }
for (const { status, assertionResults } of files.values()) {
  const failed = assertionResults.filter((test) => test.status === 'failed').length
  const passed = assertionResults.filter((test) => test.status === 'passed').length
  count.passed += passed
  count.skipped += assertionResults.length - passed - failed
  // A file that did not even load counts as a failure.
  count.failed += status === 'failed' && failed === 0 ? 1 : failed
}
if (isBroken && count.failed === 0) count.failed = 1

const told = readFileSync(runtimesPath, 'utf8')
const others = told === '' ? { passed: 0, failed: 1, skipped: 0, seconds: 0 } : JSON.parse(told)
console.log(
  `other runtimes: ${others.passed} promises kept, ${others.failed} broken, ${others.skipped} skipped in ${others.seconds} s`,
)
for (const outcome of Object.keys(count)) count[outcome] += others[outcome]
if (count.failed > 0 || count.passed === others.passed) process.exitCode = 1
console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`)
